#pragma once
/* Handing a cgroup v2 directory to another user, cgroups(7) "Cgroups delegation". */
#include <sys/types.h>
#include "cg/tree.h"

/* cg_give - change the owner of the cgroup at @path (unified hierarchy) and of those of its files that
 * /sys/kernel/cgroup/delegate lists. runtime-spec config-linux.md "Cgroup ownership". */
int cg_give(const struct cg_host *h, const char *path, uid_t uid, gid_t gid, struct err *e) must_check;
