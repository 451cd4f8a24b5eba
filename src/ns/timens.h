#pragma once
/* The time namespace and its offsets, time_namespaces(7). clone3(CLONE_NEWTIME) would enter the namespace at
 * once and freeze its offsets, so the child unshares it, sets the offsets, and enters by setns: execve does that only
 * since Linux 6.2, and Debian 12 has 6.1. Leave CLONE_NEWTIME out of the flags of clone3. */
#include <stddef.h>
#include "base/err.h"
#include "spec/runtime_config.h"

struct ns_timens {
	char text[128]; /* what goes to timens_offsets */
	size_t len; /* 0: no offsets */
};

/* ns_timens_prepare - the text; either offset may be unset. Pure. */
void ns_timens_prepare(
	const struct rc_time_offset *monotonic, const struct rc_time_offset *boottime, struct ns_timens *ret);
/* ns_timens_unshare - make the namespace, set its offsets and enter it. @procfd: an O_PATH descriptor of a procfs
 * that shows this process. CHILD. -ERANGE: the clocks would be negative. */
int ns_timens_unshare(const struct ns_timens *t, int procfd, struct err *e) must_check;
