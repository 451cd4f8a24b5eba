#pragma once
/* Terminals: pty(7), ioctl_tty(2). */
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include "base/err.h"

/* tty_open_master - a new pty, unlocked, from the ptmx device: @ptmx names it below @dirfd ("ptmx" in an open
 * devpts directory, or AT_FDCWD and "/dev/ptmx"). CHILD. */
int tty_open_master(int dirfd, const char *ptmx, struct err *e) must_check;
/* tty_open_slave - the other end of @master, without a path that somebody could have replaced (TIOCGPTPEER,
 * Linux 4.13); does not become the controlling terminal. CHILD. */
int tty_open_slave(int master, struct err *e) must_check;
/* tty_number - N of its /dev/pts/N. CHILD. */
int tty_number(int master, unsigned *ret, struct err *e) must_check;
/* tty_set_size - in characters. CHILD. */
int tty_set_size(int fd, unsigned rows, unsigned cols, struct err *e) must_check;
/* tty_copy_size - of terminal @from to @to. */
int tty_copy_size(int from, int to, struct err *e) must_check;
/* tty_take - make @slave the controlling terminal of this process, which must lead a session without one, and
 * its descriptors 0 to 2. CHILD. */
int tty_take(int slave, struct err *e) must_check;
/* tty_raw - switch to raw mode (output processing off too) and keep the old settings in *ret_saved. */
int tty_raw(int fd, struct termios *ret_saved, struct err *e) must_check;
int tty_restore(int fd, const struct termios *saved, struct err *e) must_check;
/* tty_is - whether @fd is a terminal. */
bool tty_is(int fd);
