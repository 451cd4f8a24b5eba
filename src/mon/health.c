/* When probes of the container's health are due. The probe itself is the engine's: a program that
 * is started, runs it, records the result and does what is to be done about it. Its exit status 0
 * means healthy. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include "mon/internal.h"

extern char **environ;

static int64_t delay(const struct state *s)
{
	const struct mon_health *h = &s->m->health;
	bool starting = !s->probe.was_healthy && s->now < s->probe.begun + (int64_t)h->start_period_ms;

	return (int64_t)(starting ? h->start_interval_ms : h->interval_ms);
}

void health_begin(struct state *s)
{
	s->probe.begun = s->now;
	if (s->m->health.interval_ms && s->m->health.argv)
		s->probe.next = s->now + delay(s);
}

void health_tick(struct state *s)
{
	struct probe *p = &s->probe;
	struct err e = ERR_NONE;

	if (!p->next || p->next > s->now || p->child.pid || s->ended)
		return;
	struct spawn sp = SPAWN_INIT;
	sp.path = s->m->health.argv[0];
	sp.argv = s->m->health.argv;
	sp.envp = environ;
	sp.new_session = true;
	p->next = 0;
	if (spawn_start(&sp, &p->child, &e) < 0) { /* no memory or processes now: the next time is tried again */
		p->child.pid = 0;
		p->next = s->now + delay(s);
	}
}

void health_ended(struct state *s)
{
	struct err e = ERR_NONE;
	int status = -1;

	if (spawn_wait(&s->probe.child, -1, &status, &e) < 0)
		s->probe.child.pid = 0;
	s->probe.was_healthy = s->probe.was_healthy || status == 0;
	s->probe.next = s->now + delay(s);
}

/* A probe that is under way sees for itself that there is nothing to probe any more, and may be
 * just what ended the container: it is not killed, and reaped by whoever is our parent's heir. */
void health_stop(struct state *s)
{
	fd_close(&s->probe.child.pidfd);
	s->probe.child.pid = 0;
}
