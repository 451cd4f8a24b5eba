#pragma once
/* Use and pressure of a container's resources: the data of `events --stats`. */
#include "base/buf.h"
#include "cg/tree.h"

/* cg_stats_json - append the members "cpu", "cpuset", "memory", "pids", "blkio", "hugetlb" as one JSON object
 * without the closing brace, so that the caller can add "intel_rdt" and "network_interfaces" (each member
 * is followed by a comma only between members). Controllers that are not there are left out or zero, as runc
 * prints them. Times in ns. */
int cg_stats_json(const struct cg_host *h, const char *path, struct buf *ret, struct err *e) must_check;
