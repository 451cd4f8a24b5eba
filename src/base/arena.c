/* Bump allocation in growing blocks; nothing is freed before the whole arena. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/fmt.h"

/* Blocks double. A small first one is worth a second malloc(3): a page that nothing touches costs nothing, one that is
 * touched a page fault, which is dearer than both. */
enum { FIRST_BLOCK = 2048 - 64, ALIGN = 16 };

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

static void *take(struct arena *a, size_t bytes)
{
	bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct arena_block *b = a->head;
	if (!b || b->size - b->used < bytes)
		b = grow(a, bytes);
	if (!b)
		return NULL;
	void *p = b->data + b->used;
	b->used += bytes;
	a->total += bytes;
	return p;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	void *p = take(a, bytes);
	return p ? memset(p, 0, bytes) : NULL;
}

char *arena_text(struct arena *a, size_t size)
{
	char *p = size && size <= SIZE_MAX / 2 ? take(a, size) : NULL;

	if (p)
		*p = '\0';
	return p;
}

char *arena_dup_n(struct arena *a, const char *s, size_t n)
{
	char *p = arena_text(a, n + 1);

	if (!p)
		return NULL;
	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *arena_dup(struct arena *a, const char *s)
{
	return arena_dup_n(a, s, strlen(s));
}

/* Out of line: its buffer would make the usual way touch another page of stack. */
__attribute__((noinline)) static char *print_long(struct arena *a, const char *format, va_list ap)
{
	char tmp[4096];
	size_t n = fmt_v(tmp, sizeof(tmp), format, ap);

	if (n == sizeof(tmp) - 1)
		return NULL; /* would be cut: callers treat it as out of memory */
	return arena_dup_n(a, tmp, n);
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	char tmp[256], *p;
	va_list ap, again;

	va_start(ap, format);
	va_copy(again, ap);
	size_t n = fmt_v(tmp, sizeof(tmp), format, ap);
	p = n < sizeof(tmp) - 1 ? arena_dup_n(a, tmp, n) : print_long(a, format, again);
	va_end(again);
	va_end(ap);
	return p;
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
