/* The clone: into its cgroup at birth, its pid held by a pidfd before anything can end it. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "runtime/creation.h"
#include "runtime/sync.h"
#include "sys/call.h"
#include "sys/proc.h"

/* The stage's only product is the real child, which is ours by CLONE_PARENT. */
int spawn_take_staged(int sync, pid_t *pid, int *pidfd, struct err *e)
{
	int32_t child = 0;
	int r = sync_expect(sync, SYNC_STAGED, &child, NULL, e);

	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	fd_close(pidfd);
	*pid = child;
	if (r < 0)
		return r;
	*pidfd = sys_pidfd_open(child, 0); /* not reaped by anyone but us, so the pid is still its own */
	return *pidfd < 0 ? err_sys(e, "open a pidfd of the new process") : sync_send(sync, SYNC_GO, 0, FD_NONE, e);
}

int spawn_container(struct creation *c, struct err *e)
{
	struct child_plan *p = &c->plan.child;
	int pair[2];
	int r = sync_pair(pair, e);

	if (r < 0)
		return r;
	c->sync = pair[0];
	p->sync = pair[1];
	int pidfd = FD_NONE;
	struct clone_args args = {
		.flags = (p->stage ? 0 : p->new_ns) | CLONE_PIDFD | (c->cg.dir_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uintptr_t)&pidfd,
		.cgroup = c->cg.dir_fd >= 0 ? (uint64_t)c->cg.dir_fd : 0,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = sys_clone3(&args);
	if (pid == 0) {
		/* Held open here, our end would hide the runtime's death from us. */
		close(pair[0]);
		if (p->stage)
			child_stage(p);
		child_main(p);
	}
	if (pid < 0) {
		err_sys(e, "clone the container's first process");
		return e->num == EACCES || e->num == EPERM || e->num == EOPNOTSUPP
			? err_hint(e, "the cgroup or a namespace was refused by the kernel")
			: -e->num;
	}
	fd_close(&p->sync);
	c->pid = pid;
	c->pidfd = pidfd;
	return p->stage ? spawn_take_staged(c->sync, &c->pid, &c->pidfd, e) : 0;
}
