/* Starting host programs. Guarantees: the program sees descriptors 0 to 2 and what was asked for, default
 * signals, and an execve that fails is told to the caller; a program that hangs or leaves children behind
 * cannot keep the caller longer than its timeout.
 *
 * Theory of operation: clone(2) with CLONE_VM | CLONE_VFORK suspends us until the child executes or exits. It
 * runs on a stack of its own in our frame and writes what went wrong straight into our memory. All signals
 * are blocked meanwhile, or a handler of ours could run in the child. */
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/call.h"

enum { STACK_SIZE = 32768 };

/* The frames of the child end by execve, not by return, in memory that we use again: AddressSanitizer must not
 * mark them. */
#define BORROWED_STACK __attribute__((no_sanitize("address")))

struct launch {
	const struct spawn *s;
	sigset_t mask; /* of the program: empty */
	const char *what; /* failed at this … */
	int num; /* … for this reason; 0: it runs */
};

BORROWED_STACK static int fail_at(struct launch *l, const char *what)
{
	l->what = what;
	l->num = errno;
	return 127;
}

/* Handlers are reset by execve(2), but ignored signals stay ignored. */
BORROWED_STACK static void reset_signals(void)
{
	struct sigaction sa;

	/* libc refuses to speak of 32 and 33, its own, which its posix_spawn(3) leaves ignored: make(1) starts us so.
	 */
	for (int sig = 1; sig < NSIG; sig++)
		if (sigaction(sig, NULL, &sa) < 0 || sa.sa_handler != SIG_DFL)
			(void)sys_signal_default(sig); /* KILL and STOP never get here */
}

/* Move every source above 3 first: with stdout_fd 0 and the like they would overwrite each other. */
BORROWED_STACK static int arrange_stdio(const struct spawn *s)
{
	int from[3] = { s->stdin_fd, s->stdout_fd, s->stderr_fd };

	for (int i = 0; i < 3; i++) {
		from[i] = from[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fcntl(from[i], F_DUPFD_CLOEXEC, 3);
		if (from[i] >= 0 && from[i] < 3)
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3);
		if (from[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(from[i], i) < 0)
			return -1;
	return 0;
}

BORROWED_STACK static int close_others(int keep)
{
	if (keep < 3)
		return close_range(3, ~0u, 0);
	if (fcntl(keep, F_SETFD, 0) < 0)
		return -1;
	if (keep > 3 && close_range(3, (unsigned)keep - 1, 0) < 0)
		return -1;
	return close_range((unsigned)keep + 1, ~0u, 0);
}

BORROWED_STACK static int launch_main(void *arg)
{
	struct launch *l = arg;
	const struct spawn *s = l->s;

	if (s->new_session && setsid() < 0)
		return fail_at(l, "make a session for");
	if (arrange_stdio(s) < 0)
		return fail_at(l, "arrange the descriptors of");
	if (close_others(s->keep_fd) < 0)
		return fail_at(l, "close descriptors for");
	reset_signals();
	sigprocmask(SIG_SETMASK, &l->mask, NULL);
	execve(s->path, s->argv, s->envp);
	return fail_at(l, "execute");
}

int spawn_start(const struct spawn *s, struct spawn_child *ret, struct err *e)
{
	_Alignas(16) char stack[STACK_SIZE] __attribute__((uninitialized)); /* clearing it costs more than the call */
	struct launch l = { .s = s };
	sigset_t all, before;
	int pidfd = FD_NONE;

	sigemptyset(&l.mask);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid_t pid =
		clone(launch_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &l, &pidfd);
	int num = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return err_num(e, num, "start %s", s->path);
	*ret = (struct spawn_child){ .pid = pid, .pidfd = pidfd, .group = s->new_session };
	if (l.num == 0)
		return 0;
	spawn_kill(ret);
	return err_num(e, l.num, "%s %s", l.what, s->path);
}

/* --- waiting ----------------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int left_ms(int64_t deadline)
{
	if (deadline < 0)
		return -1;
	int64_t left = deadline - now_ms();
	return left > 0 ? (int)left : 0;
}

static int64_t deadline_of(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
}

static int reap(struct spawn_child *c, int *ret_status, struct err *e)
{
	int status;
	pid_t r;

	do
		r = waitpid(c->pid, &status, 0);
	while (r < 0 && errno == EINTR);
	fd_close(&c->pidfd);
	c->pid = 0;
	if (r < 0)
		return err_sys(e, "wait for a program");
	*ret_status = status;
	return 0;
}

int spawn_wait(struct spawn_child *c, int timeout_ms, int *ret_status, struct err *e)
{
	int64_t deadline = deadline_of(timeout_ms);
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	for (;;) {
		int r = poll(&p, 1, left_ms(deadline));

		if (r > 0)
			return reap(c, ret_status, e);
		if (r == 0)
			return err_num(e, ETIMEDOUT, "wait for a program");
		if (errno != EINTR)
			return err_sys(e, "wait for a program");
	}
}

void spawn_kill(struct spawn_child *c)
{
	int saved = errno, status;

	if (c->pid > 0) {
		/* The leader is not reaped, so its number still names its group. */
		if (c->group)
			(void)kill(-c->pid, SIGKILL); /* none left: fine */
		(void)sys_pidfd_send_signal(c->pidfd, SIGKILL); /* it may have ended */
		while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	c->pid = 0;
	fd_close(&c->pidfd);
	errno = saved;
}

/* --- spawn_run --------------------------------------------------------------------------------------- */

struct pump {
	const char *input;
	size_t input_left;
	int input_fd, errors_fd; /* our ends */
	int their_input, their_errors; /* theirs, closed here once the program has them */
	char *errors;
	size_t errors_size, errors_len;
};

/* Keep the end of what the program says: its last line is why it failed. */
static void keep_errors(struct pump *p, const char *text, size_t n)
{
	size_t room = p->errors_size - 1;

	if (n > room) {
		text += n - room;
		n = room;
	}
	if (p->errors_len + n > room) {
		size_t drop = p->errors_len + n - room;

		memmove(p->errors, p->errors + drop, p->errors_len - drop);
		p->errors_len -= drop;
	}
	memcpy(p->errors + p->errors_len, text, n);
	p->errors_len += n;
	p->errors[p->errors_len] = '\0';
}

/* False when there is nothing more to read for now or ever. */
static bool read_errors(struct pump *p)
{
	char text[1024];
	ssize_t n = read(p->errors_fd, text, sizeof(text));

	if (n > 0)
		keep_errors(p, text, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		fd_close(&p->errors_fd);
	return n > 0;
}

static void write_input(struct pump *p)
{
	ssize_t n = write(p->input_fd, p->input, p->input_left);

	if (n > 0) {
		p->input += n;
		p->input_left -= (size_t)n;
	}
	/* EPIPE: it does not want the rest, which is its own business. */
	if (p->input_left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(&p->input_fd);
}

/* Until the program has ended; its descendants may keep the pipes open and are not waited for. */
static int pump_until_end(struct pump *p, int pidfd, int64_t deadline, struct err *e)
{
	for (;;) {
		struct pollfd fds[3] = {
			{ .fd = pidfd, .events = POLLIN },
			{ .fd = p->errors_fd, .events = POLLIN },
			{ .fd = p->input_fd, .events = POLLOUT },
		};
		int r = poll(fds, 3, left_ms(deadline));

		if (r < 0 && errno != EINTR)
			return err_sys(e, "wait for a program");
		if (r == 0)
			return err_num(e, ETIMEDOUT, "wait for a program");
		if (r < 0)
			continue;
		if (fds[1].revents)
			(void)read_errors(p);
		if (fds[2].revents)
			write_input(p);
		if (fds[0].revents)
			return 0;
	}
}

/* A pipe whose end @ours is non-blocking. */
static int make_pipe(int *ret_read, int *ret_write, bool read_is_ours, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	int ours = read_is_ours ? fds[0] : fds[1];
	int flags = fcntl(ours, F_GETFL);
	if (flags < 0 || fcntl(ours, F_SETFL, flags | O_NONBLOCK) < 0) {
		err_sys(e, "set up a pipe");
		close(fds[0]);
		close(fds[1]);
		return -e->num;
	}
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

/* SIGPIPE must not end us when the program does not read its input: block it, and swallow what came. */
static bool block_sigpipe(sigset_t *pipe_set)
{
	sigset_t before;

	sigemptyset(pipe_set);
	sigaddset(pipe_set, SIGPIPE);
	sigprocmask(SIG_BLOCK, pipe_set, &before);
	return !sigismember(&before, SIGPIPE);
}

static void unblock_sigpipe(const sigset_t *pipe_set, bool was_open)
{
	struct timespec none = { 0 };

	if (!was_open)
		return;
	while (sigtimedwait(pipe_set, NULL, &none) < 0 && errno == EINTR)
		;
	sigprocmask(SIG_UNBLOCK, pipe_set, NULL);
}

static int run_pumped(const struct spawn *s, struct pump *p, int timeout_ms, int *ret_status, struct err *e)
{
	int64_t deadline = deadline_of(timeout_ms);
	struct spawn_child c;
	sigset_t pipe_set;
	int r = spawn_start(s, &c, e);

	if (r < 0)
		return r;
	fd_close(&p->their_input);
	fd_close(&p->their_errors);
	bool open = block_sigpipe(&pipe_set);
	r = pump_until_end(p, c.pidfd, deadline, e);
	while (r == 0 && p->errors_fd >= 0 && read_errors(p))
		;
	unblock_sigpipe(&pipe_set, open);
	if (r < 0) {
		spawn_kill(&c);
		return err_wrap(e, "%s", s->path);
	}
	return reap(&c, ret_status, e);
}

int spawn_run(const struct spawn *s, const struct spawn_io *io, int *ret_status, struct err *e)
{
	struct spawn copy = *s;
	struct pump p = { .input = io->input,
		.input_left = io->input_len,
		.input_fd = FD_NONE,
		.errors_fd = FD_NONE,
		.their_input = FD_NONE,
		.their_errors = FD_NONE,
		.errors = io->errors,
		.errors_size = io->errors_size };
	int r = 0;

	if (io->errors)
		io->errors[0] = '\0';
	if (io->input_len)
		r = make_pipe(&p.their_input, &p.input_fd, false, e);
	if (r == 0 && io->errors)
		r = make_pipe(&p.errors_fd, &p.their_errors, true, e);
	if (p.their_input >= 0)
		copy.stdin_fd = p.their_input;
	if (p.their_errors >= 0)
		copy.stderr_fd = p.their_errors;
	if (r == 0)
		r = run_pumped(&copy, &p, io->timeout_ms, ret_status, e);
	fd_close(&p.input_fd);
	fd_close(&p.errors_fd);
	fd_close(&p.their_input);
	fd_close(&p.their_errors);
	return r;
}

/* --- names ------------------------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool spawn_find(const char *name, const char *path_env, char *dst, size_t size)
{
	const char *p = path_env ? path_env : "/usr/sbin:/usr/bin:/sbin:/bin";

	while (*p) {
		size_t n = strcspn(p, ":");

		if (*p == '/' && fmt_fits(dst, size, "%.*s/%s", (int)n, p, name) && is_program(dst))
			return true;
		p += n + (p[n] == ':');
	}
	return false;
}

void spawn_status_text(int status, char *dst, size_t size)
{
	if (WIFSIGNALED(status))
		fmt_to(dst, size, "killed by signal %d", WTERMSIG(status));
	else
		fmt_to(dst, size, "exit status %d", WEXITSTATUS(status));
}
