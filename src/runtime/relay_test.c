#include "runtime/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include "base/str.h"
#include "base/test.h"
#include "sys/call.h"
#include "sys/tty.h"

static char *const no_env[] = { "PATH=/usr/bin:/bin", NULL };

/* A "container": a shell, on @slave if there is one. */
static pid_t start(struct rt_relay *r, const char *script, int slave)
{
	char *const argv[] = { "sh", "-c", (char *)script, NULL };
	struct err e = ERR_NONE;
	pid_t pid = fork();

	if (pid)
		return pid;
	setsid();
	rt_relay_end(r);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		(void)signal(sig,
			SIG_DFL); /* a shell does not trap what was ignored when it began, as SIGINT is after "&" */
	if (slave >= 0 && tty_take(slave, &e) < 0)
		_exit(99);
	execve("/bin/sh", argv, no_env);
	_exit(98);
}

static int wait_for(struct rt_relay *r, pid_t pid, int master)
{
	struct err e = ERR_NONE;
	auto_fd int pidfd = sys_pidfd_open(pid, 0);
	struct rt_relay_child ch = { .pid = pid, .pidfd = pidfd, .master = master };
	int status = -1;

	if (rt_relay_wait(r, &ch, &status, &e) < 0)
		print_error("%s\n", e.msg);
	rt_relay_end(r);
	return status;
}

static int run_plain(const char *script)
{
	struct err e = ERR_NONE;
	struct rt_relay r = { .blocked = false };

	CHECK(rt_relay_begin(&r, &e) == 0, "%s", e.msg);
	return wait_for(&r, start(&r, script, FD_NONE), FD_NONE);
}

TEST(statuses_are_told)
{
	CHECK(run_plain("exit 0") == 0, "0");
	CHECK(run_plain("exit 42") == 42, "42");
	CHECK(run_plain("kill -KILL $$") == 137, "137");
}

TEST(an_inherited_ignored_sigchld_does_no_harm)
{
	signal(SIGCHLD, SIG_IGN);
	CHECK(run_plain("exit 5") == 5, "5");
}

TEST(signals_are_forwarded)
{
	static const char *const names[] = { "TERM", "HUP", "USR1", "INT", "RTMIN", "TSTP", "PIPE" };
	char script[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(script, sizeof(script), "trap 'exit 7' %s; kill -%s $PPID; while :; do sleep 0.01; done",
			names[i], names[i]);
		CHECK(run_plain(script) == 7, "%s", names[i]);
	}
}

TEST(orphans_are_reaped)
{
	struct err e = ERR_NONE;
	struct rt_relay r = { .blocked = false };
	int status = -1;
	pid_t other = fork(); /* stands for an orphan that came to the subreaper */

	siginfo_t ended;

	if (other == 0)
		_exit(3);
	CHECK(waitid(P_PID, (id_t)other, &ended, WEXITED | WNOWAIT) == 0, "waitid");
	CHECK(rt_relay_begin(&r, &e) == 0, "%s", e.msg);
	pid_t pid = start(&r, "exit 9", FD_NONE);
	auto_fd int pidfd = sys_pidfd_open(pid, 0);
	struct rt_relay_child ch = { .pid = pid, .pidfd = pidfd, .master = FD_NONE, .reap_others = true };
	CHECK(rt_relay_wait(&r, &ch, &status, &e) == 0 && status == 9, "%s", e.msg);
	rt_relay_end(&r);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a zombie is left");
}

/* --- with a terminal: the relay runs in a process whose stdin and stdout are ours to play the user on ------ */

struct user {
	int in, out; /* we write to in, read from out */
	pid_t relay;
};

static _Noreturn void relay_main(int in, int out, bool is_tty, const char *script)
{
	struct err e = ERR_NONE;
	struct rt_relay r = { .blocked = false };

	setsid();
	if (is_tty && tty_take(in, &e) < 0)
		_exit(97);
	dup2(in, 0);
	dup2(out, 1);
	close_range(3, ~0U, 0); /* or our own copies of the other ends would keep the pipes open */
	int master = tty_open_master(AT_FDCWD, "/dev/ptmx", &e);
	int slave = master < 0 ? -1 : tty_open_slave(master, &e);
	if (slave < 0 || rt_relay_begin(&r, &e) < 0)
		_exit(96);
	pid_t pid = start(&r, script, slave);
	close(slave);
	_exit(wait_for(&r, pid, master));
}

/* A user at a terminal: returns its master side. */
static struct user user_at_terminal(const char *script, int *ret_slave)
{
	struct err e = ERR_NONE;
	int master = tty_open_master(AT_FDCWD, "/dev/ptmx", &e);
	int slave = tty_open_slave(master, &e);

	CHECK(master >= 0 && slave >= 0, "%s", e.msg);
	CHECK(tty_set_size(master, 33, 77, &e) == 0, "%s", e.msg);
	struct user u = { master, master, fork() };
	if (u.relay == 0)
		relay_main(slave, slave, true, script);
	*ret_slave = slave;
	return u;
}

static struct user user_at_pipes(const char *script)
{
	int i[2], o[2];

	CHECK(pipe2(i, O_CLOEXEC) == 0 && pipe2(o, O_CLOEXEC) == 0, "pipes");
	struct user u = { i[1], o[0], fork() };
	if (u.relay == 0)
		relay_main(i[0], o[1], false, script);
	close(i[0]);
	close(o[1]);
	return u;
}

static int end_of(struct user *u)
{
	int status = -1;

	waitpid(u->relay, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Reads until @want was seen. */
static bool expect(int fd, const char *want)
{
	static char text[1 << 16];
	size_t n = 0;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (n < sizeof(text) - 1 && poll(&p, 1, 20000) > 0) {
		ssize_t got = read(fd, text + n, sizeof(text) - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
		text[n] = '\0';
		if (strstr(text, want))
			return true;
	}
	print_error("got \"%s\"\n", text);
	return false;
}

TEST(a_terminal_is_relayed_and_restored)
{
	struct termios before, during, after;
	int slave;
	struct user u = user_at_terminal("stty size; read x; echo got:$x; exit 6", &slave);

	tcgetattr(slave, &before);
	CHECK(expect(u.out, "33 77"), "size");
	tcgetattr(slave, &during);
	CHECK(!(during.c_lflag & (ICANON | ECHO | ISIG)), "not raw");
	CHECK(write(u.in, "hello\r", 6) == 6, "write");
	CHECK(expect(u.out, "got:hello"), "answer");
	CHECK(end_of(&u) == 6, "status");
	tcgetattr(slave, &after);
	CHECK(after.c_lflag & ICANON && after.c_lflag & ECHO, "not restored");
	close(slave);
	close(u.in);
}

TEST(window_changes_and_signals_pass)
{
	struct err e = ERR_NONE;
	int slave;
	struct user u = user_at_terminal(
		"trap 'stty size' WINCH; trap 'exit 8' TERM; echo ready; while :; do sleep 0.01; done", &slave);

	CHECK(expect(u.out, "ready"), "start");
	CHECK(tty_set_size(u.in, 44, 55, &e) == 0, "%s", e.msg); /* sends WINCH to the relay */
	CHECK(expect(u.out, "44 55"), "new size");
	kill(u.relay, SIGTERM);
	CHECK(end_of(&u) == 8, "status");
	close(slave);
	close(u.in);
}

TEST(nothing_is_lost_at_the_end)
{
	struct user u = user_at_pipes("stty -opost; head -c 3000000 /dev/zero; printf END; exit 4");
	char chunk[65536], tail[3] = "";
	size_t total = 0;
	ssize_t n;

	while ((n = read(u.out, chunk, sizeof(chunk))) > 0) {
		total += (size_t)n;
		if (n >= 3)
			memcpy(tail, chunk + n - 3, 3);
	}
	CHECK(total == 3000003, "%zu", total);
	CHECK(memcmp(tail, "END", 3) == 0, "end");
	CHECK(end_of(&u) == 4, "status");
	close(u.in);
	close(u.out);
}

TEST(end_of_input_is_passed_on)
{
	struct user u = user_at_pipes("stty -echo; echo ready; cat; exit 3");

	CHECK(expect(u.out, "ready"), "start");
	CHECK(write(u.in, "line\n", 5) == 5, "write");
	close(u.in);
	CHECK(expect(u.out, "line"), "answer");
	CHECK(end_of(&u) == 3, "status");
	close(u.out);
}

TEST(a_reader_that_stopped_does_not_keep_signals)
{
	struct user u = user_at_pipes(
		"trap 'exit 2' TERM; while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done");

	CHECK(expect(u.out, "y"), "start");
	kill(u.relay, SIGTERM); /* to the container, whose output then waits for a reader */
	/* Nobody reads any more: a further signal ends the wait for one, at the latest after the container. */
	int status = -1;
	for (int i = 0; i < 1000 && waitpid(u.relay, &status, WNOHANG) == 0; i++) {
		kill(u.relay, SIGTERM);
		poll(NULL, 0, 10);
	}
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 2, "status %x", status);
	close(u.in);
	close(u.out);
}

TEST_MAIN(T(statuses_are_told), T(an_inherited_ignored_sigchld_does_no_harm), T(signals_are_forwarded),
	T(orphans_are_reaped), T(a_terminal_is_relayed_and_restored), T(window_changes_and_signals_pass),
	T(nothing_is_lost_at_the_end), T(end_of_input_is_passed_on), T(a_reader_that_stopped_does_not_keep_signals))
