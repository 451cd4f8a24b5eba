/* The end of a container.
 *
 * Order, so that SIGKILL between any two steps leaves something that a second delete finishes: end the processes,
 * remove what lies outside ROOT/ID, run the poststop hooks, remove ROOT/ID. Hooks may so run twice after a
 * crash, never not at all.
 *
 * Two rounds under force: before waiting for the lock the first process is killed, because whoever holds the
 * lock may be a start that waits for that process. */
#include "runtime/delete.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include "base/log.h"
#include "base/str.h"
#include "cg/freeze.h"
#include "cg/procs.h"
#include "cg/scope.h"
#include "rdt/rdt.h"
#include "runtime/hooks.h"
#include "runtime/probe.h"
#include "runtime/state.h"
#include "sys/lock.h"
#include "sys/path.h"
#include "sys/proc.h"

enum {
	LOCK_MS = 10000, /* a create or start at work: hooks included */
	END_MS = 5000, /* from SIGKILL to the end, fork bombs included */
	FOREIGN_MS = 500, /* longer than a process takes that may end */
	THAW_MS = 2000
};

static bool has_own_cgroup(const struct rt_state *s)
{
	return s->cgroup_path && s->cgroup_path[0] && !s->cgroup_external;
}

/* --- processes ------------------------------------------------------------------------------------------ */

static int send_kill(struct rt_probe *p, const struct rt_state *s, enum rt_status status, int pidfd, struct err *e)
{
	bool found;

	if (pidfd >= 0 && proc_signal(pidfd, SIGKILL, &found, e) < 0)
		return -e->num;
	if (!s->cgroup_path || !s->cgroup_path[0])
		return 0;
	if (rt_probe_host(p, e) < 0)
		return -e->num;
	if (has_own_cgroup(s))
		return cg_kill_all(&p->host, s->cgroup_path, SIGKILL, e); /* thaws, too */
	return status == RT_PAUSED ? cg_freeze(&p->host, s->cgroup_path, false, THAW_MS, e) : 0;
}

static int end_processes(struct rt_probe *p, const struct rt_container *ct, struct err *e)
{
	if (ct->pidfd < 0)
		return 0;
	if (send_kill(p, &ct->state, ct->status, ct->pidfd, e) < 0)
		return -e->num;
	if (proc_wait_gone(ct->pidfd, FOREIGN_MS, e) == 0)
		return 0;
	/* Perhaps somebody has frozen it elsewhere. The pid is still the process's: we hold its pidfd, and it has not
	 * ended. */
	err_clear(e);
	if (has_own_cgroup(&ct->state) && cg_fetch_frozen(&p->host, ct->state.cgroup_path, ct->state.pid, e) < 0)
		return -e->num;
	if (proc_wait_gone(ct->pidfd, END_MS, e) == 0)
		return 0;
	err_hint(e, "process %d does not react to SIGKILL; is it blocked in the kernel?", (int)ct->state.pid);
	return -e->num;
}

/* --- what lies outside ROOT/ID ---------------------------------------------------------------------------- */

static int remove_rdt(const char *path, struct err *e)
{
	if (!path || !*path)
		return 0;
	auto_fd int root = rdt_open_root(e);
	return root < 0 ? -e->num : rdt_remove(root, path, e);
}

int rt_destroy_outside(struct rt_context *c, const struct cg_host *host, const struct rt_state *s, struct err *e)
{
	/* Left to itself systemd asks with SIGTERM first and waits for up to TimeoutStopSec. */
	if (s->cgroup_scope && has_own_cgroup(s) && cg_kill_all(host, s->cgroup_path, SIGKILL, e) < 0)
		return -e->num;
	if (s->cgroup_scope && cg_scope_stop(s->cgroup_scope, c->rootless, e) < 0)
		return -e->num;
	if (has_own_cgroup(s) && cg_remove(host, s->cgroup_path, e) < 0)
		return -e->num;
	return remove_rdt(s->intel_rdt_path, e);
}

/* --- hooks ------------------------------------------------------------------------------------------------ */

static void run_poststop(const struct rt_state *s, const struct rc_hook_list *hooks)
{
	AUTO(buf) struct buf doc = BUF_INIT;
	struct rt_hook_io io = RT_HOOK_IO_INIT;
	struct err e = ERR_NONE;

	auto_fd int bundle = path_open_host(s->bundle, O_PATH | O_DIRECTORY, 0, &e);
	err_clear(&e); /* a bundle that is gone is no reason not to run them */
	rt_state_document(s, RT_STOPPED, 0, &doc);
	if (rt_hook_io_open(&s->annotations, bundle, &io, &e) < 0 || buf_err(&doc, &e) < 0) {
		log_warn("poststop hooks: %s", e.msg);
		io.dir = bundle;
	}
	rt_hooks_run_all(hooks, RC_HOOK_POSTSTOP, doc.data ? doc.data : "", doc.len, &io);
	rt_hook_io_done(&io);
}

int rt_destroy(struct rt_context *c, const struct cg_host *host, int state_fd, const struct rt_state *s,
	const struct rc_hook_list *poststop, struct err *e)
{
	if (rt_destroy_outside(c, host, s, e) < 0)
		return -e->num;
	if (poststop && poststop->n)
		run_poststop(s, poststop);
	return rt_state_remove(c, s->id, state_fd, e);
}

static int destroy_reading_hooks(struct rt_context *c, struct rt_probe *p, const struct rt_container *ct, struct err *e)
{
	struct runtime_config config;
	struct err why = ERR_NONE;

	if (!ct->state.has_poststop)
		return rt_destroy(c, &p->host, ct->state_fd, &ct->state, NULL, e);
	if (rt_container_config(ct, &config, &why) < 0) {
		log_warn("poststop hooks are not run: %s", why.msg);
		return rt_destroy(c, &p->host, ct->state_fd, &ct->state, NULL, e);
	}
	int r = rt_destroy(c, &p->host, ct->state_fd, &ct->state, &config.hooks[RC_HOOK_POSTSTOP], e);
	runtime_config_done(&config);
	return r;
}

/* --- delete ----------------------------------------------------------------------------------------------- */

/* Errors do not matter: it is tried again under the lock. */
static void kill_before_lock(struct rt_probe *p, const char *id, int state_fd)
{
	struct err e = ERR_NONE;
	struct rt_state s;
	enum rt_status status;
	auto_fd int pidfd = FD_NONE;
	bool found = false;

	if (rt_state_load(state_fd, id, &found, &s, &e) == 0 && found &&
		rt_probe_status(p, &s, &status, &pidfd, &e) == 0 && pidfd >= 0)
		err_told(send_kill(p, &s, status, pidfd, &e));
	rt_state_done(&s);
}

static int lock(int state_fd, const char *id, struct err *e)
{
	struct stat st;

	if (lock_file(state_fd, true, LOCK_MS, "container", e) < 0) {
		err_wrap(e, "%s", id);
		return err_hint(e, "another command is working on it");
	}
	if (fstat(state_fd, &st) == 0 && st.st_nlink == 0)
		return err_set(e, ERR_NOT_FOUND, ENOENT, "container does not exist");
	return 0;
}

/* Whatever can be known of a container whose creator was killed, or whose state.json is broken. */
static int clear_half_made(struct rt_context *c, struct rt_probe *p, const char *id, int state_fd, struct err *e)
{
	struct rt_state mark;
	struct err why = ERR_NONE;

	if (rt_state_load_mark(state_fd, id, &mark, &why) < 0)
		log_warn("container %s: %s; only its state directory is removed", id, why.msg);
	else
		err_told(rt_destroy_outside(c, &p->host, &mark, e));
	rt_state_done(&mark);
	return e->num ? -e->num : rt_state_remove(c, id, state_fd, e);
}

static int delete_whole(struct rt_context *c, struct rt_probe *p, struct rt_container *ct, bool force, struct err *e)
{
	/* Also one that was never started, though runc and crun let it go: runtime.md, "Delete". Their callers kill
	 * first or ask with --force. */
	if (!force && ct->status != RT_STOPPED) {
		err_set(e, ERR_CONFLICT, EBUSY, "cannot delete container %s that is not stopped: %s", ct->state.id,
			rt_status_names[ct->status]);
		return err_hint(e, "kill it first, or delete it with --force");
	}
	if (end_processes(p, ct, e) < 0)
		return -e->num;
	return destroy_reading_hooks(c, p, ct, e);
}

static int delete_locked(
	struct rt_context *c, struct rt_probe *p, const char *id, struct rt_container *ct, bool force, struct err *e)
{
	bool found = false;

	if (rt_state_load(ct->state_fd, id, &found, &ct->state, e) < 0) {
		if (!force || e->kind != ERR_CORRUPT)
			return -e->num;
		err_clear(e);
	}
	if (found && rt_probe_status(p, &ct->state, &ct->status, &ct->pidfd, e) < 0)
		return -e->num;
	if (found)
		return delete_whole(c, p, ct, force, e);
	if (force)
		return clear_half_made(c, p, id, ct->state_fd, e);
	ct->half_made = ct->abandoned = true;
	return rt_container_refuse_half_made(ct, id, e);
}

int rt_delete(struct rt_context *c, const char *id, bool force, struct err *e)
{
	struct rt_container ct = RT_CONTAINER_INIT;
	struct rt_probe p;

	rt_probe_init(&p);
	ct.state_fd = rt_state_open(c, id, e);
	if (ct.state_fd >= 0 && rt_probe_host(&p, e) == 0) {
		if (force)
			kill_before_lock(&p, id, ct.state_fd);
		if (lock(ct.state_fd, id, e) == 0)
			err_told(delete_locked(c, &p, id, &ct, force, e));
	}
	rt_probe_done(&p);
	rt_container_done(&ct);
	if (force && e->num && e->kind == ERR_NOT_FOUND)
		err_clear(e);
	return e->num ? -e->num : 0;
}
