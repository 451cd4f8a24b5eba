/* The process that stays outside of the jail. It reads nothing that came from others: it waits for the one inside,
 * kills it at the deadline, and says how it ended when that one cannot. The one inside is the first process of a pid
 * namespace, so it finds nobody to signal or to trace, and ends with the warden. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fetch/fetch.h"
#include "sys/call.h"

/* The end of the warden is seen by the end of a pipe: it may have come before the signal was asked for, and a process
 * has no parent's number to compare in a new pid namespace. */
static int follow_warden(int alive_fd, struct err *e)
{
	struct pollfd p = { .fd = alive_fd, .events = POLLIN };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "ask to end with the parent");
	if (poll(&p, 1, 0) != 0)
		_exit(EXIT_FAILURE);
	return 0;
}

static void describe(int status, struct err *e)
{
	int sig = WTERMSIG(status);

	if (sig == SIGKILL) {
		err_set(e, ERR_SYSTEM, ENOMEM, "the process that reads the archive was killed");
		err_hint(e, "the kernel does so when a memory limit is reached");
	} else {
		err_set(e, ERR_BUG, EPROTO, "the process that reads the archive ended by signal %d", sig);
	}
}

/* Its exit status, or 1 and the reason told. */
static int watch(pid_t pid, uint64_t max_ms)
{
	struct err e = ERR_NONE;
	auto_fd int fd = sys_pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n, status = 0;

	do
		n = poll(&p, 1, max_ms > INT_MAX ? -1 : (int)max_ms);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		kill(pid, SIGKILL); /* our child, not reaped: the number is still its own */
		err_set(&e, ERR_SYSTEM, ETIMEDOUT, "it took longer than %llu s", (unsigned long long)max_ms / 1000);
		err_hint(&e, "a larger limit: TARE_LIMITS=time=2h");
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (e.num == 0 && WIFSIGNALED(status))
		describe(status, &e);
	if (e.num)
		say_error(&e);
	return e.num ? EXIT_FAILURE : WEXITSTATUS(status);
}

int warden_split(struct fetch *f, struct err *e)
{
	int alive[2];
	pid_t pid;

	if (pipe2(alive, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	auto_fd int in = alive[0], out = alive[1];
	if (unshare(CLONE_NEWPID) < 0) {
		err_sys(e, "make a pid namespace");
		return err_hint(e, "tare-fetch needs the privileges that tare starts it with");
	}
	pid = fork();
	if (pid < 0)
		return err_sys(e, "start a process");
	if (pid == 0) {
		fd_close(&out);
		return follow_warden(in, e);
	}
	fd_close(&in);
	fd_close(&f->data_fd);
	fd_close(&f->tree_fd);
	_exit(watch(pid, f->max_ms));
}
