#pragma once
/* linux.resources of config.json as values in cgroup files. */
#include "cg/tree.h"

enum cg_limits_flag {
	CG_LIMITS_UPDATE = 1, /* a running container: mind the order of memory and swap, checkBeforeUpdate */
};

/* cg_limits_set - write every limit of @res (devices excepted: cg/devices.h) into the cgroup at @path. Errors are
 * ERR_CONFIG or ERR_SYSTEM "/linux/resources/memory/limit: write 1024 to memory.max: …" with a hint. A limit
 * that cannot be applied (controller absent or not delegated, wrong cgroup version) is an error, never
 * skipped. @path "" (no cgroup of its own) is an error if @res asks for any limit.
 * runtime-spec config-linux.md "Control groups"; cgroup-v2.rst; cgroup-v1. */
int cg_limits_set(const struct cg_host *h, const char *path, const struct rc_resources *res, unsigned flags,
	struct err *e) must_check;

/* cg_limits_any - does @res set any limit (devices do not count). */
bool cg_limits_any(const struct rc_resources *res);
/* cg_limits_controllers - bit per controller that @res needs. */
unsigned cg_limits_controllers(const struct rc_resources *res);

/* --- conversions, exported for the systemd driver and the tests -------------------------------------------- */

/* cg_weight_of_shares - cpu.weight (1 to 10000) for v1 cpu.shares (2 to 262144; 0: 0, not set), such that 1024
 * gives 100: exponent of a parabola through (2,1), (1024,100), (262144,10000) in log-log coordinates. */
uint64_t cg_weight_of_shares(uint64_t shares);
/* cg_io_weight_of_blkio - io.weight (1 to 10000) for blkio weight (10 to 1000). */
uint64_t cg_io_weight_of_blkio(uint64_t weight);
/* cg_swap_v2 - memory.swap.max (-1: max) from memory+swap and memory of the spec. -EINVAL with a cause in @e. */
int cg_swap_v2(int64_t memory_swap, int64_t memory, int64_t *ret, struct err *e) must_check;
