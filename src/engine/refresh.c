/* What became of a container whose monitor is gone. */
#include <errno.h>
#include <unistd.h>
#include "base/log.h"
#include "base/str.h"
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

int engine_refresh(struct engine *en, struct record *r, struct err *e)
{
	bool alive;

	if (r->status.state == CT_CREATED || r->status.state == CT_EXITED || r->held || record_monitored(r))
		return 0;
	if (record_lock(r, 0, e) < 0) { /* somebody else was quicker, and will see to it */
		if (e->num != ETIMEDOUT)
			return -e->num;
		err_clear(e);
		return 0;
	}
	if (r->status.state == CT_CREATED || r->status.state == CT_EXITED) {
		record_unlock(r);
		return 0;
	}
	int n = lives(r, &alive, e);
	if (n == 0 && alive)
		return monitor_adopt(en, r, e);
	if (n == 0)
		n = bury(en, r, e);
	record_unlock(r);
	return n;
}
