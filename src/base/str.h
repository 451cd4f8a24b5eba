#pragma once
/* Strings and numbers, parsed whole or refused. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"

static inline size_t str_len(const char *s)
{
	return s ? __builtin_strlen(s) : 0;
}
bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
int str_by_bytes(const void *a, const void *b); /* for qsort(3) and bsearch(3) of char * */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* str_after - what follows @prefix in @s, or NULL. */
const char *str_after(const char *s, const char *prefix);
/* str_plain - how many bytes at @s are printable ASCII. */
size_t str_plain(const char *s);
/* str_control - how many bytes at @s are a character that commands a terminal instead of being shown: 0 for none. The
 * control characters of ASCII and of Unicode, and those that turn the direction of writing. */
size_t str_control(const char *s);

/* parse_u64 - decimal digits only, the whole of @s, no sign, no blank, no leading zero (except "0"), at
 * most @max. False leaves *ret alone. */
bool parse_u64(const char *s, uint64_t max, uint64_t *ret) must_check;
bool parse_u64_n(const char *s, size_t n, uint64_t max, uint64_t *ret) must_check;
/* parse_i64 - the same with an optional '-', within [@min, @max]. */
bool parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret) must_check;
/* parse_u32 - a user or group id and the like. */
bool parse_u32(const char *s, uint32_t *ret) must_check;
/* parse_octal - a file mode. */
bool parse_octal(const char *s, uint32_t max, uint32_t *ret) must_check;
/* parse_size - bytes with an optional binary suffix b, k, m, g, t (any case, optional "b" or "ib" after it). */
bool parse_size(const char *s, uint64_t *ret) must_check;
/* parse_duration_ms - "5s", "100ms", "1m30s", "2h" (Go's notation). */
bool parse_duration_ms(const char *s, uint64_t *ret) must_check;

static inline bool size_add(size_t a, size_t b, size_t *ret)
{
	return !__builtin_add_overflow(a, b, ret);
}
static inline bool size_mul(size_t a, size_t b, size_t *ret)
{
	return !__builtin_mul_overflow(a, b, ret);
}
