/* The monitor's clients: who wants what, and what they send. Guarantees: a client can slow the
 * program down as long as MON_STALL_MS at most (the `run` in front: as a pipe would), costs no
 * memory that grows, and one that misbehaves costs only itself. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/str.h"
#include "mon/internal.h"
#include "sys/call.h"
#include "sys/proctree.h"
#include "sys/tty.h"
#include "sys/unixsock.h"

enum { KILL_ROUNDS = 20 };

/* --- sending ------------------------------------------------------------------------------------------------ */

int client_send(int fd, uint8_t type, const void *data, size_t n)
{
	struct iovec iov[] = { { &type, 1 }, { (void *)data, n } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t r;

	do
		r = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

bool client_wants(const struct client *c, uint8_t type)
{
	return c->kind == CLIENT_SESSION && !c->gone &&
		c->want & (type == MON_STDERR ? MON_WANT_STDERR : MON_WANT_STDOUT);
}

/* What a client missed comes before what follows. False: not even that fits. */
static bool tell_lost(struct client *c)
{
	if (!c->lost)
		return true;
	if (client_send(c->fd, MON_LOST, &c->lost, sizeof(c->lost)) < 0)
		return false;
	c->lost = 0;
	c->lossy = false;
	return true;
}

static void offer(struct state *s, struct client *c)
{
	int r = tell_lost(c) ? client_send(c->fd, s->chunk.type, s->chunk.data, s->chunk.len) : -EAGAIN;

	if (r == -EAGAIN && c->lossy) {
		c->lost += s->chunk.len;
		c->behind = false;
		return;
	}
	if (r == -EAGAIN && !c->behind)
		c->behind_since = s->now;
	c->behind = r == -EAGAIN;
	if (r < 0 && r != -EAGAIN)
		c->gone = true;
}

void clients_offer(struct state *s)
{
	for (size_t i = 0; i < s->n_clients; i++)
		if (s->clients[i].behind && !s->clients[i].gone)
			offer(s, &s->clients[i]);
}

bool clients_holding(const struct state *s)
{
	for (size_t i = 0; i < s->n_clients; i++)
		if (s->clients[i].behind && !s->clients[i].gone)
			return true;
	return false;
}

void clients_give(struct state *s)
{
	for (size_t i = 0; i < s->n_clients; i++)
		if (client_wants(&s->clients[i], s->chunk.type) && !s->clients[i].tailing)
			offer(s, &s->clients[i]);
}

int64_t clients_stall(struct state *s)
{
	int64_t next = 0;

	for (size_t i = 0; i < s->n_clients; i++) {
		struct client *c = &s->clients[i];

		if (!c->behind || c->founder || c->gone)
			continue;
		int64_t due = c->behind_since + MON_STALL_MS;
		if (due <= s->now) {
			c->lossy = true;
			c->lost += s->chunk.len;
			c->behind = false;
		} else if (!next || due < next) {
			next = due;
		}
	}
	return next;
}

/* --- coming and going --------------------------------------------------------------------------------------- */

struct client *clients_add(struct state *s, int *take_fd)
{
	static const char full[] = "too many sessions with this container (64)";

	if (s->n_clients == MON_MAX_CLIENTS) {
		(void)client_send(*take_fd, MON_REFUSED, full, sizeof(full) - 1); /* it is sent away anyway */
		fd_close(take_fd);
		return NULL;
	}
	struct client *c = &s->clients[s->n_clients++];
	*c = (struct client){ .fd = fd_steal(take_fd), .pidfd = FD_NONE };
	return c;
}

void clients_accept(struct state *s)
{
	auto_fd int fd = accept4(s->m->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		(void)clients_add(s, &fd); /* refused: told so */
}

static void leave(struct state *s, struct client *c)
{
	struct err e = ERR_NONE;

	if (c->kind == CLIENT_EXEC && c->pidfd >= 0)
		err_told(proc_kill_tree(c->pidfd, KILL_ROUNDS, &e)); /* there is nobody to tell */
	if (c->kind == CLIENT_SESSION && c->want & MON_WANT_STDIN && s->m->stdin_once && s->m->master < 0)
		input_end(s);
	fd_close(&c->pidfd);
	fd_close(&c->fd);
}

void clients_sweep(struct state *s)
{
	for (size_t i = 0; i < s->n_clients;) {
		if (!s->clients[i].gone) {
			i++;
			continue;
		}
		leave(s, &s->clients[i]);
		s->clients[i] = s->clients[--s->n_clients];
	}
}

/* --- receiving ---------------------------------------------------------------------------------------------- */

static void attach(struct state *s, struct client *c, uint8_t want)
{
	struct mon_hello hello = {
		.protocol = MON_PROTOCOL, .terminal = s->m->master >= 0, .takes_stdin = *input_fd(s) >= 0
	};

	if (!hello.takes_stdin)
		want &= (uint8_t)~MON_WANT_STDIN;
	c->want = want;
	if (client_send(c->fd, MON_HELLO, &hello, sizeof(hello)) < 0)
		c->gone = true;
}

static void resize(struct state *s, const char *data, size_t n)
{
	struct mon_size size;
	struct err e = ERR_NONE;

	if (n != sizeof(size) || s->m->master < 0)
		return;
	memcpy(&size, data, sizeof(size));
	err_told(tty_set_size(
		s->m->master, size.rows, size.cols, &e)); /* a size the terminal does not take changes nothing */
}

static void take_exec(struct client *c, struct unix_fds *fds)
{
	if (fds->n != 1)
		return;
	fd_close(&c->pidfd);
	c->kind = CLIENT_EXEC;
	c->pidfd = fds->v[0];
	fds->n = 0;
}

/* The slot goes on as the terminal's: what is written there is read and dropped until its programs
 * have ended. */
static void take_terminal(struct client *c, struct unix_fds *fds)
{
	if (fds->n != 1)
		return;
	fd_close(&c->pidfd);
	fd_close(&c->fd);
	c->kind = CLIENT_TERMINAL;
	c->fd = fds->v[0];
	c->want = 0;
	fds->n = 0;
}

static void send_signal(struct state *s, int sig)
{
	if (sig > 0 && sig <= 64)
		(void)sys_pidfd_send_signal(s->m->pidfd, sig); /* ended meanwhile: fine */
}

static void query(struct state *s, struct client *c)
{
	struct mon_state_msg st = { .lost_records = s->log.lost };

	if (client_send(c->fd, MON_STATE, &st, sizeof(st)) < 0)
		c->gone = true;
}

static void handle(struct state *s, struct client *c, const char *msg, size_t n, struct unix_fds *fds)
{
	switch ((uint8_t)msg[0]) {
	case MON_ATTACH: attach(s, c, n > 1 ? (uint8_t)msg[1] : 0); break;
	case MON_STDIN_EOF:
		if (s->m->stdin_once && s->m->master < 0 && c->want & MON_WANT_STDIN)
			input_end(s);
		break;
	case MON_RESIZE: resize(s, msg + 1, n - 1); break;
	case MON_SIGNAL: send_signal(s, n > 1 ? (uint8_t)msg[1] : 0); break;
	case MON_DETACH:
		c->want = 0;
		c->gone = true;
		break;
	case MON_EXEC: take_exec(c, fds); break;
	case MON_EXEC_DONE: fd_close(&c->pidfd); break;
	case MON_EXEC_TERMINAL: take_terminal(c, fds); break;
	case MON_QUERY: query(s, c); break;
	default: c->gone = true;
	}
}

/* The type of the next message, 0 when there is none now, -1 when there will be none. */
static int peek(int fd)
{
	uint8_t type;
	ssize_t n;

	do
		n = recv(fd, &type, 1, MSG_PEEK | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	return n == 1 ? type : -1;
}

static void take_input(struct state *s, struct client *c)
{
	struct input *in = &s->input;
	uint8_t type;
	struct iovec iov[] = { { &type, 1 }, { in->data, MON_DATA_MAX } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	s->used_buffers = true;
	if (n < 1) {
		c->gone = n == 0 || (errno != EAGAIN && errno != EINTR);
		return;
	}
	in->start = 0;
	in->end = c->want & MON_WANT_STDIN ? (size_t)n - 1 : 0;
	c->owes_ack = true;
	input_write(s);
}

static void drop_terminal(struct client *c)
{
	char rest[512];
	ssize_t n = read(c->fd, rest, sizeof(rest));

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		c->gone = true;
}

void clients_receive(struct state *s, struct client *c)
{
	char small[64];
	int got[UNIX_MAX_FDS];
	struct unix_fds fds = { got, UNIX_MAX_FDS, 0 };
	struct err e = ERR_NONE;

	if (c->kind == CLIENT_TERMINAL) {
		drop_terminal(c);
		return;
	}
	int type = peek(c->fd);
	if (type <= 0) {
		c->gone = type < 0;
		return;
	}
	/* Input has to wait for the input before it, and so has its end. */
	bool waits = s->input.start < s->input.end;
	if (type == MON_STDIN || type == MON_STDIN_EOF) {
		if (waits) {
			c->waits = true;
			return;
		}
		if (type == MON_STDIN) {
			take_input(s, c);
			return;
		}
	}
	int n = unix_receive(c->fd, small, sizeof(small), &fds, &e);
	if (n > 0)
		handle(s, c, small, (size_t)n, &fds);
	else
		c->gone = true;
	for (size_t i = 0; i < fds.n; i++)
		close(fds.v[i]);
}
