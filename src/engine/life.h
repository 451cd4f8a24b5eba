#pragma once
/* The life of a container after it was made: start, end, stop, removal. docs/state.md "Who is responsible". */
#include "engine/record.h"

/* --- start ----------------------------------------------------------------------------------------------- */

struct start_how {
	bool attach; /* *ret_session is the client's end of a session with the monitor (engine/attach.h) */
	bool no_stdin; /* the session brings no input: the program's stdin is at its end (-a stdout) */
};

/* engine_start - let the container behind @r run, with a monitor of its own. The lock goes to the monitor: @r is no
 * longer held. Returns when the program was executed. Errors keep their kind (ERR_EXEC_NOT_FOUND: 127, ERR_EXEC_DENIED:
 * 126) and are noted in the status; one that runs is ERR_CONFLICT, EALREADY. *ret_session is FD_NONE unless asked for.
 */
int engine_start(struct engine *en, struct record *r, const struct start_how *how, int *ret_session, struct err *e)
	must_check;

/* --- end ------------------------------------------------------------------------------------------------- */

enum stop_force { STOP_ASK_FIRST, STOP_KILL };

/* engine_stop - ask the program to end (--stop-signal), after @timeout_s (-1: the container's own) kill it; returns
 * when its monitor has settled everything. A container that does not run is fine. @signal NULL: the container's. */
int engine_stop(struct engine *en, struct record *r, const char *signal, int timeout_s, struct err *e) must_check;
/* engine_kill - one signal (NULL: KILL) to the program. ERR_CONFLICT "is not running". */
int engine_kill(struct engine *en, struct record *r, const char *signal, struct err *e) must_check;
/* engine_wait - until the container has ended for good; *ret_code is its exit status, 137 when nobody knows it. */
int engine_wait(struct engine *en, struct record *r, int *ret_code, struct err *e) must_check;
/* engine_remove - the record and everything that belongs to it. With @force a running one is killed first; with
 * @volumes its anonymous volumes go, too. */
int engine_remove(struct engine *en, struct record *r, bool force, bool volumes, struct err *e) must_check;

/* engine_remove_held - the last part of it: the record and the anonymous volumes of a container that has ended, whose
 * lock is held. @runtime_too: what the runtime may still have of it goes first. */
int engine_remove_held(struct engine *en, struct record *r, bool runtime_too, struct err *e) must_check;

/* engine_signal_number - "TERM", "SIGTERM", "15", "RTMIN+3"; ERR_USAGE. NULL: @otherwise. */
int engine_signal_number(const char *name, int otherwise, int *ret, struct err *e) must_check;

/* --- truth ----------------------------------------------------------------------------------------------- */

/* engine_refresh - make @r->status true: when the monitor was killed, find out what became of the container, adopt it
 * again if it lives, clear what is left if it does not. Cheap when there is nothing to do (one flock(2)). */
int engine_refresh(struct engine *en, struct record *r, struct err *e) must_check;
/* engine_clear - @r is held, its program has ended: what a monitor left that was killed before it had settled that, or
 * while it started the program. ERR_NOT_FOUND when that was the end of the record, too (--rm). */
int engine_clear(struct engine *en, struct record *r, struct err *e) must_check;
/* engine_is_unsettled - does it run, or is something left of a run? */
bool engine_is_unsettled(const struct engine *en, const struct record *r);
/* engine_needs_refresh - so it seems, and nobody is responsible for it. */
bool engine_needs_refresh(const struct engine *en, const struct record *r);

/* --- what the monitor does with it (engine/end.c) -------------------------------------------------------- */

struct rt_running;

/* How it ended, as far as anybody knows. */
struct engine_end {
	int wait_status; /* waitpid(2) */
	bool unknown;
	struct rt_running *running; /* of the process that started it; NULL: the runtime's records are read */
};

/* engine_ended - the program of @r (held) has ended: OOM verdict, cgroup and runtime state away, id range free, status
 * saved; with --rm the record is removed too (*ret_removed). The exit code is in @r->status. */
int engine_ended(struct engine *en, struct record *r, const struct engine_end *end, bool *ret_removed, struct err *e)
	must_check;
/* engine_now - RFC 3339. */
void engine_now(char dst[static CT_TIME_SIZE]);
