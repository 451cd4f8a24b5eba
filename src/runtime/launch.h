#pragma once
/* A container started by a process that stays with it: the engine's monitor. As `run`, but what
 * `run` does while the program lives (terminal, signals, waiting) is the caller's. */
#include "runtime/runtime.h"

struct rt_running {
	pid_t pid; /* a child of the caller, who reaps it */
	int pidfd; /* owned by this struct */
	int master; /* of its terminal, or FD_NONE; owned by this struct */
	uint64_t start_ticks; /* of struct proc_stat */
	struct creation *creation;
};

#define RT_RUNNING_INIT \
	{ \
		.pidfd = FD_NONE, .master = FD_NONE \
	}

/* rt_launch - create and start in one go; returns when the program was executed. The program
 * inherits the caller's descriptors 0 to 2 unless it has a terminal. On error everything is undone
 * and *ret is empty. End with rt_running_end() after the program ended, or rt_running_done() to
 * leave the container to others. */
int rt_launch(struct rt_context *c, const struct rt_create *req, struct rt_running *ret, struct err *e) must_check;
/* rt_running_end - remove what the container has outside itself (processes left over, cgroup,
 * state), as rt_delete() would, with the facts at hand. The caller has reaped the program. */
int rt_running_end(struct rt_running *r, struct err *e) must_check;
void rt_running_done(struct rt_running *r);

/* What the kernel says about want of memory in a container. */
struct rt_oom {
	uint64_t kills; /* processes it has killed, in cgroups below included */
	uint64_t limit_bytes, peak_bytes; /* UINT64_MAX: none; 0: not known */
	char cgroup[2048];
};

/* rt_running_oom - of a container that was launched, before rt_running_end(). */
int rt_running_oom(const struct rt_running *r, struct rt_oom *ret, struct err *e) must_check;
/* rt_oom - of container @id of the state root, while its cgroup is there. One without a cgroup has no kills. */
int rt_oom(struct rt_context *c, const char *id, struct rt_oom *ret, struct err *e) must_check;
