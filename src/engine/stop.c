/* Ending containers. Whoever asks for an end leaves the file `stop` in the record first, so that the monitor knows that
 * no restart is wanted, and then waits for the monitor to let go of the lock: all is settled then. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/signal_name.h"
#include "base/str.h"
#include "engine/idrange.h"
#include "engine/life.h"
#include "engine/volume.h"
#include "runtime/runtime.h"
#include "sys/lock.h"
#include "sys/proc.h"

enum {
	DEFAULT_STOP_S = 10,
	SETTLE_MS = 30000, /* from the program's end to the monitor's: a fork bomb's cgroup has to be emptied */
	LOOK_AGAIN_MS = 500,
	LOCK_MS = 10000,
	BEING_MADE_MS = 2000, /* a first process is there before the runtime has noted it */
};

int engine_signal_number(const char *name, int otherwise, int *ret, struct err *e)
{
	if (!str_len(name)) {
		*ret = otherwise;
		return 0;
	}
	int r = signal_number(name, ret, e);
	if (r == 0 && *ret == 0)
		return err_set(e, ERR_USAGE, EINVAL, "signal 0 asks nothing of a container");
	return r;
}

static int not_running(const struct record *r, struct err *e)
{
	return err_set(e, ERR_CONFLICT, ESRCH, "container %s is not running", r->config.name ? r->config.name : r->id);
}

static int mark_stop(const struct record *r, struct err *e)
{
	if (mknodat(r->dir_fd, "stop", S_IFREG | 0600, 0) == 0 || errno == EEXIST)
		return 0;
	if (errno == ENOENT) /* --rm: removed meanwhile */
		return err_set(e, ERR_NOT_FOUND, ENOENT, "no such container: %.12s", r->id);
	return err_sys(e, "note the end of container %.12s", r->id);
}

/* The first process, or *ret_found false. */
static int open_process(const struct record *r, bool *ret_found, int *ret_pidfd, struct err *e)
{
	char boot[PROC_BOOT_ID_SIZE];

	*ret_found = false;
	if (r->status.pid <= 0)
		return 0;
	int n = proc_boot_id(boot, e);
	if (n < 0 || !str_eq(boot, r->status.boot))
		return n;
	return proc_open_same(r->status.pid, r->status.start_ticks, ret_found, ret_pidfd, e);
}

static bool alive(const struct ct_status *s)
{
	return s->state == CT_RUNNING || s->state == CT_PAUSED || s->state == CT_RESTARTING;
}

static int kill_now(struct engine *en, const struct record *r, int pidfd, struct err *e)
{
	int n = rt_kill(&en->rt, r->id, SIGKILL, false, e);
	bool found;

	if (n < 0 && e->kind == ERR_NOT_FOUND) { /* it ended by itself meanwhile */
		err_clear(e);
		n = 0;
	}
	if (n == -EBUSY || n == -EUCLEAN) { /* the runtime is about to note it, or to remove what it has of it */
		err_clear(e);
		n = proc_signal(pidfd, SIGKILL, &found, e);
	}
	return n;
}

/* Between two runs of a restart policy there is no process: the monitor sleeps, and reacts to the file at once. */
static int end_process(struct engine *en, struct record *r, int sig, int timeout_ms, struct err *e)
{
	auto_fd int pidfd = FD_NONE;
	bool found;

	if (mark_stop(r, e) < 0 || open_process(r, &found, &pidfd, e) < 0)
		return -e->num;
	if (!found)
		return 0;
	if (timeout_ms != 0) {
		if (proc_signal(pidfd, sig, &found, e) < 0)
			return -e->num;
		if (proc_wait_gone(pidfd, timeout_ms, e) == 0)
			return 0;
		if (e->num != ETIMEDOUT)
			return -e->num;
		err_clear(e);
	}
	if (kill_now(en, r, pidfd, e) < 0)
		return -e->num;
	if (proc_wait_gone(pidfd, SETTLE_MS, e) < 0) {
		err_hint(e, "process %d does not react to SIGKILL; is it blocked in the kernel?", (int)r->status.pid);
		return -e->num;
	}
	return 0;
}

/* The same until the lock is ours and all is settled. A monitor that was just about to start the next run of a restart
 * policy does so nevertheless; then that is ended, too. */
static int end_for_good(struct engine *en, struct record *r, int sig, int timeout_ms, struct err *e)
{
	for (int left = SETTLE_MS;; left -= LOOK_AGAIN_MS) {
		if (end_process(en, r, sig, timeout_ms, e) < 0)
			return -e->num;
		int n = record_lock(r, LOOK_AGAIN_MS, e);
		if (n == 0)
			return engine_clear(en, r, e);
		if (n != -ETIMEDOUT || left <= LOOK_AGAIN_MS)
			return n;
		err_clear(e);
		if (record_reload(r, e) < 0)
			return -e->num;
	}
}

int engine_stop(struct engine *en, struct record *r, const char *signal, int timeout_s, struct err *e)
{
	int sig, seconds = timeout_s >= 0 ? timeout_s : r->config.stop_timeout_s;

	if (engine_refresh(en, r, e) < 0)
		return -e->num;
	/* At rest, but somebody has the lock: it is being started. */
	if (r->held || (!alive(&r->status) && !record_monitored(r)))
		return 0;
	if (engine_signal_number(signal ? signal : r->config.stop_signal, SIGTERM, &sig, e) < 0)
		return -e->num;
	seconds = seconds < 0 ? DEFAULT_STOP_S : seconds;
	int ms = seconds > INT32_MAX / 1000 ? -1 : seconds * 1000;
	int n = end_for_good(en, r, sig, ms, e);
	if (n == -ENOENT) { /* --rm: it is gone, which is what was wanted */
		err_clear(e);
		record_unlock(r); /* of a directory without a name: whoever goes on has to see that */
		n = 0;
	}
	return n < 0 ? err_wrap(e, "stop %s", r->config.name) : 0;
}

int engine_kill(struct engine *en, struct record *r, const char *signal, struct err *e)
{
	int sig;

	if (engine_signal_number(signal, SIGKILL, &sig, e) < 0 || engine_refresh(en, r, e) < 0)
		return -e->num;
	if (!alive(&r->status))
		return not_running(r, e);
	if (sig == SIGKILL && mark_stop(r, e) < 0)
		return -e->num;
	/* Between two runs nothing is there to get it; after a KILL there is no other run. */
	if (r->status.state == CT_RESTARTING)
		return sig == SIGKILL ? 0 : not_running(r, e);
	int n = rt_kill(&en->rt, r->id, sig, false, e);
	/* Not noted yet, or about to be removed: by a monitor that may be killed at it. */
	for (int waited = 0; (n == -EBUSY || n == -EUCLEAN) && waited < BEING_MADE_MS; waited += 10) {
		err_clear(e);
		(void)poll(NULL, 0, 10);
		if (record_reload(r, e) < 0 || engine_refresh(en, r, e) < 0)
			return -e->num;
		if (!alive(&r->status))
			return not_running(r, e);
		n = rt_kill(&en->rt, r->id, sig, false, e);
	}
	if (n == 0)
		return 0;
	if (e->kind != ERR_NOT_FOUND)
		return -e->num;
	err_clear(e);
	return not_running(r, e);
}

/* Whoever lets go of the lock has settled all, or was killed. */
int engine_wait(struct engine *en, struct record *r, int *ret_code, struct err *e)
{
	for (;;) {
		int n = engine_refresh(en, r, e);
		if (n == 0)
			n = record_lock(r, -1, e);
		/* --rm: nothing but what we hold open is left of it. */
		if (n == -ENOENT && record_last_exit(r, ret_code)) {
			err_clear(e);
			return 0;
		}
		if (n < 0)
			return n;
		bool settled = !engine_is_unsettled(en, r);
		*ret_code = r->status.exit_code;
		record_unlock(r);
		if (settled)
			return 0;
	}
}

int engine_remove(struct engine *en, struct record *r, bool force, bool volumes, struct err *e)
{
	if (!r->held && engine_refresh(en, r, e) < 0)
		return -e->num;
	if (alive(&r->status) && !r->held && !force) {
		err_set(e, ERR_CONFLICT, EBUSY, "cannot remove container %s: it is %s", r->config.name,
			ct_state_names[r->status.state]);
		return err_hint(e, "stop it first, or use --force");
	}
	/* Also of one at rest, which somebody may be starting. */
	int n = force && !r->held ? end_for_good(en, r, SIGKILL, 0, e) : record_lock(r, LOCK_MS, e);
	if (n == -ENOENT && r->config.auto_remove) {
		err_clear(e);
		return 0;
	}
	if (n < 0)
		return n;
	if (rt_delete(&en->rt, r->id, true, e) < 0)
		return err_wrap(e, "remove %s", r->config.name);
	idrange_forget(en, r->id);
	if (volumes && volume_remove_anonymous(en, &r->config, e) < 0)
		return err_wrap(e, "remove %s", r->config.name);
	return record_remove(en, r, e);
}

int engine_remove_held(struct engine *en, struct record *r, bool runtime_too, struct err *e)
{
	if (runtime_too && rt_delete(&en->rt, r->id, true, e) < 0)
		return err_wrap(e, "remove %s", r->config.name);
	if (r->config.n_mounts && volume_remove_anonymous(en, &r->config, e) < 0)
		return err_wrap(e, "remove %s", r->config.name);
	return record_remove(en, r, e);
}
