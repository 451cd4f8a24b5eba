/* A terminal relay with bounded buffers: a side that does not take its bytes stops the other side's reading and
 * nothing else. */
#include "runtime/relaytty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sys/tty.h"

static size_t held(const struct relay_half *h)
{
	return h->end - h->start;
}

/* Room at the end, after moving what is held to the front. */
static size_t room(struct relay_half *h)
{
	if (h->start) {
		memmove(h->data, h->data + h->start, held(h));
		h->end -= h->start;
		h->start = 0;
	}
	return sizeof(h->data) - h->end;
}

/* /proc/self/fd/1 of a pipe or terminal opens the same object with a description of its own
 * (proc(5)). Not for files: a new description begins at offset 0. */
static int own_description(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || isatty(fd)))
		return FD_NONE;
	int own = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own < 0 ? FD_NONE : own;
}

int relay_tty_begin(struct relay_tty *t, int master, struct err *e)
{
	struct err ignored = ERR_NONE; /* without it a container that closes its terminal costs a busy loop */

	t->master = master;
	t->slave = t->own_out = FD_NONE;
	t->in = STDIN_FILENO;
	t->raw = t->hung_up = false;
	t->to_master.start = t->to_master.end = t->to_out.start = t->to_out.end = 0;
	t->own_out = own_description(STDOUT_FILENO);
	t->out = t->own_out >= 0 ? t->own_out : STDOUT_FILENO;
	int flags = fcntl(master, F_GETFL);
	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_sys(e, "make the terminal non-blocking");
	t->slave = tty_open_slave(master, &ignored);
	if (!isatty(STDIN_FILENO))
		return 0;
	relay_tty_resize(t);
	if (tty_raw(STDIN_FILENO, &t->saved, e) < 0)
		return -e->num;
	t->raw = true;
	return 0;
}

void relay_tty_poll(const struct relay_tty *t, struct pollfd p[static RELAY_N_POLL])
{
	bool take = held(&t->to_master) < sizeof(t->to_master.data);
	short events = 0;

	if (held(&t->to_out) < sizeof(t->to_out.data))
		events |= POLLIN;
	if (held(&t->to_master))
		events |= POLLOUT;
	p[0] = (struct pollfd){ .fd = t->in >= 0 && take ? t->in : -1, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = events && !t->hung_up ? t->master : -1, .events = events };
	p[2] = (struct pollfd){ .fd = held(&t->to_out) ? t->out : -1, .events = POLLOUT };
}

/* Our input has ended. The other side learns of it as from a keyboard, if it reads lines. */
static void end_input(struct relay_tty *t)
{
	struct termios tio;

	t->in = FD_NONE;
	if (!t->raw && tcgetattr(t->master, &tio) == 0 && (tio.c_lflag & ICANON) && room(&t->to_master) > 0)
		t->to_master.data[t->to_master.end++] = (char)tio.c_cc[VEOF];
}

static void fill_from_input(struct relay_tty *t)
{
	size_t n_room = room(&t->to_master);
	ssize_t n = n_room ? read(t->in, t->to_master.data + t->to_master.end, n_room) : -1;

	if (n > 0)
		t->to_master.end += (size_t)n;
	else if (n == 0 || (n_room && errno != EAGAIN && errno != EINTR))
		end_input(t);
}

/* False when there is nothing more to read now. */
static bool fill_from_master(struct relay_tty *t)
{
	size_t n_room = room(&t->to_out);
	ssize_t n = n_room ? read(t->master, t->to_out.data + t->to_out.end, n_room) : -1;

	if (n <= 0)
		return n < 0 && n_room && errno == EINTR;
	if (t->out >= 0)
		t->to_out.end += (size_t)n; /* else nobody wants it, but its writer must not block */
	return true;
}

/* -1: this side is gone. */
static int drain_to(int fd, struct relay_half *h)
{
	ssize_t n = write(fd, h->data + h->start, held(h));

	if (n > 0)
		h->start += (size_t)n;
	if (h->start == h->end)
		h->start = h->end = 0;
	return n < 0 && errno != EAGAIN && errno != EINTR ? -1 : 0;
}

static void drain_to_out(struct relay_tty *t)
{
	if (drain_to(t->out, &t->to_out) == 0)
		return;
	t->out = FD_NONE;
	t->to_out.start = t->to_out.end = 0;
}

void relay_tty_move(struct relay_tty *t, const struct pollfd p[static RELAY_N_POLL])
{
	if (p[0].revents && t->in >= 0)
		fill_from_input(t);
	if (p[1].revents & (POLLIN | POLLHUP))
		(void)fill_from_master(t);
	if ((p[1].revents & POLLOUT) && drain_to(t->master, &t->to_master) < 0)
		t->to_master.start = t->to_master.end = 0;
	if (p[2].revents && t->out >= 0)
		drain_to_out(t);
}

void relay_tty_hang_up(struct relay_tty *t)
{
	fd_close(&t->slave);
	t->in = FD_NONE;
	t->hung_up = true;
	t->to_master.start = t->to_master.end = 0;
	/* A non-blocking read flushes the line discipline's queue first, so EAGAIN is the end (n_tty.c). */
	while (fill_from_master(t))
		if (t->out >= 0 && held(&t->to_out) == sizeof(t->to_out.data))
			break; /* the caller polls for room and comes back */
}

bool relay_tty_pending(const struct relay_tty *t)
{
	return t->out >= 0 && held(&t->to_out) > 0;
}

void relay_tty_resize(const struct relay_tty *t)
{
	struct err ignored = ERR_NONE; /* a terminal without a size, or one that is gone */

	if (tty_copy_size(STDIN_FILENO, t->master, &ignored) < 0)
		return;
}

void relay_tty_end(struct relay_tty *t)
{
	struct err ignored = ERR_NONE; /* the terminal is gone; nothing to restore */

	fd_close(&t->slave);
	fd_close(&t->own_out);
	if (t->raw && tty_restore(STDIN_FILENO, &t->saved, &ignored) < 0)
		return;
	t->raw = false;
}
