/* One more process in a running container: enter its cgroup and namespaces, then execute. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "runtime/child/steps.h"
#include "runtime/sync.h"
#include "sec/keyring.h"
#include "sys/call.h"
#include "sys/tty.h"

static int enter(const struct exec_plan *p, struct err *e)
{
	const struct rc_process *process = p->program.process;
	int r = 0;

	umask(0);
	if (process->oom_score_adj.set)
		r = sched_oom_score_adj(p->proc, (int)process->oom_score_adj.v, e);
	if (r == 0 && p->affinity_initial)
		r = sched_affinity(0, p->affinity_initial, e);
	/* The container's processes must not see into us, nor through us to the host, before execve. */
	if (r == 0 && prctl(PR_SET_DUMPABLE, 0) < 0)
		r = err_sys(e, "become unreadable for the container");
	if (r == 0)
		r = cg_join_self(p->cgroups, e);
	if (r == 0 && p->join_flags && setns(p->target, p->join_flags) < 0)
		r = err_sys(e, "join the container's namespaces");
	return r;
}

/* As a plain user the pid namespace can be joined only from inside the user namespace: enter everything, then
 * clone the real process. */
static int stage(const struct exec_plan *p, struct err *e)
{
	struct clone_args args = { .flags = CLONE_PARENT };

	if (!p->stage)
		return 0;
	pid_t pid = sys_clone3(&args);
	if (pid < 0)
		return err_sys(e, "clone the new process");
	if (pid > 0)
		_exit(sync_send(p->sync, SYNC_STAGED, pid, FD_NONE, e) < 0);
	return sync_expect(p->sync, SYNC_GO, NULL, NULL, e); /* nothing of ours may come before STAGED */
}

static int become(const struct exec_plan *p, struct child_state *s, struct err *e)
{
	s->is_root = p->in_userns && sys_setresgid(0, 0, 0) == 0 && sys_setresuid(0, 0, 0) == 0;
	if (p->in_userns && !s->is_root && errno != EINVAL)
		return err_sys(e, "become root of the user namespace");
	if (setsid() < 0 && errno != EPERM)
		return err_sys(e, "begin a session");
	return p->keyring ? keyring_join(p->proc, p->keyring, p->program.process->selinux_label, false, e) : 0;
}

static int prepare(const struct exec_plan *p, struct child_state *s, struct err *e)
{
	int r = 0;

	s->rootfd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->rootfd < 0)
		return err_sys(e, "open the container's root");
	if (p->program.process->terminal) {
		r = console_open(s->rootfd, p->program.process, s, e);
		if (r == 0)
			r = tty_take(s->slave, e);
		if (r < 0)
			return err_wrap(e, "terminal");
	}
	return program_prepare(&p->program, s->rootfd, s, e);
}

static int meet(const struct exec_plan *p, struct child_state *s, struct err *e)
{
	if (!p->handshake)
		return 0;
	int r = sync_send(p->sync, SYNC_READY, 0, s->master, e);
	return r < 0 ? r : sync_expect(p->sync, SYNC_GO, NULL, NULL, e);
}

_Noreturn void child_exec_main(const struct exec_plan *p)
{
	struct child_state s = { .rootfd = FD_NONE,
		.cwdfd = FD_NONE,
		.dev = FD_NONE,
		.master = FD_NONE,
		.slave = FD_NONE,
		.start = FD_NONE };
	struct err e = ERR_NONE;
	int r = enter(p, &e);

	if (r == 0)
		r = stage(p, &e);
	if (r == 0)
		r = become(p, &s, &e);
	if (r == 0)
		r = prepare(p, &s, &e);
	if (r == 0)
		r = meet(p, &s, &e);
	if (r == 0)
		(void)program_execute(&p->program, &s, p->proc, p->sync, &e); /* returns only with an error in e */
	sync_send_err(p->sync, &e);
	_exit(1);
}
