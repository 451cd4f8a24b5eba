/* The loop of `exec` in front. Guarantees: signals are heeded whatever the streams do; the terminal
 * is as it was afterwards; what the program wrote before its end is passed on, and its descendants
 * that keep the streams are not waited for. */
#include "engine/exec_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "engine/keys.h"
#include "engine/sink.h"
#include "engine/userend.h"
#include "sys/call.h"
#include "sys/tty.h"

enum { P_CHILD, P_SIGNALS, P_STDIN, P_INPUT, P_OUT, P_ERR, P_SINK, P_SINK_ERR, P_MONITOR, N_POLL };

struct relay {
	struct exec_relay *x;
	struct user_end user;
	struct keys keys;
	bool reading, detached, ended;
	size_t start, end; /* of input */
	char input[SINK_MAX + KEYS_MAX];
	char data[SINK_MAX];
	struct sink out, err;
};

/* --- begin and end ------------------------------------------------------------------------------------------ */

static void unblock(int fd)
{
	int flags = fd >= 0 ? fcntl(fd, F_GETFL) : -1;

	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK); /* ours and open: works */
}

static void resize(const struct relay *r)
{
	struct err e = ERR_NONE;

	if (r->x->master >= 0 && tty_is(STDIN_FILENO))
		err_told(tty_copy_size(STDIN_FILENO, r->x->master, &e)); /* the old size stays */
}

static int go_raw(struct relay *r, struct err *e)
{
	return r->x->master >= 0 && r->x->interactive ? user_end_raw(&r->user, e) : 0;
}

static int begin(struct relay *r, struct err *e)
{
	const char *keys = r->x->detach_keys;

	sink_init(&r->out, STDOUT_FILENO);
	sink_init(&r->err, STDERR_FILENO);
	r->reading = r->x->interactive;
	unblock(r->x->in);
	unblock(r->x->out);
	unblock(r->x->err);
	unblock(r->x->master);
	if (user_end_begin(&r->user, e) < 0 || keys_parse(keys ? keys : KEYS_DEFAULT, &r->keys, e) < 0)
		return -e->num;
	resize(r);
	return go_raw(r, e);
}

/* By a fatal signal the program's tree ends with us: the monitor sees to it. */
static void end(struct relay *r)
{
	sink_done(&r->out);
	sink_done(&r->err);
	user_end_done(&r->user);
}

/* --- moving ------------------------------------------------------------------------------------------------- */

static int *input_fd(struct relay *r)
{
	return r->x->master >= 0 ? &r->x->master : &r->x->in;
}

static void write_input(struct relay *r)
{
	int *fd = input_fd(r);

	while (*fd >= 0 && r->start < r->end) {
		ssize_t n = write(*fd, r->input + r->start, r->end - r->start);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) { /* it reads no more */
			r->start = r->end = 0;
			r->reading = false;
			break;
		}
		r->start += (size_t)n;
	}
	if (!r->reading && r->start >= r->end && r->x->master < 0)
		fd_close(&r->x->in);
}

static void read_input(struct relay *r)
{
	ssize_t n = read(STDIN_FILENO, r->data, sizeof(r->data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	r->start = r->end = 0;
	if (n <= 0) {
		r->reading = false;
	} else if (r->user.raw) {
		r->detached = keys_filter(&r->keys, r->data, (size_t)n, r->input, &r->end);
	} else {
		memcpy(r->input, r->data, (size_t)n);
		r->end = (size_t)n;
	}
	write_input(r);
}

/* Whoever read our output has left: the program learns it by its pipe. With a terminal there is only one way to tell.
 */
static void end_unread(struct relay *r)
{
	if (r->out.gone == EPIPE && r->x->master >= 0)
		r->user.fatal = SIGPIPE;
	if (r->out.gone == EPIPE)
		fd_close(&r->x->out);
	if (r->err.gone == EPIPE)
		fd_close(&r->x->err);
}

/* False when there is nothing now. */
static bool read_output(struct relay *r, int *fd, struct sink *sink)
{
	if (*fd < 0 || sink_pending(sink))
		return false;
	ssize_t n = read(*fd, r->data, sizeof(r->data));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n <= 0) {
		fd_close(fd);
		return false;
	}
	sink_put(sink, r->data, (size_t)n);
	return true;
}

static void read_signals(struct relay *r, struct err *e)
{
	struct signalfd_siginfo si;

	while (read(r->user.signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		int sig = (int)si.ssi_signo;

		if (sig == SIGWINCH || sig == SIGCONT) {
			resize(r);
			if (sig == SIGCONT)
				err_told(go_raw(r, e)); /* looked at by the caller */
			continue;
		}
		/* It is not reaped yet, so the number still names its group. */
		if (!user_end_gives_up(&r->user, sig) && kill(-r->x->pid, sig) < 0)
			(void)sys_pidfd_send_signal(r->x->pidfd, sig); /* ended just now */
	}
}

static int turn(struct relay *r, struct err *e)
{
	struct exec_relay *x = r->x;
	bool full = sink_pending(&r->out), full_err = sink_pending(&r->err), input = r->start < r->end;
	int out = x->master >= 0 ? x->master : x->out;
	struct pollfd p[N_POLL] = {
		[P_CHILD] = { .fd = x->pidfd, .events = POLLIN },
		[P_SIGNALS] = { .fd = r->user.signals, .events = POLLIN },
		[P_STDIN] = { .fd = r->reading && !input ? STDIN_FILENO : -1, .events = POLLIN },
		[P_INPUT] = { .fd = input ? *input_fd(r) : -1, .events = POLLOUT },
		[P_OUT] = { .fd = full ? -1 : out, .events = POLLIN },
		[P_ERR] = { .fd = full_err ? -1 : x->err, .events = POLLIN },
		[P_SINK] = { .fd = full ? r->out.fd : -1, .events = POLLOUT },
		[P_SINK_ERR] = { .fd = full_err ? r->err.fd : -1, .events = POLLOUT },
		[P_MONITOR] = { .fd = *x->monitor },
	};

	if (poll(p, N_POLL, -1) < 0)
		return errno == EINTR ? 0 : err_sys(e, "wait for the program");
	if (p[P_SINK].revents)
		sink_write(&r->out);
	if (p[P_SINK_ERR].revents)
		sink_write(&r->err);
	if (p[P_SIGNALS].revents)
		read_signals(r, e);
	if (p[P_STDIN].revents)
		read_input(r);
	if (p[P_INPUT].revents)
		write_input(r);
	if (p[P_OUT].revents)
		(void)read_output(r, x->master >= 0 ? &x->master : &x->out, &r->out);
	if (p[P_ERR].revents)
		(void)read_output(r, &x->err, &r->err);
	end_unread(r);
	r->ended = p[P_CHILD].revents != 0;
	if (p[P_MONITOR].revents && !r->ended)
		x->monitor_is_gone(x->arg);
	return -e->num;
}

/* What is in the pipes when the program has ended, to a user who may be slow. */
static int drain(struct relay *r, struct err *e)
{
	struct exec_relay *x = r->x;

	for (;;) {
		while (read_output(r, x->master >= 0 ? &x->master : &x->out, &r->out))
			;
		while (read_output(r, &x->err, &r->err))
			;
		struct pollfd p[] = { { .fd = sink_pending(&r->out) ? r->out.fd : -1, .events = POLLOUT },
			{ .fd = sink_pending(&r->err) ? r->err.fd : -1, .events = POLLOUT },
			{ .fd = r->user.signals, .events = POLLIN } };
		if (r->user.fatal || (p[0].fd < 0 && p[1].fd < 0))
			return 0;
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return err_sys(e, "pass on the program's output");
		sink_write(&r->out);
		sink_write(&r->err);
		read_signals(r, e);
	}
}

int exec_relay(struct exec_relay *x, int *ret_wait_status, struct err *e)
{
	struct relay *r = calloc(1, sizeof(*r));
	int status = 0;

	if (!r)
		return err_oom(e, "the program's streams");
	r->x = x;
	r->user = (struct user_end)USER_END_INIT;
	int n = begin(r, e);
	while (n == 0 && !r->ended && !r->detached && !r->user.fatal)
		n = turn(r, e);
	if (n == 0 && r->ended)
		n = drain(r, e);
	end(r);
	bool detached = r->detached && !r->ended;
	free(r);
	if (n < 0)
		return n;
	if (detached)
		return EXEC_DETACHED;
	while (waitpid(x->pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for the program");
	*ret_wait_status = status;
	return EXEC_ENDED;
}
