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
#include "sys/path.h"

struct covers {
	const char *host_null;
	int null; /* a mounted, read-only copy of the host's /dev/null */
	int empty; /* a mounted, empty, read-only tmpfs */
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

/* Read-only, or root in the container could change mode, owner and times of the host's device through the mask. */
static int mask_file(struct covers *c, int target, struct err *e)
{
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };

	if (c->null >= 0)
		return mnt_bind_on(c->null, target, false, e);
	int host = open_null(c->host_null, e);
	if (host < 0)
		return host;
	int null = mnt_clone_attr(host, false, &ro, e);
	if (null < 0)
		return err_wrap(e, "/dev/null");
	int r = mnt_move(null, target, e);
	if (r == 0)
		c->null = null;
	return r;
}

static int mask_dir(struct covers *c, int target, struct err *e)
{
	static const struct mnt_opts ro = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			MOUNT_ATTR_NOEXEC };
	static const struct mnt_fs empty = { .type = "tmpfs", .source = "tmpfs", .opts = &ro };

	if (c->empty >= 0)
		return mnt_bind_on(c->empty, target, false, e);
	c->empty = mnt_fs_detached(&empty, e);
	return c->empty < 0 ? c->empty : mnt_move(c->empty, target, e);
}

/* Most masked paths are files right in /proc: one call less for each. A guess, looked at where it matters. */
static bool likely_file(const char *path)
{
	static const char *const dirs[] = { "acpi", "asound", "scsi", "bus", "fs", "irq", "sys", "driver", "tty" };
	const char *name = str_after(path, "/proc/");

	for (size_t i = 0; name && i < ARRAY_SIZE(dirs); i++)
		if (str_eq(name, dirs[i]))
			return false;
	return name && !strchr(name, '/');
}

static int mask_one(struct covers *c, int rootfd, const char *path, struct err *e)
{
	int target = likely_file(path) ? -ENOTDIR : path_try_in(rootfd, path, O_PATH | O_DIRECTORY);

	if (target >= 0)
		return mask_dir(c, target, e);
	if (target == -ENOENT)
		return 0;
	target = path_try_in(rootfd, path, O_PATH);
	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return err_num(e, -target, "open");
	int r = mask_file(c, target, e);
	if (r == -EINVAL && path_is_dir(target)) { /* move_mount(2): a file onto a directory */
		err_clear(e);
		r = mask_dir(c, target, e);
	}
	return r;
}

static int readonly_one(int rootfd, const char *path, struct err *e)
{
	int target = path_try_in(rootfd, path, O_PATH);

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return err_num(e, -target, "open");
	return mnt_readonly_on(target, e);
}

int step_mask(const struct child_plan *p, struct child_state *s, struct err *e)
{
	const struct rc_linux *l = &p->config->linux_;
	struct covers c = { p->host_null, FD_NONE, FD_NONE };
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->readonly_paths.n; i++) {
		r = readonly_one(s->rootfd, l->readonly_paths.v[i], e);
		if (r < 0)
			err_wrap(e, "config.json: /linux/readonlyPaths/%zu: %s", i, l->readonly_paths.v[i]);
	}
	for (size_t i = 0; r == 0 && i < l->masked_paths.n; i++) {
		r = mask_one(&c, s->rootfd, l->masked_paths.v[i], e);
		if (r < 0)
			err_wrap(e, "config.json: /linux/maskedPaths/%zu: %s", i, l->masked_paths.v[i]);
	}
	return r;
}
