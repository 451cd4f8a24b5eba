#pragma once
/* Bytes between our stdin and stdout and a pty master; no waiting and no signals in here: the caller polls. */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include "base/err.h"

enum { RELAY_BUF = 8192, RELAY_N_POLL = 3 };

struct relay_half {
	char data[RELAY_BUF];
	size_t start, end;
};

struct relay_tty {
	int master; /* borrowed */
	int slave; /* held open, or the master would report a hang-up whenever the container has closed its side */
	int in, out; /* FD_NONE when ended */
	int own_out; /* our own description of stdout, so that making it non-blocking hurts nobody */
	bool raw, hung_up;
	struct termios saved;
	struct relay_half to_master, to_out;
};

/* relay_tty_begin - make ready, switch our terminal to raw mode if stdin is one, hand on its size. */
int relay_tty_begin(struct relay_tty *t, int master, struct err *e) must_check;
/* relay_tty_poll - fill in what to wait for; unwanted descriptors are -1. */
void relay_tty_poll(const struct relay_tty *t, struct pollfd p[static RELAY_N_POLL]);
/* relay_tty_move - after poll(2): move what can be moved. */
void relay_tty_move(struct relay_tty *t, const struct pollfd p[static RELAY_N_POLL]);
/* relay_tty_hang_up - the container has ended: read what it left. More remains to be written while
 * relay_tty_pending(). */
void relay_tty_hang_up(struct relay_tty *t);
bool relay_tty_pending(const struct relay_tty *t);
void relay_tty_resize(const struct relay_tty *t);
/* relay_tty_end - restore our terminal. Also after a failed begin. */
void relay_tty_end(struct relay_tty *t);
