#pragma once
/* Between the user's descriptors 0 to 2 and a program that this process has started. */
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include "base/err.h"

struct exec_relay {
	pid_t pid; /* our child, which leads a session and a group */
	int pidfd;
	int in; /* write end of its stdin, or FD_NONE */
	int out, err; /* read ends, or FD_NONE */
	int master; /* of its terminal, or FD_NONE; all borrowed */
	bool interactive;
	const char *detach_keys;
	/* The session with the monitor, borrowed; called when that hangs up, to replace it or set it to FD_NONE. */
	int *monitor;
	void (*monitor_is_gone)(void *arg);
	void *arg;
};

enum exec_end { EXEC_ENDED, EXEC_DETACHED };

/* exec_relay - until the program has ended (*ret_wait_status as of waitpid(2)) or the user left:
 * enum exec_end. */
int exec_relay(struct exec_relay *x, int *ret_wait_status, struct err *e) must_check;
