#pragma once
/* Being told when the kernel kills for lack of memory in a container. */
#include "cg/tree.h"

struct cg_oom {
	int fd; /* poll for POLLIN, then cg_oom_read() */
	int control; /* v1: memory.oom_control, v2: cgroup.events, kept open */
	bool v2;
	uint64_t oom, oom_kill; /* memory.events when last read */
	int events; /* v2: memory.events, kept open */
};

/* cg_oom_open - watch the cgroup at @path: v1 an eventfd at memory.oom_control, v2 inotify on memory.events. No
 * memory controller is -EOPNOTSUPP, ERR_UNSUPPORTED. End with cg_oom_done(). */
int cg_oom_open(const struct cg_host *h, const char *path, struct cg_oom *ret, struct err *e) must_check;
/* cg_oom_read - after POLLIN: did an OOM happen (*ret_oom), or is the cgroup gone or (v2) left by
 * its last process (*ret_gone). Both may be. */
int cg_oom_read(struct cg_oom *o, bool *ret_oom, bool *ret_gone, struct err *e) must_check;
/* cg_oom_kills - how many processes the kernel has killed in the cgroup at @path and below for want of memory:
 * memory.events (v2) or memory.oom_control (v1, Linux 4.13). No memory controller or no such cgroup is 0. */
int cg_oom_kills(const struct cg_host *h, const char *path, uint64_t *ret, struct err *e) must_check;
/* cg_memory_peak - the limit (UINT64_MAX: none) and the highest use so far of the cgroup at @path: memory.max and
 * memory.peak (v2, Linux 5.19), memory.limit_in_bytes and memory.max_usage_in_bytes (v1). What cannot be read is 0. */
void cg_memory_peak(const struct cg_host *h, const char *path, uint64_t *ret_limit, uint64_t *ret_peak);
void cg_oom_done(struct cg_oom *o);
