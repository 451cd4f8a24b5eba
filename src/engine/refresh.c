/* What became of a container whose monitor is gone. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/idrange.h"
#include "engine/life.h"
#include "engine/monitor.h"
#include "sys/proc.h"

static int lives(const struct record *r, bool *ret, struct err *e)
{
	char boot[PROC_BOOT_ID_SIZE];
	auto_fd int pidfd = FD_NONE;

	*ret = false;
	if (r->status.pid <= 0)
		return 0;
	if (proc_boot_id(boot, e) < 0)
		return -e->num;
	return str_eq(boot, r->status.boot) ? proc_open_same(r->status.pid, r->status.start_ticks, ret, &pidfd, e) : 0;
}

/* Cut short, or the monitor was killed between the program's end and the status. */
static int bury(struct engine *en, struct record *r, struct err *e)
{
	bool removed;

	log_warn("the monitor of container %s was killed; how its program ended is not known", r->config.name);
	int n = engine_ended(en, r, &(struct engine_end){ .unknown = true }, &removed, e);
	if (n == 0 && removed)
		return err_set(e, ERR_NOT_FOUND, ENOENT, "no such container: %s", r->config.name);
	return n;
}

/* --- starts that were cut short ------------------------------------------------------------------------------- */

static bool at_rest(const struct record *r)
{
	return r->status.state == CT_CREATED || r->status.state == CT_EXITED;
}

/* Does the runtime have something of a container that does not run? Then its monitor was killed while it started it. */
static bool cut_short(const struct engine *en, const struct record *r)
{
	char path[CT_ID_LEN + 8];

	fmt_to(path, sizeof(path), "oci/%s", r->id);
	return faccessat(en->run_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The program may run already. Nobody was told that it does, so it goes. */
static int undo_start(struct engine *en, struct record *r, struct err *e)
{
	log_warn("container %s: its monitor was killed while it was started", r->config.name);
	if (rt_delete(&en->rt, r->id, true, e) < 0)
		return err_wrap(e, "clear what an interrupted start of %s left", r->config.name);
	idrange_forget(en, r->id);
	if (!r->config.auto_remove)
		return 0;
	if (engine_remove_held(en, r, false, e) < 0)
		return -e->num;
	return err_set(e, ERR_NOT_FOUND, ENOENT, "no such container: %s", r->config.name);
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

int engine_clear(struct engine *en, struct record *r, struct err *e)
{
	if (at_rest(r))
		return cut_short(en, r) ? undo_start(en, r, e) : 0;
	return bury(en, r, e);
}

static int settle(struct engine *en, struct record *r, struct err *e)
{
	bool alive;

	if (at_rest(r))
		return engine_clear(en, r, e);
	int n = lives(r, &alive, e);
	if (n < 0)
		return n;
	return alive ? monitor_adopt(en, r, e) : engine_clear(en, r, e);
}

bool engine_is_unsettled(const struct engine *en, const struct record *r)
{
	return !at_rest(r) || cut_short(en, r);
}

bool engine_needs_refresh(const struct engine *en, const struct record *r)
{
	return !r->held && engine_is_unsettled(en, r) && !record_monitored(r);
}

int engine_refresh(struct engine *en, struct record *r, struct err *e)
{
	enum { TRIES = 3, LET_GO_MS = 2000 };
	int n = 0;

	if (!engine_needs_refresh(en, r))
		return 0;
	for (int i = 0; i < TRIES; i++) {
		if (record_lock(r, i ? LET_GO_MS : 0, e) < 0) {
			if (e->num != ETIMEDOUT)
				return -e->num;
			err_clear(e); /* somebody else was quicker, and will see to it */
			return 0;
		}
		n = settle(en, r, e);
		record_unlock(r);
		if (n != -ESRCH && n != -EPIPE)
			break;
		err_clear(e); /* the program ended while it was adopted, or its new monitor was killed: look again */
	}
	return n;
}
