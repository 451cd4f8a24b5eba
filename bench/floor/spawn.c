/* One clone3 makes the container's first process, in its cgroup and its namespaces. Without a user namespace it
 * borrows the parent's memory until execve (CLONE_VM | CLONE_VFORK): nothing is copied, and no page that it
 * touches is charged to the container's memory cgroup. With one, the parent has to write the id maps meanwhile, so
 * the child gets a copy. */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const struct floor_step child_before_mounts[] = {
	{ "cgroup v1: 0 to tasks", cg_enter_v1 },
	{ "cgroup namespace", cg_unshare },
};

/* With a pinned namespace all that is taken from the host is cloned before the host's mounts are left. */
static const struct floor_step child_mounts[] = {
	{ "make / a slave", root_private },
	{ "root: clone", root_clone },
	{ "cgroup: clone", clone_cgroups },
	{ "root: attach", root_attach },
};
static const struct floor_step child_mounts_pinned[] = {
	{ "root: clone", root_clone },
	{ "cgroup: clone", clone_cgroups },
	{ "enter and copy the pinned namespace", root_enter_pinned },
	{ "root: attach", root_attach },
};

static const struct {
	unsigned bit;
	struct floor_step step;
} mount_steps[] = {
	{ FM_PROC, { "mount /proc", mount_proc } },
	{ FM_DEV, { "mount /dev", mount_dev } },
	{ FM_PTS, { "mount /dev/pts", mount_pts } },
	{ FM_SHM, { "mount /dev/shm", mount_shm } },
	{ FM_MQUEUE, { "mount /dev/mqueue", mount_mqueue } },
	{ FM_SYS, { "mount /sys", mount_sys } },
	{ FM_CGROUP, { "mount /sys/fs/cgroup", mount_cgroup } },
};

static const struct floor_step child_devices[] = { { "devices and symlinks", make_devices } };
static const struct floor_step child_masks[] = {
	{ "masked paths", mask_paths },
	{ "read-only paths", readonly_paths },
};
static const struct floor_step child_net[] = {
	{ "loopback up", net_loopback },
	{ "veth, address, route", net_veth },
};
static const struct floor_step child_pivot[] = { { "pivot_root, detach the old root", root_pivot } };
static const struct floor_step child_last[] = {
	{ "keyring", set_keyring },
	{ "rlimits", set_rlimits },
	{ "capabilities", drop_caps },
	{ "seccomp", load_seccomp },
};

static void mount_all(struct floor *f)
{
	if (f->o.pinned)
		RUN_STEPS(f, child_mounts_pinned);
	else
		RUN_STEPS(f, child_mounts);
	for (size_t i = 0; i < sizeof(mount_steps) / sizeof(mount_steps[0]); i++)
		if (f->o.mounts & mount_steps[i].bit)
			run_steps(f, &mount_steps[i].step, 1);
	if (f->o.devices && (f->o.mounts & FM_DEV))
		RUN_STEPS(f, child_devices);
	if (f->o.masks && (f->o.mounts & FM_PROC))
		RUN_STEPS(f, child_masks);
}

static void make_namespaces(struct floor *f)
{
	RUN_STEPS(f, child_before_mounts);
	if (f->o.ns & CLONE_NEWUTS)
		set_uts(f);
	if (f->o.ns & CLONE_NEWNET)
		RUN_STEPS(f, child_net);
	if (f->o.ns & CLONE_NEWNS) {
		mount_all(f);
		RUN_STEPS(f, child_pivot);
	}
}

__attribute__((noreturn)) static void child_main(struct floor *f)
{
	uint64_t go;
	char byte;

	if (f->o.ns & CLONE_NEWUSER && f->o.mode != FLOOR_EXEC) {
		if (read(f->sync_fd, &go, 8) != 8)
			die("wait for the id maps");
		if (f->o.idmap_base) {
			f->rootfd = (int)go; /* the parent's number, in the table that we share */
			if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
				die("become root of the user namespace");
		}
	}
	time_mark("clone3");
	if (f->o.mode == FLOOR_EXEC)
		RUN_STEPS(f, child_before_mounts);
	else
		make_namespaces(f);
	RUN_STEPS(f, child_last);
	if (f->o.mode == FLOOR_CREATE) {
		if (write(f->sync_fd, "r", 1) != 1 || read(f->gate_fd, &byte, 1) != 1)
			die("wait for start");
	}
	execve(f->o.argv[0], f->o.argv, environ);
	die("exec %s", f->o.argv[0]);
}

/* The call is in line because a vfork child returns into its parent's frame: a function that both return from
 * would find its return address overwritten by the child. */
static inline __attribute__((always_inline)) long clone3_inline(struct clone_args *args)
{
#if defined(__x86_64__)
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(SYS_clone3), "D"(args), "S"(sizeof(*args))
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	return x0;
#else
#error "clone3 is not written for this machine"
#endif
}

/* noinline, and nothing after the child's branch but a call that does not return: see clone3_inline(). */
__attribute__((noinline)) static pid_t spawn(struct floor *f, struct clone_args *args)
{
	long pid = clone3_inline(args);

	if (pid == 0)
		child_main(f);
	return (pid_t)pid;
}

static void write_maps(struct floor *f)
{
	static const char *const files[] = { "uid_map", "gid_map" };
	uint64_t go = 1;
	char path[64], map[64];

	time_mark("clone3 with a user namespace");
	snprintf(map, sizeof(map), "0 %d 65536\n", f->o.idmap_base);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", f->pid, files[i]);
		write_file(AT_FDCWD, path, map);
	}
	time_mark("id maps");
	if (f->o.idmap_base) {
		root_idmapped(f);
		go = (uint64_t)f->rootfd;
	}
	if (write(f->sync_fd, &go, 8) != 8)
		die("let the child go");
}

static void clone_child(struct floor *f, uint64_t flags)
{
	struct clone_args args;

	memset(&args, 0, sizeof(args));
	args.flags = flags;
	args.exit_signal = SIGCHLD;
	if (!f->o.fork && f->o.mode != FLOOR_CREATE && !(flags & CLONE_NEWUSER))
		args.flags |= CLONE_VM | CLONE_VFORK;
	if (f->o.idmap_base)
		args.flags |=
			CLONE_FILES; /* the root that we open meanwhile is then the child's, too; execve ends it */
	if (f->v2_dirfd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)f->v2_dirfd;
	}
	f->pid = spawn(f, &args);
	if (f->pid < 0) {
		cg_remove(f); /* nothing was started: leave nothing */
		errno = -f->pid;
		die("clone3");
	}
}

void spawn_run(struct floor *f)
{
	if (f->o.ns & CLONE_NEWUSER)
		f->sync_fd = eventfd(0, EFD_CLOEXEC);
	net_veth_prepare(f);
	/* the cgroup namespace comes after the entry into the v1 hierarchies, so by unshare */
	clone_child(f, f->o.ns & ~(uint64_t)(CLONE_NEWCGROUP | (f->o.pinned ? CLONE_NEWNS : 0)));
	if (f->o.ns & CLONE_NEWUSER)
		write_maps(f);
}

void spawn_exec(struct floor *f)
{
	int pidfd = (int)syscall(SYS_pidfd_open, f->o.target, 0);

	if (pidfd < 0)
		die("pidfd of %d", f->o.target);
	if (setns(pidfd, (int)f->o.ns) < 0)
		die("enter the namespaces of %d", f->o.target);
	time_mark("setns");
	clone_child(f, 0);
	close(pidfd);
}

int floor_wait(struct floor *f)
{
	int status;

	if (waitpid(f->pid, &status, 0) < 0)
		die("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
