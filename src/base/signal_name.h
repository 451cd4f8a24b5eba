#pragma once
/* Signals by name, as kill(1) takes them. */
#include "base/err.h"

/* signal_number - "15", "TERM", "SIGTERM", "term", "RTMIN+3": its number. ERR_USAGE for anything else. */
int signal_number(const char *text, int *ret, struct err *e) must_check;
