#pragma once
/* Pause and resume. */
#include <sys/types.h>
#include "cg/tree.h"

/* cg_freeze - stop (@frozen) or continue every process at and below @path and wait until it is so, at most
 * @timeout_ms: -ETIMEDOUT then, and the cgroup is thawed again. cgroup-v2.rst "cgroup.freeze",
 * cgroup-v1/freezer-subsystem.rst. No freezer here is -EOPNOTSUPP, ERR_UNSUPPORTED. */
int cg_freeze(const struct cg_host *h, const char *path, bool frozen, int timeout_ms, struct err *e) must_check;
/* cg_frozen - was it told to freeze (by us or by a process of the same privilege). Absent: false. */
int cg_frozen(const struct cg_host *h, const char *path, bool *ret, struct err *e) must_check;
/* cg_thaw_v1 - undo any freezing by the v1 freezer at and below @path, without waiting: needed before a kill. */
int cg_thaw_v1(const struct cg_host *h, const char *path, struct err *e) must_check;
/* cg_fetch_frozen - bring process @pid, which somebody put into a frozen v1 cgroup of his own, back to @path: there it
 * continues, and can end. Nothing without a v1 freezer or without such a process. */
int cg_fetch_frozen(const struct cg_host *h, const char *path, pid_t pid, struct err *e) must_check;
