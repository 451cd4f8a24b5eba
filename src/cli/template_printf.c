/* printf of templates: Go's verbs, its notes about wrong arguments included ("%!d(string=x)"). */
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cli/template_parts.h"
#include "cmdline/utf8.h"

enum { MAX_WIDTH = 1000 };

struct verb {
	bool left, zero, plus, has_precision;
	size_t width, precision;
	char letter;
};

static const char *number(const char *s, size_t *ret)
{
	size_t n = strspn(s, "0123456789");
	uint64_t v = 0;

	if (n && !parse_u64_n(s + strspn(s, "0"), n - strspn(s, "0"), MAX_WIDTH, &v))
		v = strspn(s, "0") == n ? 0 : MAX_WIDTH;
	*ret = (size_t)v;
	return s + n;
}

static const char *parse_verb(const char *s, struct verb *v)
{
	*v = (struct verb){ 0 };
	for (; *s && strchr("-+# 0", *s); s++) {
		v->left |= *s == '-';
		v->zero |= *s == '0';
		v->plus |= *s == '+';
	}
	s = number(s, &v->width);
	if (*s == '.') {
		v->has_precision = true;
		s = number(s + 1, &v->precision);
	}
	v->letter = *s;
	return *s ? s + 1 : s;
}

static void padded(const struct verb *v, const char *text, struct buf *b)
{
	size_t columns = 0;

	for (const char *at = text; *at; columns++)
		(void)utf8_next(&at); /* Go counts characters */
	size_t gap = v->width > columns ? v->width - columns : 0;
	bool zeroes = v->zero && !v->left && strchr("dx", v->letter);
	if (zeroes && gap && *text == '-') {
		buf_str(b, "-");
		text++;
	}
	for (size_t i = 0; !v->left && i < gap; i++)
		buf_str(b, zeroes ? "0" : " ");
	buf_str(b, text);
	for (size_t i = 0; v->left && i < gap; i++)
		buf_str(b, " ");
}

static const char *go_kind(const struct json *v)
{
	return !v || v->kind == JSON_KIND_NULL				  ? "<nil>"
		: v->kind == JSON_KIND_STRING				  ? "string"
		: v->kind == JSON_KIND_NUMBER				  ? "int"
		: v->kind == JSON_KIND_TRUE || v->kind == JSON_KIND_FALSE ? "bool"
		: v->kind == JSON_KIND_ARRAY				  ? "[]interface {}"
									  : "map[string]interface {}";
}

static void wrong(const struct verb *v, const struct json *arg, struct buf *out)
{
	buf_printf(out, "%%!%c(%s=", v->letter, go_kind(arg));
	template_text(arg, out);
	buf_str(out, ")");
}

static void as_hex(const struct json *arg, struct buf *out)
{
	int64_t n;

	if (arg->kind == JSON_KIND_NUMBER && json_i64(arg, INT64_MIN, INT64_MAX, &n) == JSON_INT_OK) {
		buf_printf(
			out, "%s%llx", n < 0 ? "-" : "", (unsigned long long)(n < 0 ? 0 - (uint64_t)n : (uint64_t)n));
		return;
	}
	for (uint32_t i = 0; arg->kind == JSON_KIND_STRING && i < arg->n; i++)
		buf_printf(out, "%02x", (unsigned char)arg->text[i]);
}

/* One argument by its verb, without padding; false: the verb is not for it. */
static bool format(const struct verb *v, const struct json *arg, struct buf *out)
{
	bool text = arg && arg->kind == JSON_KIND_STRING, digits = arg && arg->kind == JSON_KIND_NUMBER;

	switch (v->letter) {
	case 'v': template_text(arg, out); return true;
	case 's':
		if (digits || !arg || arg->kind == JSON_KIND_TRUE || arg->kind == JSON_KIND_FALSE)
			return false;
		template_text(arg, out);
		return true;
	case 'q':
		if (text)
			template_json(arg, out);
		return text;
	case 'd':
		if (digits && v->plus && arg->text[0] != '-')
			buf_str(out, "+");
		if (digits)
			template_text(arg, out);
		return digits;
	case 'x':
		if (text || digits)
			as_hex(arg, out);
		return text || digits;
	case 't':
		if (!arg || (arg->kind != JSON_KIND_TRUE && arg->kind != JSON_KIND_FALSE))
			return false;
		template_text(arg, out);
		return true;
	default: return false;
	}
}

static void cut(struct buf *b, size_t characters)
{
	const char *at = b->data;

	while (at && *at && characters--)
		(void)utf8_next(&at); /* only to move on */
	if (at) {
		b->len = (size_t)(at - b->data);
		b->data[b->len] = '\0';
	}
}

int template_printf(const struct call *c, const struct json **ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	size_t used = 1;

	if (!c->n || !c->args[0] || c->args[0]->kind != JSON_KIND_STRING)
		return template_fail(c->t->text, c->at, e, "printf: the first argument must be a string");
	for (const char *s = c->args[0]->text; *s;) {
		size_t plain = strcspn(s, "%");
		AUTO(buf) struct buf one = BUF_INIT;
		struct verb v;

		buf_add(&b, s, plain);
		s += plain;
		if (!*s)
			break;
		s = parse_verb(s + 1, &v);
		if (v.letter == '%' || !v.letter) {
			buf_str(&b, v.letter ? "%" : "%!(NOVERB)");
			continue;
		}
		if (used >= c->n) {
			buf_printf(&b, "%%!%c(MISSING)", v.letter);
			continue;
		}
		if (!format(&v, c->args[used], &one))
			wrong(&v, c->args[used], &one);
		if (v.has_precision && v.letter == 's')
			cut(&one, v.precision);
		used++;
		padded(&v, one.data ? one.data : "", &b);
		b.failed |= one.failed;
	}
	for (size_t i = used; i < c->n; i++) {
		buf_printf(&b, i == used ? "%%!(EXTRA %s=" : ", %s=", go_kind(c->args[i]));
		template_text(c->args[i], &b);
		buf_str(&b, i + 1 == c->n ? ")" : "");
	}
	*ret = b.failed ? NULL : template_string(c->arena, b.data ? b.data : "", b.len);
	return *ret ? 0 : err_oom(e, "a template");
}
