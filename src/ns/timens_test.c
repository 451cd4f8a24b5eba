#include "ns/timens.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include "base/test.h"

TEST(texts)
{
	struct ns_timens t;

	ns_timens_prepare(&(struct rc_time_offset){ true, -5, 7 }, &(struct rc_time_offset){ true, 86400, 0 }, &t);
	CHECK(strcmp(t.text, "monotonic -5 7\nboottime 86400 0\n") == 0 && t.len == strlen(t.text), "%s", t.text);
	ns_timens_prepare(&(struct rc_time_offset){ 0 }, &(struct rc_time_offset){ true, 1, 999999999 }, &t);
	CHECK(strcmp(t.text, "boottime 1 999999999\n") == 0, "%s", t.text);
	ns_timens_prepare(&(struct rc_time_offset){ 0 }, &(struct rc_time_offset){ 0 }, &t);
	CHECK(t.len == 0, "no offsets");
}

/* Unshare with @offset and say from an executed program what the uptime is. */
static int uptime_with(int64_t offset, double *ret, struct err *e)
{
	int fds[2];
	struct ns_timens t;
	char text[256] = "";
	int status;

	ns_timens_prepare(&(struct rc_time_offset){ 0 }, &(struct rc_time_offset){ true, offset, 0 }, &t);
	CHECK(pipe(fds) == 0, "pipe");
	pid_t pid = fork();
	if (pid == 0) {
		int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (ns_timens_unshare(&t, proc, e) < 0)
			_exit(e->num);
		dup2(fds[1], 1);
		execl("/bin/cat", "cat", "/proc/uptime", NULL);
		_exit(99);
	}
	close(fds[1]);
	ssize_t n = read(fds[0], text, sizeof(text) - 1);
	close(fds[0]);
	waitpid(pid, &status, 0);
	*ret = n > 0 ? strtod(text, NULL) : 0;
	return WEXITSTATUS(status);
}

TEST(the_executed_program_is_inside)
{
	struct err e = ERR_NONE;
	struct timespec now;
	double up = 0;
	int r = geteuid() == 0 ? uptime_with(864000, &up, &e) : EPERM;

	if (r == EPERM || access("/proc/self/timens_offsets", F_OK) < 0)
		SKIP("time namespaces need root and CONFIG_TIME_NS");
	CHECK(r == 0, "%s", strerror(r));
	clock_gettime(CLOCK_BOOTTIME, &now);
	CHECK(up - (double)now.tv_sec > 863000, "uptime %f", up);
	CHECK(uptime_with(-864000000, &up, &e) == ERANGE, "a negative clock");
}

TEST_MAIN(T(texts), T(the_executed_program_is_inside))
