#pragma once
/* Names for containers that were given none: adjective_surname, as docker's users know them. */
#include <stdbool.h>
#include "base/err.h"

enum { NAMES_SIZE = 48, NAMES_MAX = 255 };

/* names_random - from @attempt 1 on with a number behind it, as the first one was taken. */
void names_random(char dst[static NAMES_SIZE], unsigned attempt);
/* names_check - may a user call a container or volume so: [a-zA-Z0-9][a-zA-Z0-9_.-]+, at most NAMES_MAX. */
int names_check(const char *what, const char *name, struct err *e) must_check;
