#pragma once
/* A growing byte buffer. A failed append latches: check once at the end with buf_err(). */
#include <stdbool.h>
#include <stddef.h>
#include "base/cleanup.h"
#include "base/err.h"

struct buf {
	char *data; /* NUL-terminated whenever not NULL */
	size_t len, cap;
	bool failed;
};

#define BUF_INIT \
	{ \
		NULL, 0, 0, false \
	}

/* buf_reserve - room for @n more bytes at data + len; NULL when out of memory. */
char *buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) printf_like(2, 3);
/* buf_json_str - @s as a JSON string with its quotes. */
void buf_json_str(struct buf *b, const char *s);
/* buf_shown - @s for eyes: what would command a terminal (str_control()) as \xNN, but the characters in @but as they
 * are. */
void buf_shown(struct buf *b, const char *s, const char *but);
/* buf_err - 0, or -ENOMEM when an append failed. */
int buf_err(const struct buf *b, struct err *e) must_check;
void buf_done(struct buf *b);
