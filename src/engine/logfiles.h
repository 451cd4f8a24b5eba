#pragma once
/* The files of one json-file log, read in the order they were written, across rotations. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

struct logfiles {
	int dir_fd; /* borrowed */
	int fd; /* being read, or FD_NONE */
	dev_t dev;
	ino_t ino;
	off_t at;
	char *data; /* what was read: whole lines from start to end are not looked at yet */
	size_t start, end, cap;
	bool skipped; /* files were rotated away before they could be read */
};

/* logfiles_open - at the beginning, or so that the last @tail lines are still to come (-1: all). No
 * log yet: nothing is to come. End with logfiles_done(), also after an error. */
int logfiles_open(struct logfiles *l, int dir_fd, int64_t tail, struct err *e) must_check;
void logfiles_done(struct logfiles *l);
/* logfiles_next - the next whole line without its newline; *ret_line is valid until the next call.
 * False: none now. */
int logfiles_next(struct logfiles *l, bool *ret_found, const char **ret_line, size_t *ret_n, struct err *e) must_check;
