/* The root of the container: a detached clone of the bundle's rootfs (or an overlay over it), attached,
 * then made the root. */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

void root_private(struct floor *f)
{
	(void)f;
	/* everything, not only the mount under the rootfs: the detach of the old root would otherwise
	 * propagate and unmount the host's own mounts */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		die("make / a slave");
}

/* The writable layer, deepest first: what the kernel makes in it for a mount that wrote nothing is named, too. */
static const struct {
	const char *name;
	bool ours;
	int how_to_remove;
} layer[] = {
	{ "work/work/incompat/volatile/dirty", false, 0 },
	{ "work/work/incompat/volatile", false, AT_REMOVEDIR },
	{ "work/work/incompat", false, AT_REMOVEDIR },
	{ "work/work", false, AT_REMOVEDIR },
	{ "work", true, AT_REMOVEDIR },
	{ "upper", true, AT_REMOVEDIR },
};
#define N_LAYER (sizeof(layer) / sizeof(layer[0]))

void root_layer(struct floor *f)
{
	if (!f->o.overlay_scratch)
		return;
	f->scratchfd = open(f->o.overlay_scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (f->scratchfd < 0)
		die("open %s", f->o.overlay_scratch);
	for (size_t i = 0; i < N_LAYER; i++)
		if (layer[i].ours && mkdirat(f->scratchfd, layer[i].name, 0755) < 0)
			die("mkdir %s/%s", f->o.overlay_scratch, layer[i].name);
}

void root_remove_layer(struct floor *f)
{
	if (!f->o.overlay_scratch)
		return;
	for (size_t i = 0; i < N_LAYER; i++)
		if (unlinkat(f->scratchfd, layer[i].name, layer[i].how_to_remove) < 0)
			die("remove %s/%s", f->o.overlay_scratch, layer[i].name);
	close(f->scratchfd);
}

/* "volatile": what the container wrote need not reach the disk, because it is removed at its end; the kernel syncs the
 * whole file system of the upper layer otherwise. */
static int overlay(const char *lower, const char *scratch)
{
	char upper[512], work[512];
	const char *const options[] = { "lowerdir", lower, "upperdir", upper, "workdir", work, "volatile", NULL, NULL };

	snprintf(upper, sizeof(upper), "%s/upper", scratch);
	snprintf(work, sizeof(work), "%s/work", scratch);
	return new_fs("overlay", 0, options);
}

/* overlayfs makes its work directory as who mounts it, and through mapped layers only ids of the map exist: with any
 * other user the mount would be read-only. All capabilities are kept meanwhile, capabilities(7)
 * "SECBIT_NO_SETUID_FIXUP". */
static int overlay_as(int id, const char *lower, const char *scratch)
{
	int mnt;

	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		die("keep capabilities");
	setfsgid((gid_t)id);
	setfsuid((uid_t)id);
	mnt = overlay(lower, scratch);
	setfsuid(0);
	setfsgid(0);
	return mnt;
}

static int clone_rootfs(const struct floor_opt *o)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
	/* read-only from the start: the places to mount on exist in a bench bundle */
	int fd = clone_with(AT_FDCWD, o->rootfs, AT_RECURSIVE, &readonly);

	if (fd < 0)
		die("clone %s", o->rootfs);
	return fd;
}

void root_clone(struct floor *f)
{
	if (f->o.idmap_base)
		return; /* the parent's work: only who owns the file system may map its mounts */
	f->rootfd = f->o.overlay_scratch ? overlay(f->o.rootfs, f->o.overlay_scratch) : clone_rootfs(&f->o);
}

static int idmapped(const char *path, int userns)
{
	struct mount_attr map = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };
	int fd = clone_with(AT_FDCWD, path, 0, &map);

	if (fd < 0)
		die("clone %s with its ids mapped", path);
	return fd;
}

/* Of an overlay the layers are mapped: overlayfs itself cannot be. */
void root_idmapped(struct floor *f)
{
	struct mount_attr map = { .attr_set = MOUNT_ATTR_IDMAP };
	char path[64], scratch_path[64];
	int userns, lower, scratch;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", f->pid);
	userns = open(path, O_RDONLY | O_CLOEXEC);
	if (userns < 0)
		die("open %s", path);
	map.userns_fd = (uint64_t)userns;
	lower = idmapped(f->o.rootfs, userns);
	f->rootfd = lower;
	if (f->o.overlay_scratch) {
		scratch = idmapped(f->o.overlay_scratch, userns);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", lower);
		snprintf(scratch_path, sizeof(scratch_path), "/proc/self/fd/%d", scratch);
		f->rootfd = overlay_as(f->o.idmap_base, path, scratch_path);
		close(scratch);
		close(lower);
	}
	if (f->devfd >= 0 && mount_setattr(f->devfd, "", AT_EMPTY_PATH, &map, sizeof(map)) < 0)
		die("map the ids of /dev");
	close(userns);
	time_mark("root: map the ids, clone");
}

void root_attach(struct floor *f)
{
	const char *where = f->o.pinned ? "/" : f->o.rootfs;

	if (move_mount(f->rootfd, "", AT_FDCWD, where, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		die("attach the root at %s", where);
}

__attribute__((noreturn)) static void hold_small_namespace(int ready)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/proc", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0") < 0 ||
		chdir("/proc") < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		die("make the small mount namespace");
	(void)!write(ready, "r", 1);
	pause();
	_exit(0);
}

/* One try, with the namespace made on @cpu. */
static bool pin_from_cpu(const char *path, int cpu)
{
	char ns[64];
	bool done;
	pid_t pid;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0) {
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		(void)sched_setaffinity(0, sizeof(one), &one);
		hold_small_namespace(fds[1]);
	}
	close(fds[1]);
	if (pid < 0 || read(fds[0], ns, 1) != 1)
		die("make the small mount namespace");
	close(fds[0]);
	snprintf(ns, sizeof(ns), "/proc/%d/ns/mnt", pid);
	done = mount(ns, path, NULL, MS_BIND, NULL) == 0;
	if (!done && errno != EINVAL)
		die("pin %s", path);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return done;
}

/* The namespace behind @path: one empty read-only tmpfs. Made once per boot, kept alive by a bind mount. The kernel
 * lets a mount namespace be mounted only in one with a smaller number, to keep loops out, but draws the numbers from
 * a stock per CPU (Linux 6.18): where our own namespace is young the new one may get a smaller number than ours on one
 * CPU and a larger one on another. */
static void make_pinned(const char *path)
{
	bool done = false;

	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	/* only where it does not propagate into that namespace */
	if (mount(path, path, NULL, MS_BIND, NULL) < 0 || mount(NULL, path, NULL, MS_PRIVATE, NULL) < 0)
		die("make %s a mount of its own", path);
	for (int cpu = 0; cpu < get_nprocs() && !done; cpu++)
		done = pin_from_cpu(path, cpu);
	if (!done)
		die("pin %s", path);
}

void root_open_pinned(struct floor *f)
{
	int fd;

	if (!f->o.pinned)
		return;
	fd = open(f->o.pinned, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, NS_GET_NSTYPE) < 0) {
		make_pinned(f->o.pinned);
		fd = open(f->o.pinned, O_RDONLY | O_CLOEXEC);
	}
	f->pinned_fd = fd;
}

void root_enter_pinned(struct floor *f)
{
	if (setns(f->pinned_fd, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0)
		die("enter %s", f->o.pinned);
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
