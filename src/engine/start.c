/* The side of whoever asks for a start. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/log.h"
#include "base/str.h"
#include "engine/life.h"
#include "engine/monitor.h"

enum { LOCK_MS = 2000 }; /* `ps` holds the lock for the length of two system calls */

/* Its monitor was killed: what it began goes at once, not with the next command. */
static void undo(struct engine *en, const char *id)
{
	struct record r = RECORD_INIT;
	struct err e = ERR_NONE;

	if (record_open_id(en, id, true, &r, &e) == 0)
		err_told(r.config.auto_remove ? engine_remove(en, &r, true, true, &e) : engine_refresh(en, &r, &e));
	if (e.num)
		log_debug("%s", e.msg);
	record_done(&r);
}

/* Who has the lock for so long is a monitor: perhaps of a start whose command was killed. */
static int runs_already(struct record *r, struct err *e)
{
	struct err ignored = ERR_NONE;

	if (record_reload(r, &ignored) < 0 || (r->status.state != CT_RUNNING && r->status.state != CT_RESTARTING))
		return -e->num;
	err_clear(e);
	return err_set(e, ERR_CONFLICT, EALREADY, "container %s is already running", r->config.name);
}

/* The lock of a container that does not run. */
static int claim(struct engine *en, struct record *r, struct err *e)
{
	enum { TRIES = 3 };

	for (int i = 0; i < TRIES; i++) {
		if (engine_refresh(en, r, e) < 0)
			return -e->num;
		if (record_lock(r, LOCK_MS, e) < 0)
			return e->num == ETIMEDOUT ? runs_already(r, e) : -e->num;
		if (!engine_is_unsettled(en, r))
			return 0;
		record_unlock(r); /* its monitor was killed just now */
	}
	return err_set(e, ERR_CONFLICT, EAGAIN, "container %s: its monitors are being killed", r->config.name);
}

int engine_start(struct engine *en, struct record *r, const struct start_how *how, int *ret_session, struct err *e)
{
	int pair[2] = { FD_NONE, FD_NONE };

	*ret_session = FD_NONE;
	if (!r->held && claim(en, r, e) < 0)
		return -e->num;
	/* Of an earlier life. Not by the monitor: one made between two runs of a restart policy is meant for the next.
	 */
	(void)unlinkat(r->dir_fd, "stop", 0);
	if (how->attach && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a session with the monitor");
	int n = monitor_fork(en, r, pair, r->config.open_stdin && !how->no_stdin, e);
	if (n == 0)
		*ret_session = fd_steal(&pair[0]);
	fd_close(&pair[0]);
	if (n == -EPIPE)
		undo(en, r->id);
	return n;
}
