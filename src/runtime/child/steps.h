#pragma once
/* What the steps of run.c share. All of it runs between clone3 and execve. */
#include "runtime/child/plan.h"

/* What the child has opened on its way. */
struct child_state {
	int root_tree; /* the detached root filesystem, or FD_NONE */
	int rootfd; /* root of the container: below the host's root first, "/" after the pivot */
	int cwdfd; /* process.cwd, opened while we may; FD_NONE: we are there already */
	bool at_root; /* the working directory is the container's root */
	/* Filesystems that we have mounted and nobody else has seen: a tmpfs on /dev, a procfs, a sysfs; or FD_NONE. */
	int dev, proc, sys;
	bool dev_whole; /* the runtime has made what is in it */
	bool own_null; /* we have made /dev/null in it */
	bool fresh_null; /* where nobody else could have touched it */
	int master, slave; /* terminal */
	int start; /* connection of `start` */
	const char *program; /* what to execute */
	bool early; /* cgroup, names and loopback are done */
	bool is_root; /* real, effective and saved ids are 0 already */
};

/* step_ns.c */
int step_join(const struct child_plan *p, struct child_state *s, struct err *e);
int step_user(const struct child_plan *p, struct child_state *s, struct err *e);
int step_early(const struct child_plan *p, struct child_state *s, struct err *e);
int step_cgroup(const struct child_plan *p, struct child_state *s, struct err *e);
int step_session(const struct child_plan *p, struct child_state *s, struct err *e);
int step_names(const struct child_plan *p, struct child_state *s, struct err *e);
int step_net(const struct child_plan *p, struct child_state *s, struct err *e);
int step_sysctl(const struct child_plan *p, struct child_state *s, struct err *e);
/* step_root.c */
int step_isolate(const struct child_plan *p, struct child_state *s, struct err *e);
int step_pivot(const struct child_plan *p, struct child_state *s, struct err *e);
int step_seal(const struct child_plan *p, struct child_state *s, struct err *e);
/* step_mounts.c */
int step_mounts(const struct child_plan *p, struct child_state *s, struct err *e);
/* step_cgroup_mount.c */
int cgroup_mount(const struct child_plan *p, const struct child_mount *m, struct mnt_at at, struct err *e);
/* step_dev.c */
int step_dev(const struct child_plan *p, struct child_state *s, struct err *e);
int step_console(const struct child_plan *p, struct child_state *s, struct err *e);
/* step_mask.c */
int step_mask(const struct child_plan *p, struct child_state *s, struct err *e);
/* step_exec.c: shared with child_exec_main() */
/* program_prepare - working directory, HOME and the program itself, looked up in the root behind @rootfd. */
int program_prepare(const struct child_program *g, int rootfd, struct child_state *s, struct err *e);
/* program_execute - step_lockdown.c: give up every privilege, then execute; returns only on failure. */
int program_execute(const struct child_program *g, struct child_state *s, int proc, int report, struct err *e);
int console_open(int rootfd, const struct rc_process *process, struct child_state *s, struct err *e);
/* signals_reset - default dispositions for what the runtime's caller ignored; empty mask. */
int signals_reset(uint64_t ignored, struct err *e);
