#pragma once
/* flock(2) with a deadline. The lock goes with the open file description: close it to unlock. */
#include <stdbool.h>
#include "base/err.h"

/* lock_file - lock @fd, @exclusive or shared, waiting at most @timeout_ms (-1: for ever, 0: do not wait).
 * @what is for the message. -ETIMEDOUT (ERR_CONFLICT) when somebody else keeps it. */
int lock_file(int fd, bool exclusive, int timeout_ms, const char *what, struct err *e) must_check;
