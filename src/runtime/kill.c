/* Signals to a container, by pidfd or through its cgroup; never by a bare pid. */
#include "runtime/statedir.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include "cg/freeze.h"
#include "cg/procs.h"
#include "runtime/probe.h"
#include "sys/proc.h"

enum { THAW_MS = 2000 };

static int not_running(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, ESRCH, "container not running");
}

/* A cgroup that held processes before us is not ours to signal as a whole. */
static bool has_own_cgroup(const struct rt_state *s)
{
	return s->cgroup_path && s->cgroup_path[0] && !s->cgroup_external;
}

/* On v1 a frozen process does not die of SIGKILL until it is thawed. cgroup-v1 freezer-subsystem.rst. */
static int thaw(struct rt_probe *p, const struct rt_state *s, struct err *e)
{
	if (!s->cgroup_path || !s->cgroup_path[0])
		return 0;
	if (rt_probe_host(p, e) < 0)
		return -e->num;
	return cg_freeze(&p->host, s->cgroup_path, false, THAW_MS, e);
}

static int kill_all(struct rt_probe *p, const struct rt_container *ct, int sig, struct err *e)
{
	bool populated = true;

	if (rt_probe_host(p, e) < 0)
		return -e->num;
	/* Without a pid namespace of its own, others may outlive the first process. */
	if (ct->pidfd < 0 && cg_populated(&p->host, ct->state.cgroup_path, &populated, e) < 0)
		return -e->num;
	if (!populated)
		return not_running(e);
	return cg_kill_all(&p->host, ct->state.cgroup_path, sig, e);
}

static int kill_one(struct rt_probe *p, const struct rt_container *ct, int sig, struct err *e)
{
	bool found;

	if (ct->pidfd < 0)
		return not_running(e);
	if (proc_signal(ct->pidfd, sig, &found, e) < 0)
		return -e->num;
	if (!found)
		return not_running(e);
	return sig == SIGKILL && ct->status == RT_PAUSED ? thaw(p, &ct->state, e) : 0;
}

int rt_kill(struct rt_context *c, const char *id, int sig, bool all, struct err *e)
{
	struct rt_container ct;
	struct rt_probe p;

	rt_probe_init(&p);
	if (rt_container_open_whole(c, id, RT_UNLOCKED, &ct, e) == 0) {
		if (all && has_own_cgroup(&ct.state))
			kill_all(&p, &ct, sig, e);
		else
			kill_one(&p, &ct, sig, e);
	}
	rt_probe_done(&p);
	rt_container_done(&ct);
	return e->num ? -e->num : 0;
}
