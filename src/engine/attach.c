/* A session seen from the user. Guarantees: signals are heeded whatever output or input do; the
 * terminal is as it was afterwards; one piece of output is under way at a time, so a slow terminal
 * slows the sender, not our memory. */
#include "engine/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/deaf.h"
#include "engine/keys.h"
#include "engine/life.h"
#include "engine/sink.h"
#include "engine/userend.h"
#include "mon/mon.h"
#include "mon/proto.h"
#include "sys/io.h"
#include "sys/unixsock.h"

enum { P_SOCK, P_SIGNALS, P_INPUT, P_OUT, P_ERR, N_POLL };

struct session {
	int sock;
	struct user_end user;
	const struct attach_opts *o;
	struct keys keys;
	struct sink out, err;
	bool terminal; /* the container has one */
	bool input, may_send; /* we have input to bring; the last one was acknowledged */
	bool greeted;
	enum { GOES_ON, EXITED, DETACHED } state;
	int exit_code;
	char data[MON_DATA_MAX + 1];
};

static void say(const char *text)
{
	struct err e = ERR_NONE;

	err_told(io_write_all(STDERR_FILENO, text, strlen(text), &e)); /* there is no other place to complain */
}

static int tell(struct session *s, uint8_t type, const void *data, size_t n, struct err *e)
{
	struct iovec iov[] = { { &type, 1 }, { (void *)data, n } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t r;

	do
		r = sendmsg(s->sock, &msg, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	/* A monitor that is gone is seen by the end of its messages, which may hold the exit
	 * status. */
	return r < 0 && errno != EPIPE && errno != ECONNRESET ? err_sys(e, "speak to the container's monitor") : 0;
}

/* --- terminal ----------------------------------------------------------------------------------------------- */

static int send_size(struct session *s, struct err *e)
{
	struct winsize w;

	if (!s->terminal || ioctl(STDIN_FILENO, TIOCGWINSZ, &w) < 0 || (w.ws_row == 0 && w.ws_col == 0))
		return 0;
	struct mon_size size = { w.ws_row, w.ws_col };
	return tell(s, MON_RESIZE, &size, sizeof(size), e);
}

static int go_raw(struct session *s, struct err *e)
{
	return s->terminal && !s->o->no_stdin ? user_end_raw(&s->user, e) : 0;
}

static int greet(struct session *s, const char *data, size_t n, struct err *e)
{
	struct mon_hello hello;

	if (n < sizeof(hello) || s->greeted)
		return 0;
	memcpy(&hello, data, sizeof(hello));
	if (hello.protocol != MON_PROTOCOL) {
		err_set(e, ERR_UNSUPPORTED, EPROTO, "the container's monitor is of another version of tare");
		return err_hint(e, "restart the container to attach to it");
	}
	s->greeted = true;
	s->terminal = hello.terminal;
	s->input = s->may_send = hello.takes_stdin && !s->o->no_stdin;
	return go_raw(s, e) < 0 ? -e->num : send_size(s, e);
}

/* --- input -------------------------------------------------------------------------------------------------- */

static int read_input(struct session *s, struct err *e)
{
	char typed[MON_DATA_MAX - KEYS_MAX];
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));
	size_t len;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) { /* EIO: our terminal is gone */
		s->input = false;
		return tell(s, MON_STDIN_EOF, NULL, 0, e);
	}
	if (!s->user.raw) {
		s->may_send = false;
		return tell(s, MON_STDIN, typed, (size_t)n, e);
	}
	if (keys_filter(&s->keys, typed, (size_t)n, s->data, &len)) {
		s->state = DETACHED;
		return tell(s, MON_DETACH, NULL, 0, e);
	}
	s->may_send = len == 0;
	return len ? tell(s, MON_STDIN, s->data, len, e) : 0;
}

/* --- signals ------------------------------------------------------------------------------------------------ */

static int forward(struct session *s, int sig, struct err *e)
{
	uint8_t number = (uint8_t)sig;
	char text[512];
	bool ends = sig == SIGINT || sig == SIGTERM;

	if (user_end_gives_up(&s->user, sig))
		return 0;
	if (ends && s->user.asked_to_end == 1 && s->o->pid > 0 && deaf_to(s->o->pid, sig)) {
		fmt_to(text, sizeof(text),
			"tare: process 1 of container %s has no handler for %s, which the kernel "
			"therefore does "
			"not deliver (--init helps; `tare kill %s` ends it; once more leaves it "
			"running)\n",
			s->o->name, sig == SIGINT ? "SIGINT" : "SIGTERM", s->o->name);
		say(text);
		s->user.asked_to_end = USER_END_PATIENCE - 1;
	}
	return tell(s, MON_SIGNAL, &number, 1, e);
}

static int read_signals(struct session *s, struct err *e)
{
	struct signalfd_siginfo si;

	while (read(s->user.signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		int sig = (int)si.ssi_signo, r = 0;

		if (sig == SIGWINCH)
			r = send_size(s, e);
		else if (sig == SIGCONT) /* whoever stopped us may have changed the terminal */
			r = go_raw(s, e) < 0 ? -e->num : send_size(s, e);
		else if (s->o->sig_proxy)
			r = forward(s, sig, e);
		else
			s->user.fatal = sig;
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- messages ----------------------------------------------------------------------------------------------- */

static void lost(const char *data, size_t n)
{
	char text[160];
	uint64_t bytes;

	if (n < sizeof(bytes))
		return;
	memcpy(&bytes, data, sizeof(bytes));
	fmt_to(text, sizeof(text),
		"\r\ntare: %llu bytes of output are not shown here, as they were not taken in time "
		"(see `tare "
		"logs`)\r\n",
		(unsigned long long)bytes);
	say(text);
}

static int handle(struct session *s, uint8_t type, const char *data, size_t n, struct err *e)
{
	int32_t code;

	switch (type) {
	case MON_HELLO: return greet(s, data, n, e);
	case MON_STDOUT:
		if (!s->o->no_stdout)
			sink_put(&s->out, data, n);
		break;
	case MON_STDERR:
		if (!s->o->no_stderr)
			sink_put(&s->err, data, n);
		break;
	case MON_STDIN_ACK: s->may_send = true; break;
	case MON_LOST: lost(data, n); break;
	case MON_REFUSED: return err_set(e, ERR_CONFLICT, EBUSY, "attach to %s: %.*s", s->o->name, (int)n, data);
	case MON_EXIT:
		if (n < sizeof(code))
			break;
		memcpy(&code, data, sizeof(code));
		s->exit_code = code;
		s->state = EXITED;
		break;
	default: /* of a later version, not for us */ break;
	}
	return 0;
}

static int receive(struct session *s, struct err *e)
{
	ssize_t n = recv(s->sock, s->data, sizeof(s->data), MSG_DONTWAIT);

	/* ECONNRESET: the monitor ended before it read our last message. Said once, and before what
	 * it has sent itself: its word about the exit may still be there (net/unix/af_unix.c,
	 * unix_release_sock()). */
	if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNRESET))
		return 0;
	if (n <= 0) {
		err_set(e, ERR_SYSTEM, EPIPE, "the monitor of container %s has gone away", s->o->name);
		return err_hint(e, "if it was killed, `tare ps` tells what became of the container");
	}
	return handle(s, (uint8_t)s->data[0], s->data + 1, (size_t)n - 1, e);
}

/* --- the session -------------------------------------------------------------------------------------------- */

static int turn(struct session *s, struct err *e)
{
	bool full = sink_pending(&s->out) || sink_pending(&s->err);
	struct pollfd p[N_POLL] = {
		[P_SOCK] = { .fd = full ? -1 : s->sock, .events = POLLIN },
		[P_SIGNALS] = { .fd = s->user.signals, .events = POLLIN },
		[P_INPUT] = { .fd = s->input && s->may_send ? STDIN_FILENO : -1, .events = POLLIN },
		[P_OUT] = { .fd = sink_pending(&s->out) ? s->out.fd : -1, .events = POLLOUT },
		[P_ERR] = { .fd = sink_pending(&s->err) ? s->err.fd : -1, .events = POLLOUT },
	};
	int r = 0;

	if (poll(p, N_POLL, -1) < 0)
		return errno == EINTR ? 0 : err_sys(e, "wait for the container");
	if (p[P_OUT].revents)
		sink_write(&s->out);
	if (p[P_ERR].revents)
		sink_write(&s->err);
	if (p[P_SIGNALS].revents)
		r = read_signals(s, e);
	if (r == 0 && p[P_INPUT].revents)
		r = read_input(s, e);
	if (r == 0 && p[P_SOCK].revents && s->state == GOES_ON)
		r = receive(s, e);
	return r;
}

/* The reader of our output has left. We end by it, as every program of a pipeline does; the container is another one.
 */
static void end_unread(struct session *s)
{
	char text[320];

	if ((s->out.gone != EPIPE && s->err.gone != EPIPE) || s->state != GOES_ON || s->user.fatal)
		return;
	fmt_to(text, sizeof(text),
		"tare: nobody reads the output any more; container %s goes on without (`tare stop %s` ends it)\n",
		s->o->name, s->o->name);
	say(text);
	s->user.fatal = SIGPIPE;
}

static bool done(const struct session *s)
{
	return s->user.fatal || s->state == DETACHED ||
		(s->state == EXITED && !sink_pending(&s->out) && !sink_pending(&s->err));
}

static int talk(struct session *s, struct err *e)
{
	uint8_t want = (uint8_t)((s->o->no_stdin ? 0 : MON_WANT_STDIN) | (s->o->no_stdout ? 0 : MON_WANT_STDOUT) |
		(s->o->no_stderr ? 0 : MON_WANT_STDERR));
	int r = user_end_begin(&s->user, e);

	if (r == 0)
		r = keys_parse(s->o->detach_keys ? s->o->detach_keys : KEYS_DEFAULT, &s->keys, e);
	if (r == 0)
		r = tell(s, MON_ATTACH, &want, 1, e);
	while (r == 0 && !done(s)) {
		r = turn(s, e);
		end_unread(s);
	}
	return r;
}

/* The terminal back, the signals back; one that was to end us does so now. */
static void end(struct session *s)
{
	sink_done(&s->out);
	sink_done(&s->err);
	user_end_done(&s->user);
}

int attach_session(int sock, const struct attach_opts *o, int *ret_exit_code, struct err *e)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return err_oom(e, "the session");
	s->sock = sock;
	s->user.signals = FD_NONE;
	s->o = o;
	sink_init(&s->out, STDOUT_FILENO);
	sink_init(&s->err, STDERR_FILENO);
	int r = talk(s, e);
	end(s);
	if (r == 0) {
		*ret_exit_code = s->exit_code;
		r = s->state == DETACHED ? ATTACH_DETACHED : ATTACH_EXITED;
	}
	free(s);
	return r;
}

int attach_keys_check(const char *keys, struct err *e)
{
	struct keys k;

	return keys ? keys_parse(keys, &k, e) : 0;
}

int attach_try(const struct record *r, struct err *e)
{
	int sock = unix_connect_at(r->dir_fd, MON_SOCKET, SOCK_SEQPACKET, e);

	if (sock < 0 && (e->num == ENOENT || e->num == ECONNREFUSED)) {
		err_clear(e);
		return err_set(
			e, ERR_CONFLICT, ESRCH, "container %s is not running", r->config.name ? r->config.name : r->id);
	}
	return sock;
}

/* Nobody listens: the program has ended, or its monitor is about to settle that, or was killed. */
int attach_connect(struct engine *en, struct record *r, struct err *e)
{
	enum { TRIES = 100, PAUSE_MS = 10 };

	for (int i = 0;; i++) {
		struct err why = ERR_NONE;
		int sock = attach_try(r, &why);

		if (sock >= 0)
			return sock;
		if (why.num == ESRCH && (record_reload(r, e) < 0 || engine_refresh(en, r, e) < 0))
			return -e->num;
		if (why.num != ESRCH || i == TRIES || (r->status.state != CT_RUNNING && r->status.state != CT_PAUSED)) {
			*e = why;
			return -e->num;
		}
		(void)poll(NULL, 0, i ? PAUSE_MS : 0);
	}
}
