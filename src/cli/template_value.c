/* Values of templates: made here, and written as Go writes them. */
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cli/template_parts.h"

const struct json template_zero = { .kind = JSON_KIND_NULL };

const struct json *template_string(struct arena *a, const char *s, size_t n)
{
	struct json *v = arena_new(a, struct json);

	if (!v || n > UINT32_MAX || !(v->text = arena_dup_n(a, s, n)))
		return NULL;
	v->kind = JSON_KIND_STRING;
	v->n = (uint32_t)n;
	return v;
}

const struct json *template_int(struct arena *a, int64_t n)
{
	struct json *v = arena_new(a, struct json);
	char text[24];

	if (!v)
		return NULL;
	v->n = (uint32_t)fmt_to(text, sizeof(text), "%lld", (long long)n);
	v->kind = JSON_KIND_NUMBER;
	v->text = arena_dup(a, text);
	return v->text ? v : NULL;
}

const struct json *template_bool(bool on)
{
	static const struct json yes = { .kind = JSON_KIND_TRUE }, no = { .kind = JSON_KIND_FALSE };

	return on ? &yes : &no;
}

static bool is_zero(const struct json *v)
{
	for (uint32_t i = 0; i < v->n; i++)
		if (v->text[i] >= '1' && v->text[i] <= '9')
			return false;
	return true;
}

bool template_truth(const struct json *v)
{
	if (!v)
		return false;
	switch (v->kind) {
	case JSON_KIND_NULL:
	case JSON_KIND_FALSE: return false;
	case JSON_KIND_TRUE: return true;
	case JSON_KIND_NUMBER: return !is_zero(v);
	case JSON_KIND_STRING:
	case JSON_KIND_ARRAY:
	case JSON_KIND_OBJECT: return v->n > 0;
	}
	return false;
}

/* Most of docker's nulls are lists that are nil, which Go prints as []; these are pointers to
 * numbers. */
static void null_text(const struct json *v, struct buf *b)
{
	static const char *const pointers[] = { "MemorySwappiness", "OomKillDisable", "PidsLimit", "Init" };

	if (v == &template_zero)
		return;
	for (size_t i = 0; v->key && i < ARRAY_SIZE(pointers); i++)
		if (str_eq(v->key, pointers[i])) {
			buf_str(b, "<nil>");
			return;
		}
	buf_str(b, v->key ? "[]" : "<nil>");
}

static void members_text(const struct json *v, struct buf *b)
{
	bool map = v->kind == JSON_KIND_OBJECT;

	buf_str(b, map ? "map[" : "[");
	for (const struct json *m = v->first; m; m = m->next) {
		if (m != v->first)
			buf_str(b, " ");
		if (map)
			buf_printf(b, "%s:", m->key);
		template_text(m, b);
	}
	buf_str(b, "]");
}

void template_text(const struct json *v, struct buf *b)
{
	if (!v) {
		buf_str(b, "<no value>");
		return;
	}
	switch (v->kind) {
	case JSON_KIND_NULL: null_text(v, b); break;
	case JSON_KIND_FALSE: buf_str(b, "false"); break;
	case JSON_KIND_TRUE: buf_str(b, "true"); break;
	case JSON_KIND_NUMBER:
	case JSON_KIND_STRING: buf_add(b, v->text, v->n); break;
	case JSON_KIND_ARRAY:
	case JSON_KIND_OBJECT: members_text(v, b); break;
	}
}

static void json_string(const char *s, size_t n, struct buf *b)
{
	static const char named[] = "\b\f\n\r\t", letters[] = "bfnrt";

	buf_str(b, "\"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		const char *at = c ? strchr(named, c) : NULL;

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (at)
			buf_printf(b, "\\%c", letters[at - named]);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else if (c == 0xc2 && i + 1 < n &&
			str_control(s + i)) /* U+0080 to U+009F: their number is the second byte */
			buf_printf(b, "\\u%04x", (unsigned char)s[++i]);
		else
			buf_add(b, s + i, 1);
	}
	buf_str(b, "\"");
}

void template_json(const struct json *v, struct buf *b)
{
	if (!v || v->kind == JSON_KIND_NULL) {
		buf_str(b, "null");
		return;
	}
	if (v->kind == JSON_KIND_STRING) {
		json_string(v->text, v->n, b);
		return;
	}
	if (v->kind != JSON_KIND_ARRAY && v->kind != JSON_KIND_OBJECT) {
		template_text(v, b);
		return;
	}
	bool map = v->kind == JSON_KIND_OBJECT;
	buf_str(b, map ? "{" : "[");
	for (const struct json *m = v->first; m; m = m->next) {
		if (m != v->first)
			buf_str(b, ",");
		if (map) {
			json_string(m->key, m->key_len, b);
			buf_str(b, ":");
		}
		template_json(m, b);
	}
	buf_str(b, map ? "}" : "]");
}
