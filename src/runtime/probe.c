/* Status by pidfd, start time, boot id and freezer. */
#include "runtime/probe.h"

#include "base/str.h"
#include "cg/freeze.h"

void rt_probe_init(struct rt_probe *p)
{
	*p = (struct rt_probe){ .has_host = false };
}

void rt_probe_done(struct rt_probe *p)
{
	if (p->has_host)
		cg_host_done(&p->host);
	p->has_host = false;
}

int rt_probe_host(struct rt_probe *p, struct err *e)
{
	if (p->has_host)
		return 0;
	if (cg_host_open(CG_USUAL, &p->host, e) < 0)
		return -e->num;
	p->has_host = true;
	return 0;
}

static int same_boot(struct rt_probe *p, const struct rt_state *s, bool *ret, struct err *e)
{
	*ret = true;
	if (!s->boot_id) /* it was on a file system that no boot leaves anything of */
		return 0;
	if (!p->boot[0] && proc_boot_id(p->boot, e) < 0)
		return -e->num;
	*ret = str_eq(p->boot, s->boot_id);
	return 0;
}

static int frozen(struct rt_probe *p, const struct rt_state *s, bool *ret, struct err *e)
{
	*ret = false;
	if (!s->cgroup_path || !s->cgroup_path[0])
		return 0;
	if (rt_probe_host(p, e) < 0)
		return -e->num;
	return cg_frozen(&p->host, s->cgroup_path, ret, e);
}

int rt_probe_status(struct rt_probe *p, const struct rt_state *s, enum rt_status *ret, int *ret_pidfd, struct err *e)
{
	bool alive = false, same = true, paused = false;
	auto_fd int pidfd = FD_NONE;
	struct proc_stat st = { 0 };

	if (s->pid > 0 && proc_open_same_stat(s->pid, s->start_ticks, &alive, &pidfd, &st, e) < 0)
		return -e->num;
	/* Equal pids that started at the same tick of two boots are rare, so this is asked last. */
	if (alive && same_boot(p, s, &same, e) < 0)
		return -e->num;
	if (!alive || !same) {
		*ret = RT_STOPPED;
		*ret_pidfd = FD_NONE;
		return 0;
	}
	if (frozen(p, s, &paused, e) < 0)
		return -e->num;
	/* runtime.md "State": running is what has executed its program; the record comes before. What criu made never
	 * executes anything. */
	bool running = s->started && (!st.forked || s->restored);
	*ret = paused ? RT_PAUSED : running ? RT_RUNNING : RT_CREATED;
	*ret_pidfd = fd_steal(&pidfd);
	return 0;
}

int rt_state_status(struct rt_context *c, const struct rt_state *s, enum rt_status *ret, int *ret_pidfd, struct err *e)
{
	struct rt_probe p;

	(void)c; /* a status needs nothing of the state root */
	rt_probe_init(&p);
	int r = rt_probe_status(&p, s, ret, ret_pidfd, e);
	rt_probe_done(&p);
	return r;
}
