/* The program's streams: output to the log and to clients, input from them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "mon/internal.h"

enum { BIG_PIPE = 1 << 20 };

/* A program that fills its pipe is writing faster than we are woken: fewer and larger turns. Not at
 * the start, as most programs never get there and a large pipe costs memory. Full is when no page is
 * left, and what is written in uneven pieces does not fill its pages. */
static void enlarge(int fd, size_t got)
{
	if (got > MON_DATA_MAX / 4 * 3 && fcntl(fd, F_GETPIPE_SZ) == MON_DATA_MAX)
		(void)fcntl(fd, F_SETPIPE_SZ, BIG_PIPE); /* a user has a limited number of pages: then not */
}

bool stream_read(struct state *s, int *fd, uint8_t type)
{
	ssize_t n = read(*fd, s->chunk.data, MON_DATA_MAX);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) { /* EIO: the last program on a terminal has closed it */
		fd_close(fd);
		return false;
	}
	s->used_buffers = true;
	s->last_output = s->now;
	s->chunk.len = (size_t)n;
	s->chunk.type = type;
	/* The log first: what a client has seen is not lost when we are killed. */
	logfile_feed(&s->log, type == MON_STDERR, s->chunk.data, (size_t)n);
	if (s->ended)
		tail_give(s);
	else
		clients_give(s);
	enlarge(*fd, (size_t)n);
	return true;
}

int *input_fd(struct state *s)
{
	return s->m->master >= 0 ? &s->m->master : &s->m->stdin_fd;
}

static void acknowledge(struct state *s)
{
	s->input.start = s->input.end = 0;
	for (size_t i = 0; i < s->n_clients; i++) {
		struct client *c = &s->clients[i];

		c->waits = false;
		if (!c->owes_ack)
			continue;
		c->owes_ack = false;
		if (client_send(c->fd, MON_STDIN_ACK, NULL, 0) < 0)
			c->gone = true;
	}
}

void input_write(struct state *s)
{
	struct input *in = &s->input;
	int *fd = input_fd(s);

	while (*fd >= 0 && in->start < in->end) {
		ssize_t n = write(*fd, in->data + in->start, in->end - in->start);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) { /* EPIPE: the program reads no more; what comes is dropped from now on
			      */
			if (s->m->master < 0)
				fd_close(fd);
			break;
		}
		in->start += (size_t)n;
	}
	acknowledge(s);
}

void input_end(struct state *s)
{
	if (s->m->master < 0)
		fd_close(&s->m->stdin_fd);
}
