#include "cli/indent.h"

#include <string.h>

static void new_line(struct buf *b, unsigned blanks)
{
	buf_str(b, "\n");
	while (blanks--)
		buf_str(b, " ");
}

/* The closing quote of the string that begins at @s. */
static const char *string_end(const char *s)
{
	for (s++; *s && *s != '"'; s++)
		if (*s == '\\' && s[1])
			s++;
	return s;
}

void indent_json(const char *text, unsigned step, struct buf *b)
{
	unsigned level = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '"') {
			const char *end = string_end(p);

			buf_add(b, p, (size_t)(end - p) + (*end == '"'));
			if (!*end)
				return;
			p = end;
		} else if ((*p == '{' && p[1] == '}') || (*p == '[' && p[1] == ']')) {
			buf_add(b, p++, 2);
		} else if (*p == '{' || *p == '[') {
			buf_add(b, p, 1);
			new_line(b, ++level * step);
		} else if (*p == '}' || *p == ']') {
			level -= level > 0;
			new_line(b, level * step);
			buf_add(b, p, 1);
		} else if (*p == ',') {
			buf_add(b, p, 1);
			new_line(b, level * step);
		} else {
			buf_add(b, p, 1);
			if (*p == ':')
				buf_str(b, " ");
		}
	}
}
