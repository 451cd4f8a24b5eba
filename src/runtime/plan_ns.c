/* Which namespaces are made, which joined, and by whose privileges. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>
#include "base/str.h"
#include "ns/kinds.h"
#include "runtime/plan.h"
#include "sys/path.h"

/* A plain user can have a container only in a user namespace: one is added when config.json has none. One without
 * maps gets those that crun gives it: root keeps all ids as they are, a plain user becomes root. */
static int default_user_ns(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	struct rc_linux *l = &in->config->linux_;
	struct rc_namespace *user = &l->ns[RC_NS_USER];
	const uint64_t sys_admin = UINT64_C(1) << 21;

	if (!user->present && p->self.permitted & sys_admin)
		return 0;
	bool added = !user->present;
	user->present = true;
	if (user->path || (!added && (l->uid_maps.n || l->gid_maps.n)))
		return 0;
	return p->self.permitted & sys_admin ? ns_idmap_identity(&p->arena, &l->uid_maps, &l->gid_maps, e)
					     : ns_idmap_default(&p->arena, &l->uid_maps, &l->gid_maps, e);
}

static int open_joins(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	struct child_plan *c = &p->child;

	for (int k = 0; k < RC_N_NS; k++) {
		const struct rc_namespace *ns = &in->config->linux_.ns[k];

		if (!ns->present || !ns->path)
			continue;
		int fd = ns_open_checked(ns->path, (enum rc_ns)k, e);
		if (fd < 0)
			return err_wrap(e, "config.json: /linux/namespaces: %s", rc_ns_names[k]);
		c->join[c->n_join++] = (struct child_join){ fd, (enum rc_ns)k };
	}
	return 0;
}

/* Entering the user namespace we are in already is EINVAL, setns(2). */
static int drop_own_user_join(struct rt_plan *p, bool *ret_joined, struct err *e)
{
	struct child_plan *c = &p->child;

	*ret_joined = false;
	for (size_t i = 0; i < c->n_join; i++) {
		if (c->join[i].kind != RC_NS_USER)
			continue;
		auto_fd int own = ns_open_of(c->proc, getpid(), RC_NS_USER, e);
		int same = own < 0 ? own : ns_same(own, c->join[i].fd, e);
		if (same < 0)
			return same;
		*ret_joined = !same;
		if (same) {
			close(c->join[i].fd);
			c->join[i] = c->join[--c->n_join];
		}
		return 0;
	}
	return 0;
}

static bool joins(const struct child_plan *c, enum rc_ns kind)
{
	for (size_t i = 0; i < c->n_join; i++)
		if (c->join[i].kind == kind)
			return true;
	return false;
}

static unsigned long propagation_flags(enum rc_propagation p, bool recursive)
{
	static const unsigned long flags[] = { 0, MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE };

	return flags[p] ? flags[p] | (recursive ? MS_REC : 0) : 0;
}

static void plan_propagation(const struct rc_linux *l, struct child_plan *c)
{
	enum rc_propagation want = l->rootfs_propagation;

	/* Sharing and slavery both need mounts that still hear of the host's. */
	c->slave_binds = want == RC_PROP_SLAVE || want == RC_PROP_SHARED;
	c->rootfs_propagation = c->slave_binds ? MS_SLAVE : MS_PRIVATE;
	c->final_propagation = want == RC_PROP_SHARED || want == RC_PROP_UNBINDABLE || want == RC_PROP_SLAVE
		? propagation_flags(want, l->rootfs_propagation_recursive)
		: 0;
}

static int plan_maps(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	const struct rc_linux *l = &in->config->linux_;

	if (!l->uid_maps.n || !l->gid_maps.n)
		return err_set(e, ERR_CONFIG, EINVAL,
			"config.json: /linux/%s: a new user namespace needs at least one entry",
			l->uid_maps.n ? "gidMappings" : "uidMappings");
	p->maps = arena_new(&p->arena, struct ns_idmap);
	if (!p->maps)
		return err_oom(e, "id maps");
	return ns_idmap_prepare(&l->uid_maps, &l->gid_maps, p->maps, e);
}

int plan_ns(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	struct child_plan *c = &p->child;
	const struct rc_namespace *ns = in->config->linux_.ns;
	bool user_joined = false;
	int r = default_user_ns(in, p, e);

	if (r == 0)
		r = open_joins(in, p, e);
	if (r == 0)
		r = drop_own_user_join(p, &user_joined, e);
	if (r < 0)
		return r;
	for (int k = 0; k < RC_N_NS; k++)
		if (ns[k].present && !ns[k].path)
			c->new_ns |= ns_kinds[k].clone_flag;
	bool user_new = c->new_ns & CLONE_NEWUSER;
	c->unshare_cgroup = c->new_ns & CLONE_NEWCGROUP;
	c->unshare_time = ns[RC_NS_TIME].present && !ns[RC_NS_TIME].path;
	c->new_ns &= ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
	ns_timens_prepare(&in->config->linux_.monotonic, &in->config->linux_.boottime, &c->time);
	c->in_userns = user_new || user_joined;
	c->own_mounts = ns[RC_NS_MNT].present;
	c->fresh_mounts = c->own_mounts && !ns[RC_NS_MNT].path;
	c->own_net = c->new_ns & CLONE_NEWNET;
	c->cg_own_ns = ns[RC_NS_CGROUP].present;
	c->dumpable = ns[RC_NS_PID].present && !ns[RC_NS_PID].path && !user_joined;
	c->stage = joins(c, RC_NS_PID) || user_joined || (user_new && c->n_join);
	c->wait_maps = user_new || c->stage || in->ctx->manager == RT_SYSTEMD;
	plan_propagation(&in->config->linux_, c);
	return user_new ? plan_maps(in, p, e) : 0;
}
