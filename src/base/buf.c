/* A growing byte buffer whose failure is checked once. */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

char *buf_reserve(struct buf *b, size_t n)
{
	size_t need;

	if (b->failed || __builtin_add_overflow(b->len, n, &need) || need + 1 < need)
		goto fail;
	if (need + 1 > b->cap) {
		size_t cap = b->cap ? b->cap : need < 256 ? 256 : need + 1; /* a first size is a guess that fits */

		while (cap < need + 1)
			cap = cap * 2 > cap ? cap * 2 : need + 1;
		char *p = realloc(b->data, cap);
		if (!p)
			goto fail;
		b->data = p;
		b->cap = cap;
	}
	return b->data + b->len;
fail:
	b->failed = true;
	return NULL;
}

void buf_add(struct buf *b, const void *data, size_t n)
{
	char *p = buf_reserve(b, n);

	if (!p)
		return;
	memcpy(p, data, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;
	size_t room = 256;

	for (;;) {
		char *p = buf_reserve(b, room);

		if (!p)
			return;
		va_start(ap, format);
		size_t n = fmt_v(p, room, format, ap);
		va_end(ap);
		if (n + 1 < room) {
			b->len += n;
			return;
		}
		room *= 4;
	}
}

void buf_json_str(struct buf *b, const char *s)
{
	const char *from = s;

	buf_add(b, "\"", 1);
	for (;; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x20 && c != 0x7f && c != '"' && c != '\\')
			continue;
		buf_add(b, from, (size_t)(s - from));
		from = s + 1;
		if (!c)
			break;
		buf_printf(b, c == '"' || c == '\\' ? "\\%c" : "\\u%04x", c);
	}
	buf_add(b, "\"", 1);
}

void buf_shown(struct buf *b, const char *s, const char *but)
{
	for (;;) {
		size_t plain = str_plain(s), n;

		buf_add(b, s, plain);
		s += plain;
		if (!*s)
			return;
		n = str_control(s);
		if (!n || (n == 1 && strchr(but, *s)))
			buf_add(b, s++, 1);
		else
			for (; n; n--)
				buf_printf(b, "\\x%02x", (unsigned char)*s++);
	}
}

int buf_err(const struct buf *b, struct err *e)
{
	return b->failed ? err_oom(e, "a buffer") : 0;
}

void buf_done(struct buf *b)
{
	int saved = errno;

	free(b->data);
	*b = (struct buf)BUF_INIT;
	errno = saved;
}
