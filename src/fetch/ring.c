#include "fetch/ring.h"

#include <stdlib.h>
#include <string.h>

int ring_init(struct ring *r, struct err *e)
{
	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	for (size_t i = 0; i < RING_SLOTS; i++) {
		r->chunk[i] = malloc(RING_CHUNK);
		if (!r->chunk[i]) {
			ring_done(r);
			return err_oom(e, "buffers");
		}
	}
	return 0;
}

void ring_done(struct ring *r)
{
	for (size_t i = 0; i < RING_SLOTS; i++)
		free(r->chunk[i]);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	memset(r, 0, sizeof(*r));
}

char *ring_room(struct ring *r)
{
	char *chunk;

	pthread_mutex_lock(&r->lock);
	while (r->head - r->tail == RING_SLOTS && !r->stopped)
		pthread_cond_wait(&r->changed, &r->lock);
	chunk = r->stopped ? NULL : r->chunk[r->head % RING_SLOTS];
	pthread_mutex_unlock(&r->lock);
	return chunk;
}

void ring_commit(struct ring *r, size_t n)
{
	pthread_mutex_lock(&r->lock);
	r->len[r->head++ % RING_SLOTS] = n;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void ring_end(struct ring *r, bool failed)
{
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	r->failed = failed;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

long ring_next(struct ring *r, bool first, const void **ret)
{
	long n;

	pthread_mutex_lock(&r->lock);
	if (!first && r->head != r->tail) {
		r->tail++;
		pthread_cond_signal(&r->changed);
	}
	while (r->head == r->tail && !r->ended)
		pthread_cond_wait(&r->changed, &r->lock);
	if (r->head != r->tail) {
		*ret = r->chunk[r->tail % RING_SLOTS];
		n = (long)r->len[r->tail % RING_SLOTS];
	} else {
		n = r->failed ? -1 : 0;
	}
	pthread_mutex_unlock(&r->lock);
	return n;
}

void ring_stop(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->stopped = true;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}
