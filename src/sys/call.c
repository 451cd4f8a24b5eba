/* Raw system calls, one function each, nothing else. */
#include "sys/call.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* Linux 6.15; one number on all architectures */
#endif

int sys_openat2(int dirfd, const char *path, const struct open_how *how)
{
	return (int)syscall(SYS_openat2, dirfd, path, how, sizeof(*how));
}

int sys_open_tree_attr(int dirfd, const char *path, unsigned flags, struct mount_attr *attr)
{
	int fd = (int)syscall(SYS_open_tree_attr, dirfd, path, flags, attr, sizeof(*attr));

	if (fd >= 0 || errno != ENOSYS)
		return fd;
	fd = open_tree(dirfd, path, flags);
	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH | (flags & AT_RECURSIVE), attr, sizeof(*attr)) == 0)
		return fd;
	int num = errno;
	close(fd);
	errno = num;
	return -1;
}

pid_t sys_clone3(struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

int sys_seccomp(unsigned op, unsigned flags, void *args)
{
	return (int)syscall(SYS_seccomp, op, flags, args);
}

int sys_bpf(int cmd, union bpf_attr *attr, unsigned size)
{
	return (int)syscall(SYS_bpf, cmd, attr, size);
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

int sys_sched_setattr(pid_t pid, const struct sys_sched_attr *attr, unsigned flags)
{
	return (int)syscall(SYS_sched_setattr, pid, attr, flags);
}

int sys_ioprio_set(int which, int who, int ioprio)
{
	return (int)syscall(SYS_ioprio_set, which, who, ioprio);
}

int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long maxnode)
{
	return (int)syscall(SYS_set_mempolicy, mode, nodes, maxnode);
}

long sys_keyctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return syscall(SYS_keyctl, op, a, b, c, d);
}

int sys_capset(const void *header, const void *data)
{
	return (int)syscall(SYS_capset, header, data);
}

int sys_capget(void *header, void *data)
{
	return (int)syscall(SYS_capget, header, data);
}

int sys_setgroups(size_t n, const gid_t *list)
{
	return (int)syscall(SYS_setgroups, n, list);
}

int sys_setresuid(uid_t r, uid_t e, uid_t s)
{
	return (int)syscall(SYS_setresuid, r, e, s);
}

int sys_setresgid(gid_t r, gid_t e, gid_t s)
{
	return (int)syscall(SYS_setresgid, r, e, s);
}

int sys_signal_default(int sig)
{
	/* The kernel's struct sigaction, all zero: SIG_DFL, no flags, empty mask of 64 signals. */
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} def = { 0 };

	return (int)syscall(SYS_rt_sigaction, sig, &def, NULL, sizeof(def.mask));
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

int sys_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, dirfd, path, argv, envp, flags);
}

int sys_perf_event_open(const struct perf_event_attr *attr, pid_t pid, int cpu, int group, unsigned long flags)
{
	return (int)syscall(SYS_perf_event_open, attr, pid, cpu, group, flags);
}

int sys_landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);
}

int sys_landlock_create_ruleset(const struct sys_landlock_ruleset *attr)
{
	return (int)syscall(SYS_landlock_create_ruleset, attr, sizeof(*attr), 0);
}

int sys_landlock_add_rule(int ruleset_fd, const struct sys_landlock_below *rule)
{
	return (int)syscall(SYS_landlock_add_rule, ruleset_fd, 1 /* LANDLOCK_RULE_PATH_BENEATH */, rule, 0);
}

int sys_landlock_restrict_self(int ruleset_fd)
{
	return (int)syscall(SYS_landlock_restrict_self, ruleset_fd, 0);
}
