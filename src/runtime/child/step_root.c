/* The root filesystem: made a mount in a namespace cut off from the host, later the root directory. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>
#include "mnt/pivot.h"
#include "runtime/child/steps.h"

/* A tree that is mounted nowhere yet: on top of everything. Our root directory stays what it was until pivot_root(2).
 */
static int attach_tree(const struct child_plan *p, struct child_state *s, struct err *e)
{
	if (move_mount(s->root_tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, "attach the root filesystem");
	s->rootfd = s->root_tree;
	return mnt_work_in_proc(p->proc, e);
}

/* The kernel's devtmpfs thread keeps a mount namespace with one mount for as long as the machine runs. A namespace made
 * from it has no host mount to copy, none to hide and none to drop. */
static int begin_small(const struct child_plan *p, struct child_state *s, struct err *e)
{
	if (setns(p->small_mnt_ns, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "make a mount namespace");
	return attach_tree(p, s, e);
}

/* From a copy of the host's mounts: cut them off, make the root filesystem a mount of its own. */
static int begin_copied(const struct child_plan *p, struct child_state *s, struct err *e)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
	int r = p->own_mounts ? mnt_isolate(p->rootfs_propagation, e) : 0;

	if (r < 0)
		return r;
	if (s->root_tree >= 0)
		return attach_tree(p, s, e);
	s->rootfd = open_tree(AT_FDCWD, p->rootfs, flags);
	if (s->rootfd < 0)
		return err_sys(e, "open the root filesystem %s", p->rootfs);
	if (!p->own_mounts) {
		struct mount_attr a = { .propagation = MS_PRIVATE };

		if (mount_setattr(s->rootfd, "", AT_EMPTY_PATH | AT_RECURSIVE, &a, sizeof(a)) < 0)
			return err_sys(e, "cut the root filesystem off from its peers");
	}
	if (move_mount(s->rootfd, "", AT_FDCWD, p->rootfs, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, "mount the root filesystem on %s", p->rootfs);
	return mnt_work_in_proc(p->proc, e);
}

int step_isolate(const struct child_plan *p, struct child_state *s, struct err *e)
{
	return p->small_mnt_ns >= 0 ? begin_small(p, s, e) : begin_copied(p, s, e);
}

int step_pivot(const struct child_plan *p, struct child_state *s, struct err *e)
{
	struct mount_attr a = { .propagation = p->final_propagation & ~(unsigned long)MS_REC };
	unsigned flags = AT_EMPTY_PATH;
	int r;

	if (a.propagation == MS_UNBINDABLE && mount_setattr(s->rootfd, "", flags, &a, sizeof(a)) < 0)
		return err_sys(e, "set the propagation of the root filesystem");
	if (!p->own_mounts)
		r = mnt_chroot(s->rootfd, e);
	else
		r = p->no_pivot ? mnt_move_root(s->rootfd, e) : mnt_pivot(s->rootfd, e);
	s->at_root = r == 0;
	if (r < 0 || !p->final_propagation || (p->final_propagation & MS_UNBINDABLE))
		return r;
	/* Only now: pivot_root(2) refuses a shared new root. */
	a = (struct mount_attr){ .propagation = p->final_propagation & ~(unsigned long)MS_REC };
	flags |= p->final_propagation & MS_REC ? AT_RECURSIVE : 0;
	if (mount_setattr(s->rootfd, "", flags, &a, sizeof(a)) < 0)
		return err_sys(e, "set the propagation of the root filesystem");
	return 0;
}

int step_seal(const struct child_plan *p, struct child_state *s, struct err *e)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_RDONLY };

	if (p->config->root_readonly && mount_setattr(s->rootfd, "", AT_EMPTY_PATH, &a, sizeof(a)) < 0)
		return err_sys(e, "make the root filesystem read-only");
	return 0;
}
