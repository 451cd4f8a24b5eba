/* The first process of a container, from its birth to execve. The order of the steps is the table below;
 * docs/child.md has the long version of its reasons. Nothing here allocates, locks, logs or returns. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/str.h"
#include "runtime/child/steps.h"
#include "runtime/hooks.h"
#include "runtime/sync.h"
#include "sys/call.h"
#include "sys/path.h"

enum { EXIT_SETUP = 1 };

static int step_begin(const struct child_plan *p, struct child_state *s, struct err *e)
{
	(void)s;
	umask(0);
	if (!p->dumpable && prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(e, "become unreadable for the container");
	if (p->program.process && p->program.process->oom_score_adj.set)
		return sched_oom_score_adj(p->proc, (int)p->program.process->oom_score_adj.v, e);
	return 0;
}

/* prestart and createRuntime hooks run in the runtime's namespaces, createContainer hooks in ours, all before
 * pivot_root (runtime-spec config.md "POSIX-platform Hooks"). */
static int step_hooks(const struct child_plan *p, struct child_state *s, struct err *e)
{
	const struct rc_hook_list *own = &p->config->hooks[RC_HOOK_CREATE_CONTAINER];

	(void)s;
	if (p->hooks_runtime) {
		int r = sync_send(p->sync, SYNC_NS_READY, 0, FD_NONE, e);

		if (r == 0)
			r = sync_expect(p->sync, SYNC_GO, NULL, NULL, e);
		if (r < 0)
			return r;
	}
	if (!own->n)
		return 0;
	struct rt_hook_io io = *p->hook_io;
	io.dir = path_open_host(p->bundle, O_PATH | O_DIRECTORY, 0, e);
	if (io.dir < 0)
		return io.dir;
	return rt_hooks_run(own, RC_HOOK_CREATE_CONTAINER, p->hook_state_creating, p->hook_state_creating_len, &io, e);
}

static int step_prepare_program(const struct child_plan *p, struct child_state *s, struct err *e)
{
	return p->program.process ? program_prepare(&p->program, s->rootfd, s, e) : 0;
}

/* Tell the runtime that all is prepared and wait for its word; after it the runtime may be gone. */
static int step_ready(const struct child_plan *p, struct child_state *s, struct err *e)
{
	int r = p->no_ready ? 0 : sync_send(p->sync, SYNC_READY, 0, s->master, e);

	fd_close(&s->master);
	return r < 0 ? r : sync_expect(p->sync, SYNC_GO, NULL, NULL, e);
}

/* `create` leaves us here until `start` connects. */
static int step_wait_start(const struct child_plan *p, struct child_state *s, struct err *e)
{
	if (p->start_listen < 0)
		return 0;
	do
		s->start = accept4(p->start_listen, NULL, NULL, SOCK_CLOEXEC);
	while (s->start < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (s->start < 0)
		return err_sys(e, "wait for start");
	/* From here on `start` is the one to hear of errors. */
	return sync_expect(s->start, SYNC_GO, NULL, NULL, e);
}

static int step_start_hooks(const struct child_plan *p, struct child_state *s, struct err *e)
{
	const struct rc_hook_list *own = &p->config->hooks[RC_HOOK_START_CONTAINER];

	(void)s;
	if (!own->n)
		return 0;
	return rt_hooks_run(
		own, RC_HOOK_START_CONTAINER, p->hook_state_created, p->hook_state_created_len, p->hook_io, e);
}

static int step_execute(const struct child_plan *p, struct child_state *s, struct err *e)
{
	if (!p->program.process)
		return err_set(e, ERR_CONFIG, EINVAL, "config.json: /process: absent, so there is nothing to start");
	return program_execute(&p->program, s, p->proc, s->start >= 0 ? s->start : p->sync, e);
}

static const struct step {
	int (*run)(const struct child_plan *p, struct child_state *s, struct err *e);
	const char *why;
} steps[] = {
	{ step_begin, "oom_score_adj while the process is dumpable, umask before any file is made" },
	{ step_early, "what needs neither ids nor maps, while the runtime writes those and makes the root filesystem" },
	{ step_user, "maps and ids: every later step needs them" },
	{ step_cgroup, "the cgroup before its namespace: its root is where we are when it is made" },
	{ step_join, "namespaces of others, by descriptors opened before" },
	{ step_session, "a session and keyring of our own, before anything can inherit the caller's" },
	{ step_names, "host name: needs the UTS namespace only" },
	{ step_net, "lo up, while nobody can see it down" },
	{ step_isolate, "no mount may reach the host; then the root filesystem becomes a mount" },
	{ step_mounts, "config.json's mounts, resolved in the root by openat2, sources still visible" },
	{ step_dev, "device nodes after the mount that may hold them" },
	{ step_sysctl, "through a procfs nobody else can touch, after the namespaces they belong to" },
	{ step_mask, "masks last of the mounts: they cover what the others brought" },
	{ step_hooks, "hooks that want to see everything but the pivot" },
	{ step_pivot, "from here on the host's files are out of reach" },
	{ step_console, "the terminal comes from the container's own devpts" },
	{ step_prepare_program, "a program that is absent is an error of create" },
	{ step_seal, "a read-only root last: /dev/console and the working directory may have had to be made in it" },
	{ step_ready, "the runtime records us; limits stand before it answers" },
	{ step_wait_start, "create ends, start begins" },
	{ step_start_hooks, "startContainer hooks see what the program will see" },
	{ step_execute, "give up privileges, load the filter, execute" },
};

_Noreturn void child_main(const struct child_plan *p)
{
	struct child_state s = { .root_tree = p->root_tree,
		.rootfd = FD_NONE,
		.cwdfd = FD_NONE,
		.dev = FD_NONE,
		.proc = FD_NONE,
		.sys = FD_NONE,
		.master = FD_NONE,
		.slave = FD_NONE,
		.start = FD_NONE };
	struct err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (steps[i].run(p, &s, &e) < 0)
			break;
	sync_send_err(s.start >= 0 ? s.start : p->sync, &e);
	_exit(EXIT_SETUP);
}
