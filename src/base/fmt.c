/* A small printf that never allocates, locks or reads the locale. */
#include "base/fmt.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct out {
	char *dst;
	size_t size;
	size_t len; /* what a large enough buffer would hold */
};

struct directive {
	int width;
	int precision; /* -1: none */
	bool zero;
	char length; /* 0, 'l', 'q' (ll), 'z', 'j', 'h' */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->dst[o->len] = c;
	o->len++;
}

static void put_all(struct out *o, const char *s, size_t n)
{
	size_t room = o->len + 1 < o->size ? o->size - 1 - o->len : 0;

	if (room)
		memcpy(o->dst + o->len, s, n < room ? n : room);
	o->len += n;
}

static void put_padded(struct out *o, const char *s, size_t n, const struct directive *d)
{
	for (size_t i = n; d->width > 0 && i < (size_t)d->width; i++)
		put(o, d->zero ? '0' : ' ');
	put_all(o, s, n);
}

static void put_number(struct out *o, uint64_t v, unsigned base, bool negative, struct directive *d)
{
	char tmp[66];
	size_t i = sizeof(tmp);

	do {
		tmp[--i] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative && d->zero) {
		put(o, '-');
		d->width--;
	} else if (negative) {
		tmp[--i] = '-';
	}
	put_padded(o, tmp + i, sizeof(tmp) - i, d);
}

/* va_list cannot be passed by pointer portably unless wrapped. */
struct args {
	va_list ap;
};

static uint64_t next_unsigned(struct args *a, char length)
{
	switch (length) {
	case 'l': return va_arg(a->ap, unsigned long);
	case 'q': return va_arg(a->ap, unsigned long long);
	case 'z': return va_arg(a->ap, size_t);
	case 'j': return va_arg(a->ap, uintmax_t);
	default: return va_arg(a->ap, unsigned);
	}
}

static int64_t next_signed(struct args *a, char length)
{
	switch (length) {
	case 'l': return va_arg(a->ap, long);
	case 'q': return va_arg(a->ap, long long);
	case 'z': return va_arg(a->ap, ssize_t);
	case 'j': return va_arg(a->ap, intmax_t);
	default: return va_arg(a->ap, int);
	}
}

static const char *parse_directive(const char *f, struct directive *d, struct args *a)
{
	*d = (struct directive){ .precision = -1 };
	for (; *f == '0' || *f == '-' || *f == '#'; f++)
		d->zero = d->zero || *f == '0';
	for (; *f >= '0' && *f <= '9'; f++)
		d->width = d->width * 10 + (*f - '0');
	if (*f == '.') {
		f++;
		d->precision = 0;
		if (*f == '*') {
			d->precision = va_arg(a->ap, int);
			f++;
		}
		for (; *f >= '0' && *f <= '9'; f++)
			d->precision = d->precision * 10 + (*f - '0');
	}
	while (*f == 'l' || *f == 'z' || *f == 'j' || *f == 'h') {
		d->length = d->length == 'l' && *f == 'l' ? 'q' : *f;
		f++;
	}
	return f;
}

static void put_string(struct out *o, const char *s, const struct directive *d)
{
	if (!s)
		s = "(null)";
	size_t n = d->precision >= 0 ? strnlen(s, (size_t)d->precision) : strlen(s);
	struct directive plain = { .width = d->width };
	put_padded(o, s, n, &plain);
}

static void put_directive(struct out *o, char conversion, struct directive *d, struct args *a)
{
	int64_t v;
	char c;

	switch (conversion) {
	case 's': put_string(o, va_arg(a->ap, const char *), d); break;
	case 'c':
		c = (char)va_arg(a->ap, int);
		put_padded(o, &c, 1, d);
		break;
	case 'd':
	case 'i':
		v = next_signed(a, d->length);
		put_number(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0, d);
		break;
	case 'u': put_number(o, next_unsigned(a, d->length), 10, false, d); break;
	case 'x': put_number(o, next_unsigned(a, d->length), 16, false, d); break;
	case 'o': put_number(o, next_unsigned(a, d->length), 8, false, d); break;
	case 'p':
		put(o, '0');
		put(o, 'x');
		put_number(o, (uintptr_t)va_arg(a->ap, void *), 16, false, d);
		break;
	default: put(o, conversion);
	}
}

static size_t format_all(struct out *o, const char *f, struct args *a)
{
	while (*f) {
		struct directive d;

		if (*f != '%') {
			size_t n = strcspn(f, "%");

			put_all(o, f, n);
			f += n;
			continue;
		}
		f = parse_directive(f + 1, &d, a);
		if (!*f)
			break;
		put_directive(o, *f++, &d, a);
	}
	if (o->size)
		o->dst[o->len < o->size ? o->len : o->size - 1] = '\0';
	return o->len;
}

size_t fmt_v(char *dst, size_t size, const char *format, va_list ap)
{
	struct out o = { dst, size, 0 };
	struct args a;

	va_copy(a.ap, ap);
	size_t n = format_all(&o, format, &a);
	va_end(a.ap);
	if (!size)
		return 0;
	return n < size ? n : size - 1;
}

size_t fmt_to(char *dst, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	size_t n = fmt_v(dst, size, format, ap);
	va_end(ap);
	return n;
}

int fmt_fits(char *dst, size_t size, const char *format, ...)
{
	struct out o = { dst, size, 0 };
	struct args a;

	va_start(a.ap, format);
	size_t n = format_all(&o, format, &a);
	va_end(a.ap);
	return n < size;
}
