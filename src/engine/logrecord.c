/* The reader of our own log: an object of strings and one object of strings, which is all that is
 * ever in it. A whole JSON reader would build a tree for each line. */
#include "engine/logrecord.h"

#include <stdint.h>
#include <string.h>

struct cursor {
	const char *p, *end;
};

static bool skip(struct cursor *c, char what)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
		c->p++;
	if (c->p == c->end || *c->p != what)
		return false;
	c->p++;
	return true;
}

static int hex4(const char *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char ch = p[i];
		int d = ch >= '0' && ch <= '9'		       ? ch - '0'
			: (ch | 32) >= 'a' && (ch | 32) <= 'f' ? (ch | 32) - 'a' + 10
							       : -1;

		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* At most four bytes, for the six that \uXXXX takes, or the twelve of a pair. */
static char *put_utf8(char *dst, uint32_t v)
{
	if (v < 0x80) {
		*dst++ = (char)v;
	} else if (v < 0x800) {
		*dst++ = (char)(0xc0 | v >> 6);
		*dst++ = (char)(0x80 | (v & 0x3f));
	} else if (v < 0x10000) {
		*dst++ = (char)(0xe0 | v >> 12);
		*dst++ = (char)(0x80 | (v >> 6 & 0x3f));
		*dst++ = (char)(0x80 | (v & 0x3f));
	} else {
		*dst++ = (char)(0xf0 | v >> 18);
		*dst++ = (char)(0x80 | (v >> 12 & 0x3f));
		*dst++ = (char)(0x80 | (v >> 6 & 0x3f));
		*dst++ = (char)(0x80 | (v & 0x3f));
	}
	return dst;
}

/* Behind "\u". */
static bool unicode(struct cursor *c, char **dst)
{
	if (c->end - c->p < 4)
		return false;
	int v = hex4(c->p), low;
	if (v < 0)
		return false;
	c->p += 4;
	if (v >= 0xd800 && v < 0xdc00 && c->end - c->p >= 6 && c->p[0] == '\\' && c->p[1] == 'u' &&
		(low = hex4(c->p + 2)) >= 0xdc00 && low < 0xe000) {
		c->p += 6;
		*dst = put_utf8(*dst, 0x10000 + ((uint32_t)(v - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
		return true;
	}
	*dst = put_utf8(*dst, v >= 0xd800 && v < 0xe000 ? 0xfffd : (uint32_t)v);
	return true;
}

static bool escape(struct cursor *c, char **dst)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

	if (c->p == c->end)
		return false;
	char ch = *c->p++;
	if (ch == 'u')
		return unicode(c, dst);
	const char *at = ch ? strchr(from, ch) : NULL;
	if (!at)
		return false;
	*(*dst)++ = to[at - from];
	return true;
}

/* A string, decoded to *dst (which moves on). */
static bool text(struct cursor *c, char **dst)
{
	if (!skip(c, '"'))
		return false;
	while (c->p < c->end && *c->p != '"') {
		if (*c->p == '\\') {
			c->p++;
			if (!escape(c, dst))
				return false;
			continue;
		}
		const char *start = c->p;
		while (c->p < c->end && *c->p != '"' && *c->p != '\\')
			c->p++;
		memmove(*dst, start, (size_t)(c->p - start));
		*dst += c->p - start;
	}
	return skip(c, '"');
}

/* A string, left as it is. */
static bool raw(struct cursor *c, const char **ret, size_t *ret_n)
{
	if (!skip(c, '"'))
		return false;
	const char *start = c->p;
	while (c->p < c->end && *c->p != '"')
		c->p += *c->p == '\\' && c->p + 1 < c->end ? 2 : 1;
	*ret = start;
	*ret_n = (size_t)(c->p - start);
	return skip(c, '"');
}

static bool object(struct cursor *c, const char **ret, size_t *ret_n)
{
	const char *ignored;
	size_t n;

	if (!skip(c, '{'))
		return false;
	*ret = c->p - 1;
	while (!skip(c, '}'))
		if (!raw(c, &ignored, &n) || !skip(c, ':') || !raw(c, &ignored, &n) ||
			(!skip(c, ',') && (c->p == c->end || *c->p != '}')))
			return false;
	*ret_n = (size_t)(c->p - *ret);
	return true;
}

static bool is(const char *key, size_t n, const char *name)
{
	return n == strlen(name) && memcmp(key, name, n) == 0;
}

static bool member(struct cursor *c, char *room, struct logrecord *r)
{
	const char *key, *value;
	size_t n, value_n;

	if (!raw(c, &key, &n) || !skip(c, ':'))
		return false;
	if (is(key, n, "log")) {
		char *end = room;

		if (!text(c, &end))
			return false;
		r->text = room;
		r->len = (size_t)(end - room);
		return true;
	}
	if (is(key, n, "attrs"))
		return object(c, &r->attrs, &r->attrs_len);
	if (!raw(c, &value, &value_n))
		return false;
	if (is(key, n, "time")) {
		r->time = value;
		r->time_len = value_n;
	} else if (is(key, n, "stream")) {
		r->is_stderr = is(value, value_n, "stderr");
	}
	return true;
}

bool logrecord_parse(const char *line, size_t n, char *room, struct logrecord *ret)
{
	struct cursor c = { line, line + n };
	struct logrecord r = { .text = room };

	if (!skip(&c, '{'))
		return false;
	while (!skip(&c, '}'))
		if (!member(&c, room, &r) || (!skip(&c, ',') && (c.p == c.end || *c.p != '}')))
			return false;
	if (!r.time)
		return false;
	*ret = r;
	return true;
}

static bool stays(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
		strchr("-_.~", ch) != NULL;
}

/* Go's url.QueryEscape. */
static size_t put_escaped(char *dst, size_t size, size_t at, const char *s, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n && at + 4 < size; i++) {
		if (s[i] && stays(s[i])) {
			dst[at++] = s[i];
		} else if (s[i] == ' ') {
			dst[at++] = '+';
		} else {
			dst[at++] = '%';
			dst[at++] = hex[(uint8_t)s[i] >> 4];
			dst[at++] = hex[(uint8_t)s[i] & 15];
		}
	}
	return at;
}

void logrecord_details(const struct logrecord *r, char *dst, size_t size)
{
	struct cursor c = { r->attrs, r->attrs + r->attrs_len };
	char room[1024];
	size_t at = 0;

	dst[0] = '\0';
	if (!r->attrs || !skip(&c, '{'))
		return;
	while (!skip(&c, '}')) {
		char *end = room;

		/* What does not fit the room ends the list. */
		const char *ignored;
		size_t n;
		struct cursor look = c;
		if (!raw(&look, &ignored, &n) || n > sizeof(room) || !text(&c, &end) || !skip(&c, ':'))
			break;
		if (at + 2 < size && at)
			dst[at++] = ',';
		at = put_escaped(dst, size, at, room, (size_t)(end - room));
		if (at + 2 < size)
			dst[at++] = '=';
		end = room;
		look = c;
		if (!raw(&look, &ignored, &n) || n > sizeof(room) || !text(&c, &end))
			break;
		at = put_escaped(dst, size, at, room, (size_t)(end - room));
		(void)skip(&c, ','); /* none before the end */
	}
	dst[at] = '\0';
}
