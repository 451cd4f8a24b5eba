/* Bind mounts: cloned detached, finished, then moved to their place, so that nobody sees a half-made one. */
#include "mnt/bind.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>
#include "mnt/fsmount.h"
#include "sys/call.h"

/* A clone of a shared mount is a peer of it: what the container mounts there would appear on the host. */
static int clone_alone(int dirfd, const char *source, unsigned flags, const struct mnt_opts *o, bool slave)
{
	struct mount_attr a = { .propagation = slave ? MS_SLAVE : MS_PRIVATE };

	return o->n_propagation ? open_tree(dirfd, source, flags) : sys_open_tree_attr(dirfd, source, flags, &a);
}

int mnt_open_source(const char *source, bool follow, struct err *e)
{
	int fd = open_tree(AT_FDCWD, source, OPEN_TREE_CLOEXEC | (follow ? 0 : AT_SYMLINK_NOFOLLOW));

	return fd < 0 ? err_sys(e, "open the source %s", source) : fd;
}

int mnt_clone(int source_fd, const char *source, const struct mnt_opts *o, bool slave, struct err *e)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (o->rbind ? AT_RECURSIVE : 0) |
		(o->src_nofollow ? AT_SYMLINK_NOFOLLOW : 0) | (source_fd >= 0 ? AT_EMPTY_PATH : 0);
	bool by_fd = source_fd >= 0;
	auto_fd int mnt = clone_alone(by_fd ? source_fd : AT_FDCWD, by_fd ? "" : source, flags, o, slave);

	if (mnt < 0)
		return err_sys(e, "open the source %s", source);
	int r = mnt_propagate(mnt, o, e);
	if (r == 0)
		r = mnt_set_attrs(mnt, o, e);
	return r < 0 ? err_wrap(e, "source %s", source) : fd_steal(&mnt);
}

int mnt_clone_attr(int source, bool recursive, struct mount_attr *a, struct err *e)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
	int mnt = sys_open_tree_attr(source, "", flags, a);

	return mnt < 0 ? err_sys(e, "clone a mount with other attributes") : mnt;
}

int mnt_bind_on(int source, int target, bool recursive, struct err *e)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
	int mnt = open_tree(source, "", flags);

	return mnt < 0 ? err_sys(e, "clone a mount") : mnt_move(mnt, target, e);
}

int mnt_clone_device(const char *path, struct err *e)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
	int mnt = sys_open_tree_attr(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, &a);

	return mnt < 0 ? err_sys(e, "clone device %s", path) : mnt;
}

int mnt_readonly_on(int target, struct err *e)
{
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	int mnt = mnt_clone_attr(target, true, &ro, e);

	return mnt < 0 ? mnt : mnt_move(mnt, target, e);
}
