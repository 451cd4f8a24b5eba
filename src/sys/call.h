#pragma once
/* System calls that the oldest supported libc (glibc 2.36) lacks, and those whose wrapper does more than
 * the call. Each returns what the kernel returns with errno set on -1. */
#include <linux/bpf.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>

/* linux/sched/types.h clashes with libc's sched.h; the layout is ABI (sched_setattr(2), Linux 5.3). */
struct sys_sched_attr {
	uint32_t size;
	uint32_t sched_policy;
	uint64_t sched_flags;
	int32_t sched_nice;
	uint32_t sched_priority;
	uint64_t sched_runtime;
	uint64_t sched_deadline;
	uint64_t sched_period;
	uint32_t sched_util_min;
	uint32_t sched_util_max;
};

int sys_openat2(int dirfd, const char *path, const struct open_how *how);
/* sys_open_tree_attr - open_tree(2) and mount_setattr(2) in one call (Linux 6.15), or in two. @flags has
 * OPEN_TREE_CLONE; with AT_RECURSIVE the attributes are set on every mount of the tree. */
int sys_open_tree_attr(int dirfd, const char *path, unsigned flags, struct mount_attr *attr);
/* sys_clone3 - as fork(2): 0 in the child. The caller must be single-threaded. */
pid_t sys_clone3(struct clone_args *args);
int sys_seccomp(unsigned op, unsigned flags, void *args);
int sys_bpf(int cmd, union bpf_attr *attr, unsigned size);
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_sched_setattr(pid_t pid, const struct sys_sched_attr *attr, unsigned flags);
int sys_ioprio_set(int which, int who, int ioprio);
int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long maxnode);
long sys_keyctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int sys_capset(const void *header, const void *data);
int sys_capget(void *header, void *data);
int sys_setgroups(size_t n, const gid_t *list); /* this thread only, without libc's broadcast */
int sys_setresuid(uid_t r, uid_t e, uid_t s);
int sys_setresgid(gid_t r, gid_t e, gid_t s);
/* sys_signal_default - SIG_DFL for any signal, also 32 and 33, which libc keeps for itself and refuses. */
int sys_signal_default(int sig);
int sys_pidfd_send_signal(int pidfd, int sig);
int sys_pidfd_open(pid_t pid, unsigned flags);
int sys_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags);
/* Landlock (Linux 5.13). The header of Debian 12 knows less than kernels do; the layout is ABI. */
struct sys_landlock_ruleset {
	uint64_t fs, net, scoped; /* what is governed: all of it is refused but for the rules */
};
struct sys_landlock_below {
	uint64_t allowed;
	int parent_fd;
} __attribute__((packed));
enum { SYS_LANDLOCK_ABI_MIN = 2 /* Linux 5.19: the first that lets files be renamed across directories */ };
/* sys_landlock_abi - its version; -1 when the kernel has it not, or not switched on. */
int sys_landlock_abi(void);
int sys_landlock_create_ruleset(const struct sys_landlock_ruleset *attr);
int sys_landlock_add_rule(int ruleset_fd, const struct sys_landlock_below *rule);
int sys_landlock_restrict_self(int ruleset_fd);
struct perf_event_attr;
int sys_perf_event_open(const struct perf_event_attr *attr, pid_t pid, int cpu, int group, unsigned long flags);
