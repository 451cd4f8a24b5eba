#include "cli/format.h"

#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cli/table.h"

struct json *rows_add(struct rows *r)
{
	struct json *row = arena_new(r->arena, struct json);

	if (!row) {
		r->failed = true;
		return NULL;
	}
	row->kind = JSON_KIND_OBJECT;
	if (!r->tail)
		r->tail = &r->list.first;
	*r->tail = row;
	r->tail = &row->next;
	r->list.n++;
	return row;
}

void rows_text(struct rows *r, struct json *row, const char *key, const char *value)
{
	struct json *v = row ? arena_new(r->arena, struct json) : NULL, **tail;

	if (!v) {
		r->failed = true;
		return;
	}
	value = value ? value : "";
	*v = (struct json){ .key = (char *)key,
		.key_len = (uint32_t)strlen(key),
		.kind = JSON_KIND_STRING,
		.text = (char *)value,
		.n = (uint32_t)strlen(value) };
	for (tail = &row->first; *tail; tail = &(*tail)->next)
		;
	*tail = v;
	row->n++;
}

void rows_printf(struct rows *r, struct json *row, const char *key, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	fmt_v(text, sizeof(text), format, ap);
	va_end(ap);
	const char *kept = arena_dup(r->arena, text);
	r->failed |= !kept;
	rows_text(r, row, key, kept);
}

static int as_json(const struct rows *r, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	for (const struct json *row = r->list.first; row; row = row->next) {
		template_json(row, &b);
		buf_str(&b, "\n");
	}
	return cli_write(&b, e);
}

/* The first line: what each member is called in docker's tables; a member without a name is shown
 * as it is written. */
static const struct json *header_row(struct rows *r, const struct format_how *how)
{
	struct rows head = ROWS_INIT(r->arena);
	struct json *row = rows_add(&head);

	for (size_t i = 0; i < how->n_headers; i++)
		rows_text(&head, row, how->headers[i].member, how->headers[i].text);
	for (const struct json *m = r->list.first ? r->list.first->first : NULL; row && m; m = m->next)
		if (m->key && !json_member(row, m->key))
			rows_text(&head, row, m->key, m->key);
	r->failed |= head.failed;
	return row;
}

/* {{.Label "com.x"}} in a heading is the key itself, as docker has it. */
static const struct json *header_method(
	const struct json *data, const char *name, const char *argument, struct arena *a)
{
	struct json *v = arena_new(a, struct json);

	(void)data;
	(void)name;
	if (v)
		*v = (struct json){
			.kind = JSON_KIND_STRING, .text = (char *)argument, .n = (uint32_t)strlen(argument)
		};
	return v;
}

static int lines(const struct template *t, struct rows *r, const struct format_how *how, struct buf *b, struct err *e)
{
	for (const struct json *row = r->list.first; row; row = row->next) {
		int rc = template_run(t, row, how->method, r->arena, b, e);

		if (rc < 0)
			return rc;
		buf_str(b, "\n");
	}
	return 0;
}

/* A value is one cell of one line, whatever is in it. */
static void show_values(struct rows *r)
{
	for (struct json *row = r->list.first; row; row = row->next)
		for (struct json *v = row->first; v; v = v->next) {
			AUTO(buf) struct buf b = BUF_INIT;

			if (v->kind != JSON_KIND_STRING || str_plain(v->text) == v->n)
				continue;
			buf_shown(&b, v->text, "");
			if (!b.failed && b.len == v->n)
				continue; /* letters of other scripts */
			char *kept = b.failed ? NULL : arena_dup(r->arena, b.data);
			r->failed |= !kept;
			v->text = kept ? kept : v->text;
			v->n = (uint32_t)(kept ? b.len : v->n);
		}
}

int format_table(const struct buf *lines_of_cells, bool no_trunc, struct err *e)
{
	AUTO(buf) struct buf out = BUF_INIT;
	struct table_how terminal = table_terminal(STDOUT_FILENO);

	if (buf_err(lines_of_cells, e) < 0)
		return -e->num;
	if (no_trunc)
		terminal.width = 0;
	table_write(lines_of_cells->data, &terminal, &out);
	return cli_write_shown(&out, e);
}

static int as_table(struct rows *r, const char *text, const struct format_how *how, struct err *e)
{
	AUTO(buf) struct buf raw = BUF_INIT;
	AUTO(buf) struct buf shown = BUF_INIT;
	struct template *t;
	int rc = template_parse(text, r->arena, &t, e);
	const struct json *head = rc == 0 ? header_row(r, how) : NULL;

	show_values(r);
	if (rc == 0 && (!head || r->failed))
		rc = err_oom(e, "a table");
	if (rc == 0)
		rc = template_run(t, head, how->method ? header_method : NULL, r->arena, &raw, e);
	buf_str(&raw, "\n");
	if (rc == 0)
		rc = lines(t, r, how, &raw, e);
	if (rc == 0)
		rc = buf_err(&raw, e);
	if (rc < 0)
		return rc;
	buf_shown(&shown, raw.data, "\t\n"); /* what a method or function made of it */
	return format_table(&shown, how->no_trunc, e);
}

/* The template of a table, or NULL when the format is none. */
static const char *table_template(const struct format_how *how)
{
	const char *rest = how->format ? str_after(how->format, "table") : how->standard;

	if (!how->format || !*how->format || (rest && !*rest))
		return how->standard;
	return rest && (*rest == ' ' || *rest == '\t') ? rest + 1 : NULL;
}

int format_print(struct cli *c, struct rows *r, const struct format_how *how, struct err *e)
{
	const char *table = table_template(how);
	AUTO(buf) struct buf b = BUF_INIT;
	struct template *t;

	(void)c;
	if (r->failed)
		return err_oom(e, "a list");
	if (str_eq(how->format, "json"))
		return as_json(r, e);
	const char *text = template_unescape(table ? table : how->format, r->arena);
	if (!text)
		return err_oom(e, "a template");
	if (table)
		return as_table(r, text, how, e);
	int rc = template_parse(text, r->arena, &t, e);
	if (rc == 0)
		rc = lines(t, r, how, &b, e);
	return rc ? rc : cli_write(&b, e);
}

bool format_needs(struct cli *c, const struct format_how *how, const char *name)
{
	const char *table = table_template(how);
	struct err e = ERR_NONE;
	struct template *t;

	if (str_eq(how->format, "json"))
		return true;
	if (template_parse(table ? table : how->format, &c->arena, &t, &e) < 0)
		return false; /* format_print() says what is wrong with it */
	return template_uses(t, name) || strstr(how->format ? how->format : "", "json .");
}
