#include "runtime/hooks.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include "base/buf.h"
#include "base/str.h"
#include "base/test.h"
#include "sys/io.h"

static char *sh_argv[] = { "sh", "-c", NULL, NULL };

/* One hook that is a shell script. */
static int run_script(const char *script, uint64_t timeout_s, const char *json, size_t len, const struct rt_hook_io *io,
	struct err *e)
{
	char *env[] = { "ONLY=this", NULL };
	char *argv[] = { sh_argv[0], sh_argv[1], (char *)script, NULL };
	struct rc_hook h = { .path = "/bin/sh", .args = { argv, 3 }, .env = { env, 1 }, .timeout_s = timeout_s };
	struct rc_hook_list l = { &h, 1 };

	return rt_hooks_run(&l, RC_HOOK_POSTSTART, json, len, io, e);
}

static int run_simple(const char *script, uint64_t timeout_s, struct err *e)
{
	struct rt_hook_io io = RT_HOOK_IO_INIT;

	return run_script(script, timeout_s, "{}", 2, &io, e);
}

static int n_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

TEST(state_arrives_on_stdin_whole)
{
	size_t sizes[] = { 0, 10, 65536, 65537, 3 << 20 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct err e = ERR_NONE;
		struct rt_hook_io io = RT_HOOK_IO_INIT;
		AUTO(buf) struct buf got = BUF_INIT;
		auto_free char *json = malloc(sizes[i] + 1);

		memset(json, 'x', sizes[i]);
		auto_fd int out = io.out_fd = memfd_create("out", MFD_CLOEXEC);
		CHECK(run_script("cat", 0, json, sizes[i], &io, &e) == 0, "%s", e.msg);
		lseek(out, 0, SEEK_SET);
		CHECK(io_read_all(out, 1 << 23, &got, &e) == 0 && got.len == sizes[i], "%zu", got.len);
	}
}

TEST(nothing_of_ours_reaches_a_hook)
{
	struct err e = ERR_NONE;
	auto_fd int low = open("/", O_RDONLY), high = fcntl(low, F_DUPFD, 200);

	CHECK(high >= 200, "dup");
	CHECK(run_simple("test \"$(ls -x /proc/self/fd)\" = '0  1  2  3' && test \"$(env | grep -v -e PWD -e _= -e "
			 "SHLVL)\" = ONLY=this",
		      0, &e) == 0,
		"%s", e.msg);
	CHECK(run_simple("grep -q 'SigBlk:.*0000000000000000' /proc/self/status", 0, &e) == 0, "%s", e.msg);
}

TEST(failures_are_told)
{
	static const struct {
		const char *script, *want;
	} cases[] = {
		{ "exit 3", "poststart hook #0 /bin/sh: exit status 3" },
		{ "echo one; echo two >&2; exit 1", "exit status 1; its output: one two" },
		{ "kill -9 $$", "killed by signal 9 (SIGKILL)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = ERR_NONE;
		CHECK(run_simple(cases[i].script, 0, &e) < 0, "%s", cases[i].script);
		CHECK(strstr(e.msg, cases[i].want), "%s: %s", cases[i].script, e.msg);
	}
}

TEST(bad_paths_are_told)
{
	struct {
		char *path;
		const char *want;
	} cases[] = {
		{ "/nowhere/hook", "/nowhere/hook: execute it: No such file" },
		{ "bin/true", "must be absolute" },
		{ "/etc/passwd", "execute it: Permission denied" },
	};
	struct rt_hook_io io = RT_HOOK_IO_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = ERR_NONE;
		struct rc_hook h[2] = { { .path = "/bin/true" }, { .path = cases[i].path } };
		struct rc_hook_list l = { h, 2 };

		CHECK(rt_hooks_run(&l, RC_HOOK_CREATE_RUNTIME, "", 0, &io, &e) < 0, "%s", cases[i].path);
		CHECK(strstr(e.msg, cases[i].want) && strstr(e.msg, "createRuntime hook #1"), "%s", e.msg);
	}
}

TEST(timeout_kills_the_group)
{
	struct err e = ERR_NONE;
	int p[2];
	char c;

	CHECK(pipe2(p, O_CLOEXEC) == 0, "pipe");
	struct rt_hook_io io = { FD_NONE, p[1], FD_NONE };
	CHECK(run_script("sleep 1000 & sleep 1000", 1, "", 0, &io, &e) < 0, "no timeout");
	CHECK(strstr(e.msg, "timeout of 1 s"), "%s", e.msg);
	close(p[1]);
	CHECK(read(p[0], &c, 1) == 0, "its child lives on");
	close(p[0]);
}

TEST(a_daemon_does_not_hang_us)
{
	struct err e = ERR_NONE;
	int p[2];

	CHECK(pipe2(p, O_CLOEXEC) == 0, "pipe");
	/* The daemon ends when we close p[1]'s other side. */
	struct rt_hook_io io = { FD_NONE, FD_NONE, p[1] };
	CHECK(run_script("(trap '' PIPE; while echo x >&2; do :; done) & exit 0", 20, "", 0, &io, &e) == 0, "%s",
		e.msg);
	close(p[0]);
	close(p[1]);
}

TEST(a_flood_does_not_hang_us)
{
	struct err e = ERR_NONE;

	CHECK(run_simple("head -c 3000000 /dev/zero; echo; echo last; exit 9", 20, &e) < 0, "status");
	CHECK(strstr(e.msg, "exit status 9") && strstr(e.msg, "last"), "%s", e.msg);
}

TEST(closed_output_is_no_busy_loop)
{
	struct err e = ERR_NONE;
	struct timespec before, after;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	CHECK(run_simple("exec >&- 2>&-; read x </dev/zero & sleep 0.3; kill $!", 20, &e) == 0, "%s", e.msg);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 < 200, "busy");
}

TEST(nothing_is_left_behind)
{
	struct err e = ERR_NONE;
	int before = n_fds();

	CHECK(run_simple("exit 0", 0, &e) == 0, "%s", e.msg);
	CHECK(run_simple("exit 1", 0, &e) < 0, "%s", e.msg);
	CHECK(n_fds() == before, "descriptors: %d, then %d", before, n_fds());
	CHECK(waitpid(-1, NULL, WNOHANG) < 0, "a child is left");
}

TEST(works_without_any_descriptor)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct err e = ERR_NONE;
		for (int i = 0; i < 256; i++)
			close(i);
		_exit(run_simple("cat; exit 5", 0, &e) < 0 && strstr(e.msg, "exit status 5; its output: {}") ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "status %x", status);
}

TEST(poststop_goes_on_after_a_failure)
{
	struct rt_hook_io io = RT_HOOK_IO_INIT;
	char *argv[] = { "sh", "-c", "echo ran", NULL };
	struct rc_hook h[2] = { { .path = "/bin/false" }, { .path = "/bin/sh", .args = { argv, 3 } } };
	struct rc_hook_list l = { h, 2 };
	auto_fd int out = io.out_fd = memfd_create("out", MFD_CLOEXEC);
	char text[8] = "";

	rt_hooks_run_all(&l, RC_HOOK_POSTSTOP, "", 0, &io);
	CHECK(pread(out, text, 7, 0) == 4 && str_eq(text, "ran\n"), "%s", text);
}

TEST(annotations_name_files)
{
	struct err e = ERR_NONE;
	struct rt_hook_io io;
	struct rc_kv kv[] = { { "x", "y" }, { "run.oci.hooks.stdout", "/dev/null" },
		{ "run.oci.hooks.stderr", "rel" } };
	struct rc_kv_list l = { kv, 2 };

	CHECK(rt_hook_io_open(&l, FD_NONE, &io, &e) == 0 && io.out_fd >= 0 && io.err_fd < 0, "%s", e.msg);
	rt_hook_io_done(&io);
	l.n = 3;
	CHECK(rt_hook_io_open(&l, FD_NONE, &io, &e) < 0 && strstr(e.msg, "run.oci.hooks.stderr"), "%s", e.msg);
}

TEST(our_environment_stays_ours)
{
	char *argv[] = { "sh", "-c", "test -z \"$TARE_TEST_SECRET\"", NULL };
	struct rc_hook h = { .path = "/bin/sh", .args = { argv, 3 } };
	struct rc_hook_list list = { &h, 1 };
	struct rt_hook_io io = RT_HOOK_IO_INIT;
	struct err e = ERR_NONE;

	setenv("TARE_TEST_SECRET", "1", 1);
	int r = rt_hooks_run(&list, RC_HOOK_PRESTART, "{}", 2, &io, &e);
	unsetenv("TARE_TEST_SECRET");
	CHECK(r == 0, "%s", e.msg);
}

TEST_MAIN(T(our_environment_stays_ours), T(state_arrives_on_stdin_whole), T(nothing_of_ours_reaches_a_hook),
	T(failures_are_told), T(bad_paths_are_told), T(timeout_kills_the_group), T(a_daemon_does_not_hang_us),
	T(a_flood_does_not_hang_us), T(closed_output_is_no_busy_loop), T(nothing_is_left_behind),
	T(works_without_any_descriptor), T(poststop_goes_on_after_a_failure), T(annotations_name_files))
