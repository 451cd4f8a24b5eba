#pragma once
/* Our stdout or stderr, written without ever blocking on it: while it takes nothing, signals must
 * still be heeded. */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum { SINK_MAX = 65536 };

struct sink {
	int fd; /* what is written to */
	int own; /* FD_NONE, or a description of our own of it, non-blocking */
	bool patient; /* shared and blocking: only as much as poll(2) promises */
	int gone; /* errno why it takes nothing any more (EPIPE: nobody reads it): what comes is dropped */
	size_t start, end;
	char data[SINK_MAX];
};

void sink_init(struct sink *s, int fd);
void sink_done(struct sink *s);
static inline bool sink_pending(const struct sink *s)
{
	return s->start < s->end;
}
/* sink_put - @n bytes (nothing may be pending); writes what can be written at once. */
void sink_put(struct sink *s, const char *data, size_t n);
/* sink_write - after poll(2) said POLLOUT. */
void sink_write(struct sink *s);
