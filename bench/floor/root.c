/* The root of the container: a detached clone of the bundle's rootfs (or an overlay over it), attached,
 * then made the root. */
#include "floor.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

void root_private(struct floor *f)
{
	(void)f;
	/* everything, not only the mount under the rootfs: the detach of the old root would otherwise
	 * propagate and unmount the host's own mounts */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		die("make / a slave");
}

static int overlay(const struct floor_opt *o)
{
	char upper[512], work[512];
	const char *const options[] = { "lowerdir", o->rootfs, "upperdir", upper, "workdir", work, NULL };

	snprintf(upper, sizeof(upper), "%s/upper", o->overlay_scratch);
	snprintf(work, sizeof(work), "%s/work", o->overlay_scratch);
	return new_fs("overlay", 0, options);
}

static int clone_rootfs(const struct floor_opt *o)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	int fd = open_tree(AT_FDCWD, o->rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (fd < 0)
		die("clone %s", o->rootfs);
	/* read-only from the start: the places to mount on exist in a bench bundle */
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &readonly, sizeof(readonly)) < 0)
		die("make the root read-only");
	return fd;
}

void root_attach(struct floor *f)
{
	f->rootfd = f->o.overlay_scratch ? overlay(&f->o) : clone_rootfs(&f->o);
	if (move_mount(f->rootfd, "", AT_FDCWD, f->o.rootfs, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		die("attach the root at %s", f->o.rootfs);
}

void root_pivot(struct floor *f)
{
	/* "." twice: the old root ends up on top of the new one and is detached from there, pivot_root(2) */
	if (fchdir(f->rootfd) < 0 || sys_pivot_root(".", ".") < 0)
		die("pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		die("detach the old root");
	if (chdir("/") < 0)
		die("chdir /");
}
