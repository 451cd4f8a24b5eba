/* One clone3 makes the container's first process, in its cgroup and its namespaces. It borrows the parent's memory
 * until execve (CLONE_VM), on a stack of its own: nothing is copied, and no page that it touches is charged to the
 * container's memory cgroup. The parent sleeps meanwhile (CLONE_VFORK), but where it has to write the id maps of a
 * user namespace or to leave a created container behind. */
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

#define CHILD_STACK 65536

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
	if (f->o.devices && (f->o.mounts & FM_DEV) && !(f->o.ns & CLONE_NEWUSER))
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
			if (unshare(CLONE_FILES) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
				die("become root of the user namespace");
		}
	}
	time_mark(spawn_sleeps(f) ? "clone3" : "the child's turn");
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

/* Both processes return from the call, one of them on a stack where nothing is to return to: so the child's way goes
 * on in the assembler. */
static long clone3_child(const struct clone_args *args, struct floor *f)
{
#if defined(__x86_64__)
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %[f], %%rdi\n\t"
			 "call *%[child]\n"
			 "1:"
			 : "=a"(ret)
			 : "0"(SYS_clone3), "D"(args), "S"(sizeof(*args)), [f] "r"(f), [child] "r"(child_main)
			 : "rcx", "r11", "memory", "cc");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, %[f]\n\t"
			 "blr %[child]\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), [f] "r"(f), [child] "r"(child_main)
			 : "x30", "memory", "cc");
	return x0;
#else
#error "clone3 is not written for this machine"
#endif
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

/* Whether this process sleeps until the program begins. */
bool spawn_sleeps(const struct floor *f)
{
	return !f->o.fork && f->o.mode != FLOOR_CREATE && !(f->o.ns & CLONE_NEWUSER && f->o.mode != FLOOR_EXEC);
}

static void clone_child(struct floor *f, uint64_t flags)
{
	static char stack[CHILD_STACK] __attribute__((aligned(16)));
	struct clone_args args;

	memset(&args, 0, sizeof(args));
	args.flags = flags;
	args.exit_signal = SIGCHLD;
	args.stack = (uintptr_t)stack;
	args.stack_size = sizeof(stack);
	if (!f->o.fork)
		args.flags |= CLONE_VM;
	if (spawn_sleeps(f))
		args.flags |= CLONE_VFORK;
	if (f->o.idmap_base)
		args.flags |= CLONE_FILES; /* until the child has the root that we open meanwhile */
	if (f->v2_dirfd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)f->v2_dirfd;
	}
	f->pid = (pid_t)clone3_child(&args, f);
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
