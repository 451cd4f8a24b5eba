#pragma once
/* What a container does now, asked of the kernel. A probe keeps what is the same for all containers (the cgroup
 * hierarchies, the boot id), so that listing a thousand costs little more per container than asking for one. */
#include "cg/tree.h"
#include "runtime/statedir.h"
#include "sys/proc.h"

struct rt_probe {
	struct cg_host host;
	bool has_host;
	char boot[PROC_BOOT_ID_SIZE]; /* "": not asked yet */
};

void rt_probe_init(struct rt_probe *p);
void rt_probe_done(struct rt_probe *p);
/* rt_probe_host - the hierarchies, found at the first call. */
int rt_probe_host(struct rt_probe *p, struct err *e) must_check;
/* rt_probe_status - as rt_state_status(). */
int rt_probe_status(struct rt_probe *p, const struct rt_state *s, enum rt_status *ret, int *ret_pidfd, struct err *e)
	must_check;
