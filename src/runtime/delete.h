#pragma once
/* The end of a container. */
#include "cg/tree.h"
#include "runtime/statedir.h"

/* rt_destroy - undo everything that @s records, for a container whose first process has ended and whose lock the
 * caller holds: cgroup (with any process left in it), scope, resctrl group; then the poststop hooks in
 * @poststop (NULL: none; a failing one is a warning) with @bundle_dir as working directory; then ROOT/ID. What
 * fails stays recorded, so that a later delete goes on there. */
int rt_destroy(struct rt_context *c, const struct cg_host *host, int state_fd, const struct rt_state *s,
	const struct rc_hook_list *poststop, struct err *e) must_check;
/* rt_destroy_outside - only the part outside ROOT/ID; also of what rt_state_mark() recorded. */
int rt_destroy_outside(struct rt_context *c, const struct cg_host *host, const struct rt_state *s, struct err *e)
	must_check;
