#pragma once
/* From the go-ahead to the executed program. */
#include <fcntl.h>
#include "runtime/notify_proxy.h"
#include "runtime/statedir.h"
#include "runtime/sync.h"

struct start_ctx {
	const struct runtime_config *config;
	const struct rt_state *state;
	int pidfd; /* of the process that executes */
	pid_t target_pid; /* exec: its pid; 0: the container's first process */
};

/* start_follow - after the go-ahead on @sock: serve a seccomp listener, until the program was executed (0) or could
 * not be. */
int start_follow(const struct start_ctx *s, int sock, struct err *e) must_check;
/* start_open_notify - the sd_notify proxy for $NOTIFY_SOCKET @socket (NULL: none), if create prepared one. */
int start_open_notify(int state_fd, const char *socket, struct rt_notify *ret, struct err *e) must_check;
/* start_poststart - the poststart hooks; after a failing one the caller destroys the container. */
int start_poststart(const struct start_ctx *s, struct err *e) must_check;
