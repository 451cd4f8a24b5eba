#pragma once
/* The foreground part of `run` and `exec`: forward signals, relay the terminal, wait for the end. */
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include "base/err.h"

struct rt_relay {
	sigset_t saved; /* the mask before; the container's first process must get this one */
	bool blocked;
};

struct rt_relay_child {
	pid_t pid;
	int pidfd; /* borrowed */
	int master; /* its terminal, borrowed, or FD_NONE; becomes non-blocking */
	bool reap_others; /* we are the subreaper: collect orphans, too */
};

/* rt_relay_begin - before the child exists: hold back every signal that can be forwarded, so that none is lost,
 * and make sure that children wait to be reaped (an inherited ignored SIGCHLD would reap them). */
int rt_relay_begin(struct rt_relay *r, struct err *e) must_check;
/* rt_relay_wait - forward signals (by pidfd) and, with a terminal, bytes and window sizes between our stdin and
 * stdout and @ch->master, until @ch has ended and what it wrote was read; then reap it. *ret_status is its
 * exit status or 128 + signal. Our own terminal is raw meanwhile and is restored in every case. */
int rt_relay_wait(struct rt_relay *r, const struct rt_relay_child *ch, int *ret_status, struct err *e) must_check;
/* rt_relay_end - put the signal mask back: what arrived after the last forward takes effect now. */
void rt_relay_end(struct rt_relay *r);
