#pragma once
/* One record of a json-file log, read back. Pure: bytes in, struct out. */
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct logrecord {
	char *text; /* what the program said; in the caller's room */
	size_t len;
	bool is_stderr;
	const char *attrs; /* JSON object within the line, or NULL */
	size_t attrs_len;
	const char *time; /* as written, within the line */
	size_t time_len;
};

/* logrecord_parse - @line of @n bytes without its newline; @room has @n bytes. False: it is none.
 */
bool logrecord_parse(const char *line, size_t n, char *room, struct logrecord *ret);
/* logrecord_details - the attributes as "key=value,key=value", values escaped as in a URL, to @dst:
 * up to @size bytes with a NUL. */
void logrecord_details(const struct logrecord *r, char *dst, size_t size);
