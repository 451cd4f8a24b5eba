#pragma once
/* Scheduling, CPU and memory placement, personality and OOM score of the container's first process. */
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"
#include "spec/runtime_config.h"

/* A set of small numbers (CPUs or memory nodes). */
enum { SCHED_SET_BITS = 8192, SCHED_SET_WORD_BITS = 8 * sizeof(unsigned long) };
struct sched_set {
	unsigned long word[SCHED_SET_BITS / SCHED_SET_WORD_BITS];
	size_t n_bits; /* highest member + 1 */
};

/* sched_set_parse - "0-3,7" into @ret. @what names the field in errors (ERR_CONFIG). */
int sched_set_parse(const char *what, const char *text, struct sched_set *ret, struct err *e) must_check;

/* All below are CHILD; @pid 0 is the caller. */

/* sched_apply - policy, nice, priority, flags and deadline values. -EPERM names the missing privilege.
 * sched_setattr(2). A real-time or deadline policy is refused with -EBUSY/-EPERM where the cgroup has no
 * real-time budget. */
int sched_apply(pid_t pid, const struct rc_scheduler *s, struct err *e) must_check;
/* sched_io_priority - ioprio_set(2). */
int sched_io_priority(pid_t pid, const struct rc_io_priority *p, struct err *e) must_check;
/* sched_affinity - run on @cpus only; -EINVAL when none of them is there or allowed. */
int sched_affinity(pid_t pid, const struct sched_set *cpus, struct err *e) must_check;
/* sched_memory_policy - @nodes may be NULL for modes without. set_mempolicy(2). */
int sched_memory_policy(int mode, unsigned mode_flags, const struct sched_set *nodes, struct err *e) must_check;
/* sched_personality - personality(2). */
int sched_personality(unsigned long persona, struct err *e) must_check;
/* sched_oom_score_adj - of the calling process, through @proc_fd (a verified procfs root). Lowering it needs
 * CAP_SYS_RESOURCE and a dumpable process. */
int sched_oom_score_adj(int proc_fd, int value, struct err *e) must_check;
