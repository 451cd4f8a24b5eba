#pragma once
/* All containers of a state root. */
#include "runtime/statedir.h"

struct rt_list_entry {
	char *id, *bundle, *rootfs, *created, *owner;
	enum rt_status status;
	pid_t pid; /* 0 when stopped */
	char *json; /* its state document */
};

struct rt_list {
	struct arena arena;
	struct rt_list_entry *v; /* by id */
	size_t n;
};

/* rt_list - what exists now. A container that is being created or deleted meanwhile is left out; one whose state
 * cannot be read is left out with a warning that names it. End with rt_list_done(). */
int rt_list(struct rt_context *c, struct rt_list *ret, struct err *e) must_check;
void rt_list_done(struct rt_list *l);
/* rt_list_json - an array of state documents, "null" when there is none (what callers of `list` know). */
void rt_list_json(const struct rt_list *l, struct buf *ret);
