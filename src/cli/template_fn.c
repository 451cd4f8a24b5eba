/* The functions of templates. */
#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cli/template_parts.h"
#include "cmdline/utf8.h"

typedef int (*fn)(const struct call *c, const struct json **ret, struct err *e);

#define FAIL(c, e, ...) err_negative(template_fail((c)->t->text, (c)->at, e, __VA_ARGS__))

/* --- helpers of the functions ------------------------------------------------------------------- */

static int give_buf(const struct call *c, struct buf *b, const struct json **ret, struct err *e)
{
	*ret = b->failed ? NULL : template_string(c->arena, b->data ? b->data : "", b->len);
	return *ret ? 0 : err_oom(e, "a template");
}

static int want(const struct call *c, size_t n, struct err *e)
{
	if (c->n == n)
		return 0;
	return FAIL(c, e, "wrong number of args for %s: want %zu got %zu", c->name, n, c->n);
}

static int want_text(const struct call *c, size_t i, const char **ret, struct err *e)
{
	const struct json *v = c->args[i];

	if (v == &template_zero) {
		*ret = "";
		return 0;
	}
	if (!v || v->kind != JSON_KIND_STRING)
		return FAIL(c, e, "%s: argument %zu is %s, not a string", c->name, i + 1,
			v ? json_kind_name(v) : "no value");
	*ret = v->text;
	return 0;
}

static int want_int(const struct call *c, size_t i, int64_t *ret, struct err *e)
{
	const struct json *v = c->args[i];

	if (!v || json_i64(v, INT64_MIN, INT64_MAX, ret) != JSON_INT_OK)
		return FAIL(c, e, "%s: argument %zu is %s, not a whole number", c->name, i + 1,
			v ? json_kind_name(v) : "no value");
	return 0;
}

/* --- logic -------------------------------------------------------------------------------------- */

static int fn_and(const struct call *c, const struct json **ret, struct err *e)
{
	bool stop_at = str_eq(c->name, "or");

	if (!c->n)
		return FAIL(c, e, "wrong number of args for %s: want at least 1 got 0", c->name);
	for (size_t i = 0; i < c->n; i++) {
		*ret = c->args[i];
		if (template_truth(*ret) == stop_at)
			break;
	}
	return 0;
}

static int fn_not(const struct call *c, const struct json **ret, struct err *e)
{
	int r = want(c, 1, e);

	if (r == 0)
		*ret = template_bool(!template_truth(c->args[0]));
	return r;
}

/* <0, 0, >0; numbers as numbers (fractions by their whole part, then as text), everything else as
 * text. */
static int compare(const struct json *a, const struct json *b)
{
	int64_t x, y;

	if (a->kind == JSON_KIND_NUMBER && json_i64(a, INT64_MIN, INT64_MAX, &x) == JSON_INT_OK &&
		json_i64(b, INT64_MIN, INT64_MAX, &y) == JSON_INT_OK)
		return x < y ? -1 : x > y;
	size_t n = a->n < b->n ? a->n : b->n;
	int r = memcmp(a->text, b->text, n);
	return r ? r : a->n < b->n ? -1 : a->n > b->n;
}

static bool is_bool(const struct json *v)
{
	return v->kind == JSON_KIND_TRUE || v->kind == JSON_KIND_FALSE;
}

static bool is_nil(const struct json *v)
{
	return !v || v->kind == JSON_KIND_NULL;
}

static int equal(const struct call *c, const struct json *a, const struct json *b, bool *ret, struct err *e)
{
	if (is_nil(a) || is_nil(b)) {
		/* A zero value of a map of strings is "". */
		const struct json *other = is_nil(a) ? b : a;

		*ret = (is_nil(a) && is_nil(b)) ||
			((a == &template_zero || b == &template_zero) && other->kind == JSON_KIND_STRING && !other->n);
		return 0;
	}
	if (is_bool(a) && is_bool(b)) {
		*ret = a->kind == b->kind;
		return 0;
	}
	if (a->kind != b->kind || a->kind == JSON_KIND_ARRAY || a->kind == JSON_KIND_OBJECT)
		return FAIL(c, e, "%s: incompatible types for comparison: %s and %s", c->name, json_kind_name(a),
			json_kind_name(b));
	*ret = compare(a, b) == 0;
	return 0;
}

static int fn_eq(const struct call *c, const struct json **ret, struct err *e)
{
	bool same = false, ne = str_eq(c->name, "ne");

	if (c->n < 2 || (ne && c->n != 2))
		return FAIL(
			c, e, "wrong number of args for %s: want %s2 got %zu", c->name, ne ? "" : "at least ", c->n);
	for (size_t i = 1; i < c->n && !same; i++) {
		int r = equal(c, c->args[0], c->args[i], &same, e);

		if (r < 0)
			return r;
	}
	*ret = template_bool(same != ne);
	return 0;
}

static int fn_order(const struct call *c, const struct json **ret, struct err *e)
{
	const struct json *a, *b;
	int r = want(c, 2, e);

	if (r < 0)
		return r;
	a = c->args[0];
	b = c->args[1];
	if (is_nil(a) || is_nil(b) || a->kind != b->kind ||
		(a->kind != JSON_KIND_NUMBER && a->kind != JSON_KIND_STRING))
		return FAIL(c, e, "%s: invalid type for comparison", c->name);
	r = compare(a, b);
	*ret = template_bool(str_eq(c->name, "lt") ? r < 0
			: str_eq(c->name, "le")	   ? r <= 0
			: str_eq(c->name, "gt")	   ? r > 0
						   : r >= 0);
	return 0;
}

/* --- parts -------------------------------------------------------------------------------------- */

static int fn_len(const struct call *c, const struct json **ret, struct err *e)
{
	const struct json *v;
	int r = want(c, 1, e);

	if (r < 0)
		return r;
	v = c->args[0];
	if (!v ||
		(v->kind != JSON_KIND_STRING && v->kind != JSON_KIND_ARRAY && v->kind != JSON_KIND_OBJECT &&
			v->kind != JSON_KIND_NULL))
		return FAIL(c, e, "len of %s", v ? json_kind_name(v) : "no value");
	*ret = template_int(c->arena, v->kind == JSON_KIND_NULL ? 0 : v->n);
	return *ret ? 0 : err_oom(e, "a template");
}

static int index_once(const struct call *c, size_t i, const struct json **v, struct err *e)
{
	const struct json *in = *v;
	const char *key;
	int64_t at;
	int r;

	if (!in || in->kind == JSON_KIND_NULL)
		return FAIL(c, e, "index of untyped nil");
	if (in->kind == JSON_KIND_OBJECT) {
		r = want_text(c, i, &key, e);
		if (r == 0) {
			*v = json_member(in, key);
			*v = *v ? *v : &template_zero;
		}
		return r;
	}
	if (in->kind != JSON_KIND_ARRAY)
		return FAIL(c, e, "can't index item of %s", json_kind_name(in));
	r = want_int(c, i, &at, e);
	if (r == 0 && (at < 0 || at >= in->n))
		return FAIL(c, e, "index out of range: %lld", (long long)at);
	for (in = in->first; r == 0 && at > 0; at--)
		in = in->next;
	*v = in;
	return r;
}

static int fn_index(const struct call *c, const struct json **ret, struct err *e)
{
	int r = 0;

	if (!c->n)
		return FAIL(c, e, "wrong number of args for index: want at least 1 got 0");
	*ret = c->args[0];
	for (size_t i = 1; i < c->n && r == 0; i++)
		r = index_once(c, i, ret, e);
	return r;
}

static int fn_slice(const struct call *c, const struct json **ret, struct err *e)
{
	const char *text;
	int64_t from = 0, to;

	if (c->n < 1 || c->n > 3)
		return FAIL(c, e, "wrong number of args for slice: want 1 to 3 got %zu", c->n);
	int r = want_text(c, 0, &text, e);
	if (r < 0)
		return r;
	to = (int64_t)strlen(text);
	if (c->n > 1)
		r = want_int(c, 1, &from, e);
	if (r == 0 && c->n > 2)
		r = want_int(c, 2, &to, e);
	if (r < 0)
		return r;
	if (from < 0 || to < from || to > (int64_t)strlen(text))
		return FAIL(c, e, "slice: index out of range");
	*ret = template_string(c->arena, text + from, (size_t)(to - from));
	return *ret ? 0 : err_oom(e, "a template");
}

/* --- text --------------------------------------------------------------------------------------- */

static int fn_json(const struct call *c, const struct json **ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	int r = want(c, 1, e);

	if (r < 0)
		return r;
	template_json(c->args[0], &b);
	return give_buf(c, &b, ret, e);
}

/* Go's Sprint puts a blank between operands when neither is a string, Sprintln always. */
static int fn_print(const struct call *c, const struct json **ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	bool line = str_eq(c->name, "println");

	for (size_t i = 0; i < c->n; i++) {
		bool strings = i &&
			((c->args[i] && c->args[i]->kind == JSON_KIND_STRING) ||
				(c->args[i - 1] && c->args[i - 1]->kind == JSON_KIND_STRING));

		if (i && (line || !strings))
			buf_str(&b, " ");
		template_text(c->args[i], &b);
	}
	if (line)
		buf_str(&b, "\n");
	return give_buf(c, &b, ret, e);
}

static int fn_split(const struct call *c, const struct json **ret, struct err *e)
{
	const char *text, *sep;
	struct json *list, **tail;
	int r = want(c, 2, e);

	r = r ? r : want_text(c, 0, &text, e);
	r = r ? r : want_text(c, 1, &sep, e);
	if (r < 0)
		return r;
	list = arena_new(c->arena, struct json);
	if (!list)
		return err_oom(e, "a template");
	list->kind = JSON_KIND_ARRAY;
	tail = &list->first;
	for (bool more = true; more;) {
		const char *next = *sep ? strstr(text, sep) : text[0] && text[1] ? text + 1 : NULL;
		struct json *part =
			(struct json *)template_string(c->arena, text, next ? (size_t)(next - text) : strlen(text));

		if (!part)
			return err_oom(e, "a template");
		*tail = part;
		tail = &part->next;
		list->n++;
		more = next != NULL;
		text = next ? next + strlen(sep) : text;
	}
	*ret = list;
	return 0;
}

static int fn_join(const struct call *c, const struct json **ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	const struct json *list;
	const char *sep;
	int r = want(c, 2, e);

	r = r ? r : want_text(c, 1, &sep, e);
	if (r < 0)
		return r;
	list = c->args[0];
	if (list && list->kind != JSON_KIND_ARRAY && list->kind != JSON_KIND_NULL)
		return FAIL(c, e, "join: argument 1 is %s, not a list", json_kind_name(list));
	for (const struct json *m = list && list->kind == JSON_KIND_ARRAY ? list->first : NULL; m; m = m->next) {
		if (m != list->first)
			buf_str(&b, sep);
		template_text(m, &b);
	}
	return give_buf(c, &b, ret, e);
}

static char cased(char ch, const char *how, bool at_start)
{
	bool up = *how == 'u' || (*how == 't' && at_start);

	if (up && ch >= 'a' && ch <= 'z')
		return (char)(ch - 'a' + 'A');
	if (*how == 'l' && ch >= 'A' && ch <= 'Z')
		return (char)(ch - 'A' + 'a');
	return ch;
}

static int fn_case(const struct call *c, const struct json **ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	const char *text;
	bool start = true;
	int r = want(c, 1, e);

	r = r ? r : want_text(c, 0, &text, e);
	for (; r == 0 && *text; text++) {
		char ch = cased(*text, c->name, start);

		buf_add(&b, &ch, 1);
		start = *text == ' ' || *text == '\t' || *text == '\n';
	}
	return r ? r : give_buf(c, &b, ret, e);
}

enum { MAX_PAD = 1000 };

static int fn_pad(const struct call *c, const struct json **ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	const char *text;
	int64_t left, right;
	int r = want(c, 3, e);

	r = r ? r : want_text(c, 0, &text, e);
	r = r ? r : want_int(c, 1, &left, e);
	r = r ? r : want_int(c, 2, &right, e);
	if (r < 0)
		return r;
	if (left < 0 || right < 0 || left > MAX_PAD || right > MAX_PAD)
		return FAIL(c, e, "pad: 0 to %d blanks", MAX_PAD);
	for (; *text && left > 0; left--)
		buf_str(&b, " ");
	buf_str(&b, text);
	for (; *text && right > 0; right--)
		buf_str(&b, " ");
	return give_buf(c, &b, ret, e);
}

static int fn_truncate(const struct call *c, const struct json **ret, struct err *e)
{
	const char *text, *at;
	int64_t n;
	int r = want(c, 2, e);

	r = r ? r : want_text(c, 0, &text, e);
	r = r ? r : want_int(c, 1, &n, e);
	if (r < 0)
		return r;
	for (at = text; *at && n > 0; n--)
		(void)utf8_next(&at); /* characters are counted, not bytes: never half a one */
	*ret = template_string(c->arena, text, (size_t)(at - text));
	return *ret ? 0 : err_oom(e, "a template");
}

static const struct {
	const char *name;
	fn call;
} functions[] = {
	{ "and", fn_and },
	{ "eq", fn_eq },
	{ "ge", fn_order },
	{ "gt", fn_order },
	{ "index", fn_index },
	{ "join", fn_join },
	{ "json", fn_json },
	{ "le", fn_order },
	{ "len", fn_len },
	{ "lower", fn_case },
	{ "lt", fn_order },
	{ "ne", fn_eq },
	{ "not", fn_not },
	{ "or", fn_and },
	{ "pad", fn_pad },
	{ "print", fn_print },
	{ "printf", template_printf },
	{ "println", fn_print },
	{ "slice", fn_slice },
	{ "split", fn_split },
	{ "title", fn_case },
	{ "truncate", fn_truncate },
	{ "upper", fn_case },
};

bool template_is_function(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (str_eq(functions[i].name, name))
			return true;
	return false;
}

int template_call(const struct call *c, const struct json **ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (str_eq(functions[i].name, c->name))
			return functions[i].call(c, ret, e);
	return FAIL(c, e, "function \"%s\" not defined", c->name);
}
