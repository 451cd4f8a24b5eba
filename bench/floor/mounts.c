/* The seven mounts of a default OCI bundle, its devices, its masked and read-only paths; new mount API only. Targets in
 * the root are opened beneath it, those in a mount of ours need no look. Descriptors are close-on-exec and left to
 * execve. */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NOSUID_NOEXEC_NODEV (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)

int new_fs(const char *type, unsigned attr, const char *const *options)
{
	int fs = fsopen(type, FSOPEN_CLOEXEC), mnt;

	if (fs < 0)
		die("fsopen %s", type);
	for (; options && *options; options += 2)
		if (fsconfig(fs, options[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options[0], options[1], 0) < 0)
			die("%s: option %s %s", type, options[0], options[1] ? options[1] : "");
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		die("create %s", type);
	mnt = fsmount(fs, FSMOUNT_CLOEXEC, attr);
	if (mnt < 0)
		die("fsmount %s", type);
	return mnt;
}

/* @name is below @dir, a mount that has just been made: nobody else was there, so nothing has to be checked. */
static void attach_new(int mnt, int dir, const char *name)
{
	if (move_mount(mnt, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		die("attach %s", name);
}

/* Attach detached @mnt at @path in the root, which may be anybody's. */
static void attach(struct floor *f, int mnt, const char *path)
{
	int target = open_in(f->rootfd, path, O_PATH);

	if (target < 0)
		die("open %s in the root", path);
	if (move_mount(mnt, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		die("attach %s", path);
}

void mount_proc(struct floor *f)
{
	attach(f, f->procfd = new_fs("proc", 0, NULL), "proc");
}

void mount_dev(struct floor *f)
{
	if (f->devfd < 0)
		new_dev(f);
	attach(f, f->devfd, "dev");
}

void mount_pts(struct floor *f)
{
	static const char *const options[] = { "ptmxmode", "0666", "mode", "0620", "gid", "5", NULL };

	attach_new(new_fs("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, options), f->devfd, "pts");
}

void mount_shm(struct floor *f)
{
	static const char *const options[] = { "mode", "1777", "size", "65536k", NULL };

	attach_new(new_fs("tmpfs", NOSUID_NOEXEC_NODEV, options), f->devfd, "shm");
}

void mount_mqueue(struct floor *f)
{
	attach_new(new_fs("mqueue", NOSUID_NOEXEC_NODEV, NULL), f->devfd, "mqueue");
}

void mount_sys(struct floor *f)
{
	attach(f, f->sysfd = new_fs("sysfs", NOSUID_NOEXEC_NODEV | MOUNT_ATTR_RDONLY, NULL), "sys");
}

/* A clone of the container's own cgroup directory, read-only. By path: the parent's descriptor is of a mount in
 * the parent's namespace, which open_tree(2) refuses to clone here. */
static int clone_cgroup(struct floor *f, const struct floor_hier *h)
{
	struct mount_attr attr = { .attr_set = NOSUID_NOEXEC_NODEV | MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
	char path[512];
	int mnt;

	cg_path(f, h, path, sizeof(path));
	mnt = clone_with(AT_FDCWD, path, 0, &attr);
	if (mnt < 0)
		die("clone cgroup %s", h->name);
	return mnt;
}

void clone_cgroups(struct floor *f)
{
	for (int i = 0; i < f->n_hiers && (f->o.mounts & FM_CGROUP); i++)
		f->hier[i].clonefd = clone_cgroup(f, &f->hier[i]);
}

/* v1: a small tmpfs with one directory per hierarchy, and a name for each controller of a shared one. */
static void mount_cgroup_v1(struct floor *f)
{
	static const char *const options[] = { "mode", "755", NULL };
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	int tmp = new_fs("tmpfs", NOSUID_NOEXEC_NODEV, options);

	attach_new(tmp, f->sysfd, "fs/cgroup");
	for (int i = 0; i < f->n_hiers; i++) {
		struct floor_hier *h = &f->hier[i];

		if (mkdirat(tmp, h->name, 0755) < 0)
			die("mkdir /sys/fs/cgroup/%s", h->name);
		if (move_mount(h->clonefd, "", tmp, h->name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			die("attach cgroup %s", h->name);
		for (char *c = strchr(h->name, ',') ? h->name : NULL; c; c = strchr(c + 1, ',')) {
			char link[48];
			size_t len = strcspn(c += *c == ',', ",");

			memcpy(link, c, len);
			link[len] = '\0';
			if (symlinkat(h->name, tmp, link) < 0)
				die("symlink /sys/fs/cgroup/%s", link);
		}
	}
	if (mount_setattr(tmp, "", AT_EMPTY_PATH, &readonly, sizeof(readonly)) < 0)
		die("make /sys/fs/cgroup read-only");
}

void mount_cgroup(struct floor *f)
{
	if (!f->o.cgroup)
		return;
	if (f->n_hiers == 1 && f->hier[0].v2)
		attach_new(f->hier[0].clonefd, f->sysfd, "fs/cgroup");
	else
		mount_cgroup_v1(f);
}

static const struct {
	const char *name;
	unsigned char major, minor;
} nodes[] = {
	{ "null", 1, 3 },
	{ "zero", 1, 5 },
	{ "full", 1, 7 },
	{ "tty", 5, 0 },
	{ "random", 1, 8 },
	{ "urandom", 1, 9 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
	{ "core", "/proc/kcore" },
	{ "ptmx", "pts/ptmx" },
};

void new_dev(struct floor *f)
{
	static const char *const options[] = { "mode", "755", "size", "65536k", NULL };
	static const char *const dirs[] = { "pts", "shm", "mqueue" };

	f->devfd = new_fs("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, options);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdirat(f->devfd, dirs[i], 0755) < 0)
			die("mkdir /dev/%s", dirs[i]);
}

void make_devices(struct floor *f)
{
	mode_t mask = umask(0);

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		if (mknodat(f->devfd, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) < 0)
			die("mknod /dev/%s", nodes[i].name);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i].target, f->devfd, links[i].name) < 0)
			die("symlink /dev/%s", links[i].name);
	umask(mask);
}

/* In a user namespace no device nodes can be made: the parent makes them, in a mount that is nowhere yet. */
void dev_beforehand(struct floor *f)
{
	if (!(f->o.ns & CLONE_NEWUSER) || !(f->o.mounts & FM_DEV))
		return;
	new_dev(f);
	if (f->o.devices)
		make_devices(f);
}

enum where { IN_PROC, IN_SYS };

static int where_fd(const struct floor *f, enum where where)
{
	return where == IN_PROC ? f->procfd : f->sysfd;
}

static const struct {
	enum where where;
	bool directory;
	const char *name;
} masked[] = {
	{ IN_PROC, true, "acpi" },
	{ IN_PROC, true, "asound" },
	{ IN_PROC, false, "kcore" },
	{ IN_PROC, false, "keys" },
	{ IN_PROC, false, "latency_stats" },
	{ IN_PROC, false, "timer_list" },
	{ IN_PROC, false, "timer_stats" },
	{ IN_PROC, false, "sched_debug" },
	{ IN_SYS, true, "firmware" },
	{ IN_PROC, true, "scsi" },
};

/* What covers a masked path of one kind: its first place is a mount made for it, the others have clones of that. */
struct cover {
	int mnt;
	bool attached;
};

/* Files are covered by /dev/null, read-only, directories by an empty read-only tmpfs. */
static int next_cover(const struct floor *f, struct cover *c, bool directory)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
	int mnt = c->mnt;

	if (c->attached)
		mnt = open_tree(c->mnt, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	else if (c->mnt < 0 && directory)
		mnt = c->mnt = new_fs("tmpfs", NOSUID_NOEXEC_NODEV | MOUNT_ATTR_RDONLY, NULL);
	else if (c->mnt < 0)
		mnt = c->mnt = clone_with(f->devfd, "null", 0, &readonly);
	if (mnt < 0)
		die("make what covers masked paths");
	return mnt;
}

void mask_paths(struct floor *f)
{
	struct cover covers[2] = { { -1, false }, { -1, false } };

	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++) {
		struct cover *c = &covers[masked[i].directory];
		int mnt = next_cover(f, c, masked[i].directory);

		if (move_mount(mnt, "", where_fd(f, masked[i].where), masked[i].name, MOVE_MOUNT_F_EMPTY_PATH) == 0)
			c->attached = true;
		else if (errno != ENOENT)
			die("cover %s", masked[i].name);
	}
}

static const char *const readonly_names[] = { "bus", "fs", "irq", "sys", "sysrq-trigger" };

void readonly_paths(struct floor *f)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < sizeof(readonly_names) / sizeof(readonly_names[0]); i++) {
		int mnt = clone_with(f->procfd, readonly_names[i], AT_RECURSIVE, &attr);

		if (mnt >= 0)
			attach_new(mnt, f->procfd, readonly_names[i]);
		else if (errno != ENOENT)
			die("make /proc/%s read-only", readonly_names[i]);
	}
}
