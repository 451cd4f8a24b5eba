/* A container that its starter stays with. The creation is kept, so that its end needs nothing to
 * be found again. */
#include "runtime/launch.h"

#include <stdlib.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/oom.h"
#include "runtime/creation.h"
#include "runtime/delete.h"
#include "runtime/probe.h"

struct launched {
	struct creation c;
	struct rt_create req;
};

int rt_launch(struct rt_context *ctx, const struct rt_create *req, struct rt_running *ret, struct err *e)
{
	struct launched *l = calloc(1, sizeof(*l));

	*ret = (struct rt_running)RT_RUNNING_INIT;
	if (!l)
		return err_oom(e, "a container");
	l->req = *req;
	l->req.detach = true;
	l->c = (struct creation){ .ctx = ctx, .req = &l->req, .stays = true, .started = true };
	int r = creation_make(&l->c, false, e);
	if (r == 0)
		r = creation_start(&l->c, e);
	if (r < 0) {
		creation_done(&l->c);
		free(l);
		return r;
	}
	ret->pid = l->c.pid;
	ret->start_ticks = l->c.state.start_ticks;
	ret->pidfd = fd_steal(&l->c.pidfd);
	ret->master = fd_steal(&l->c.master);
	ret->creation = &l->c;
	return 0;
}

int rt_running_end(struct rt_running *r, struct err *e)
{
	int n = creation_end(r->creation, e);

	rt_running_done(r);
	return n;
}

void rt_running_done(struct rt_running *r)
{
	fd_close(&r->pidfd);
	fd_close(&r->master);
	if (r->creation) {
		creation_done(r->creation);
		free(r->creation); /* the first member of struct launched */
		r->creation = NULL;
	}
}

static int ask_cgroup(const struct cg_host *h, const char *path, struct rt_oom *ret, struct err *e)
{
	if (cg_oom_kills(h, path, &ret->kills, e) < 0)
		return -e->num;
	if (!ret->kills)
		return 0;
	cg_memory_peak(h, path, &ret->limit_bytes, &ret->peak_bytes);
	fmt_to(ret->cgroup, sizeof(ret->cgroup), "%s", path);
	return 0;
}

int rt_running_oom(const struct rt_running *r, struct rt_oom *ret, struct err *e)
{
	const struct creation *c = r->creation;

	*ret = (struct rt_oom){ .kills = 0 };
	return c->cg_made && c->cg.path[0] ? ask_cgroup(&c->cg_host, c->cg.path, ret, e) : 0;
}

int rt_oom(struct rt_context *c, const char *id, struct rt_oom *ret, struct err *e)
{
	struct rt_container ct = RT_CONTAINER_INIT;
	struct rt_probe p;

	rt_probe_init(&p);
	*ret = (struct rt_oom){ .kills = 0 };
	int r = rt_container_open_whole(c, id, RT_UNLOCKED, &ct, e);
	if (r == 0)
		r = rt_probe_host(&p, e);
	if (r == 0 && str_len(ct.state.cgroup_path))
		r = ask_cgroup(&p.host, ct.state.cgroup_path, ret, e);
	rt_container_done(&ct);
	rt_probe_done(&p);
	return r;
}
