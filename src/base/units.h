#pragma once
/* Time stamps in the notation of the OCI documents. */
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { RFC3339_SIZE = 36 };

/* rfc3339_format - UTC with nanoseconds: 2026-01-02T03:04:05.123456789Z. No time zone file is read. */
void rfc3339_format(const struct timespec *t, char dst[static RFC3339_SIZE]);
/* rfc3339_parse - the whole of @text: a date, a time with or without seconds and their fraction behind "T", a zone "Z"
 * or
 * "+02:00"; what is left out is 0 and UTC. False: none. */
bool rfc3339_parse(const char *text, struct timespec *ret);
