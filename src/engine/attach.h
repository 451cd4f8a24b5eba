#pragma once
/* The user's side of a session with a container: terminal, input, output, signals. Used by `run`
 * and `start` in front and by `attach`. */
#include <stdbool.h>
#include <sys/types.h>
#include "base/err.h"
#include "engine/record.h"

struct attach_opts {
	const char *name; /* of the container, for messages */
	pid_t pid; /* of its program, to see whether it heeds signals; 0: not known */
	bool no_stdin, no_stdout, no_stderr;
	bool sig_proxy; /* pass signals on; else they end this process, as usual */
	const char *detach_keys; /* NULL: ctrl-p,ctrl-q; only with a terminal */
};

enum attach_end {
	ATTACH_EXITED, /* *ret_exit_code is the container's */
	ATTACH_DETACHED, /* by keys; the container goes on */
};

/* attach_connect - a session with the monitor of a running container, also when that was killed just now: then it gets
 * another one. ERR_CONFLICT, ESRCH when it does not run (any more). attach_try - only if there is one that listens. */
int attach_connect(struct engine *en, struct record *r, struct err *e) must_check;
int attach_try(const struct record *r, struct err *e) must_check;
/* attach_session - until the container has ended or the user detached: enum attach_end. @sock is
 * borrowed; descriptors 0 to 2 are the user's. The terminal is restored in every case. -EPIPE: the
 * monitor was killed, the container may go on. */
int attach_session(int sock, const struct attach_opts *o, int *ret_exit_code, struct err *e) must_check;
/* attach_keys_check - --detach-keys, before anything is started. */
int attach_keys_check(const char *keys, struct err *e) must_check;
