#pragma once
/* Visiting a cgroup and all below it. */
#include "cg/tree.h"

/* cg_visit - called for each cgroup, children first: @rel is its path below @base (an O_PATH descriptor or the
 * one given to cg_walk). Returns 0 or -errno to end the walk. */
typedef int (*cg_visit)(int base, const char *rel, void *arg, struct err *e);

/* cg_walk - visit the cgroup at @path of hierarchy @hier and everything below it. What vanishes meanwhile is
 * skipped; an absent @path visits nothing. However deep a container nested its cgroups, few descriptors and
 * little stack are used; over 10,000 levels is -ELOOP. */
int cg_walk(const struct cg_host *h, int hier, const char *path, cg_visit visit, void *arg, struct err *e) must_check;
