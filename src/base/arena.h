#pragma once
/* Many small objects of one operation (a parsed spec, a plan), freed together. */
#include <stdarg.h>
#include <stddef.h>
#include "base/cleanup.h"

struct arena_block;

struct arena {
	struct arena_block *head;
	size_t total; /* bytes handed out, for limits */
};

#define ARENA_INIT \
	{ \
		NULL, 0 \
	}

/* arena_alloc - @n * @size zeroed bytes, aligned for any type; NULL when out of memory or on overflow. */
void *arena_alloc(struct arena *a, size_t n, size_t size);
#define arena_new(a, type) ((type *)arena_alloc(a, 1, sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc(a, n, sizeof(type)))
/* arena_text - room for a string of @size bytes with its NUL, empty but not zeroed: what is never written is never
 * touched. */
char *arena_text(struct arena *a, size_t size);
/* arena_dup, arena_printf - a string copy; NULL when out of memory. */
char *arena_dup(struct arena *a, const char *s);
char *arena_dup_n(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *format, ...) printf_like(2, 3);
void arena_done(struct arena *a);
