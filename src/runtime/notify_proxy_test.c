#include "runtime/notify_proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "base/fmt.h"
#include "base/test.h"
#include "sys/call.h"
#include "sys/path.h"
#include "sys/unixsock.h"

struct world {
	char dir[64];
	int dir_fd, manager, container; /* sockets: the service manager's, one of a program in the container */
	pid_t pid; /* the container */
	int pidfd;
	struct rt_notify n;
};

static void world_done(struct world *w)
{
	struct err e = ERR_NONE;
	auto_fd int tmp = path_open_host("/tmp", O_PATH, 0, &e);

	rt_notify_done(&w->n);
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	close(w->manager);
	close(w->container);
	close(w->pidfd);
	close(w->dir_fd);
	CHECK(path_remove_tree(tmp, w->dir + 5, &e) == 0, "%s", e.msg);
}

static void world_init(struct world *w)
{
	struct err e = ERR_NONE;
	char host[128];
	struct stat st;

	*w = (struct world){ .dir = "/tmp/tare-notify-XXXXXX", .n = RT_NOTIFY_INIT };
	CHECK(mkdtemp(w->dir), "mkdtemp");
	w->dir_fd = path_open_host(w->dir, O_RDONLY | O_DIRECTORY, 0, &e);
	w->manager = unix_listen_at(w->dir_fd, "manager", SOCK_DGRAM, 0600, &e);
	CHECK(w->manager >= 0, "%s", e.msg);
	w->pid = fork();
	if (w->pid == 0)
		for (;;)
			pause();
	w->pidfd = sys_pidfd_open(w->pid, 0);
	mode_t old = umask(0777);
	auto_fd int dir = rt_notify_prepare(w->dir_fd, &e);
	umask(old);
	CHECK(dir >= 0 && fstat(dir, &st) == 0 && (st.st_mode & 0777) == 0755, "%s", e.msg);
	fmt_to(host, sizeof(host), "%s/manager", w->dir);
	CHECK(rt_notify_open(w->dir_fd, host, &w->n, &e) == 0, "%s", e.msg);
	CHECK(fstatat(dir, "notify.sock", &st, 0) == 0 && (st.st_mode & 0777) == 0777, "mode %o", st.st_mode);
	w->container = unix_connect_at(dir, "notify.sock", SOCK_DGRAM, &e);
	CHECK(w->container >= 0, "%s", e.msg);
}

#define WORLD(w) \
	__attribute__((cleanup(world_done))) struct world w; \
	world_init(&w)

static void say(struct world *w, const char *text)
{
	CHECK(send(w->container, text, strlen(text), 0) == (ssize_t)strlen(text), "send");
}

/* What the manager reads next; a barrier's descriptor is closed, which answers it. */
static bool hears(struct world *w, const char *want)
{
	struct err e = ERR_NONE;
	char text[8192];
	int fd = -1;
	struct unix_fds fds = { &fd, 1, 0 };
	int n = unix_receive(w->manager, text, sizeof(text) - 1, &fds, &e);

	if (fds.n)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (strcmp(text, want) == 0)
		return true;
	print_error("heard \"%s\"\n", text);
	return false;
}

TEST(ready_is_passed_on_and_names_the_main_process)
{
	WORLD(w);
	struct err e = ERR_NONE;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(rt_notify_wait_ready(&w.n, w.pidfd, 4711, &e) < 0);
	say(&w, "STATUS=warming up\nMAINPID=1\nFDSTORE=1\nSTATUS=a\x1b[2Jb");
	CHECK(hears(&w, "STATUS=warming up\n"), "status");
	say(&w, "MAINPID=1");
	say(&w, "STATUS=ok\nREADY=1");
	CHECK(hears(&w, "STATUS=ok\nREADY=1\nMAINPID=4711\n"), "ready");
	CHECK(hears(&w, "BARRIER=1"), "barrier");
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "status %x", status);
}

TEST(the_end_of_the_container_ends_the_wait)
{
	WORLD(w);
	struct err e = ERR_NONE;

	kill(w.pid, SIGKILL);
	CHECK(rt_notify_wait_ready(&w.n, w.pidfd, 1, &e) == 0, "%s", e.msg);
}

TEST(a_helper_passes_on_until_the_end)
{
	WORLD(w);
	struct err e = ERR_NONE;
	int status;
	pid_t pid = rt_notify_fork(&w.n, w.pidfd, 0, &e);

	CHECK(pid > 0, "%s", e.msg);
	say(&w, "READY=1\n");
	CHECK(hears(&w, "READY=1\n"), "ready");
	say(&w, "WATCHDOG=1");
	CHECK(hears(&w, "WATCHDOG=1\n"), "watchdog");
	kill(w.pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "status %x", status);
}

TEST(bad_names_are_refused)
{
	WORLD(w);
	struct err e = ERR_NONE;
	struct rt_notify n = RT_NOTIFY_INIT;
	static const char *const names[] = { "relative", "", "@", "vsock:2:1" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK(rt_notify_open(w.dir_fd, names[i], &n, &e) < 0 && e.kind != ERR_SYSTEM, "%s: %s", names[i],
			e.msg);
		err_clear(&e);
	}
}

TEST(nobody_listens_on_the_host)
{
	WORLD(w);
	struct rt_notify n = RT_NOTIFY_INIT;
	struct err e = ERR_NONE;
	struct stat st;

	CHECK(rt_notify_open(w.dir_fd, "/nowhere/socket", &n, &e) == 0, "%s", e.msg);
	CHECK(n.sock == FD_NONE && n.host == FD_NONE, "something to wait for");
	CHECK(fstatat(w.dir_fd, "notify/" RT_NOTIFY_NAME, &st, 0) == 0 && S_ISSOCK(st.st_mode),
		"no socket for the container");
}

TEST_MAIN(T(ready_is_passed_on_and_names_the_main_process), T(the_end_of_the_container_ends_the_wait),
	T(a_helper_passes_on_until_the_end), T(bad_names_are_refused), T(nobody_listens_on_the_host))
