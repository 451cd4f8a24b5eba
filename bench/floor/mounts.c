/* The seven mounts of a default OCI bundle, its devices, its masked and read-only paths; new mount API only,
 * every target opened beneath the root. Descriptors are close-on-exec and left to execve. */
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

static void attach_at(int mnt, int target, const char *what)
{
	if (move_mount(mnt, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		die("attach %s", what);
}

void attach(struct floor *f, int mnt, const char *path)
{
	int target = open_in(f->rootfd, path, O_PATH);

	if (target < 0)
		die("open %s in the root", path);
	attach_at(mnt, target, path);
}

void mount_proc(struct floor *f)
{
	attach(f, new_fs("proc", 0, NULL), "proc");
}

void mount_dev(struct floor *f)
{
	static const char *const options[] = { "mode", "755", "size", "65536k", NULL };
	int mnt = new_fs("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, options);

	attach(f, mnt, "dev");
	if (mkdirat(mnt, "pts", 0755) < 0 || mkdirat(mnt, "shm", 0755) < 0 || mkdirat(mnt, "mqueue", 0755) < 0)
		die("mkdir in /dev");
}

void mount_pts(struct floor *f)
{
	static const char *const options[] = { "ptmxmode", "0666", "mode", "0620", "gid", "5", NULL };

	attach(f, new_fs("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, options), "dev/pts");
}

void mount_shm(struct floor *f)
{
	static const char *const options[] = { "mode", "1777", "size", "65536k", NULL };

	attach(f, new_fs("tmpfs", NOSUID_NOEXEC_NODEV, options), "dev/shm");
}

void mount_mqueue(struct floor *f)
{
	attach(f, new_fs("mqueue", NOSUID_NOEXEC_NODEV, NULL), "dev/mqueue");
}

void mount_sys(struct floor *f)
{
	attach(f, new_fs("sysfs", NOSUID_NOEXEC_NODEV | MOUNT_ATTR_RDONLY, NULL), "sys");
}

/* A clone of the container's own cgroup directory, read-only. By path: the parent's descriptor is of a mount in
 * the parent's namespace, which open_tree(2) refuses to clone here. */
static int clone_cgroup(struct floor *f, const struct floor_hier *h)
{
	struct mount_attr attr = { .attr_set = NOSUID_NOEXEC_NODEV | MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
	char path[512];
	int mnt;

	cg_path(f, h, path, sizeof(path));
	mnt = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mnt < 0 || mount_setattr(mnt, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
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

	attach(f, tmp, "sys/fs/cgroup");
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
		attach(f, f->hier[0].clonefd, "sys/fs/cgroup");
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

/* A user namespace may not make device nodes; it gets the host's, mounted on empty files. */
static void bind_node(int dev, const char *name)
{
	int host = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int mnt = open_tree(host, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (mnt < 0 || mknodat(dev, name, S_IFREG | 0666, 0) < 0 ||
		move_mount(mnt, "", dev, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		die("bind /dev/%s", name);
	close(host);
}

void make_devices(struct floor *f)
{
	int dev = open_in(f->rootfd, "dev", O_PATH | O_DIRECTORY);
	mode_t mask = umask(0);

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if (f->o.ns & CLONE_NEWUSER)
			bind_node(dev, nodes[i].name);
		else if (mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) < 0)
			die("mknod /dev/%s", nodes[i].name);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0)
			die("symlink /dev/%s", links[i].name);
	umask(mask);
	close(dev);
}

static const char *const masked[] = {
	"proc/acpi",
	"proc/asound",
	"proc/kcore",
	"proc/keys",
	"proc/latency_stats",
	"proc/timer_list",
	"proc/timer_stats",
	"proc/sched_debug",
	"sys/firmware",
	"proc/scsi",
};

static int clone_fd(int fd, unsigned flags, const char *what)
{
	int mnt = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);

	if (mnt < 0)
		die("clone %s", what);
	return mnt;
}

/* Files are covered by /dev/null, directories by one empty read-only tmpfs that all of them share. */
void mask_paths(struct floor *f)
{
	int null = open_in(f->rootfd, "dev/null", O_PATH), empty = -1;

	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++) {
		int target = open_in(f->rootfd, masked[i], O_PATH);
		struct stat st;

		if (target < 0 && errno == ENOENT)
			continue;
		if (target < 0 || fstat(target, &st) < 0)
			die("open %s", masked[i]);
		if (!S_ISDIR(st.st_mode))
			attach_at(clone_fd(null, 0, "/dev/null"), target, masked[i]);
		else if (empty < 0)
			attach_at(empty = new_fs("tmpfs", NOSUID_NOEXEC_NODEV | MOUNT_ATTR_RDONLY, NULL), target,
				masked[i]);
		else
			attach_at(clone_fd(empty, 0, "the empty directory"), target, masked[i]);
	}
}

static const char *const readonly[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger" };

void readonly_paths(struct floor *f)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < sizeof(readonly) / sizeof(readonly[0]); i++) {
		int target = open_in(f->rootfd, readonly[i], O_PATH), mnt;

		if (target < 0 && errno == ENOENT)
			continue;
		if (target < 0)
			die("open %s", readonly[i]);
		mnt = clone_fd(target, AT_RECURSIVE, readonly[i]);
		if (mount_setattr(mnt, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
			die("make %s read-only", readonly[i]);
		attach_at(mnt, target, readonly[i]);
	}
}
