/* Bump allocation in growing blocks; nothing is freed before the whole arena. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/fmt.h"

enum { FIRST_BLOCK = 8192 - 64, ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(16) char data[];
};

static struct arena_block *grow(struct arena *a, size_t need)
{
	size_t size = a->head ? a->head->size * 2 : FIRST_BLOCK;

	if (size > 1 << 20)
		size = 1 << 20;
	if (size < need)
		size = need;
	struct arena_block *b = malloc(sizeof(*b) + size);
	if (!b)
		return NULL;
	b->next = a->head;
	b->used = 0;
	b->size = size;
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct arena_block *b = a->head;
	if (!b || b->size - b->used < bytes)
		b = grow(a, bytes);
	if (!b)
		return NULL;
	void *p = b->data + b->used;
	b->used += bytes;
	a->total += bytes;
	return memset(p, 0, bytes);
}

char *arena_dup_n(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1, 1);

	return p ? memcpy(p, s, n) : NULL;
}

char *arena_dup(struct arena *a, const char *s)
{
	return arena_dup_n(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	char tmp[4096];
	va_list ap;

	va_start(ap, format);
	size_t n = fmt_v(tmp, sizeof(tmp), format, ap);
	va_end(ap);
	if (n == sizeof(tmp) - 1)
		return NULL; /* would be cut: callers treat it as out of memory */
	return arena_dup_n(a, tmp, n);
}

void arena_done(struct arena *a)
{
	while (a->head) {
		struct arena_block *b = a->head;

		a->head = b->next;
		free(b);
	}
	a->total = 0;
}
