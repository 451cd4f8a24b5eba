/* JSON strings as docker's json-file driver writes them: besides what JSON demands, "<", ">", "&",
 * U+2028 and U+2029 are escaped, and bytes that are no UTF-8 become U+FFFD. Most output is plain:
 * sixteen bytes are looked at together. */
#include "mon/jsonlog.h"

#include <stdint.h>
#include <string.h>
#include "base/str.h"
#include "base/units.h"

typedef uint8_t v16 __attribute__((vector_size(16)));
typedef uint64_t v2 __attribute__((vector_size(16)));

/* Length of the beginning of @s that can stay as it is. */
static size_t plain_run(const char *s, size_t n)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		v16 b, bad;

		memcpy(&b, s + i, 16);
		/* b - 0x20 wraps for control bytes: above 0x5f then, as bytes from 0x80 on are. */
		bad = (v16)((b - 0x20) > 0x5f) | (v16)(b == '"') | (v16)(b == '\\') | (v16)(b == '<') |
			(v16)(b == '>') | (v16)(b == '&');
		v2 any = (v2)bad;
		if (any[0] | any[1])
			break;
	}
	for (; i < n; i++) {
		uint8_t b = (uint8_t)s[i];

		if (b < 0x20 || b >= 0x80 || b == '"' || b == '\\' || b == '<' || b == '>' || b == '&')
			break;
	}
	return i;
}

/* Length of the UTF-8 sequence at @s, 0 when it is none: overlong forms, surrogates and beyond
 * U+10FFFF are none. */
static size_t sequence(const uint8_t *s, size_t n)
{
	size_t len = s[0] >= 0xc2 && s[0] <= 0xdf ? 2
		: (s[0] & 0xf0) == 0xe0		  ? 3
		: s[0] >= 0xf0 && s[0] <= 0xf4	  ? 4
						  : 0;

	if (!len || n < len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
		(s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static char *put(char *dst, const char *text, size_t n)
{
	memcpy(dst, text, n);
	return dst + n;
}

static char *put_text(char *dst, const char *text)
{
	return put(dst, text, strlen(text));
}

static char *put_control(char *dst, uint8_t b)
{
	static const char hex[] = "0123456789abcdef";

	switch (b) {
	case '"':
	case '\\':
		*dst++ = '\\';
		*dst++ = (char)b;
		return dst;
	case '\n': return put(dst, "\\n", 2);
	case '\r': return put(dst, "\\r", 2);
	default:
		dst = put(dst, "\\u00", 4);
		*dst++ = hex[b >> 4];
		*dst++ = hex[b & 15];
		return dst;
	}
}

/* One character that needs a look; *ret_n bytes of @s are done. */
static char *put_special(char *dst, const char *s, size_t n, size_t *ret_n)
{
	const uint8_t *u = (const uint8_t *)s;

	*ret_n = 1;
	if (u[0] < 0x80)
		return put_control(dst, u[0]);
	size_t len = sequence(u, n);
	if (!len)
		return put(dst, "\\ufffd", 6);
	*ret_n = len;
	if (len == 3 && u[0] == 0xe2 && u[1] == 0x80 && (u[2] & 0xfe) == 0xa8)
		return put(dst, u[2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
	return put(dst, s, len);
}

size_t jsonlog_record(char *dst, const char *line, size_t n, const struct jsonlog_tail *t)
{
	char *p = put(dst, "{\"log\":\"", 8);

	while (n) {
		size_t run = plain_run(line, n);

		p = put(p, line, run);
		line += run;
		n -= run;
		if (n) {
			p = put_special(p, line, n, &run);
			line += run;
			n -= run;
		}
	}
	if (t->newline)
		p = put(p, "\\n", 2);
	p = put(p, "\",\"stream\":\"", 12);
	p = put_text(p, t->stream);
	*p++ = '"';
	if (t->attrs) {
		p = put(p, ",\"attrs\":", 9);
		p = put_text(p, t->attrs);
	}
	p = put(p, ",\"time\":\"", 9);
	p = put_text(p, t->time);
	p = put(p, "\"}\n", 3);
	return (size_t)(p - dst);
}

void jsonlog_time(const struct timespec *t, char dst[static JSONLOG_TIME_SIZE])
{
	_Static_assert((int)JSONLOG_TIME_SIZE >= (int)RFC3339_SIZE, "room for a time");
	rfc3339_format(t, dst);
	size_t n = str_len(dst) - 1; /* the Z */
	while (dst[n - 1] == '0')
		n--;
	n -= dst[n - 1] == '.';
	memcpy(dst + n, "Z", 2);
}
