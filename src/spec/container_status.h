#pragma once
/* What changes while a container of the engine lives: containers/ID/status.json. Written by whoever is responsible for
 * the container (docs/state.md "The lock"), read by everybody. Fixed size, no pointers. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"

enum ct_state { CT_CREATED, CT_RUNNING, CT_PAUSED, CT_RESTARTING, CT_EXITED, CT_REMOVING, CT_N_STATES };
extern const char *const ct_state_names[CT_N_STATES]; /* docker's words */

enum { CT_TIME_SIZE = 36, CT_BOOT_SIZE = 37, CT_WHY_SIZE = 512 };

struct ct_status {
	enum ct_state state;
	pid_t pid; /* of the first process, as the host sees it; 0 when there is none */
	uint64_t start_ticks; /* of pid, with boot: so that a pid that was used again is not taken for it */
	char boot[CT_BOOT_SIZE];
	pid_t monitor;
	int32_t exit_code; /* of the last run; docker's 128 + n for a signal */
	bool exit_unknown; /* the monitor was killed: nobody knows how the program ended */
	bool oom_killed;
	bool stopped_by_user; /* stop, kill or rm asked for the end: restart policies let it be */
	char error[CT_WHY_SIZE]; /* why it did not start, or what went wrong at its end */
	char oom[CT_WHY_SIZE]; /* the verdict: which cgroup, limit and use */
	char started[CT_TIME_SIZE], finished[CT_TIME_SIZE]; /* RFC 3339, "" never */
	uint32_t restart_count;
	uint64_t restart_delay_ms; /* the pause before the last restart: the next one may be longer */
	int32_t id_slot; /* claimed uid range, -1: none */
	uint64_t lost_records; /* log records that could not be written */
};

#define CT_STATUS_INIT \
	{ \
		.state = CT_CREATED, .id_slot = -1 \
	}

void ct_status_write(const struct ct_status *s, struct buf *ret);
/* ct_status_read - ERR_CORRUPT for anything that ct_status_write() does not write. */
int ct_status_read(const char *text, size_t len, struct ct_status *ret, struct err *e) must_check;
/* ct_status_read_listed - only what lists show: state, exit code, times; the rest is as in CT_STATUS_INIT. @text is
 * rewritten. */
int ct_status_read_listed(struct buf *text, struct ct_status *ret, struct err *e) must_check;
