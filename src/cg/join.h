#pragma once
/* Entering the split (v1) hierarchies from inside: what the child does right after clone3. */
#include "base/err.h"

enum { CG_MAX_HIER = 24, CG_DIR_SIZE = 128 };

/* One open `tasks` file per v1 hierarchy, opened by the parent. Plain data, no pointers. */
struct cg_join {
	int n;
	struct cg_join_one {
		int fd;
		char name[48]; /* of the hierarchy, for the error */
	} v[CG_MAX_HIER];
};

/* cg_join_self - move the calling task into every cgroup of @j by writing "0" (0.07 ms for eight; a pid in
 * cgroup.procs waits for an RCU grace period of 8 ms). The caller must be single-threaded. Usable between
 * clone3 and execve: only write(2). The descriptors stay open. cgroup-v1/cgroups.rst "2.2 Attaching". */
int cg_join_self(const struct cg_join *j, struct err *e) must_check;
/* cg_join_done - close the descriptors. */
void cg_join_done(struct cg_join *j);
