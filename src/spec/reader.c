/* Tables to structs. Guarantees: an error is reported once, at the path of the value that caused
 * it; without a collector the first one ends the reading; every number was inside its range before
 * it was narrowed. */
#include "spec/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

enum { QUOTE_MAX = 64, PATH_TEXT = 768, CAUSE_TEXT = 1024 };

int rd_quoted_len(const char *s)
{
	size_t n = strnlen(s, QUOTE_MAX);

	while (n == QUOTE_MAX && n > QUOTE_MAX - 4 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--; /* do not cut a character */
	return (int)n;
}

/* --- problems ----------------------------------------------------------------------------------- */

void rc_problems_done(struct rc_problems *p)
{
	arena_done(&p->arena);
	free(p->v);
	p->v = NULL;
	p->n = p->cap = 0;
}

/* JSON Pointer, RFC 6901: '~' and '/' inside a key are written ~0 and ~1. */
static size_t put_key(char *dst, size_t size, const char *key)
{
	size_t n = 0;

	for (; *key && n + 3 < size; key++) {
		if (*key == '~' || *key == '/') {
			dst[n++] = '~';
			dst[n++] = *key == '/' ? '1' : '0';
		} else {
			dst[n++] = *key;
		}
	}
	dst[n] = '\0';
	return n;
}

static size_t put_path(char *dst, size_t size, const struct rd_path *at)
{
	size_t n = at->up ? put_path(dst, size, at->up) : 0;

	if (n + 24 >= size)
		return n;
	dst[n++] = '/';
	if (!at->key)
		return n + fmt_to(dst + n, size - n, "%zu", at->index);
	return n + put_key(dst + n, size - n, at->key);
}

static void path_text(const struct rd *r, const char *sub, char dst[static PATH_TEXT])
{
	size_t n = r->at ? put_path(dst, PATH_TEXT, r->at) : 0;

	dst[n] = '\0';
	if (sub)
		fmt_to(dst + n, PATH_TEXT - n, "/%s", sub);
	else if (n == 0)
		fmt_to(dst, PATH_TEXT, "/");
}

static bool problems_room(struct rc_problems *p)
{
	if (p->n < p->cap)
		return true;
	size_t cap = p->cap ? p->cap * 2 : 16;
	struct rc_problem *v = realloc(p->v, cap * sizeof(*v));
	if (!v)
		return false;
	p->v = v;
	p->cap = cap;
	return true;
}

bool rc_problems_add(struct rc_problems *p, const struct rc_problem *what)
{
	if (p->n >= RC_MAX_PROBLEMS)
		return true;
	struct rc_problem copy = {
		.severity = what->severity,
		.json_path = arena_dup(&p->arena, what->json_path),
		.cause = arena_dup(&p->arena, what->cause),
		.remedy = what->remedy ? arena_dup(&p->arena, what->remedy) : NULL,
	};
	if (copy.json_path && copy.cause && (copy.remedy || !what->remedy) && problems_room(p))
		p->v[p->n++] = copy;
	else
		p->failed = true;
	return !p->failed;
}

static int problem_add(struct rd *r, const struct rc_problem *what)
{
	return !r->problems || rc_problems_add(r->problems, what) ? 0 : rd_oom(r);
}

int rd_fail(struct rd *r, const char *sub, const char *remedy, const char *format, ...)
{
	char path[PATH_TEXT], cause[CAUSE_TEXT];
	va_list ap;

	va_start(ap, format);
	fmt_v(cause, sizeof(cause), format, ap);
	va_end(ap);
	path_text(r, sub, path);
	if (r->n_errors++ == 0) {
		err_set(r->e, ERR_CONFIG, EINVAL, "%s: %s: %s", r->doc, path, cause);
		if (remedy)
			err_hint(r->e, "%s", remedy);
	}
	if (!r->collect)
		return -EINVAL;
	return problem_add(r, &(struct rc_problem){ RC_ERROR, path, cause, (char *)(uintptr_t)remedy });
}

void rd_warn(struct rd *r, const char *sub, const char *format, ...)
{
	char path[PATH_TEXT], cause[CAUSE_TEXT];
	va_list ap;

	if (!r->problems || r->problems->n >= RC_MAX_PROBLEMS)
		return;
	va_start(ap, format);
	fmt_v(cause, sizeof(cause), format, ap);
	va_end(ap);
	path_text(r, sub, path);
	(void)problem_add(r, &(struct rc_problem){ RC_WARNING, path, cause, NULL }); /* rd_end sees r->e */
}

int rd_oom(struct rd *r)
{
	if (!r->e->num)
		err_oom(r->e, r->doc);
	return -ENOMEM;
}

int rd_end(struct rd *r, int rc)
{
	if (rc == 0 && r->n_errors == 0 && r->e->num == 0)
		return 0;
	if (r->n_errors > 1)
		err_hint(r->e, "and %zu more errors", r->n_errors - 1);
	return -r->e->num;
}

/* --- structure ---------------------------------------------------------------------------------- */

void rd_enter(struct rd *r, struct rd_path *frame, const char *key, size_t index)
{
	*frame = (struct rd_path){ r->at, key, index };
	r->at = frame;
}

void rd_leave(struct rd *r, const struct rd_path *frame)
{
	r->at = frame->up;
}

int rd_kind(struct rd *r, const struct json *v, enum json_kind kind, bool *ret_ok)
{
	static const char *const wanted[] = {
		[JSON_KIND_NUMBER] = "a number",
		[JSON_KIND_STRING] = "a string",
		[JSON_KIND_ARRAY] = "a list",
		[JSON_KIND_OBJECT] = "an object",
	};

	*ret_ok = v->kind == kind;
	return *ret_ok ? 0 : rd_fail(r, NULL, NULL, "is %s, must be %s", json_kind_name(v), wanted[kind]);
}

static int find_field(const struct rd_field *fields, size_t n_fields, const struct json *m)
{
	for (size_t i = 0; i < n_fields; i++)
		if (fields[i].name_len == m->key_len && memcmp(fields[i].name, m->key, m->key_len) == 0)
			return (int)i;
	return -1;
}

static int check_required(struct rd *r, const struct rd_field *fields, size_t n_fields, uint64_t seen)
{
	for (size_t i = 0; i < n_fields; i++)
		if (fields[i].required && !(seen >> i & 1) &&
			rd_fail(r, fields[i].name, NULL, "is missing and required") < 0)
			return -EINVAL;
	return 0;
}

int rd_object(struct rd *r, const struct json *v, const struct rd_field *fields, size_t n_fields, void *obj)
{
	uint64_t seen = 0; /* no table has more than 64 fields */
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_OBJECT, &ok);

	for (const struct json *m = ok ? v->first : NULL; m && rc == 0; m = m->next) {
		int i = find_field(fields, n_fields, m);
		struct rd_path here;

		if (m->kind == JSON_KIND_NULL)
			continue;
		rd_enter(r, &here, m->key, 0);
		if (i >= 0) {
			seen |= UINT64_C(1) << i;
			rc = fields[i].read(r, m, &fields[i], (char *)obj + fields[i].offset);
		} else {
			rd_warn(r, NULL, "unknown field, ignored");
		}
		rd_leave(r, &here);
	}
	if (rc < 0 || !ok)
		return rc;
	return check_required(r, fields, n_fields, seen);
}

int rd_list(struct rd *r, const struct json *v, const struct rd_elements *how, void **ret, size_t *ret_n)
{
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_ARRAY, &ok);

	if (rc < 0 || !ok || v->n == 0)
		return rc;
	char *all = arena_alloc(r->arena, v->n, how->size);
	if (!all)
		return rd_oom(r);
	size_t i = 0;
	for (const struct json *m = v->first; m; m = m->next, i++) {
		struct rd_path here;

		rd_enter(r, &here, NULL, i);
		rc = how->each(r, m, how->f, all + i * how->size);
		rd_leave(r, &here);
		if (rc < 0)
			return rc;
	}
	*ret = all;
	*ret_n = i;
	return 0;
}

/* --- single values ------------------------------------------------------------------------------ */

int rd_ignore(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return 0;
}

int rd_bool(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind != JSON_KIND_TRUE && v->kind != JSON_KIND_FALSE)
		return rd_fail(r, NULL, NULL, "is %s, must be true or false", json_kind_name(v));
	*(bool *)dst = v->kind == JSON_KIND_TRUE;
	return 0;
}

int rd_opt_bool(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_opt_bool *opt = dst;

	opt->set = v->kind == JSON_KIND_TRUE || v->kind == JSON_KIND_FALSE;
	return rd_bool(r, v, f, &opt->v);
}

static int number_fail(struct rd *r, const struct json *v, const struct rd_field *f, enum json_int why)
{
	int n = v->n < QUOTE_MAX ? (int)v->n : QUOTE_MAX;

	if (why == JSON_INT_NOT_A_NUMBER)
		return rd_fail(r, NULL, NULL, "is %s, must be a whole number", json_kind_name(v));
	if (why == JSON_INT_FRACTION)
		return rd_fail(r, NULL, NULL, "%.*s is not a whole number (no fraction, no exponent)", n, v->text);
	if (f->min < 0)
		return rd_fail(r, NULL, NULL, "%.*s is out of range, allowed are %lld to %lld", n, v->text,
			(long long)f->min, (long long)f->max);
	return rd_fail(r, NULL, NULL, "%.*s is out of range, allowed are %llu to %llu", n, v->text,
		(unsigned long long)f->min, (unsigned long long)f->max);
}

int rd_u64(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	enum json_int why = json_u64(v, (uint64_t)f->min, f->max, dst);

	return why == JSON_INT_OK ? 0 : number_fail(r, v, f, why);
}

int rd_i64(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	enum json_int why = json_i64(v, f->min, (int64_t)f->max, dst);

	return why == JSON_INT_OK ? 0 : number_fail(r, v, f, why);
}

int rd_u32(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	uint64_t n = *(uint32_t *)dst;
	int rc = rd_u64(r, v, f, &n);

	*(uint32_t *)dst = (uint32_t)n;
	return rc;
}

int rd_i32(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	int64_t n = *(int32_t *)dst;
	int rc = rd_i64(r, v, f, &n);

	*(int32_t *)dst = (int32_t)n;
	return rc;
}

int rd_opt_u64(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_opt_u64 *opt = dst;
	enum json_int why = json_u64(v, (uint64_t)f->min, f->max, &opt->v);

	opt->set = why == JSON_INT_OK;
	return opt->set ? 0 : number_fail(r, v, f, why);
}

int rd_opt_i64(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_opt_i64 *opt = dst;
	enum json_int why = json_i64(v, f->min, (int64_t)f->max, &opt->v);

	opt->set = why == JSON_INT_OK;
	return opt->set ? 0 : number_fail(r, v, f, why);
}

int rd_id(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	/* 4294967295 is (uid_t)-1: "leave as it is" to setresuid(2) and chown(2), never an id */
	static const struct rd_field ids = { .max = UINT32_MAX - 1 };

	return rd_u32(r, v, &ids, dst);
}

bool rd_lookup(const struct json *v, const struct rd_word *words, int64_t *ret)
{
	for (const struct rd_word *w = words; v->kind == JSON_KIND_STRING && w->word; w++)
		if (strcmp(w->word, v->text) == 0) {
			*ret = w->value;
			return true;
		}
	return false;
}

int rd_unknown_word(struct rd *r, const struct json *v, const struct rd_word *words)
{
	char allowed[CAUSE_TEXT];
	size_t n = 0;
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_STRING, &ok);

	if (!ok)
		return rc;
	for (const struct rd_word *w = words; w->word; w++)
		n += fmt_to(allowed + n, sizeof(allowed) - n, "%s%s", n ? ", " : "", w->word);
	return rd_fail(r, NULL, NULL, "\"%.*s\" is unknown, allowed are %s", RD_Q(v->text), n ? allowed : "none");
}

int rd_word(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	int64_t value;

	if (!rd_lookup(v, f->words, &value))
		return rd_unknown_word(r, v, f->words);
	*(int *)dst = (int)value;
	return 0;
}

int rd_string(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_STRING, &ok);

	if (ok)
		*(char **)dst = v->text;
	return rc;
}

int rd_name(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && v->n == 0)
		return rd_fail(r, NULL, NULL, "is empty");
	return rd_string(r, v, f, dst);
}

int rd_opt_string(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && v->n == 0)
		return 0;
	return rd_string(r, v, f, dst);
}

int rd_str_list(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_str_list *list = dst;
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_ARRAY, &ok);

	if (!ok || v->n == 0)
		return rc;
	char **all = arena_array(r->arena, char *, (size_t)v->n + 1);
	if (!all)
		return rd_oom(r);
	size_t n = 0, i = 0;
	for (const struct json *m = v->first; m; m = m->next, i++) {
		struct rd_path here;

		if (m->kind == JSON_KIND_STRING) {
			all[n++] = m->text;
			continue;
		}
		rd_enter(r, &here, NULL, i);
		rc = rd_fail(r, NULL, NULL, "is %s, must be a string", json_kind_name(m));
		rd_leave(r, &here);
		if (rc < 0)
			return rc;
	}
	*list = (struct rc_str_list){ all, n };
	return 0;
}

int rd_kv_list(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_kv_list *list = dst;
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_OBJECT, &ok);

	if (!ok || v->n == 0)
		return rc;
	struct rc_kv *all = arena_array(r->arena, struct rc_kv, v->n);
	if (!all)
		return rd_oom(r);
	size_t n = 0;
	for (const struct json *m = v->first; m && rc == 0; m = m->next) {
		struct rd_path here;

		rd_enter(r, &here, m->key, 0);
		if (m->kind != JSON_KIND_STRING)
			rc = rd_fail(r, NULL, NULL, "is %s, must be a string", json_kind_name(m));
		else if (m->key_len == 0)
			rc = rd_fail(r, NULL, NULL, "the key is empty");
		else
			all[n++] = (struct rc_kv){ m->key, m->text };
		rd_leave(r, &here);
	}
	*list = (struct rc_kv_list){ all, n };
	return rc;
}

int rd_env(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_str_list *list = dst;
	int rc = rd_str_list(r, v, f, dst);

	for (size_t i = 0; i < list->n && rc == 0; i++) {
		const char *eq = strchr(list->v[i], '=');
		struct rd_path here;

		if (eq && eq != list->v[i])
			continue;
		rd_enter(r, &here, NULL, i);
		/* the value may be a secret: quote nothing of an entry that has one */
		rc = rd_fail(
			r, NULL, NULL, eq ? "has an empty name, must be NAME=VALUE" : "has no '=', must be NAME=VALUE");
		rd_leave(r, &here);
	}
	return rc;
}

/* --- lists of processors ------------------------------------------------------------------------- */

static bool cpu_number(const char **s, uint64_t max, uint64_t *ret)
{
	size_t n = strspn(*s, "0123456789");

	if (!parse_u64_n(*s, n, max, ret))
		return false;
	*s += n;
	return true;
}

static bool cpu_list_ok(const char *s, uint64_t max)
{
	uint64_t first, last;

	for (;; s++) {
		if (!cpu_number(&s, max, &first))
			return false;
		if (*s == '-') {
			s++;
			if (!cpu_number(&s, max, &last) || last < first)
				return false;
		}
		if (*s != ',')
			return *s == '\0';
	}
}

int rd_cpu_list(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && v->n > 0 && !cpu_list_ok(v->text, f->max))
		return rd_fail(r, NULL, NULL,
			"\"%.*s\" is not a list like \"0-3,7\" of rising ranges with numbers up to "
			"%llu",
			RD_Q(v->text), (unsigned long long)f->max);
	return rd_opt_string(r, v, f, dst);
}

bool rd_path_climbs(const char *path)
{
	for (const char *s = path; s; s = strchr(s, '/')) {
		s += strspn(s, "/");
		if (s[0] == '.' && s[1] == '.' && (s[2] == '/' || s[2] == '\0'))
			return true;
	}
	return false;
}
