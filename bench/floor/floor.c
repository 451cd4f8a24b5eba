/* floor: only the kernel work of a container, done the fastest correct way known. It is the physical limit on this
 * machine that every ratio in bench/ refers to; --breakdown says where its time goes. */
#include "floor.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

static const struct floor_step before_run[] = {
	{ "pinned namespace: open", root_open_pinned },
	{ "cgroup: find", cg_find },
	{ "cgroup: mkdir", cg_make },
	{ "device rules", cg_device_rules },
	{ "seccomp: read the filter", read_seccomp },
	{ "writable layer: mkdir", root_layer },
	{ "/dev and its devices beforehand", dev_beforehand },
};
static const struct floor_step before_exec[] = {
	{ "cgroup: find", cg_find },
	{ "cgroup: open", cg_open },
	{ "seccomp: read the filter", read_seccomp },
};
static const struct floor_step after_run[] = {
	{ "cgroup: rmdir", cg_remove },
	{ "writable layer: remove", root_remove_layer },
};

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int run_once(struct floor *f)
{
	int status;

	time_start();
	RUN_STEPS(f, before_run);
	spawn_run(f);
	if (spawn_sleeps(f))
		time_mark("execve");
	status = floor_wait(f);
	time_mark(spawn_sleeps(f) ? "program, exit, wait" : "execve, program, exit, wait");
	if (f->o.ns & CLONE_NEWUSER) { /* the child had copies of what we made for it */
		drop(&f->rootfd);
		drop(&f->devfd);
		drop(&f->sync_fd);
	}
	RUN_STEPS(f, after_run);
	return status;
}

static int exec_once(struct floor *f)
{
	int status;

	time_start();
	RUN_STEPS(f, before_exec);
	spawn_exec(f);
	time_mark("execve");
	status = floor_wait(f);
	time_mark("program, exit, wait");
	return status;
}

static int run_repeatedly(struct floor *f)
{
	struct timespec gap = { f->o.gap_ms / 1000, f->o.gap_ms % 1000 * 1000000L };
	int status = 0;

	for (int i = 0; i < f->o.repeat && status == 0; i++) {
		if (i > 0 && f->o.gap_ms)
			nanosleep(&gap, NULL);
		status = run_once(f);
	}
	return status;
}

static int create(struct floor *f)
{
	RUN_STEPS(f, before_run);
	life_create(f);
	return 0;
}

int main(int argc, char **argv)
{
	struct floor f = { .v2_dirfd = -1,
		.procfd = -1,
		.sysfd = -1,
		.devfd = -1,
		.rootfd = -1,
		.scratchfd = -1,
		.sync_fd = -1,
		.gate_fd = -1 };
	int status = 0;

	floor_options(&f.o, argc, argv);
	if (f.o.breakdown)
		time_init(f.o.repeat);
	switch (f.o.mode) {
	case FLOOR_RUN: status = run_repeatedly(&f); break;
	case FLOOR_EXEC: status = exec_once(&f); break;
	case FLOOR_CREATE: status = create(&f); break;
	case FLOOR_START: status = life_start(&f); break;
	case FLOOR_DELETE: status = life_delete(&f); break;
	case FLOOR_STATE: status = life_state(&f); break;
	}
	time_report();
	return status;
}
