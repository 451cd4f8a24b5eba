/* config.json's mounts: option words given their meaning, sources opened and cloned as long as we are on the
 * host and may. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/str.h"
#include "mnt/bind.h"
#include "mnt/idmapped.h"
#include "mnt/smallns.h"
#include "ns/userns.h"
#include "runtime/notify_proxy.h"
#include "runtime/plan.h"
#include "sec/lsm.h"
#include "sys/call.h"
#include "sys/path.h"

/* Files of procfs that container managers overlay with their own view (lxcfs and kin). */
static bool allowed_in_proc(const char *destination)
{
	static const char *const files[] = { "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat",
		"/proc/swaps", "/proc/uptime", "/proc/loadavg", "/proc/slabinfo", "/proc/sys/kernel/ns_last_pid",
		"/proc/sys/crypto/fips_enabled" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (str_eq(destination, files[i]))
			return true;
	return false;
}

static int host_path(
	const struct rt_plan_in *in, struct rt_plan *p, const char *source, const char **ret, struct err *e)
{
	*ret = source[0] == '/' ? source : arena_printf(&p->arena, "%s/%s", in->bundle, source);
	return *ret ? 0 : err_oom(e, "a mount's source");
}

static int source_kind(struct child_mount *m, struct rt_plan *p, struct err *e)
{
	struct stat st;
	char link[PATH_MAX];
	bool nofollow = m->opts.src_nofollow || m->opts.copy_symlink;

	m->source_fd = mnt_open_source(m->source, !nofollow, e);
	if (m->source_fd < 0) {
		if (e->num == ENOENT) { /* not to be taken for a missing program */
			err_clear(e);
			err_set(e, ERR_CONFIG, ENOENT, "source %s does not exist", m->source);
			return err_hint(e, "create it, or correct the mount");
		}
		return m->source_fd;
	}
	if (fstat(m->source_fd, &st) < 0)
		return err_sys(e, "look at the source %s", m->source);
	m->dir = S_ISDIR(st.st_mode);
	if (!S_ISLNK(st.st_mode) || !m->opts.copy_symlink) {
		m->opts.src_nofollow |= m->opts.copy_symlink;
		return 0;
	}
	int r = path_readlink(m->source_fd, "", link, sizeof(link), e);
	if (r < 0)
		return r;
	m->kind = CHILD_MOUNT_SYMLINK;
	m->source = arena_dup(&p->arena, link);
	return m->source ? 0 : err_oom(e, "a symlink");
}

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static int map_option(const struct rt_plan_in *in, struct rt_plan *p, const struct child_mount *m,
	struct rc_id_maps *uids, struct rc_id_maps *gids, struct err *e)
{
	const struct rc_linux *l = &in->config->linux_;
	const struct mnt_opts *o = &m->opts;
	int r = 0;

	*uids = m->doc->uid_maps.n ? m->doc->uid_maps : l->uid_maps;
	*gids = m->doc->gid_maps.n ? m->doc->gid_maps : l->gid_maps;
	if (o->n_uid_ranges)
		r = mnt_idmap_resolve(o->uid_ranges, o->n_uid_ranges, &l->uid_maps, &p->arena, uids, e);
	if (r == 0 && o->n_gid_ranges)
		r = mnt_idmap_resolve(o->gid_ranges, o->n_gid_ranges, &l->gid_maps, &p->arena, gids, e);
	if (r == 0 && (!uids->n || !gids->n))
		r = err_set(e, ERR_CONFIG, EINVAL, "idmap: no mappings, neither of the mount nor of a user namespace");
	return r;
}

static int open_idmap(const struct rt_plan_in *in, struct rt_plan *p, struct child_mount *m, struct err *e)
{
	struct rc_id_maps uids, gids;
	bool asked = m->opts.idmap || m->doc->uid_maps.n || m->doc->gid_maps.n;

	if (!asked)
		return 0;
	int r = map_option(in, p, m, &uids, &gids, e);
	if (r == 0 && m->kind == CHILD_MOUNT_BIND && p->maps && mnt_idmap_same(&uids, &in->config->linux_.uid_maps) &&
		mnt_idmap_same(&gids, &in->config->linux_.gid_maps)) {
		m->idmap_own = true; /* no namespace has to be made for it: map_mounts() */
		m->idmap_recursive = m->opts.ridmap;
		return 0;
	}
	struct ns_idmap *map = r == 0 ? arena_new(&p->arena, struct ns_idmap) : NULL;
	if (!map)
		return r < 0 ? r : err_oom(e, "id maps");
	r = ns_idmap_prepare(&uids, &gids, map, e);
	if (r < 0)
		return r;
	m->idmap_recursive = m->opts.ridmap;
	m->idmap_userns = ns_userns_new(map, p->child.proc, e);
	return m->idmap_userns < 0 ? m->idmap_userns : 0;
}

static int prepare_bind(const struct rt_plan_in *in, struct rt_plan *p, struct child_mount *m, struct err *e)
{
	if (!m->doc->source || !*m->doc->source)
		return err_set(e, ERR_CONFIG, EINVAL, "source: missing, a bind mount needs one");
	int r = mnt_opts_check_bind(&m->opts, e);
	if (r == 0)
		r = host_path(in, p, m->doc->source, &m->source, e);
	if (r == 0)
		r = source_kind(m, p, e);
	if (r < 0 || m->kind == CHILD_MOUNT_SYMLINK)
		return r;
	bool over_proc = str_eq(m->doc->destination, "/proc");
	m->in_proc_allowed = allowed_in_proc(m->doc->destination) || (over_proc && is_procfs(m->source_fd));
	if (over_proc && !m->in_proc_allowed)
		return err_set(e, ERR_CONFIG, EINVAL, "only a procfs may be mounted on /proc");
	r = open_idmap(in, p, m, e);
	if (r == 0 && !p->may_clone_mounts && (m->idmap_userns >= 0 || m->idmap_own))
		return err_set(e, ERR_UNSUPPORTED, EPERM, "an idmapped mount needs privileges on the host");
	return r;
}

/* linux.mountLabel as context= of filesystems that take it. */
static int add_label(const struct rt_plan_in *in, struct rt_plan *p, struct child_mount *m, struct err *e)
{
	static const char *const labelled[] = { "tmpfs", "devpts", "mqueue", "overlay", "ramfs" };
	const char *label = in->config->linux_.mount_label;
	const char *kind = rc_annotation(in->config, "run.oci.mount_context_type");
	char text[4096];
	size_t n = 0, i = 0;

	while (i < ARRAY_SIZE(labelled) && !str_eq(labelled[i], m->fs.type))
		i++;
	if (!str_len(label) || i == ARRAY_SIZE(labelled))
		return 0;
	if (kind && !str_eq(kind, "context") && !str_eq(kind, "fscontext") && !str_eq(kind, "defcontext") &&
		!str_eq(kind, "rootcontext"))
		return err_set(e, ERR_CONFIG, EINVAL,
			"annotation run.oci.mount_context_type: \"%.64s\" is none of context, "
			"fscontext, defcontext, rootcontext",
			kind);
	int r = lsm_mount_context(label, m->fs.ms_data, text, sizeof(text), &n, e);
	if (r < 0 || n == 0)
		return r;
	/* The text begins with context= or, after other options, with ,context= */
	const char *rest = text + (text[0] == ',');
	m->fs.ms_data = arena_printf(&p->arena, "%s%s%s%s", m->fs.ms_data ? m->fs.ms_data : "",
		text[0] == ',' ? "," : "", kind ? kind : "context", rest + strlen("context"));
	return m->fs.ms_data ? 0 : err_oom(e, "mount options");
}

/* The container's own directories are bound, so options of the hierarchies' superblocks change nothing; but a word
 * that is none is not passed over. */
static int check_cgroup_options(const struct mnt_opts *o, struct err *e)
{
	static const char *const known[] = { "mode", "size", "uid", "gid", "nsdelegate", "favordynmods",
		"memory_localevents", "memory_recursiveprot", "memory_hugetlb_accounting", "pids_localevents", "all",
		"none", "name", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "cpu", "cpuacct", "cpuset",
		"memory", "devices", "freezer", "blkio", "pids", "net_cls", "net_prio", "perf_event", "hugetlb", "rdma",
		"misc" };

	for (size_t i = 0; i < o->n_data; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(known) && !str_eq(known[k], o->data[i].key))
			k++;
		if (k == ARRAY_SIZE(known))
			return err_set(e, ERR_CONFIG, EINVAL,
				"option %s is not known for a cgroup mount: Invalid argument", o->data[i].key);
	}
	return 0;
}

static int prepare_fs(const struct rt_plan_in *in, struct rt_plan *p, struct child_mount *m, struct err *e)
{
	const char *type = m->doc->type;

	if (!type || !*type)
		return err_set(e, ERR_CONFIG, EINVAL, "type: missing, and no option says bind");
	if (str_eq(m->doc->destination, "/") && m->opts.tmpcopyup)
		return err_set(e, ERR_CONFIG, EINVAL, "option tmpcopyup: nothing of the root is left to be copied up");
	if (str_eq(m->doc->destination, "/proc") && !str_eq(type, "proc"))
		return err_set(e, ERR_CONFIG, EINVAL, "only a procfs may be mounted on /proc, not %s", type);
	if (str_eq(type, "cgroup") || str_eq(type, "cgroup2")) {
		m->kind = CHILD_MOUNT_CGROUP;
		return check_cgroup_options(&m->opts, e);
	}
	m->fs = (struct mnt_fs){ .type = type,
		.source = m->doc->source ? m->doc->source : type,
		.opts = &m->opts,
		.ms_flags = mnt_opts_ms_flags(&m->opts),
		.ms_data = mnt_opts_ms_data(&m->opts, &p->arena) };
	if (m->opts.n_data && !m->fs.ms_data)
		return err_oom(e, "mount options");
	int r = add_label(in, p, m, e);
	return r < 0 ? r : open_idmap(in, p, m, e);
}

static int prepare(const struct rt_plan_in *in, struct rt_plan *p, struct child_mount *m, struct err *e)
{
	int r = mnt_opts_parse(&m->doc->options, &p->arena, &m->opts, e);

	if (r < 0)
		return r;
	if (str_eq(m->doc->type, "bind"))
		m->opts.bind = true;
	if (m->opts.remount) {
		m->kind = CHILD_MOUNT_REMOUNT;
		m->fs.ms_flags = mnt_opts_ms_flags(&m->opts);
		m->fs.ms_data = mnt_opts_ms_data(&m->opts, &p->arena);
		return 0;
	}
	m->kind = m->opts.bind ? CHILD_MOUNT_BIND : CHILD_MOUNT_FS;
	return m->opts.bind ? prepare_bind(in, p, m, e) : prepare_fs(in, p, m, e);
}

/* Annotation run.oci.systemd.force_cgroup_v1=/PATH: a v1 hierarchy of systemd's own, for old systemds in containers. */
static int mount_systemd_v1(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	const char *at = rc_annotation(in->config, "run.oci.systemd.force_cgroup_v1");
	struct child_mount *m = &p->child.mounts[p->child.n_mounts];
	struct rc_mount *doc = at ? arena_new(&p->arena, struct rc_mount) : NULL;

	if (!at)
		return 0;
	if (!doc)
		return err_oom(e, "a mount");
	if (at[0] != '/')
		return err_set(
			e, ERR_CONFIG, EINVAL, "annotation run.oci.systemd.force_cgroup_v1: %.64s is not absolute", at);
	doc->destination = arena_dup(&p->arena, at);
	m->source_fd = m->tree = m->idmap_userns = FD_NONE;
	m->doc = doc;
	m->kind = CHILD_MOUNT_FS;
	m->fs = (struct mnt_fs){ .type = "cgroup",
		.source = "cgroup",
		.opts = &m->opts,
		.ms_flags = MS_NOSUID | MS_NODEV | MS_NOEXEC,
		.ms_data = "none,name=systemd,xattr" };
	p->child.n_mounts++;
	return doc->destination ? 0 : err_oom(e, "a mount");
}

/* The directory of the sd_notify proxy's socket, as if config.json had listed it last. */
static int bind_notify(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	static char *const options[] = { "bind", "ro", "nosuid", "nodev", "noexec", NULL };
	struct child_mount *m = &p->child.mounts[p->child.n_mounts];
	struct rc_mount *doc = arena_new(&p->arena, struct rc_mount);

	m->source_fd = m->tree = m->idmap_userns = FD_NONE;
	if (!doc)
		return err_oom(e, "a mount");
	doc->destination = arena_dup(&p->arena, in->req->notify_at ? in->req->notify_at : RT_NOTIFY_MOUNT);
	doc->source = arena_dup(&p->arena, path_proc(in->notify_dir).text);
	doc->options = (struct rc_str_list){ (char **)options, ARRAY_SIZE(options) - 1 };
	if (!doc->destination || !doc->source)
		return err_oom(e, "a mount");
	m->doc = doc;
	p->child.n_mounts++;
	int r = prepare(in, p, m, e);
	return r < 0 ? err_wrap(e, "NOTIFY_SOCKET") : 0;
}

int plan_mounts(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	const struct runtime_config *c = in->config;

	p->child.mounts =
		arena_array(&p->arena, struct child_mount, c->n_mounts + 2); /* for sd_notify and systemd on v1 */
	if (!p->child.mounts)
		return err_oom(e, "mounts");
	p->child.setup_dev = true;
	for (size_t i = 0; i < c->n_mounts; i++) {
		struct child_mount *m = &p->child.mounts[i];

		m->doc = &c->mounts[i];
		m->source_fd = m->tree = m->idmap_userns = FD_NONE;
		p->child.n_mounts = i + 1;
		int r = prepare(in, p, m, e);
		if (r < 0)
			return err_wrap(e, "config.json: /mounts/%zu (%s)", i, m->doc->destination);
		/* A /dev from the host is the host's: nothing is made in it. */
		if (m->kind == CHILD_MOUNT_BIND && str_eq(m->doc->destination, "/dev"))
			p->child.setup_dev = false;
	}
	if (in->notify_dir >= 0 && bind_notify(in, p, e) < 0)
		return -e->num;
	return mount_systemd_v1(in, p, e);
}

/* --- beginning from an almost empty mount namespace ------------------------------------------------- */

/* On v1 the trees are made private as a whole, when all of them stand. */
static int clone_cgroups(const struct rt_plan_in *in, struct rt_plan *p, const struct mnt_opts *o, struct err *e)
{
	struct child_plan *c = &p->child;
	char source[CG_PATH_SIZE + 64];
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	struct mount_attr alone = { .propagation = MS_PRIVATE, .attr_set = o->attr_set, .attr_clr = o->attr_clr };

	for (int i = 0; i < in->cg_host->n_hier; i++) {
		if (cgroup_mount_source(c, i, source, sizeof(source), e) < 0)
			return -e->num;
		c->cg_tree[i] = in->cg_host->mode == CG_V2 ? sys_open_tree_attr(AT_FDCWD, source, flags, &alone)
							   : open_tree(AT_FDCWD, source, flags);
		if (c->cg_tree[i] < 0)
			return err_sys(e, "clone cgroup directory %s", source);
	}
	return 0;
}

/* The mount that shows the cgroups, or NULL. */
static const struct child_mount *cgroup_mount_of(const struct child_plan *c)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (c->mounts[i].kind == CHILD_MOUNT_CGROUP)
			return &c->mounts[i];
	return NULL;
}

/* A filesystem made from host paths (overlay, a disk) has to be mounted where those are to be seen. */
static bool needs_host_paths(const struct child_plan *c)
{
	static const char *const without[] = { "proc", "sysfs", "tmpfs", "devpts", "mqueue", "ramfs" };

	for (size_t i = 0; i < c->n_mounts; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(without) && !str_eq(without[k], c->mounts[i].fs.type))
			k++;
		if (c->mounts[i].kind == CHILD_MOUNT_FS && k == ARRAY_SIZE(without))
			return true;
	}
	return false;
}

/* Hooks before pivot_root want to see the host's files, systemd moves the child into its cgroup only later, and the
 * namespace of the kernel belongs to the initial user namespace: then the host's mounts are copied. */
static bool may_begin_small(const struct rt_plan_in *in, const struct rt_plan *p)
{
	const struct child_plan *c = &p->child;

	return p->may_clone_mounts && c->new_ns & CLONE_NEWNS && !c->in_userns && !c->stage && !c->no_pivot &&
		!c->hooks_runtime && !in->config->hooks[RC_HOOK_CREATE_CONTAINER].n && in->ctx->manager != RT_SYSTEMD &&
		!in->ctx->rootless && !needs_host_paths(c);
}

static int clone_binds(struct rt_plan *p, struct err *e)
{
	struct child_plan *c = &p->child;

	for (size_t i = 0; i < c->n_mounts && p->may_clone_mounts; i++) {
		struct child_mount *m = &c->mounts[i];

		if (m->kind != CHILD_MOUNT_BIND)
			continue;
		m->tree = child_clone_bind(m, c->slave_binds, e);
		if (m->tree < 0)
			return err_wrap(e, "config.json: /mounts/%zu (%s)", i, m->doc->destination);
		fd_close(&m->source_fd);
	}
	return 0;
}

/* A bind mount after another kind, and a child that may enter our mount namespace again. */
static bool wants_late_binds(const struct rt_plan *p)
{
	const struct child_plan *c = &p->child;
	bool others = false;

	if (!p->may_clone_mounts || c->in_userns || !(c->new_ns & CLONE_NEWNS))
		return false;
	for (size_t i = 0; i < c->n_mounts; i++) {
		if (c->mounts[i].kind == CHILD_MOUNT_BIND && others)
			return true;
		others |= c->mounts[i].kind == CHILD_MOUNT_FS || c->mounts[i].kind == CHILD_MOUNT_CGROUP;
	}
	return false;
}

static int plan_late_binds(struct rt_plan *p, struct err *e)
{
	struct child_plan *c = &p->child;

	c->late_trees = arena_array(&p->arena, int, c->n_mounts);
	if (!c->late_trees)
		return err_oom(e, "mounts");
	for (size_t i = 0; i < c->n_mounts; i++)
		c->late_trees[i] = FD_NONE;
	c->host_mnt_ns = openat(c->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	return c->host_mnt_ns < 0 ? err_sys(e, "open the own mount namespace") : 0;
}

int plan_small_ns(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	struct child_plan *c = &p->child;
	struct mount_attr a = { .propagation = c->slave_binds ? MS_SLAVE : MS_PRIVATE };

	c->host_null = "/dev/null";
	int r = wants_late_binds(p) ? plan_late_binds(p, e) : clone_binds(p, e);
	if (r < 0 || !may_begin_small(in, p))
		return r;
	c->small_mnt_ns = mnt_small_ns(in->ctx->root_fd, c->proc);
	if (c->small_mnt_ns < 0)
		return 0;
	c->host_null = "/null"; /* the root there is devtmpfs */
	c->new_ns &= ~(uint64_t)CLONE_NEWNS;
	if (c->root_tree < 0)
		c->root_tree = mnt_clone_attr(p->rootfs_fd, true, &a, e);
	if (c->root_tree < 0)
		return err_wrap(e, "the root filesystem %s", c->rootfs);
	const struct child_mount *cgroups = cgroup_mount_of(c);
	return cgroups ? clone_cgroups(in, p, &cgroups->opts, e) : 0;
}
