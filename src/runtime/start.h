#pragma once
/* From the go-ahead to the executed program. */
#include <fcntl.h>
#include "runtime/statedir.h"
#include "runtime/sync.h"

struct start_ctx {
	const struct runtime_config *config;
	const struct rt_state *state;
	int pidfd;	  /* of the process that executes */
	pid_t target_pid; /* exec: its pid; 0: the container's first process */
};

/* start_follow - after the go-ahead on @sock: serve a seccomp listener, until the program was executed (0) or could
 * not be. */
int start_follow(const struct start_ctx *s, int sock, struct err *e) must_check;
/* start_poststart - the poststart hooks; a failing one kills the container. */
int start_poststart(const struct start_ctx *s, struct err *e) must_check;
