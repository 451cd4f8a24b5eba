/* The walk over the tables of a container's document. */
#include "spec/container_parts.h"

#include <string.h>
#include "base/str.h"

static void write_list(const struct rc_str_list *l, struct buf *b)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "[");
		buf_json_str(b, l->v[i]);
	}
	buf_str(b, "]");
}

static void write_set(const struct rc_str_list *l, struct buf *b)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "{");
		buf_json_str(b, l->v[i]);
		buf_str(b, ":{}");
	}
	buf_str(b, "}");
}

static void write_pairs(const struct rc_kv_list *l, struct buf *b)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "{");
		buf_json_str(b, l->v[i].key);
		buf_str(b, ":");
		buf_json_str(b, l->v[i].value);
	}
	buf_str(b, "}");
}

static bool is_empty(const struct part *p, const void *at)
{
	switch (p->kind) {
	case PART_TEXT: return !*(char *const *)at;
	case PART_BOOL: return !*(const bool *)at;
	case PART_U32: return !*(const uint32_t *)at;
	case PART_U64:
	case PART_I64: return !*(const uint64_t *)at;
	case PART_LIST:
	case PART_SET: return !((const struct rc_str_list *)at)->n;
	case PART_PAIRS: return !((const struct rc_kv_list *)at)->n;
	case PART_OPT_U64: return !((const struct rc_opt_u64 *)at)->set;
	case PART_LITERAL:
	case PART_DERIVED:
	case PART_OWN: break;
	}
	return true;
}

static void write_value(const struct part *p, const void *at, struct buf *b)
{
	switch (p->kind) {
	case PART_TEXT: buf_json_str(b, *(char *const *)at); break;
	case PART_BOOL: buf_str(b, "true"); break;
	case PART_U32: buf_printf(b, "%u", *(const uint32_t *)at); break;
	case PART_U64: buf_printf(b, "%llu", (unsigned long long)*(const uint64_t *)at); break;
	case PART_I64: buf_printf(b, "%lld", (long long)*(const int64_t *)at); break;
	case PART_OPT_U64: buf_printf(b, "%llu", (unsigned long long)((const struct rc_opt_u64 *)at)->v); break;
	case PART_LIST: write_list(at, b); break;
	case PART_SET: write_set(at, b); break;
	case PART_PAIRS: write_pairs(at, b); break;
	case PART_LITERAL:
	case PART_DERIVED:
	case PART_OWN: break;
	}
}

/* What a reader makes nothing of. */
static bool says_nothing(const char *json)
{
	static const char *const empty[] = { "null", "[]", "{}", "\"\"", "false", "0" };

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
		if (str_eq(json, empty[i]))
			return true;
	return false;
}

/* The value alone; nothing when the member is left out. */
static void write_part(const struct part *p, const struct ct_config *c, bool stored, struct buf *b)
{
	const void *at = (const char *)c + p->offset;
	size_t before = b->len;

	if (p->kind == PART_OWN || p->kind == PART_DERIVED) {
		if (!stored || p->kind == PART_OWN)
			p->write(c, b);
		if (stored && !b->failed && says_nothing(b->data + before))
			b->len = before;
	} else if (!is_empty(p, at)) {
		write_value(p, at, b);
	} else if (!stored && p->empty) {
		buf_str(b, p->empty);
	}
}

static void write_all(const struct part_table *t, const struct ct_config *c, bool stored, struct buf *b)
{
	const char *sep = "";

	buf_str(b, "{");
	for (size_t i = 0; i < t->n; i++) {
		size_t before = b->len;

		buf_printf(b, "%s\"%s\":", sep, t->v[i].key);
		size_t value = b->len;
		write_part(&t->v[i], c, stored, b);
		if (b->len == value && !b->failed) {
			b->len = before;
			b->data[before] = '\0';
			continue;
		}
		sep = ",";
	}
	buf_str(b, "}");
}

void parts_write(const struct part_table *t, const struct ct_config *c, struct buf *b)
{
	write_all(t, c, false, b);
}

void parts_store(const struct part_table *t, const struct ct_config *c, struct buf *b)
{
	write_all(t, c, true, b);
}

static int read_set(struct rd *r, const struct json *v, struct rc_str_list *dst)
{
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_OBJECT, &ok);

	if (rc < 0 || !ok || !v->n)
		return rc;
	char **all = arena_array(r->arena, char *, (size_t)v->n + 1);
	if (!all)
		return rd_oom(r);
	size_t n = 0;
	for (const struct json *m = v->first; m; m = m->next)
		all[n++] = m->key;
	*dst = (struct rc_str_list){ all, n };
	return 0;
}

static int read_value(struct rd *r, const struct json *v, const struct part *p, struct ct_config *c)
{
	static const struct rd_field u32 = { .max = UINT32_MAX }, u64 = { .max = UINT64_MAX },
				     i64 = { .min = INT64_MIN, .max = INT64_MAX };
	void *at = (char *)c + p->offset;

	switch (p->kind) {
	case PART_TEXT: return rd_opt_string(r, v, NULL, at);
	case PART_BOOL: return rd_bool(r, v, NULL, at);
	case PART_U32: return rd_u32(r, v, &u32, at);
	case PART_U64: return rd_u64(r, v, &u64, at);
	case PART_I64: return rd_i64(r, v, &i64, at);
	case PART_OPT_U64: return rd_opt_u64(r, v, &u64, at);
	case PART_LIST: return rd_str_list(r, v, NULL, at);
	case PART_PAIRS: return rd_kv_list(r, v, NULL, at);
	case PART_SET: return read_set(r, v, at);
	case PART_OWN: return p->read ? p->read(r, v, NULL, c) : 0; /* the format: looked at before */
	case PART_LITERAL:
	case PART_DERIVED: break;
	}
	return 0;
}

/* Members stand in the order of the table when we wrote them, so the search goes on where the last
 * one was found. */
static const struct part *find(const struct part_table *t, const struct json *m, size_t *next)
{
	for (size_t k = 0; k < t->n; k++) {
		size_t i = (*next + k) % t->n;

		if (strcmp(t->v[i].key, m->key) != 0)
			continue;
		*next = i + 1;
		return &t->v[i];
	}
	return NULL;
}

int parts_read(struct rd *r, const struct json *v, const struct part_table *t, struct ct_config *c)
{
	size_t next = 0;
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_OBJECT, &ok);

	for (const struct json *m = ok ? v->first : NULL; m && rc == 0; m = m->next) {
		const struct part *p = find(t, m, &next);
		struct rd_path here;

		if (!p || m->kind == JSON_KIND_NULL)
			continue;
		rd_enter(r, &here, m->key, 0);
		rc = read_value(r, m, p, c);
		rd_leave(r, &here);
	}
	return rc;
}
