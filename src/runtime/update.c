/* New limits for a container that exists. */
#include "runtime/statedir.h"

#include <errno.h>
#include "cg/limits.h"
#include "cg/scope.h"
#include "rdt/rdt.h"
#include "runtime/probe.h"

static int apply(
	struct rt_context *c, struct rt_probe *p, const struct rt_state *s, const struct rc_resources *r, struct err *e)
{
	if (!s->cgroup_path || !s->cgroup_path[0])
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "the container has no cgroup of its own");
	if (rt_probe_host(p, e) < 0 || cg_limits_set(&p->host, s->cgroup_path, r, CG_LIMITS_UPDATE, e) < 0)
		return -e->num;
	/* Or the next daemon-reload would put the old values back. */
	return s->cgroup_scope ? cg_scope_update(&p->host, s->cgroup_scope, c->rootless, r, e) : 0;
}

int rt_update(struct rt_context *c, const char *id, const struct rc_resources *r, struct err *e)
{
	struct rt_container ct;
	struct rt_probe p;

	rt_probe_init(&p);
	if (rt_container_open_whole(c, id, RT_LOCKED, &ct, e) == 0) {
		if (ct.status == RT_STOPPED)
			err_set(e, ERR_NOT_FOUND, ESRCH, "container not running");
		else
			err_told(apply(c, &p, &ct.state, r, e));
	}
	rt_probe_done(&p);
	rt_container_done(&ct);
	return e->num ? -e->num : 0;
}

int rt_update_rdt(struct rt_context *c, const char *id, const struct rc_intel_rdt *r, struct err *e)
{
	struct rt_container ct;

	if (rt_container_open_whole(c, id, RT_LOCKED, &ct, e) == 0) {
		if (ct.status == RT_STOPPED)
			err_set(e, ERR_NOT_FOUND, ESRCH, "container not running");
		else if (!ct.state.intel_rdt_path)
			err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "the container was created without linux.intelRdt");
	}
	auto_fd int root = e->num ? FD_NONE : rdt_open_root(e);
	if (root >= 0)
		err_told(rdt_update(root, r, id, e));
	rt_container_done(&ct);
	return e->num ? -e->num : 0;
}
