/* Two passes over the text: the first finds the type (a list has that of its first element), the second writes the
 * value as that type. */
#include "cg/gvariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "cg/dbus_msg.h"

enum { MAX_DEPTH = 8 };

static const struct {
	const char *word;
	char type;
} words[] = { { "boolean", 'b' }, { "byte", 'y' }, { "int16", 'n' }, { "uint16", 'q' }, { "int32", 'i' },
	{ "uint32", 'u' }, { "handle", 'h' }, { "int64", 'x' }, { "uint64", 't' }, { "double", 'd' }, { "string", 's' },
	{ "objectpath", 'o' }, { "signature", 'g' } };

struct gv {
	const char *p;
	struct err *e;
};

static int bad(struct gv *g, const char *why)
{
	return err_set(g->e, ERR_CONFIG, EINVAL, "%s at \"%.32s\"", why, g->p);
}

static void blanks(struct gv *g)
{
	g->p += strspn(g->p, " \t\n");
}

static size_t word_len(const char *p)
{
	return strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789");
}

static bool is_word(const char *p, const char *word)
{
	size_t n = strlen(word);

	return word_len(p) == n && strncmp(p, word, n) == 0;
}

/* The type that a keyword gives, 0: none stands here. */
static char keyword(const char *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (is_word(p, words[i].word))
			return words[i].type;
	return 0;
}

static size_t number_len(const char *p)
{
	return strspn(p, "+-.0123456789abcdefABCDEFxX");
}

static bool is_number(const char *p)
{
	return (*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == '.';
}

static int skip_string(struct gv *g)
{
	char quote = *g->p;

	for (g->p++; *g->p && *g->p != quote; g->p++)
		if (*g->p == '\\' && g->p[1])
			g->p++;
	if (!*g->p)
		return bad(g, "a string does not end");
	g->p++;
	return 0;
}

static int append(struct gv *g, char *sig, const char *add, size_t n)
{
	size_t len = strlen(sig);

	if (len + n + 1 > GV_SIG_SIZE)
		return bad(g, "too long a type");
	memcpy(sig + len, add, n);
	sig[len + n] = '\0';
	return 0;
}

/* --- first pass ---------------------------------------------------------------------------------------- */

static int infer(struct gv *g, char *sig, int depth);

/* After the first element: further ones are only passed over. */
static int infer_rest(struct gv *g, char *sig, char close, bool keep, int depth)
{
	for (;;) {
		char ignored[GV_SIG_SIZE] = "";

		blanks(g);
		if (*g->p == ',')
			g->p++;
		else if (*g->p != close)
			return bad(g, "expected a comma or the end of the list");
		blanks(g);
		if (*g->p == close) {
			g->p++;
			return 0;
		}
		int r = infer(g, keep ? sig : ignored, depth + 1);
		if (r < 0)
			return r;
	}
}

static int infer_list(struct gv *g, char *sig, int depth)
{
	bool tuple = *g->p == '(';
	char close = tuple ? ')' : ']';

	if (append(g, sig, tuple ? "(" : "a", 1) < 0)
		return -g->e->num;
	g->p++;
	blanks(g);
	if (*g->p == close)
		return bad(g, "an empty list needs its type, like @as []");
	if (infer(g, sig, depth + 1) < 0 || infer_rest(g, sig, close, tuple, depth) < 0)
		return -g->e->num;
	return tuple ? append(g, sig, ")", 1) : 0;
}

/* "@as []": the type is written out. */
static int infer_typed(struct gv *g, char *sig, int depth)
{
	char ignored[GV_SIG_SIZE] = "";
	size_t n = strspn(++g->p, "abnqiuxtdsogy()");

	if (n == 0 || append(g, sig, g->p, n) < 0)
		return g->e->num ? -g->e->num : bad(g, "expected a type");
	g->p += n;
	blanks(g);
	if (*g->p == '[') {
		const char *end = g->p + 1 + strspn(g->p + 1, " \t\n");

		if (*end == ']') {
			g->p = end + 1;
			return 0;
		}
	}
	return infer(g, ignored, depth + 1);
}

static int infer(struct gv *g, char *sig, int depth)
{
	if (depth > MAX_DEPTH)
		return bad(g, "nested too deep");
	blanks(g);
	char type = keyword(g->p);
	if (type) {
		char ignored[GV_SIG_SIZE] = "";

		g->p += word_len(g->p);
		return append(g, sig, &type, 1) < 0 ? -g->e->num : infer(g, ignored, depth + 1);
	}
	if (is_word(g->p, "true") || is_word(g->p, "false")) {
		g->p += word_len(g->p);
		return append(g, sig, "b", 1);
	}
	if (*g->p == '\'' || *g->p == '"')
		return append(g, sig, "s", 1) < 0 ? -g->e->num : skip_string(g);
	if (*g->p == '[' || *g->p == '(')
		return infer_list(g, sig, depth);
	if (*g->p == '@')
		return infer_typed(g, sig, depth);
	if (!is_number(g->p))
		return bad(g, "expected a value (strings need quotes)");
	size_t n = number_len(g->p);
	bool real = memchr(g->p, '.', n) != NULL;
	g->p += n;
	return append(g, sig, real ? "d" : "i", 1);
}

int gv_type(const char *text, char ret_sig[static GV_SIG_SIZE], struct err *e)
{
	struct gv g = { .p = text, .e = e };

	ret_sig[0] = '\0';
	if (infer(&g, ret_sig, 0) < 0)
		return -e->num;
	blanks(&g);
	if (*g.p)
		return bad(&g, "more than one value");
	return dbus_is_type(ret_sig) ? 0 : bad(&g, "a malformed type");
}

/* --- second pass --------------------------------------------------------------------------------------- */

static const struct {
	char type;
	int bits;
	bool is_signed;
} integers[] = { { 'y', 8, false }, { 'n', 16, true }, { 'q', 16, false }, { 'i', 32, true }, { 'u', 32, false },
	{ 'h', 32, true }, { 'x', 64, true }, { 't', 64, false } };

static bool hex_u64(const char *p, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9'		 ? c - '0'
			: (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
								 : -1;

		if (digit < 0 || v >> 60)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	*ret = v;
	return n > 0;
}

static int encode_integer(struct gv *g, char type, struct buf *b)
{
	size_t n = number_len(g->p), i = 0;
	bool negative = *g->p == '-';
	const char *digits = g->p + (*g->p == '-' || *g->p == '+');
	size_t n_digits = (size_t)(g->p + n - digits);
	uint64_t v;
	bool ok;

	while (i < ARRAY_SIZE(integers) && integers[i].type != type)
		i++;
	if (i == ARRAY_SIZE(integers) || n == 0)
		return bad(g, "expected another type");
	if (n_digits > 2 && digits[0] == '0' && (digits[1] | 0x20) == 'x')
		ok = hex_u64(digits + 2, n_digits - 2, &v);
	else
		ok = parse_u64_n(digits, n_digits, UINT64_MAX, &v);
	int bits = integers[i].bits - integers[i].is_signed;
	uint64_t max = UINT64_MAX >> (64 - bits);
	if (!ok || v > max + (negative && integers[i].is_signed) || (negative && v && !integers[i].is_signed))
		return bad(g, "a number that is malformed or out of range");
	g->p += n;
	if (negative)
		v = 0 - v;
	if (integers[i].bits == 8)
		dbus_put_byte(b, (uint8_t)v);
	else if (integers[i].bits == 16)
		dbus_put_u16(b, (uint16_t)v);
	else if (integers[i].bits == 32)
		dbus_put_u32(b, (uint32_t)v);
	else
		dbus_put_u64(b, v);
	return 0;
}

static int encode_double(struct gv *g, struct buf *b)
{
	char *end;
	size_t n = number_len(g->p);
	double v = strtod(g->p, &end);
	uint64_t bits;

	if (n == 0 || end == g->p)
		return bad(g, "expected a number");
	g->p = end;
	memcpy(&bits, &v, sizeof(bits));
	dbus_put_u64(b, bits);
	return 0;
}

static int encode_string(struct gv *g, char type, struct buf *b)
{
	AUTO(buf) struct buf text = BUF_INIT;
	char quote = *g->p;

	if (quote != '\'' && quote != '"')
		return bad(g, "expected a string in quotes");
	for (g->p++; *g->p && *g->p != quote; g->p++) {
		char c = *g->p;

		if (c == '\\' && g->p[1]) {
			c = *++g->p;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		buf_add(&text, &c, 1);
	}
	if (!*g->p)
		return bad(g, "a string does not end");
	g->p++;
	if (buf_err(&text, g->e) < 0)
		return -g->e->num;
	if (type == 'g' && text.len > 255)
		return bad(g, "too long a signature");
	if (type == 'g')
		dbus_put_sig(b, text.len ? text.data : "");
	else
		dbus_put_str_n(b, text.len ? text.data : "", text.len);
	return 0;
}

static size_t alignment(char type)
{
	return strchr("yg", type) ? 1 : strchr("nq", type) ? 2 : strchr("xtd(", type) ? 8 : 4;
}

/* Past one complete type. */
static const char *type_after(const char *sig)
{
	int open = 0;

	while (*sig == 'a')
		sig++;
	do {
		open += (*sig == '(') - (*sig == ')');
		sig += *sig != '\0';
	} while (open > 0 && *sig);
	return sig;
}

static int encode(struct gv *g, const char **sig, struct buf *b, int depth);

static int encode_array(struct gv *g, const char **sig, struct buf *b, int depth)
{
	const char *element = *sig + 1, *after = type_after(element);
	size_t start, len_at = dbus_array_begin(b, alignment(*element), &start);

	if (*g->p != '[')
		return bad(g, "expected a list");
	g->p++;
	for (blanks(g); *g->p != ']'; blanks(g)) {
		const char *at = element;

		if (encode(g, &at, b, depth + 1) < 0)
			return -g->e->num;
		blanks(g);
		if (*g->p == ',')
			g->p++;
		else if (*g->p != ']')
			return bad(g, "expected a comma or the end of the list");
	}
	g->p++;
	dbus_array_end(b, len_at, start);
	*sig = after;
	return 0;
}

static int encode_tuple(struct gv *g, const char **sig, struct buf *b, int depth)
{
	if (*g->p != '(')
		return bad(g, "expected a tuple");
	g->p++;
	dbus_align(b, 8);
	for (++*sig; **sig && **sig != ')';) {
		if (encode(g, sig, b, depth + 1) < 0)
			return -g->e->num;
		blanks(g);
		if (*g->p == ',')
			g->p++;
	}
	blanks(g);
	if (*g->p != ')' || **sig != ')')
		return bad(g, "a tuple of another length");
	g->p++;
	++*sig;
	return 0;
}

/* Writes one value as the type at *sig and moves both on. */
static int encode(struct gv *g, const char **sig, struct buf *b, int depth)
{
	if (depth > MAX_DEPTH)
		return bad(g, "nested too deep");
	blanks(g);
	if (*g->p == '@')
		g->p += 1 + strspn(g->p + 1, "abnqiuxtdsogy()");
	blanks(g);
	if (keyword(g->p))
		g->p += word_len(g->p);
	blanks(g);
	char type = **sig;
	if (type == 'a')
		return encode_array(g, sig, b, depth);
	if (type == '(')
		return encode_tuple(g, sig, b, depth);
	++*sig;
	if (type == 's' || type == 'o' || type == 'g')
		return encode_string(g, type, b);
	if (type == 'd')
		return encode_double(g, b);
	if (type != 'b')
		return encode_integer(g, type, b);
	bool yes = is_word(g->p, "true");
	if (!yes && !is_word(g->p, "false"))
		return bad(g, "expected true or false");
	g->p += word_len(g->p);
	dbus_put_u32(b, yes);
	return 0;
}

int gv_encode(const char *text, const char *sig, struct buf *b, struct err *e)
{
	struct gv g = { .p = text, .e = e };

	if (encode(&g, &sig, b, 0) < 0)
		return -e->num;
	blanks(&g);
	if (*g.p || *sig)
		return bad(&g, "a value of another type");
	return buf_err(b, e);
}

int gv_seconds(const char *text, uint64_t *ret_us, struct err *e)
{
	struct gv g = { .p = text, .e = e };
	uint64_t whole, part = 0, us;

	blanks(&g);
	if (keyword(g.p))
		g.p += word_len(g.p);
	blanks(&g);
	size_t n = strspn(g.p, "0123456789"), digits = 0;
	if (!parse_u64_n(g.p, n, UINT64_MAX / 1000000 - 1, &whole))
		return bad(&g, "expected a number of seconds");
	g.p += n;
	if (*g.p == '.')
		for (g.p++; *g.p >= '0' && *g.p <= '9'; g.p++)
			if (digits++ < 6)
				part = part * 10 + (uint64_t)(*g.p - '0');
	for (; digits < 6; digits++)
		part *= 10;
	us = whole * 1000000 + part;
	blanks(&g);
	if (*g.p)
		return bad(&g, "expected a number of seconds");
	*ret_us = us;
	return 0;
}
