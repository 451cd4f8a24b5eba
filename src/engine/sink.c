/* Non-blocking output. O_NONBLOCK belongs to the open file, which the shell and others share with
 * us: pipes and terminals are opened again. What cannot be opened again (sockets) is written in
 * small pieces when poll(2) says so. */
#include "engine/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sys/path.h"

enum { PROMISED = 4096 }; /* PIPE_BUF: as much as POLLOUT promises, pipe(7) */

void sink_init(struct sink *s, int fd)
{
	struct err e = ERR_NONE;
	struct stat st;

	s->fd = fd;
	s->own = FD_NONE;
	s->patient = false;
	s->gone = 0;
	s->start = s->end = 0;
	if (fstat(fd, &st) < 0 || S_ISREG(st.st_mode))
		return; /* never blocks, and its position is shared with others */
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		s->own = path_open_host(path_proc(fd).text, O_WRONLY | O_NONBLOCK | O_NOCTTY, 0, &e);
	if (s->own >= 0)
		s->fd = s->own;
	else
		s->patient = true;
}

void sink_done(struct sink *s)
{
	fd_close(&s->own);
}

static bool may_write(const struct sink *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };

	return !s->patient || (poll(&p, 1, 0) > 0 && p.revents & (POLLOUT | POLLERR));
}

/* How much of @n bytes it takes now. */
static size_t take(struct sink *s, const char *data, size_t n)
{
	size_t sum = 0;

	while (sum < n && may_write(s)) {
		size_t left = n - sum;
		ssize_t done = write(s->fd, data + sum, s->patient && left > PROMISED ? PROMISED : left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			s->gone = errno == EAGAIN ? 0 : errno;
			break;
		}
		sum += (size_t)done;
	}
	return s->gone ? n : sum;
}

void sink_write(struct sink *s)
{
	s->start += take(s, s->data + s->start, s->end - s->start);
}

void sink_put(struct sink *s, const char *data, size_t n)
{
	if (s->gone || n > SINK_MAX)
		return;
	size_t done = take(s, data, n);
	/* Only what it does not take is copied. */
	memcpy(s->data, data + done, n - done);
	s->start = 0;
	s->end = n - done;
}
