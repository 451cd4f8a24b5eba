#include "engine/rootfs_host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "mnt/fsmount.h"
#include "sys/path.h"

enum { FOLDER_PATH = 320 };

/* What a container has of its own anyway. */
static bool is_own(const char *name)
{
	static const char *const names[] = { ".", "..", "proc", "sys", "dev" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* overlayfs at the folder @name of the new root: its options are numbers below /proc/self/fd and fit easily. */
static int overlay(int host, int root, int record, const char *name, bool writable)
{
	char lower[FOLDER_PATH], upper[FOLDER_PATH], work[FOLDER_PATH];
	auto_fd int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	bool fits = fmt_fits(lower, sizeof(lower), "/proc/self/fd/%d/%s", host, name) &&
		fmt_fits(upper, sizeof(upper), "upper/%s", name) && fmt_fits(work, sizeof(work), "work/%s", name);

	if (fs < 0 || !fits || !writable)
		return -EINVAL;
	if ((mkdirat(record, upper, 0755) < 0 || mkdirat(record, work, 0700) < 0) && errno != EEXIST)
		return -errno;
	fits = fmt_fits(upper, sizeof(upper), "/proc/self/fd/%d/upper/%s", record, name) &&
		fmt_fits(work, sizeof(work), "/proc/self/fd/%d/work/%s", record, name);
	if (!fits || fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0 ||
		fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", lower, 0) < 0 ||
		fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", upper, 0) < 0 ||
		fsconfig(fs, FSCONFIG_SET_STRING, "workdir", work, 0) < 0 ||
		fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	auto_fd int mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return mnt < 0 || move_mount(mnt, "", root, name, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* The folder as it is, with all that is mounted in it, read-only. */
static int show(int host, int root, const char *name, struct err *e)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.propagation = MS_PRIVATE };
	auto_fd int tree =
		open_tree(host, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);

	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &a, sizeof(a)) < 0 ||
		move_mount(tree, "", root, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, "show /%s of the host", name);
	return 0;
}

static int add_link(int host, int root, const char *name, struct err *e)
{
	char target[PATH_MAX];

	if (path_readlink(host, name, target, sizeof(target), e) < 0)
		return -e->num;
	return symlinkat(target, root, name) < 0 ? err_sys(e, "make the link /%s", name) : 0;
}

static int add_entry(const struct rootfs *f, int root, const char *name, bool writable, struct err *e)
{
	int host = f->layers[0];
	struct stat st;

	if (fstatat(host, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "look at /%s", name);
	if (S_ISLNK(st.st_mode))
		return add_link(host, root, name, e);
	if (!S_ISDIR(st.st_mode))
		return 0; /* files in / are no part of any system */
	if (mkdirat(root, name, 0755) < 0)
		return err_sys(e, "make /%s", name);
	if (overlay(host, root, f->record->dir_fd, name, writable) == 0)
		return 0;
	return show(host, root, name, e);
}

static int fill(const struct rootfs *f, int root, bool writable, struct err *e)
{
	auto_fd int fd = openat(f->layers[0], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir __attribute__((cleanup(close_dir))) = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return err_sys(e, "list the root of the host");
	(void)fd_steal(&fd);
	while ((d = readdir(dir)))
		if (!is_own(d->d_name) && add_entry(f, root, d->d_name, writable, e) < 0)
			return -e->num;
	return 0;
}

static int new_root(struct err *e)
{
	auto_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0 ||
		fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, "make a tmpfs for the root");
	int mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return mnt < 0 ? err_sys(e, "make a tmpfs for the root") : mnt;
}

int rootfs_host_folders(const struct rootfs *f, bool writable, struct err *e)
{
	auto_fd int mnt = new_root(e);
	char at[PATH_MAX];

	if (mnt < 0)
		return mnt;
	if (mkdirat(f->record->dir_fd, "root", 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make a place for the root's tmpfs");
	if (!fmt_fits(at, sizeof(at), "%s/containers/%s/root", f->data_path, f->record->id))
		return err_num(e, ENAMETOOLONG, "mount the root's tmpfs");
	/* Mounting on a mount that is nowhere needs Linux 6.15; so it is somewhere for a moment, in our namespace only.
	 */
	if (move_mount(mnt, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, "mount the root's tmpfs");
	int tree = fill(f, mnt, writable, e);
	if (tree == 0)
		tree = open_tree(mnt, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0 && e->num == 0)
		err_sys(e, "keep the root");
	if (umount2(at, MNT_DETACH) < 0 && e->num == 0) {
		fd_close(&tree);
		return err_sys(e, "take the root's tmpfs from where it was made");
	}
	return e->num ? -e->num : tree;
}
