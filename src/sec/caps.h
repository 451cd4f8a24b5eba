#pragma once
/* Capabilities of the container's first process. Sets are bit masks: bit n is capability n.
 *
 * Order in the child (capabilities(7), credentials(7)):
 *   1. caps_drop_bounding  needs CAP_SETPCAP, which the later steps give up
 *   2. caps_keep           or setresuid(2) to a plain user would empty the permitted set
 *   3. setgroups, setresgid, setresuid
 *   4. caps_apply          gives up the rest, in one capset(2), then raises the ambient ones
 * What loads a seccomp filter without no_new_privs needs CAP_SYS_ADMIN and so stands before 4. */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "spec/runtime_config.h"

struct caps_sets {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

/* caps_last - the number of the last capability this kernel knows, by prctl(2): two calls on a kernel of
 * today. Ask once and keep the answer. */
int caps_last(void);
/* caps_all - the mask of capabilities 0 to @last. */
uint64_t caps_all(int last);
/* caps_have - what this process may hand on: the permitted set by one capget(2). The first process of a new
 * user namespace has all of them (user_namespaces(7)): use caps_all() there. */
int caps_have(uint64_t *ret, struct err *e) must_check;
/* caps_clamp - the sets of @want (NULL: all empty) as far as @have allows, made consistent: effective and
 * ambient within permitted, ambient within inheritable, inheritable within bounding. *ret_missing are the asked-for
 * capabilities that
 * @have lacks (the spec wants a warning); *ret_dropped those left out because the sets contradict each
 * other. Both may be NULL. runtime-spec config.md "Linux Process". */
void caps_clamp(const struct rc_capabilities *want, uint64_t have, struct caps_sets *ret, uint64_t *ret_missing,
	uint64_t *ret_dropped);
/* caps_names - "CAP_CHOWN CAP_KILL" for a warning, into @dst of @size bytes; returns @dst. */
const char *caps_names(uint64_t mask, char *dst, size_t size);

/* caps_drop_bounding - CHILD. Leave only @keep of @from in the bounding set; @from may have capabilities that the
 * kernel does not know. One prctl(2) per dropped capability. Without CAP_SETPCAP -EPERM, unless there was nothing to
 * drop. */
int caps_drop_bounding(uint64_t from, uint64_t keep, struct err *e) must_check;
/* caps_keep - CHILD. Keep the permitted set across setresuid(2); execve(2) ends it. */
int caps_keep(struct err *e) must_check;
/* caps_apply - CHILD. Set permitted, effective and inheritable in one capset(2), then make the ambient set
 * exactly @s->ambient. @s comes from caps_clamp(). -EPERM: a capability this process does not have. */
int caps_apply(const struct caps_sets *s, struct err *e) must_check;
