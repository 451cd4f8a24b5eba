/* Pause and resume: the freezer of the container's own cgroup. */
#include "runtime/statedir.h"

#include <errno.h>
#include "cg/freeze.h"
#include "runtime/probe.h"

enum { FREEZE_MS = 10000 };

static int check(const struct rt_container *ct, bool freeze, struct err *e)
{
	const struct rt_state *s = &ct->state;

	if (ct->status == RT_STOPPED)
		return err_set(e, ERR_NOT_FOUND, ESRCH, "container not running");
	if (!freeze && ct->status != RT_PAUSED)
		return err_set(e, ERR_CONFLICT, EINVAL, "container not paused");
	if (freeze && ct->status == RT_PAUSED)
		return err_set(e, ERR_CONFLICT, EINVAL, "container not running or created: paused");
	if (!s->cgroup_path || !s->cgroup_path[0])
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "the container has no cgroup of its own");
	if (s->cgroup_external)
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
			"the container shares cgroup %s with processes that are not its own", s->cgroup_path);
	return 0;
}

static int set_frozen(struct rt_context *c, const char *id, bool freeze, struct err *e)
{
	struct rt_container ct;
	struct rt_probe p;

	rt_probe_init(&p);
	if (rt_container_open_whole(c, id, RT_LOCKED, &ct, e) == 0 && check(&ct, freeze, e) == 0 &&
		rt_probe_host(&p, e) == 0)
		err_told(cg_freeze(&p.host, ct.state.cgroup_path, freeze, FREEZE_MS, e));
	rt_probe_done(&p);
	rt_container_done(&ct);
	return e->num ? -e->num : 0;
}

int rt_pause(struct rt_context *c, const char *id, struct err *e)
{
	return set_frozen(c, id, true, e);
}

int rt_resume(struct rt_context *c, const char *id, struct err *e)
{
	return set_frozen(c, id, false, e);
}
