#pragma once
/* `exec`: one more program in a running container, with its streams relayed. */
#include "engine/record.h"

struct exec_opts {
	const char *user; /* as --user of run, NULL: the container's */
	const char *cwd; /* NULL: the container's */
	const char *detach_keys; /* NULL: ctrl-p,ctrl-q */
	struct rc_str_list env; /* NAME=VALUE */
	bool interactive, tty, detach, privileged;
	char *const *args; /* NULL-terminated */
};

/* engine_exec - returns when the program has ended (*ret_status: exit status or 128 + signal), with
 * @o->detach when it was executed (0). Descriptors 0 to 2 are the user's; none of them reaches the
 * container. While this process lives the container's monitor watches it: when it is killed, the
 * program and what it started are killed. Leaving by the detach keys keeps them. Errors as of a
 * start: ERR_EXEC_NOT_FOUND, ERR_EXEC_DENIED. */
int engine_exec(struct engine *en, struct record *r, const struct exec_opts *o, int *ret_status, struct err *e)
	must_check;

/* exec_launch - rt_exec_launch() with @take_theirs as the program's descriptors 0 to 2; ours stay
 * ours. */
int exec_launch(struct engine *en, const struct rt_exec *req, int take_theirs[3], struct rt_execed *ret, struct err *e)
	must_check;
