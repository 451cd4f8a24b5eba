#pragma once
/* Formatting without stdio, locale or allocation: usable between clone3 and execve. */
#include <stdarg.h>
#include <stddef.h>
#include "base/cleanup.h"

/* fmt_v, fmt_to - format into @dst of @size bytes, always NUL-terminated when @size > 0, truncated if
 * it does not fit. Understands %s %.*s %c %d %i %u %x %o with l, ll, z, j, zero padding and width, %p
 * and %%. Returns the length written without the NUL. */
size_t fmt_v(char *dst, size_t size, const char *format, va_list ap);
size_t fmt_to(char *dst, size_t size, const char *format, ...) printf_like(3, 4);

/* fmt_fits - like fmt_to, but tells whether everything fitted. */
int fmt_fits(char *dst, size_t size, const char *format, ...) printf_like(3, 4) must_check;
