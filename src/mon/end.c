/* After the program's end: what clients have yet to get, and the last message. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "mon/internal.h"

/* --- collecting --------------------------------------------------------------------------------------------- */

static bool tail_add(struct mon_tail *t, const struct chunk *c)
{
	struct tail_piece piece = { .n = (uint32_t)c->len, .type = c->type };
	size_t need = t->len + sizeof(piece) + c->len;

	if (need > t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 2 * MON_DATA_MAX;

		while (cap < need)
			cap *= 2;
		char *p = realloc(t->data, cap);
		if (!p)
			return false;
		t->data = p;
		t->cap = cap;
	}
	memcpy(t->data + t->len, &piece, sizeof(piece));
	memcpy(t->data + t->len + sizeof(piece), c->data, c->len);
	t->len = need;
	return true;
}

/* Adds the chunk for those who are behind; without memory they lose it, and are told. */
static void add_for_tailing(struct state *s)
{
	size_t from = s->tail.len;
	bool any = false, kept;

	for (size_t i = 0; i < s->n_clients; i++)
		any = any || s->clients[i].behind;
	if (!any)
		return;
	kept = tail_add(&s->tail, &s->chunk);
	for (size_t i = 0; i < s->n_clients; i++) {
		struct client *c = &s->clients[i];

		if (!c->behind)
			continue;
		if (!kept)
			c->lost += s->chunk.len;
		else if (!c->tailing)
			c->tail = from;
		c->tailing = c->tailing || kept;
		c->behind = false;
	}
}

void tail_begin(struct state *s)
{
	add_for_tailing(s);
}

void tail_give(struct state *s)
{
	for (size_t i = 0; i < s->n_clients; i++)
		if (s->clients[i].tailing && client_wants(&s->clients[i], s->chunk.type))
			s->clients[i].behind = true;
	clients_give(s);
	add_for_tailing(s);
}

int tail_result(struct state *s, struct mon_result *ret, struct err *e)
{
	struct mon_client *v;

	clients_sweep(s);
	ret->clients = v = calloc(s->n_clients + 1, sizeof(*v));
	if (!v) {
		free(s->tail.data);
		return err_oom(e, "the sessions");
	}
	for (size_t i = 0; i < s->n_clients; i++) {
		struct client *c = &s->clients[i];

		if (c->kind != CLIENT_SESSION) { /* what they watched ended with the container */
			fd_close(&c->pidfd);
			fd_close(&c->fd);
			continue;
		}
		v[ret->n_clients++] = (struct mon_client){
			.fd = c->fd, .founder = c->founder, .lost = c->lost, .tail = c->tailing ? c->tail : s->tail.len
		};
	}
	ret->tail = s->tail.data;
	ret->tail_len = s->tail.len;
	return 0;
}

/* --- delivering --------------------------------------------------------------------------------------------- */

/* One message; 1: sent, 0: not now, < 0: the client is gone. */
static int sent(const struct mon_client *c, uint8_t type, const void *data, size_t n)
{
	int r = client_send(c->fd, type, data, n);

	return r == 0 ? 1 : r == -EAGAIN ? 0 : r;
}

/* What @c has not got, as far as it takes it: 1 when that is all. */
static int advance(const struct mon_result *r, struct mon_client *c)
{
	int n;

	while (c->tail < r->tail_len) {
		struct tail_piece piece;

		memcpy(&piece, r->tail + c->tail, sizeof(piece));
		n = sent(c, piece.type, r->tail + c->tail + sizeof(piece), piece.n);
		if (n <= 0)
			return n;
		c->tail += sizeof(piece) + piece.n;
	}
	if (!c->lost)
		return 1;
	n = sent(c, MON_LOST, &c->lost, sizeof(c->lost));
	if (n > 0)
		c->lost = 0;
	return n;
}

static int finish(const struct mon_result *r, struct mon_client *c, const int32_t *code)
{
	int n = advance(r, c);

	return n > 0 && code ? sent(c, MON_EXIT, code, sizeof(*code)) : n;
}

/* Until it has all, is gone, or takes nothing for @timeout_ms. */
static bool serve(const struct mon_result *r, struct mon_client *c, const int32_t *code, int timeout_ms)
{
	for (;;) {
		int n = finish(r, c, code);

		if (n)
			return n > 0;
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };
		int got = poll(&p, 1, c->founder ? -1 : timeout_ms);
		if (got == 0 || (got < 0 && errno != EINTR) || p.revents & (POLLHUP | POLLERR))
			return false;
	}
}

void mon_tell_exit(struct mon_result *r, int exit_code)
{
	int32_t code = exit_code;

	for (int founder = 0; founder < 2; founder++) /* who may keep us for long comes last */
		for (size_t i = 0; i < r->n_clients; i++)
			if (r->clients[i].founder == (founder == 1)) {
				(void)serve(r, &r->clients[i], &code, MON_STALL_MS); /* gone or stalled: closed */
				fd_close(&r->clients[i].fd);
			}
	mon_result_done(r);
}

void mon_hand_over(struct mon_result *r)
{
	enum { HAND_OVER_MS = 2000 };

	for (size_t i = 0; i < r->n_clients; i++)
		if (!serve(r, &r->clients[i], NULL, HAND_OVER_MS))
			fd_close(&r->clients[i].fd);
	free(r->tail);
	r->tail = NULL;
	r->tail_len = 0;
}

void mon_result_done(struct mon_result *r)
{
	for (size_t i = 0; i < r->n_clients; i++)
		fd_close(&r->clients[i].fd);
	free(r->clients);
	free(r->tail);
	*r = (struct mon_result){ .n_clients = 0 };
}
