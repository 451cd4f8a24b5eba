#pragma once
/* A new v1 cpuset is empty and takes no task until it has cpus and mems. cgroup-v1/cpusets.rst. */
#include "cg/tree.h"

/* cg_cpuset_inherit - if @hier is the cpuset hierarchy, give the new cgroup at @path its parent's cpus and mems. What
 * cannot be done shows when a task is moved in (ENOSPC); so no error here. */
void cg_cpuset_inherit(const struct cg_host *h, int hier, const char *path);
/* cg_cpuset_fill - the same for @path and every cgroup above it that is still empty. */
void cg_cpuset_fill(const struct cg_host *h, int hier, const char *path);
/* cg_cpuset_pass_on - let cgroups that are made below @path later begin with its cpus and mems. */
void cg_cpuset_pass_on(const struct cg_host *h, int hier, const char *path);
