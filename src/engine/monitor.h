#pragma once
/* The process that stays with a container: parent of its program, holder of its lock. */
#include "engine/record.h"

/* monitor_fork - a new process becomes the monitor of @r (held; the lock goes with it) and starts the program.
 * @session: [0] the caller's end of a session, which stays with him alone (or the monitor would not see him leave), [1]
 * the monitor's, which the callee closes here; or FD_NONE both. Returns when the program was executed, or with the
 * error why not. */
int monitor_fork(struct engine *en, struct record *r, int session[static 2], bool with_stdin, struct err *e) must_check;
/* monitor_adopt - the same for a program that runs already: its monitor was killed. */
int monitor_adopt(struct engine *en, struct record *r, struct err *e) must_check;

/* What tare-mon hands back when the program has ended (the hidden command "monitor-end"). */
struct monitor_end {
	const char *id;
	int dir_fd; /* containers/ID with the lock */
	int listen_fd;
	int wait_status;
	bool unknown;
	uint64_t lost_records;
	const char *client_list; /* descriptors of sessions, "5,6", or NULL */
};

/* monitor_resume - settle the end; start again where the restart policy wants it, in this process. Returns when the
 * container has ended for good. */
int monitor_resume(struct engine *en, const struct monitor_end *end, struct err *e) must_check;
