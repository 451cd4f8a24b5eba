#pragma once
/* Finding cgroups that interrupted commands left. */
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

struct cg_sweep {
	const char *parent; /* "/tare": only what is right below it, in each hierarchy */
	int older_s; /* seconds: a start makes the cgroup a moment before the process in it */
	bool remove;
	bool (*needed)(void *ctx, const char *name);
	void *ctx;
};

/* cg_sweep - cgroups without a process that are not @needed and older than that: *ret_n of them (each counted
 * once for every hierarchy), of which *ret_left are still there. */
int cg_sweep(const struct cg_sweep *s, size_t *ret_n, size_t *ret_left, struct err *e) must_check;
