#pragma once
/* The user's end of a session (attach, exec): his signals, which are heeded whatever the streams do, and his terminal,
 * which is as it was afterwards. */
#include <signal.h>
#include <stdbool.h>
#include <termios.h>
#include "base/err.h"

struct user_end {
	int signals; /* signalfd(2), non-blocking */
	sigset_t before;
	struct termios saved;
	bool raw; /* the terminal is */
	int asked_to_end; /* INT or TERM came so often */
	int fatal; /* this signal is to end us */
};

enum { USER_END_PATIENCE = 3 };

#define USER_END_INIT \
	{ \
		.signals = FD_NONE \
	}

/* user_end_begin - the signals are held, and come by u->signals. Ends with user_end_done(), also after an error. */
int user_end_begin(struct user_end *u, struct err *e) must_check;
/* user_end_raw - the terminal becomes raw, if standard input is one; again after SIGCONT: whoever stopped us may have
 * changed it. */
int user_end_raw(struct user_end *u, struct err *e) must_check;
/* user_end_gives_up - does @sig, which came from the user, say for the third time that he wants to go? Then it is
 * fatal.
 */
bool user_end_gives_up(struct user_end *u, int sig);
/* user_end_done - terminal and signals as they were; u->fatal ends this process. */
void user_end_done(struct user_end *u);
