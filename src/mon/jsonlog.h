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

/* What follows the line in all records of one moment: made once, copied often. */
struct jsonlog_tail {
	char text[JSONLOG_OVERHEAD - 16];
	size_t len;
	size_t attrs_at; /* where attributes stand */
	const char *attrs; /* a JSON object, or NULL */
	size_t attrs_len;
};

/* jsonlog_tail - for @stream ("stdout", "stderr") at @time, with @attrs, which is borrowed. */
void jsonlog_tail(struct jsonlog_tail *t, const char *stream, const char *time, const char *attrs);
/* jsonlog_record - to @dst, which has room for n * JSONLOG_GROWTH + JSONLOG_OVERHEAD + attributes; @newline: one ended
 * the line. Returns its length. */
size_t jsonlog_record(char *dst, const char *line, size_t n, bool newline, const struct jsonlog_tail *t);
/* jsonlog_time - RFC 3339 with as many digits as are not zero (Go's RFC3339Nano). */
void jsonlog_time(const struct timespec *t, char dst[static JSONLOG_TIME_SIZE]);
