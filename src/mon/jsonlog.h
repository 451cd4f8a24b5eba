#pragma once
/* One record of a json-file log, byte for byte as docker writes it. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum {
	JSONLOG_TIME_SIZE = 36,
	JSONLOG_GROWTH = 6, /* bytes of the record for one of the line, at most */
	JSONLOG_OVERHEAD = 128, /* besides, without attributes */
};

struct jsonlog_tail {
	const char *stream; /* "stdout" or "stderr" */
	const char *time;
	const char *attrs; /* a JSON object, or NULL */
	bool newline; /* the line was ended by one */
};

/* jsonlog_record - to @dst, which has room for n * JSONLOG_GROWTH + JSONLOG_OVERHEAD + attributes.
 * Returns its length. */
size_t jsonlog_record(char *dst, const char *line, size_t n, const struct jsonlog_tail *t);
/* jsonlog_time - RFC 3339 with as many digits as are not zero (Go's RFC3339Nano). */
void jsonlog_time(const struct timespec *t, char dst[static JSONLOG_TIME_SIZE]);
