#pragma once
/* The state document. runtime-spec runtime.md "State". */
#include "runtime/statedir.h"

#define RT_OCI_VERSION "1.3.0"

/* rt_state_document - as callers of `state` and hooks read it, appended to @ret without a newline. @pid is left
 * to the caller: a hook inside the container knows the process by another number; 0 when there is none. */
void rt_state_document(const struct rt_state *s, enum rt_status status, pid_t pid, struct buf *ret);
/* rt_state_fill_owner - set @s->owner from @s->uid if it is not known. */
void rt_state_fill_owner(struct rt_state *s);
