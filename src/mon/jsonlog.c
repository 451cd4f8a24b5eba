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

static bool is_plain(uint8_t b)
{
	return b >= 0x20 && b < 0x80 && b != '"' && b != '\\' && b != '<' && b != '>' && b != '&';
}

/* Copy the beginning of @s that can stay as it is; its length. @dst has room for all of @s: of the sixteen bytes that
 * are copied together the last ones may be too many. */
static size_t copy_plain(char *dst, const char *s, size_t n)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		v16 b, bad;

		memcpy(&b, s + i, 16);
		memcpy(dst + i, &b, 16);
		/* b - 0x20 wraps for control bytes: above 0x5f then, as bytes from 0x80 on are. */
		bad = (v16)((b - 0x20) > 0x5f) | (v16)(b == '"') | (v16)(b == '\\') | (v16)(b == '<') |
			(v16)(b == '>') | (v16)(b == '&');
		v2 any = (v2)bad;
		if (any[0] | any[1])
			break;
	}
	for (; i < n && is_plain((uint8_t)s[i]); i++)
		dst[i] = s[i];
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

void jsonlog_tail(struct jsonlog_tail *t, const char *stream, const char *time, const char *attrs)
{
	char *p = put(put_text(put(t->text, "\",\"stream\":\"", 12), stream), "\"", 1);

	t->attrs_at = (size_t)(p - t->text);
	t->attrs = attrs;
	t->attrs_len = str_len(attrs);
	p = put(put_text(put(p, ",\"time\":\"", 9), time), "\"}\n", 3);
	t->len = (size_t)(p - t->text);
}

size_t jsonlog_record(char *dst, const char *line, size_t n, bool newline, const struct jsonlog_tail *t)
{
	char *p = put(dst, "{\"log\":\"", 8);
	size_t rest = 0;

	while (n) {
		size_t run = copy_plain(p, line, n);

		p += run;
		line += run;
		n -= run;
		if (n) {
			p = put_special(p, line, n, &run);
			line += run;
			n -= run;
		}
	}
	if (newline)
		p = put(p, "\\n", 2);
	if (t->attrs) {
		rest = t->attrs_at;
		p = put(put(put(p, t->text, rest), ",\"attrs\":", 9), t->attrs, t->attrs_len);
	}
	p = put(p, t->text + rest, t->len - rest);
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
