/* config.json's mounts, in order. A destination is resolved once in the root (openat2), created when absent,
 * and from then on only its descriptor is used (CVE-2021-30465). Descriptors are not closed here: one close_range(2)
 * before execve ends them all. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "mnt/bind.h"
#include "mnt/copyup.h"
#include "mnt/idmapped.h"
#include "mnt/pivot.h"
#include "runtime/child/steps.h"
#include "sys/path.h"

/* The mount point, made when it is missing: a directory, or a file for a file. */
static int open_target(const struct child_mount *m, bool dir, int rootfd, struct err *e)
{
	const char *at = m->doc->destination;
	char name[NAME_MAX + 1];

	if (!m->opts.dest_nofollow)
		return dir ? path_mkdir_in(rootfd, at, 0755, e) : path_create_in(rootfd, at, 0644, e);
	int parent = path_parent_in(rootfd, at, name, e);
	if (parent < 0)
		return parent;
	int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : err_sys(e, "open %s", at);
	return dir ? path_mkdir_in(parent, name, 0755, e) : path_create_in(parent, name, 0644, e);
}

/* A bind inside of /proc could fake what the runtime or the program trusts there (CVE-2019-16884). */
static int refuse_in_proc(const struct child_mount *m, int target, struct err *e)
{
	struct statfs fs;

	if (m->in_proc_allowed)
		return 0;
	if (fstatfs(target, &fs) < 0)
		return err_sys(e, "look at the mount point");
	if (fs.f_type == PROC_SUPER_MAGIC)
		return err_set(e, ERR_CONFIG, EINVAL,
			"nothing may be mounted inside /proc, but for a few files such as "
			"/proc/cpuinfo, /proc/meminfo, /proc/stat and /proc/uptime");
	return 0;
}

bool child_has_mount(const struct child_plan *p, const char *destination)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (str_eq(p->mounts[i].doc->destination, destination))
			return true;
	return false;
}

int child_clone_bind(const struct child_mount *m, bool slave, struct err *e)
{
	int tree = mnt_clone(m->source_fd, m->source, &m->opts, slave, e);
	int r = tree >= 0 && m->idmap_userns >= 0 ? mnt_idmap_apply(tree, m->idmap_userns, m->idmap_recursive, e) : 0;

	return r < 0 ? r : tree;
}

/* Back to the host's mount namespace for this bind mount and those that follow it without another in between: setns(2)
 * there and back costs less than the release of one clone too many. It sets root and working directory. */
static int clone_late(const struct child_plan *p, size_t first, struct err *e)
{
	int own = openat(p->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (own < 0 || root < 0 || setns(p->host_mnt_ns, CLONE_NEWNS) < 0)
		return err_sys(e, "enter the host's mount namespace");
	for (size_t i = first; i < p->n_mounts && p->mounts[i].kind == CHILD_MOUNT_BIND && r >= 0; i++) {
		r = p->late_trees[i] = child_clone_bind(&p->mounts[i], p->slave_binds, e);
		(void)close(p->mounts[i].source_fd); /* makes room: there may be many */
	}
	if (r < 0)
		return r;
	if (setns(own, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0)
		return err_sys(e, "return to the container's mount namespace");
	return mnt_work_in_proc(p->proc, e);
}

static int bind_tree(const struct child_plan *p, size_t i, struct err *e)
{
	const struct child_mount *m = &p->mounts[i];

	if (m->tree >= 0)
		return m->tree;
	if (!p->late_trees) /* no privilege on the host */
		return mnt_clone(FD_NONE, m->source, &m->opts, p->slave_binds, e);
	int r = p->late_trees[i] >= 0 ? 0 : clone_late(p, i, e);
	return r < 0 ? r : p->late_trees[i];
}

static int mount_bind(const struct child_plan *p, const struct child_state *s, size_t i, struct err *e)
{
	const struct child_mount *m = &p->mounts[i];
	int tree = bind_tree(p, i, e);

	if (tree < 0)
		return tree;
	int target = open_target(m, m->dir, s->rootfd, e);
	if (target < 0)
		return target;
	int r = refuse_in_proc(m, target, e);
	return r < 0 ? r : mnt_move(tree, target, e);
}

/* Where a filesystem goes, and whether it was there before; that is told for a tmpfs only, which takes the mode of what
 * it covers. */
struct place {
	struct mnt_at at;
	bool existed;
};

static int copy_up(const struct child_mount *m, int target, struct err *e)
{
	struct path_proc at = path_proc_rel(target);
	int from = open(at.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int mnt = mnt_fs_detached(&m->fs, e);

	if (mnt < 0)
		return mnt;
	int to = openat(mnt, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0 || to < 0)
		return err_sys(e, "open the directory to copy up");
	int r = mnt_copy_up(from, to, e);

	if (r < 0)
		err_wrap(e, "tmpcopyup");
	return r < 0 ? r : mnt_move(mnt, target, e);
}

/* Where the kernel refuses a new sysfs (network namespace of another user namespace) the host's is bound. */
static int bind_host_sysfs(const struct child_mount *m, struct mnt_at at, struct err *e)
{
	struct mnt_opts o = m->opts;

	o.bind = o.rbind = true;
	o.n_propagation = 0;
	o.rec_attr_set |= o.attr_set;
	err_clear(e);
	int mnt = mnt_clone(FD_NONE, "/sys", &o, true, e);
	return mnt < 0 ? mnt : mnt_move_at(mnt, at, e);
}

static int mount_idmapped(const struct child_mount *m, struct mnt_at at, struct err *e)
{
	int mnt = mnt_fs_detached(&m->fs, e);
	int r = mnt < 0 ? mnt : mnt_idmap_apply(mnt, m->idmap_userns, false, e);

	return r < 0 ? r : mnt_move_at(mnt, at, e);
}

/* A tmpfs over a directory that was there takes its mode, unless an option names one, as with crun and runc; over
 * one that we had to make it is 1777, the kernel's default. */
static int mount_tmpfs(const struct child_mount *m, const struct place *at, struct err *e)
{
	struct mnt_fs fs = m->fs;
	bool inherits = at->existed;
	struct stat st;
	char text[256];

	for (size_t i = 0; i < m->opts.n_data; i++)
		inherits = inherits && !str_eq(m->opts.data[i].key, "mode");
	if (!inherits)
		return mnt_fs_attach(&fs, at->at, NULL, e);
	if (fstat(at->at.dir, &st) < 0)
		return err_sys(e, "look at the mount point");
	if (fmt_fits(text, sizeof(text), "%s%smode=%o", fs.ms_data ? fs.ms_data : "",
		    fs.ms_data && *fs.ms_data ? "," : "", st.st_mode & 07777))
		fs.ms_data = text;
	return mnt_fs_attach(&fs, at->at, NULL, e);
}

/* *ret_mnt: the mount's descriptor where making it has given one. */
static int mount_fs(const struct child_mount *m, const struct place *at, int *ret_mnt, struct err *e)
{
	int r;

	if (m->idmap_userns >= 0)
		return mount_idmapped(m, at->at, e);
	if (str_eq(m->fs.type, "tmpfs"))
		return mount_tmpfs(m, at, e);
	r = mnt_fs_attach(&m->fs, at->at, ret_mnt, e);
	if (r == -EPERM && str_eq(m->fs.type, "sysfs"))
		r = bind_host_sysfs(m, at->at, e);
	if (r == -EBUSY) { /* mount(2) refuses the same filesystem on top of itself: config.json has the entry twice */
		err_clear(e);
		int mnt = mnt_fs_detached(&m->fs, e);
		r = mnt < 0 ? mnt : mnt_move_at(mnt, at->at, e);
	}
	return r;
}

/* Attributes that mount(2) has no bit for, and propagation, need the mount itself: reopen the place. */
static int finish_fs(const struct child_mount *m, int rootfd, struct err *e)
{
	const struct mnt_opts *o = &m->opts;
	struct mnt_opts rest = { .rec_attr_set = o->rec_attr_set, .rec_attr_clr = o->rec_attr_clr };

	if (!rest.rec_attr_set && !rest.rec_attr_clr && !o->n_propagation)
		return 0;
	int fd = path_open_in(rootfd, m->doc->destination, O_PATH, e);
	int r = fd < 0 ? fd : mnt_set_attrs(fd, &rest, e);
	return r < 0 ? r : mnt_propagate(fd, o, e);
}

static int remount(const struct child_mount *m, int rootfd, struct err *e)
{
	int fd = path_open_in(rootfd, m->doc->destination, O_PATH, e);
	int r = fd < 0 ? fd : mnt_set_attrs(fd, &m->opts, e);

	if (r < 0 || m->opts.bind)
		return r < 0 ? r : mnt_propagate(fd, &m->opts, e);
	struct path_proc at = path_proc_rel(fd);
	if (mount(NULL, at.text, NULL, MS_REMOUNT | m->fs.ms_flags, m->fs.ms_data) < 0)
		return err_sys(e, "remount");
	return mnt_propagate(fd, &m->opts, e);
}

static int make_symlink(const struct child_mount *m, int rootfd, struct err *e)
{
	char name[NAME_MAX + 1], have[PATH_MAX];
	int parent = path_parent_in(rootfd, m->doc->destination, name, e);

	if (parent < 0)
		return parent;
	if (symlinkat(m->source, parent, name) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, "copy the symlink");
	int r = path_readlink(parent, name, have, sizeof(have), e);
	if (r < 0)
		return r;
	return strcmp(have, m->source) == 0 ? 0 : err_num(e, EEXIST, "copy the symlink: %s leads elsewhere", have);
}

/* A new directory in the tmpfs that we have just mounted on /dev: what cannot be there yet is not looked for. */
static bool new_in_dev(const char *destination, const struct child_state *s, struct mnt_at *ret)
{
	const char *name = s->dev < 0 ? NULL : str_after(destination, "/dev/");

	if (!name || !*name || *name == '.' || strchr(name, '/') || strlen(name) > NAME_MAX)
		return false;
	*ret = (struct mnt_at){ s->dev, name };
	return mkdirat(s->dev, name, 0755) == 0;
}

/* Where a filesystem goes. */
static int open_place(const struct child_mount *m, const struct child_state *s, struct place *ret, struct err *e)
{
	const char *destination = m->doc->destination;

	*ret = (struct place){ .existed = false };
	if (new_in_dev(destination, s, &ret->at))
		return 0;
	if (s->sys >= 0 && str_eq(destination, "/sys/fs/cgroup")) {
		ret->at = (struct mnt_at){ s->sys, "fs/cgroup" };
		return 0;
	}
	ret->at.dir = FD_NONE;
	if (str_eq(m->fs.type, "tmpfs") && !m->opts.dest_nofollow) {
		ret->at.dir = path_try_in(s->rootfd, destination, O_PATH | O_DIRECTORY);
		ret->existed = ret->at.dir >= 0;
	}
	ret->at = (struct mnt_at){ ret->existed ? ret->at.dir : open_target(m, true, s->rootfd, e), NULL };
	return ret->at.dir < 0 ? ret->at.dir : 0;
}

/* Later mounts and masks are found through the descriptors of /dev, /proc and /sys, as long as they are ours alone and
 * nothing covers them. @mnt: of this mount, or FD_NONE. */
static void remember(const struct child_plan *p, const struct child_mount *m, int mnt, struct child_state *s)
{
	const char *at = m->doc->destination, *type = m->fs.type;
	bool ours = p->fresh_mounts && m->kind == CHILD_MOUNT_FS && !m->opts.tmpcopyup && m->idmap_userns < 0;
	const struct rc_linux *l = &p->config->linux_;

	if (str_eq(at, "/dev") || str_eq(at, "/"))
		s->dev = FD_NONE;
	if (str_eq(at, "/proc") || str_eq(at, "/"))
		s->proc = FD_NONE;
	if (str_starts(at, "/sys") && !str_eq(at, "/sys/fs/cgroup"))
		s->sys = FD_NONE;
	if (ours && str_eq(at, "/dev") && str_eq(type, "tmpfs"))
		s->dev = m->tree >= 0 ? mnt : path_try_in(s->rootfd, at, O_PATH | O_DIRECTORY);
	if (ours && str_eq(at, "/proc") && str_eq(type, "proc") && l->readonly_paths.n + l->masked_paths.n > 1)
		s->proc = path_try_in(s->rootfd, at, O_PATH | O_DIRECTORY);
	if (ours && str_eq(at, "/sys") && str_eq(type, "sysfs"))
		s->sys = mnt;
}

/* /dev, which the runtime has made for us: plan_dev.c. A copy of it, where a detached mount can be copied (Linux 6.15):
 * Linux 6.8 and later list mounts by age, and the original is older than the root. */
static int attach_dev(const struct child_mount *m, struct child_state *s, int *ret_mnt, struct err *e)
{
	int copy = open_tree(m->tree, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	int target = open_target(m, true, s->rootfd, e);

	*ret_mnt = copy >= 0 ? copy : m->tree;
	s->dev_whole = s->own_null = s->fresh_null = true;
	return target < 0 ? target : mnt_move(*ret_mnt, target, e);
}

static int mount_one(const struct child_plan *p, size_t i, struct child_state *s, int *ret_mnt, struct err *e)
{
	const struct child_mount *m = &p->mounts[i];
	int rootfd = s->rootfd;
	struct place at;

	if (m->kind == CHILD_MOUNT_BIND)
		return mount_bind(p, s, i, e);
	if (m->kind == CHILD_MOUNT_SYMLINK)
		return make_symlink(m, rootfd, e);
	if (m->kind == CHILD_MOUNT_REMOUNT)
		return remount(m, rootfd, e);
	if (m->tree >= 0)
		return attach_dev(m, s, ret_mnt, e);
	int r;
	if (m->opts.tmpcopyup && str_eq(m->fs.type, "tmpfs")) {
		int target = open_target(m, true, rootfd, e);

		r = target < 0 ? target : copy_up(m, target, e);
		return r < 0 ? r : finish_fs(m, rootfd, e);
	}
	r = open_place(m, s, &at, e);
	if (r < 0)
		return r;
	if (m->kind == CHILD_MOUNT_CGROUP)
		return cgroup_mount(p, m, at.at, e);
	r = mount_fs(m, &at, ret_mnt, e);
	return r < 0 ? r : finish_fs(m, rootfd, e);
}

int step_mounts(const struct child_plan *p, struct child_state *s, struct err *e)
{
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct child_mount *m = &p->mounts[i];
		int mnt = FD_NONE;

		if (mount_one(p, i, s, &mnt, e) < 0)
			return err_wrap(e, "config.json: /mounts/%zu: mount %s on %s", i,
				m->source	     ? m->source
					: m->fs.type ? m->fs.type
						     : m->doc->type,
				m->doc->destination);
		remember(p, m, mnt, s);
	}
	return 0;
}
