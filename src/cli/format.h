#pragma once
/* What list commands print: rows of named texts as a table, through a template, or as JSON lines.
 */
#include "cli/cli.h"
#include "cli/template.h"

struct rows {
	struct arena *arena;
	struct json list;
	struct json **tail;
	bool failed; /* out of memory: format_print() tells */
};

#define ROWS_INIT(a) \
	{ \
		.arena = (a), .list = {.kind = JSON_KIND_ARRAY } \
	}

/* rows_add - an empty row; rows_text - one member of it. @value is borrowed, and so is @key;
 * members appear in the order they are added: docker's JSON has them sorted. */
struct json *rows_add(struct rows *r);
void rows_text(struct rows *r, struct json *row, const char *key, const char *value);
/* rows_printf - a value made here. */
void rows_printf(struct rows *r, struct json *row, const char *key, const char *format, ...) printf_like(4, 5);

struct format_header {
	const char *member, *text;
};

struct format_how {
	const char *format; /* --format: NULL, "table", "table TEMPLATE", "json", TEMPLATE */
	const char *standard; /* template of the table when nothing else is asked for */
	const struct format_header *headers;
	size_t n_headers;
	template_method method;
	bool no_trunc; /* lines may be longer than the terminal is wide */
};

/* format_print - all rows to standard output. */
int format_print(struct cli *c, struct rows *r, const struct format_how *how, struct err *e) must_check;
/* format_table - lines of cells between tabs, fit for eyes (buf_shown()), as a table: for the long lists, which do not
 * go through a template unless one was given. */
int format_table(const struct buf *lines_of_cells, bool no_trunc, struct err *e) must_check;
/* format_needs - will the member @name be printed: by the format, or by docker's JSON of a row,
 * which has all. */
bool format_needs(struct cli *c, const struct format_how *how, const char *name);
