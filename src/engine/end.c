/* The end of a container: what its monitor does when the program has ended, and what the next command does when the
 * monitor was killed. Order: what lies outside the record first, then the status, so that a crash in between is seen
 * and done again. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "base/units.h"
#include "engine/idrange.h"
#include "engine/life.h"
#include "engine/volume.h"
#include "runtime/launch.h"

void engine_now(char dst[static CT_TIME_SIZE])
{
	struct timespec now;

	_Static_assert((int)CT_TIME_SIZE >= (int)RFC3339_SIZE, "room for a time");
	clock_gettime(CLOCK_REALTIME, &now);
	rfc3339_format(&now, dst);
}

static int exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* Only while the cgroup is there. */
static void oom_verdict(struct engine *en, struct record *r, const struct rt_running *running)
{
	struct err e = ERR_NONE;
	struct rt_oom o;
	int n = running ? rt_running_oom(running, &o, &e) : rt_oom(&en->rt, r->id, &o, &e);

	if (n < 0 || !o.kills)
		return;
	r->status.oom_killed = true;
	fmt_to(r->status.oom, sizeof(r->status.oom),
		"the kernel killed %llu process(es) of cgroup %s for want of memory: limit %llu bytes, peak use %llu "
		"bytes",
		(unsigned long long)o.kills, o.cgroup, (unsigned long long)o.limit_bytes,
		(unsigned long long)o.peak_bytes);
}

static void note(struct record *r, const struct err *e)
{
	if (!r->status.error[0])
		fmt_to(r->status.error, sizeof(r->status.error), "%s", e->msg);
}

static int remove_outside(struct engine *en, struct record *r, struct rt_running *running, struct err *e)
{
	return running ? rt_running_end(running, e) : rt_delete(&en->rt, r->id, true, e);
}

static bool runs_record(const struct rt_running *running)
{
	return running && running->creation;
}

int engine_ended(struct engine *en, struct record *r, const struct engine_end *end, bool *ret_removed, struct err *e)
{
	struct ct_status *s = &r->status;
	struct rt_running *running = runs_record(end->running) ? end->running : NULL;
	struct err own = ERR_NONE;

	*ret_removed = false;
	oom_verdict(en, r, running);
	if (remove_outside(en, r, running, &own) < 0) {
		note(r, &own);
		log_warn("container %.12s: %s", r->id, own.msg);
	}
	idrange_release(en, s->id_slot, r->id);
	s->id_slot = -1;
	s->state = CT_EXITED;
	s->pid = s->monitor = 0;
	s->start_ticks = 0;
	s->exit_unknown = end->unknown;
	s->exit_code = end->unknown ? 137 : exit_code(end->wait_status);
	s->stopped_by_user = faccessat(r->dir_fd, "stop", F_OK, 0) == 0;
	engine_now(s->finished);
	(void)unlinkat(r->dir_fd, "attach.sock", 0); /* absent without a monitor */
	if (!r->config.auto_remove)
		return record_save_status(r, e);
	*ret_removed = true;
	record_leave_exit(r);
	return engine_remove_held(en, r, own.num != 0, e);
}
