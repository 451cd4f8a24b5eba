/* The container's cgroup while it is created: by ourselves or by systemd, its limits, its owner. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/devices.h"
#include "cg/limits.h"
#include "cg/owner.h"
#include "cg/scope.h"
#include "ns/idmap.h"
#include "runtime/creation.h"
#include "sys/io.h"

static struct cg_scope_new new_scope(const struct creation *c)
{
	return (struct cg_scope_new){ .cgroups_path = c->config.linux_.cgroups_path,
		.id = c->req->id,
		.pid = c->pid,
		.res = c->config.linux_.resources,
		.annotations = c->config.annotations.v,
		.n_annotations = c->config.annotations.n,
		.user = c->ctx->rootless };
}

/* The unit's name goes into the mark before systemd is asked for it. Into our own state only when it is ours: one that
 * exists already is somebody else's and not to be stopped. */
static int mark_scope(struct creation *c, struct err *e)
{
	struct cg_scope_new n = new_scope(c);
	struct rt_state mark = c->state;
	char unit[256];
	int r = cg_scope_unit(&n, unit, e);

	if (r < 0)
		return err_wrap(e, "systemd scope");
	mark.cgroup_scope = unit;
	return rt_state_mark(c->state_fd, &mark, e);
}

int creation_cgroup(struct creation *c, struct err *e)
{
	const struct rc_linux *l = &c->config.linux_;
	char path[CG_PATH_SIZE];
	bool may_move;
	int r = cg_host_open(CG_USUAL, &c->cg_host, e);

	if (r < 0 || c->ctx->manager == RT_CGROUP_DISABLED || c->cg_host.mode == CG_NONE)
		return r;
	if (c->ctx->manager == RT_SYSTEMD)
		return mark_scope(c, e); /* the rest with the first process: creation_scope() */
	r = cg_path_resolve(l->cgroups_path, c->req->id, path, &may_move, e);
	if (r < 0)
		return r;
	c->state.cgroup_path = arena_dup(&c->state.arena, path);
	r = c->state.cgroup_path ? rt_state_mark(c->state_fd, &c->state, e) : err_oom(e, "the cgroup's path");
	if (r < 0)
		return r;
	struct cg_new n = { .path = path, .may_move = may_move, .optional = c->ctx->rootless, .res = l->resources };
	r = cg_create(&c->cg_host, &n, &c->cg, e);
	if (r < 0)
		return err_wrap(e, "create cgroup %s", path);
	c->cg_made = true;
	c->state.cgroup_external = c->cg.external;
	if (str_eq(c->cg.path, path))
		return 0;
	c->state.cgroup_path = c->cg.path[0] ? arena_dup(&c->state.arena, c->cg.path) : NULL;
	return 0;
}

static int join_from_outside(struct creation *c, struct err *e)
{
	char pid[16];

	fmt_to(pid, sizeof(pid), "%d", (int)c->pid);
	for (int i = 0; i < c->cg.join.n; i++) {
		int r = io_write_once(c->cg.join.v[i].fd, pid, strlen(pid), e);

		if (r < 0)
			return err_wrap(e, "enter cgroup hierarchy %s", c->cg.join.v[i].name);
	}
	return 0;
}

/* Annotation run.oci.systemd.subgroup: the container lives below its scope, whose own files stay systemd's. */
static int add_subgroup(const struct creation *c, char path[static CG_PATH_SIZE], struct err *e)
{
	const char *sub = rc_annotation(&c->config, "run.oci.systemd.subgroup");
	size_t n = strlen(path);

	if (!str_len(sub))
		return 0;
	if (strchr(sub, '/') || str_eq(sub, "..") || str_eq(sub, "."))
		return err_set(e, ERR_CONFIG, EINVAL,
			"annotation run.oci.systemd.subgroup: \"%.64s\" is not a plain name", sub);
	return fmt_fits(path + n, CG_PATH_SIZE - n, "/%s", sub)
		? 0
		: err_num(e, ENAMETOOLONG, "cgroup %s/%.64s…", path, sub);
}

/* systemd has put the process into the scope itself. On v2 it must leave before the scope can give its controllers to
 * the cgroup below: cgroup-v2.rst "No Internal Process Constraint". */
static int enter_subgroup(struct creation *c, struct err *e)
{
	const struct cg_host *h = &c->cg_host;
	char pid[16];

	if (h->unified < 0)
		return 0;
	fmt_to(pid, sizeof(pid), "%d", (int)c->pid);
	int r = cg_file_write(h, h->unified, c->cg.path, "cgroup.procs", pid);
	if (r < 0)
		return err_num(e, -r, "move the container to cgroup %s", c->cg.path);
	return cg_enable(h, c->cg.path, c->config.linux_.resources, e);
}

int creation_scope(struct creation *c, struct err *e)
{
	const struct rc_linux *l = &c->config.linux_;
	char path[CG_PATH_SIZE], unit[256];
	struct cg_scope_new n = new_scope(c);
	int r = cg_scope_start(&c->cg_host, &n, path, unit, e);

	if (r < 0)
		return err_wrap(e, "systemd scope");
	size_t scope_len = strlen(path);
	if (add_subgroup(c, path, e) < 0)
		return -e->num;
	bool is_sub = path[scope_len] != '\0';
	c->state.cgroup_scope = arena_dup(&c->state.arena, unit);
	c->state.cgroup_path = arena_dup(&c->state.arena, path);
	fmt_to(c->scope_path, CG_PATH_SIZE, "%s", path); /* for the child's cgroup mount */
	if (!c->state.cgroup_scope || !c->state.cgroup_path)
		return err_oom(e, "the scope's name");
	struct cg_new cn = { .path = path, .res = is_sub ? NULL : l->resources };
	r = cg_create(&c->cg_host, &cn, &c->cg, e);
	c->cg_made = r == 0;
	if (r == 0 && is_sub)
		r = enter_subgroup(c, e);
	return r < 0 ? r : join_from_outside(c, e);
}

int creation_limits(struct creation *c, struct err *e)
{
	const struct rc_resources *res = c->config.linux_.resources;

	if (!c->cg_made || !c->cg.path[0]) {
		if (c->ctx->manager != RT_CGROUP_DISABLED && res && cg_limits_any(res))
			return err_set(e, ERR_UNSUPPORTED, EPERM,
				"config.json: /linux/resources: limits were asked for, "
				"but there is no cgroup to set them on");
		return 0;
	}
	if (res && cg_limits_set(&c->cg_host, c->cg.path, res, 0, e) < 0)
		return err_wrap(e, "config.json");
	return 0;
}

int creation_devices(struct creation *c, struct err *e)
{
	const struct rc_resources *res = c->config.linux_.resources;
	bool may_lack_privilege = c->plan.child.in_userns || c->ctx->rootless;

	if (!c->cg_made || !c->cg.path[0])
		return 0;
	if (cg_devices_set(&c->cg_host, &c->cg, res ? res->devices : NULL, res ? res->n_devices : 0,
		    may_lack_privilege ? CG_DEVICES_TRY : CG_DEVICES_ENFORCE, e) < 0)
		return err_wrap(e, "config.json");
	return 0;
}

/* The host's id of the program's user. */
static bool host_ids(const struct creation *c, uint32_t *ret_uid, uint32_t *ret_gid)
{
	const struct rc_linux *l = &c->config.linux_;
	const struct rc_process *p = c->config.process;
	uint32_t uid = p ? p->uid : 0, gid = p ? p->gid : 0;

	if (!l->ns[RC_NS_USER].present || l->ns[RC_NS_USER].path) {
		*ret_uid = uid;
		*ret_gid = gid;
		return !l->ns[RC_NS_USER].present;
	}
	return ns_idmap_to_host(&l->uid_maps, uid, ret_uid) && ns_idmap_to_host(&l->gid_maps, gid, ret_gid);
}

static bool mounted_writable(const struct runtime_config *c)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct rc_mount *m = &c->mounts[i];
		bool ro = false;

		if (!str_eq(m->source, "cgroup") || !str_eq(m->destination, "/sys/fs/cgroup"))
			continue;
		for (size_t k = 0; k < m->options.n; k++)
			ro = ro || str_eq(m->options.v[k], "ro") || str_eq(m->options.v[k], "rro");
		return !ro;
	}
	return false;
}

int creation_delegate(struct creation *c, struct err *e)
{
	const struct rc_namespace *ns = &c->config.linux_.ns[RC_NS_CGROUP];
	uint32_t uid, gid;

	if (c->cg_host.mode != CG_V2 || !c->cg_made || !c->cg.path[0] || !ns->present || ns->path)
		return 0;
	if (!mounted_writable(&c->config) || !host_ids(c, &uid, &gid) || uid == 0)
		return 0;
	return cg_give(&c->cg_host, c->cg.path, uid, gid, e);
}

int creation_delegated_sub(struct creation *c, struct err *e)
{
	const char *sub = rc_annotation(&c->config, "run.oci.delegate-cgroup");
	char path[CG_PATH_SIZE];
	uint32_t uid, gid;

	if (!str_len(sub) || c->cg_host.mode != CG_V2 || !c->cg_made || !c->cg.path[0])
		return 0;
	if (strchr(sub, '/') || str_eq(sub, "..") || str_eq(sub, "."))
		return err_set(e, ERR_CONFIG, EINVAL,
			"annotation run.oci.delegate-cgroup: \"%.64s\" is not a plain name", sub);
	if (!fmt_fits(path, sizeof(path), "%s/%s", c->cg.path, sub))
		return err_num(e, ENAMETOOLONG, "cgroup %.64s…", sub);
	AUTO(cg) struct cg made;
	struct cg_new n = { .path = path };
	int r = cg_create(&c->cg_host, &n, &made, e);
	if (r == 0 && host_ids(c, &uid, &gid) && uid)
		r = cg_give(&c->cg_host, path, uid, gid, e);
	if (r < 0)
		return err_wrap(e, "annotation run.oci.delegate-cgroup");
	c->plan.child.delegated = cg_file_open(&c->cg_host, c->cg_host.unified, path, "cgroup.procs", O_WRONLY);
	if (c->plan.child.delegated < 0)
		return err_num(e, -c->plan.child.delegated, "open the processes of cgroup %s", path);
	return 0;
}
