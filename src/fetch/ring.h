#pragma once
/* Chunks from one thread to another, in order, a bounded number of them. */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

enum { RING_CHUNK = 256 << 10, RING_SLOTS = 8 };

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *chunk[RING_SLOTS];
	size_t len[RING_SLOTS];
	size_t head, tail; /* filled from head, emptied at tail; head - tail are full */
	bool ended; /* the writer will not write again */
	bool failed; /* … because of an error */
	bool stopped; /* the reader will not read again */
};

int ring_init(struct ring *r, struct err *e) must_check;
void ring_done(struct ring *r);
/* ring_room - a free chunk of RING_CHUNK bytes; NULL when the reader has stopped. ring_commit passes it on. */
char *ring_room(struct ring *r);
void ring_commit(struct ring *r, size_t n);
void ring_end(struct ring *r, bool failed);
/* ring_next - give back the chunk before and get the next: its size, 0 at the end, -1 when the writer failed. */
long ring_next(struct ring *r, bool first, const void **ret);
void ring_stop(struct ring *r);
