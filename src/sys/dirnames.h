#pragma once
/* The names in a directory, sorted by bytes: what is made from them is the same each time. */
#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"

/* dir_names - of the directory @fd (any descriptor of it, O_PATH too), without "." and "..". The names are @a's; *ret
 * is the caller's to free(3), after an error, too. */
int dir_names(int fd, struct arena *a, char ***ret, size_t *ret_n, struct err *e) must_check;
