#pragma once
/* Shared by the files of cg/ that find and make directories. */
#include "cg/tree.h"

/* cg_host_verify - check each hierarchy's place by statfs(2), look in mountinfo for those elsewhere, drop
 * those that are not mounted. Indices change. */
int cg_host_verify(struct cg_host *h, struct err *e) must_check;
/* cg_path_of - the cgroup of process @pid (0: the caller) in @hier, from /proc/PID/cgroup. */
int cg_path_of(pid_t pid, const struct cg_hier *hier, char ret[static CG_PATH_SIZE], struct err *e) must_check;
