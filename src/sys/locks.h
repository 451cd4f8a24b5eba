#pragma once
/* Who holds what, by one file for all: asking each of a thousand files by flock(2) takes three calls a file. */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

/* locks_of - the inodes on device @dev that were locked exclusively by flock(2) when it was called, sorted; the
 * caller's to free(3), after an error, too. Locks of processes that our /proc does not show are missing, and so may be
 * locks that come and go meanwhile: one that is there was held, one that is not has to be asked for. proc_locks(5) */
int locks_of(dev_t dev, uint64_t **ret, size_t *ret_n, struct err *e) must_check;
/* locks_parse - the same of the text of that file. Pure */
int locks_parse(char *text, dev_t dev, uint64_t **ret, size_t *ret_n, struct err *e) must_check;
