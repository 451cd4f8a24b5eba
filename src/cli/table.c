#include "cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/str.h"
#include "cmdline/utf8.h"

enum { MIN_COLUMN = 10, GAP = 3, LEAST_CUT = 8 };

struct cell {
	const char *text;
	size_t len;
};

/* The cells of one line; the number of them. */
static size_t split(const char *line, size_t len, struct cell *cells)
{
	size_t n = 0;

	for (;;) {
		const char *tab = n + 1 < TABLE_MAX_COLUMNS ? memchr(line, '\t', len) : NULL;
		size_t here = tab ? (size_t)(tab - line) : len;

		cells[n++] = (struct cell){ line, here };
		if (!tab)
			return n;
		line += here + 1;
		len -= here + 1;
	}
}

static bool is_ascii(const char *s)
{
	while ((unsigned char)(*s - 1) < 0x7f)
		s++;
	return !*s;
}

/* @ascii: the whole text is. */
static size_t columns_of(const struct cell *c, bool ascii)
{
	char small[256];

	if (ascii || c->len >= sizeof(small))
		return c->len; /* nobody cuts a long one by the column */
	memcpy(small, c->text, c->len);
	small[c->len] = '\0';
	return utf8_columns(small);
}

static size_t next_line(const char *s)
{
	return strcspn(s, "\n");
}

static size_t measure(const char *text, bool ascii, size_t widths[static TABLE_MAX_COLUMNS])
{
	struct cell cells[TABLE_MAX_COLUMNS];
	size_t most = 0;

	for (const char *s = text; *s; s += next_line(s), s += *s == '\n') {
		size_t n = split(s, next_line(s), cells);

		for (size_t i = 0; i < n; i++) {
			size_t w = columns_of(&cells[i], ascii);

			widths[i] = w > widths[i] ? w : widths[i];
		}
		most = n > most ? n : most;
	}
	return most;
}

static size_t total(const size_t *widths, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i + 1 < n; i++)
		sum += widths[i] + GAP > MIN_COLUMN ? widths[i] + GAP : MIN_COLUMN;
	return sum + widths[n - 1];
}

/* The widest column gives first. */
static void fit(size_t *widths, size_t n, size_t width)
{
	while (n && width && total(widths, n) > width) {
		size_t widest = 0;

		for (size_t i = 1; i < n; i++)
			if (widths[i] > widths[widest])
				widest = i;
		if (widths[widest] <= LEAST_CUT)
			return;
		widths[widest]--;
	}
}

static void write_cell(const struct cell *c, bool ascii, size_t width, bool last, struct buf *b)
{
	static const char blanks[] = "                                ";
	size_t columns = columns_of(c, ascii), cut = c->len;
	char small[256];

	if (columns > width && c->len < sizeof(small)) {
		memcpy(small, c->text, c->len);
		small[c->len] = '\0';
		cut = utf8_prefix(small, width - 1);
		columns = width;
	}
	buf_add(b, c->text, cut);
	if (cut < c->len)
		buf_str(b, "\xe2\x80\xa6");
	if (last)
		return;
	size_t full = width + GAP > MIN_COLUMN ? width + GAP : MIN_COLUMN;
	for (size_t n = full > columns ? full - columns : 0, now; n; n -= now) {
		now = n < sizeof(blanks) - 1 ? n : sizeof(blanks) - 1;
		buf_add(b, blanks, now);
	}
}

void table_write(const char *text, const struct table_how *how, struct buf *ret)
{
	size_t widths[TABLE_MAX_COLUMNS] = { 0 };
	struct cell cells[TABLE_MAX_COLUMNS];
	bool ascii = is_ascii(text), first = true;
	size_t n_columns = measure(text, ascii, widths);

	fit(widths, n_columns, how->width);
	for (const char *s = text; *s; s += next_line(s), s += *s == '\n') {
		size_t n = split(s, next_line(s), cells);

		buf_str(ret, first && how->colour ? "\x1b[1m" : "");
		for (size_t i = 0; i < n; i++)
			write_cell(&cells[i], ascii, widths[i], i + 1 == n, ret);
		buf_str(ret, first && how->colour ? "\x1b[0m\n" : "\n");
		first = false;
	}
}

struct table_how table_terminal(int fd)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	struct table_how how = { 0 };
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		return how;
	how.width = size.ws_col;
	how.colour = !(no_colour && *no_colour) && !str_eq(term, "dumb");
	return how;
}
