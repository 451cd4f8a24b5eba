/* Masked and read-only paths. What covers them is ours: the host's verified /dev/null and one empty read-only
 * tmpfs, never something of the root filesystem (CVE-2025-31133). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/str.h"
#include "mnt/bind.h"
#include "mnt/fsmount.h"
#include "runtime/child/steps.h"
#include "sys/call.h"
#include "sys/path.h"

/* A cover: its first place is a mount made for it, the others are bound to that. */
struct cover {
	int mnt; /* FD_NONE: not made yet */
	bool attached;
};

struct covers {
	const struct child_plan *plan;
	const struct child_state *child;
	struct cover null; /* a read-only copy of /dev/null */
	struct cover empty; /* an empty, read-only tmpfs */
};

static int open_null(const char *path, struct err *e)
{
	struct stat st;
	int fd = path_open_host(path, O_PATH | O_NOFOLLOW, 0, e);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(e, ERR_SYSTEM, ENODEV, "the host's /dev/null is not the character device 1:3");
	return fd;
}

/* Read-only, or root in the container could change mode, owner and times of the host's device through the mask. The
 * node that we have made ourselves in a tmpfs of our own needs no second look. */
static int first_null(const struct covers *c, struct err *e)
{
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
	int null;

	if (c->child->fresh_null) {
		null = sys_open_tree_attr(c->child->dev, "null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, &ro);
		return null < 0 ? err_sys(e, "clone /dev/null") : null;
	}
	int host = open_null(c->plan->host_null, e);
	if (host < 0)
		return host;
	null = mnt_clone_attr(host, false, &ro, e);
	return null < 0 ? err_wrap(e, "/dev/null") : null;
}

static int first_empty(struct err *e)
{
	static const struct mnt_opts ro = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			MOUNT_ATTR_NOEXEC };
	static const struct mnt_fs empty = { .type = "tmpfs", .opts = &ro };

	return mnt_fs_detached(&empty, e);
}

enum mask { MASK_FILE, MASK_DIR };

/* -ENOENT, -ENOTDIR, -EINVAL: the place is absent or of the other kind. By mount(2), which is one call, where there is
 * something to bind; the copy has the attributes of what it is made from. */
static int cover(struct covers *c, enum mask how, struct mnt_at at, struct err *e)
{
	struct cover *k = how == MASK_FILE ? &c->null : &c->empty;
	int r;

	if (k->attached)
		return mnt_bind_at(k->mnt, at, e);
	if (k->mnt < 0)
		k->mnt = how == MASK_FILE ? first_null(c, e) : first_empty(e);
	if (k->mnt < 0)
		return k->mnt;
	r = mnt_move_at(k->mnt, at, e);
	k->attached = r == 0;
	return r;
}

/* Most masked paths are files right in /proc: one call less for each. A guess, looked at where it matters. */
static enum mask likely(const char *path)
{
	static const char *const dirs[] = { "acpi", "asound", "scsi", "bus", "fs", "irq", "sys", "driver", "tty" };
	const char *name = str_after(path, "/proc/");

	for (size_t i = 0; name && i < ARRAY_SIZE(dirs); i++)
		if (str_eq(name, dirs[i]))
			return MASK_DIR;
	return name && !strchr(name, '/') ? MASK_FILE : MASK_DIR;
}

/* @path in the procfs or sysfs that we have mounted: the kernel has made what is there, so its name is enough. */
static bool in_fresh(const struct child_state *s, const char *path, struct mnt_at *ret)
{
	const char *in_proc = str_after(path, "/proc/"), *in_sys = str_after(path, "/sys/");
	const char *name = in_proc ? in_proc : in_sys;

	*ret = (struct mnt_at){ in_proc ? s->proc : in_sys ? s->sys : FD_NONE, name };
	/* Not .., not a process's directory with its magic links, not a mount of the configuration. */
	return ret->dir >= 0 && *name && !strstr(name, "..") && !(in_proc && strchr(name, '/')) &&
		!str_starts(name, "fs/cgroup");
}

static int mask_opened(struct covers *c, int target, enum mask guess, struct err *e)
{
	int r = cover(c, guess, (struct mnt_at){ target, NULL }, e);

	/* A file onto a directory, as move_mount(2) and as mount(2) call it. */
	if (guess == MASK_FILE && (r == -EINVAL || r == -ENOTDIR) && path_is_dir(target)) {
		err_clear(e);
		r = cover(c, MASK_DIR, (struct mnt_at){ target, NULL }, e);
	}
	return r;
}

static int mask_one(struct covers *c, const char *path, struct err *e)
{
	int rootfd = c->child->rootfd;
	enum mask guess = likely(path);
	struct mnt_at at;

	if (in_fresh(c->child, path, &at)) {
		int r = cover(c, guess, at, e);

		if (r == 0 || (r != -ENOENT && r != -ENOTDIR && r != -EINVAL))
			return r;
		err_clear(e);
		if (r == -ENOENT)
			return 0;
	}
	int target = guess == MASK_FILE ? -ENOTDIR : path_try_in(rootfd, path, O_PATH | O_DIRECTORY);
	if (target == -ENOTDIR) {
		guess = MASK_FILE;
		target = path_try_in(rootfd, path, O_PATH);
	}
	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return err_num(e, -target, "open");
	return mask_opened(c, target, guess, e);
}

static int readonly_one(const struct child_state *s, const char *path, struct err *e)
{
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW;
	struct mnt_at at;

	if (in_fresh(s, path, &at)) {
		int mnt = sys_open_tree_attr(at.dir, at.name, flags, &ro);

		if (mnt < 0 && errno == ENOENT)
			return 0;
		if (mnt >= 0 && mnt_move_at(mnt, at, e) == 0)
			return 0;
		err_clear(e);
	}
	int target = path_try_in(s->rootfd, path, O_PATH);
	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return err_num(e, -target, "open");
	return mnt_readonly_on(target, e);
}

int step_mask(const struct child_plan *p, struct child_state *s, struct err *e)
{
	const struct rc_linux *l = &p->config->linux_;
	struct covers c = { p, s, { FD_NONE, false }, { FD_NONE, false } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->readonly_paths.n; i++) {
		r = readonly_one(s, l->readonly_paths.v[i], e);
		if (r < 0)
			err_wrap(e, "config.json: /linux/readonlyPaths/%zu: %s", i, l->readonly_paths.v[i]);
	}
	for (size_t i = 0; r == 0 && i < l->masked_paths.n; i++) {
		r = mask_one(&c, l->masked_paths.v[i], e);
		if (r < 0)
			err_wrap(e, "config.json: /linux/maskedPaths/%zu: %s", i, l->masked_paths.v[i]);
	}
	return r;
}
