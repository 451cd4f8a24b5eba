/* The JSON reader. Guarantees: never reads past the text, never recurses deeper than
 * JSON_MAX_DEPTH, runs in O(n log n) whatever the keys are, and every string it hands out is valid
 * UTF-8 without a NUL. */
#include "spec/json.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"

/* Comparing all pairs of keys costs less than sorting them for longer than one might think: their lengths differ. */
enum { NODES_AT_ONCE = 16, COMPARE_ALL_UP_TO = 80 };

struct parser {
	const char *text; /* the caller's bytes: positions for messages, since the copy is rewritten */
	char *copy; /* NUL-terminated: a NUL stops every loop below, no loop needs a length */
	char *at, *end;
	struct arena *arena;
	struct json *spare;
	size_t n_spare;
	unsigned depth;
	const struct json_kept *kept; /* of the object that is being read; NULL: all of it */
	bool in_place; /* the copy is the caller's: strings are copied one by one */
	struct err *e;
};

static int fail(struct parser *p, const char *at, const char *what)
{
	size_t offset = (size_t)(at - p->copy), line = 1, start = 0;

	for (size_t i = 0; i < offset; i++)
		if (p->text[i] == '\n') {
			line++;
			start = i + 1;
		}
	return err_set(p->e, ERR_CONFIG, EINVAL, "line %zu, column %zu: %s", line, offset - start + 1, what);
}

/* For a byte that cannot stand where it stands. */
static int fail_byte(struct parser *p, const char *expected)
{
	if (p->at == p->end)
		return fail(p, p->at, "the document ends here, in the middle");
	if (*p->at == '\0')
		return fail(p, p->at, "a NUL byte (JSON is UTF-8 text)");
	return fail(p, p->at, expected);
}

static struct json *node_new(struct parser *p, enum json_kind kind)
{
	if (!p->n_spare) {
		p->spare = arena_array(p->arena, struct json, NODES_AT_ONCE);
		if (!p->spare) {
			err_oom(p->e, "a JSON document");
			return NULL;
		}
		p->n_spare = NODES_AT_ONCE;
	}
	struct json *v = p->spare++;
	p->n_spare--;
	v->kind = kind;
	return v;
}

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r')
		p->at++;
}

/* --- strings ------------------------------------------------------------------------------------ */

/* Where a byte means something besides itself. */
enum { IN_STRING = 1, SKIPPED_OUTSIDE = 2, SKIPPED_STRING = 4 };
static const unsigned char meaning[256] = { ['\0'] = IN_STRING | SKIPPED_OUTSIDE | SKIPPED_STRING,
	[1 ... 0x1f] = IN_STRING,
	['"'] = IN_STRING | SKIPPED_OUTSIDE | SKIPPED_STRING,
	['\\'] = IN_STRING | SKIPPED_STRING,
	['{'] = SKIPPED_OUTSIDE,
	['['] = SKIPPED_OUTSIDE,
	['}'] = SKIPPED_OUTSIDE,
	[']'] = SKIPPED_OUTSIDE,
	[','] = SKIPPED_OUTSIDE,
	[0x80 ... 0xff] = IN_STRING };

static char *skip_to(char *at, unsigned char where)
{
	while (!(meaning[(unsigned char)*at] & where))
		at++;
	return at;
}

/* Length of the well-formed UTF-8 sequence at @s (Unicode 15, table 3-7), 0 if there is none. The
 * terminating NUL is no continuation byte, so this does not read past it. */
static size_t utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n = 0;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	if (s[0] == 0xe0)
		low = 0xa0; /* shorter form exists */
	else if (s[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f; /* beyond U+10FFFF */
	for (size_t i = 1; i < n; i++) {
		if (s[i] < low || s[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

static char *utf8_put(char *w, uint32_t c)
{
	if (c < 0x80) {
		*w++ = (char)c;
	} else if (c < 0x800) {
		*w++ = (char)(0xc0 | c >> 6);
		*w++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*w++ = (char)(0xe0 | c >> 12);
		*w++ = (char)(0x80 | (c >> 6 & 0x3f));
		*w++ = (char)(0x80 | (c & 0x3f));
	} else {
		*w++ = (char)(0xf0 | c >> 18);
		*w++ = (char)(0x80 | (c >> 12 & 0x3f));
		*w++ = (char)(0x80 | (c >> 6 & 0x3f));
		*w++ = (char)(0x80 | (c & 0x3f));
	}
	return w;
}

static bool hex4(const char *s, uint32_t *ret)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

/* p->at is behind "\u"; the escaped character (of a surrogate pair: both escapes) goes to *w. */
static int unicode_escape(struct parser *p, char **w)
{
	const char *start = p->at - 2;
	uint32_t c, low;

	if (!hex4(p->at, &c))
		return fail(p, start, "\\u needs four hexadecimal digits");
	p->at += 4;
	if (c == 0)
		return fail(p, start, "\\u0000 in a string (no Linux interface takes a NUL)");
	if (c >= 0xdc00 && c <= 0xdfff)
		return fail(p, start, "a lone surrogate in a string");
	if (c >= 0xd800 && c <= 0xdbff) {
		if (p->at[0] != '\\' || p->at[1] != 'u' || !hex4(p->at + 2, &low) || low < 0xdc00 || low > 0xdfff)
			return fail(p, start, "a lone surrogate in a string");
		p->at += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	*w = utf8_put(*w, c);
	return 0;
}

/* p->at is at a backslash. The result is never longer than the escape, so *w stays behind p->at. */
static int escape(struct parser *p, char **w)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *which = p->at[1] ? strchr(names, p->at[1]) : NULL;

	if (p->at[1] == 'u') {
		p->at += 2;
		return unicode_escape(p, w);
	}
	if (!which)
		return fail(p, p->at, "an unknown escape, allowed are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
	*(*w)++ = values[which - names];
	p->at += 2;
	return 0;
}

/* p->at is behind the opening quote; afterwards behind the closing one, which became the NUL. */
static int string(struct parser *p, char **ret, uint32_t *ret_len)
{
	char *start = p->at, *w;

	w = p->at = skip_to(p->at, IN_STRING);
	while (*p->at != '"') {
		bool plain = !(meaning[(unsigned char)*p->at] & IN_STRING);
		size_t n = plain ? 1 : utf8_length((const unsigned char *)p->at);

		if (*p->at == '\\') {
			if (escape(p, &w) < 0)
				return -EINVAL;
			continue;
		}
		if (n == 0 && (unsigned char)*p->at >= 0x80)
			return fail(p, p->at, "a string is not valid UTF-8");
		if (n == 0)
			return fail_byte(p,
				"a control character in a string (write it as \\n, \\t or "
				"\\u00XX)");
		memmove(w, p->at, n);
		w += n;
		p->at += n;
	}
	p->at++;
	*w = '\0';
	*ret_len = (uint32_t)(w - start);
	*ret = p->in_place ? arena_dup_n(p->arena, start, *ret_len) : start;
	return *ret ? 0 : err_oom(p->e, "a JSON document");
}

/* --- values ------------------------------------------------------------------------------------- */

static struct json *value(struct parser *p);

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int digits(struct parser *p)
{
	if (!is_digit(*p->at))
		return fail_byte(p, "a number needs a digit here");
	while (is_digit(*p->at))
		p->at++;
	return 0;
}

static struct json *number(struct parser *p)
{
	char *start = p->at;

	if (*p->at == '-')
		p->at++;
	if (*p->at == '0' && is_digit(p->at[1])) {
		fail(p, start, "a number with a leading zero");
		return NULL;
	}
	if (digits(p) < 0)
		return NULL;
	if (*p->at == '.') {
		p->at++;
		if (digits(p) < 0)
			return NULL;
	}
	if (*p->at == 'e' || *p->at == 'E') {
		p->at++;
		if (*p->at == '+' || *p->at == '-')
			p->at++;
		if (digits(p) < 0)
			return NULL;
	}
	struct json *v = node_new(p, JSON_KIND_NUMBER);
	if (v) {
		v->text = start;
		v->n = (uint32_t)(p->at - start);
	}
	return v;
}

static struct json *word(struct parser *p, const char *text, enum json_kind kind)
{
	size_t n = strlen(text);

	if (strncmp(p->at, text, n) != 0) {
		fail_byte(p,
			"a value is expected: an object, a list, a string, a number, true, false "
			"or null");
		return NULL;
	}
	p->at += n;
	return node_new(p, kind);
}

static int by_key(const void *a, const void *b)
{
	const struct json *x = *(struct json *const *)a, *y = *(struct json *const *)b;
	int order;

	if (x->key_len != y->key_len)
		return x->key_len < y->key_len ? -1 : 1;
	order = memcmp(x->key, y->key, x->key_len);
	return order ? order : (x->key > y->key) - (x->key < y->key);
}

static bool same_key(const struct json *a, const struct json *b)
{
	assert(a->key && b->key); /* members of an object have one */
	return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

static int duplicate(struct parser *p, const struct json *second)
{
	return fail(p, second->key, "this key is in the object already");
}

static int check_keys_sorted(struct parser *p, const struct json *object)
{
	auto_free struct json **sorted = malloc(object->n * sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return err_oom(p->e, "a JSON object");
	for (struct json *m = object->first; m; m = m->next)
		sorted[n++] = m;
	qsort(sorted, n, sizeof(sorted[0]), by_key);
	for (size_t i = 1; i < n; i++)
		if (same_key(sorted[i - 1], sorted[i]))
			return duplicate(p, sorted[i]);
	return 0;
}

static int check_keys(struct parser *p, const struct json *object)
{
	if (object->n > COMPARE_ALL_UP_TO)
		return check_keys_sorted(p, object);
	for (const struct json *a = object->first; a; a = a->next)
		for (const struct json *b = a->next; b; b = b->next)
			if (same_key(a, b))
				return duplicate(p, b);
	return 0;
}

static int key(struct parser *p, char **ret, uint32_t *ret_len)
{
	if (*p->at != '"')
		return fail_byte(p, "a key in double quotes is expected");
	p->at++;
	if (string(p, ret, ret_len) < 0)
		return -p->e->num;
	skip_blanks(p);
	if (*p->at != ':')
		return fail_byte(p, "a ':' is expected after the key");
	p->at++;
	skip_blanks(p);
	return 0;
}

/* Past a member that is not kept, up to the comma or bracket behind it; with @rest past all that follow. */
static int pass_over(struct parser *p, bool rest)
{
	unsigned char where = SKIPPED_OUTSIDE;
	size_t depth = 0;

	for (char *at = p->at;; at++) {
		p->at = at = skip_to(at, where);
		if (*at == '\0')
			return fail_byte(p, "");
		if (*at == '"')
			where = where == SKIPPED_OUTSIDE ? SKIPPED_STRING : SKIPPED_OUTSIDE;
		else if (*at == '\\')
			at += at[1] != '\0';
		else if (*at == '{' || *at == '[')
			depth++;
		else if (!depth && !(rest && *at == ','))
			return 0;
		else
			depth -= *at != ',';
	}
}

static size_t count_kept(const struct json_kept *all)
{
	size_t n = 0;

	while (all[n].key)
		n++;
	return n;
}

/* Of the key as it is written, behind its quote: ours have no escapes. */
static const struct json_kept *find_kept(const struct json_kept *all, const char *text)
{
	for (; all->key; all++) {
		const char *k = all->key, *t = text;

		while (*k && *k == *t)
			k++, t++;
		if (!*k && *t == '"')
			return all;
	}
	return NULL;
}

/* One member behind "{", "[" or ",". *ret stays NULL when it is not kept. */
static int member(struct parser *p, enum json_kind kind, struct json **ret)
{
	const struct json_kept *level = p->kept;
	char *name = NULL;
	uint32_t name_len = 0;

	skip_blanks(p);
	if (kind == JSON_KIND_OBJECT) {
		const struct json_kept *kept = level && *p->at == '"' ? find_kept(level, p->at + 1) : NULL;

		if (level && !kept && *p->at == '"')
			return pass_over(p, false);
		if (key(p, &name, &name_len) < 0)
			return -p->e->num;
		p->kept = kept ? kept->below : NULL;
	}
	struct json *v = value(p);
	p->kept = level;
	if (!v)
		return -p->e->num;
	v->key = name;
	v->key_len = name_len;
	*ret = v;
	return 0;
}

static int members(struct parser *p, struct json *container, char close)
{
	struct json **link = &container->first;
	const char *expected = close == '}' ? "',' or '}' is expected" : "',' or ']' is expected";
	size_t missing = p->kept ? count_kept(p->kept) : SIZE_MAX;

	skip_blanks(p);
	if (*p->at == close) {
		p->at++;
		return 0;
	}
	for (;;) {
		struct json *v = NULL;

		if (member(p, container->kind, &v) < 0)
			return -p->e->num;
		if (v) {
			*link = v;
			link = &v->next;
			container->n++;
			missing--;
		}
		if (!missing && pass_over(p, true) < 0)
			return -p->e->num;
		skip_blanks(p);
		char c = *p->at;
		if (c != ',' && c != close)
			return fail_byte(p, expected);
		p->at++;
		if (c == close)
			return close == '}' ? check_keys(p, container) : 0;
	}
}

static struct json *container(struct parser *p, enum json_kind kind)
{
	struct json *v = node_new(p, kind);

	if (!v)
		return NULL;
	if (++p->depth > JSON_MAX_DEPTH) {
		_Static_assert(JSON_MAX_DEPTH == 64, "the message names it");
		fail(p, p->at, "more than 64 lists and objects inside one another");
		return NULL;
	}
	p->at++;
	if (members(p, v, kind == JSON_KIND_OBJECT ? '}' : ']') < 0)
		return NULL;
	p->depth--;
	return v;
}

static struct json *value(struct parser *p)
{
	struct json *v;

	switch (*p->at) {
	case '{': return container(p, JSON_KIND_OBJECT);
	case '[': return container(p, JSON_KIND_ARRAY);
	case '"':
		v = node_new(p, JSON_KIND_STRING);
		p->at++;
		return v && string(p, &v->text, &v->n) == 0 ? v : NULL;
	case 't': return word(p, "true", JSON_KIND_TRUE);
	case 'f': return word(p, "false", JSON_KIND_FALSE);
	default: return *p->at == '-' || is_digit(*p->at) ? number(p) : word(p, "null", JSON_KIND_NULL);
	}
}

/* Documents in a foreign encoding deserve a better word than "a value is expected". */
static int check_encoding(struct parser *p)
{
	size_t len = (size_t)(p->end - p->copy);

	if (len >= 3 && memcmp(p->copy, "\xef\xbb\xbf", 3) == 0)
		return fail(p, p->copy, "a byte order mark (JSON is UTF-8 without one)");
	if (len >= 2 &&
		(memcmp(p->copy, "\xff\xfe", 2) == 0 || memcmp(p->copy, "\xfe\xff", 2) == 0 || p->copy[0] == '\0' ||
			p->copy[1] == '\0'))
		return fail(p, p->copy, "this is UTF-16 or UTF-32, JSON is UTF-8");
	return 0;
}

static int document(struct parser *p, struct json **ret)
{
	if (check_encoding(p) < 0)
		return -p->e->num;
	skip_blanks(p);
	if (p->at == p->end)
		return err_set(p->e, ERR_CONFIG, EINVAL, "empty, a JSON document is expected");
	struct json *v = value(p);
	if (!v)
		return -p->e->num;
	skip_blanks(p);
	if (p->at != p->end)
		return fail(p, p->at, "something follows the end of the document");
	*ret = v;
	return 0;
}

static int check_size(size_t len, struct err *e)
{
	return len <= JSON_MAX_BYTES ? 0
				     : err_set(e, ERR_CONFIG, EFBIG, "%zu bytes, allowed are %d", len, JSON_MAX_BYTES);
}

int json_parse(const char *text, size_t len, struct arena *arena, struct json **ret, struct err *e)
{
	struct parser p = { .text = text, .arena = arena, .e = e };

	if (check_size(len, e) < 0)
		return -e->num;
	p.copy = arena_dup_n(arena, text, len);
	if (!p.copy)
		return err_oom(e, "a JSON document");
	p.at = p.copy;
	p.end = p.copy + len;
	return document(&p, ret);
}

int json_parse_kept(
	struct buf *text, const struct json_kept *kept, struct arena *arena, struct json **ret, struct err *e)
{
	char *start = buf_reserve(text, 0);
	struct parser p = { .arena = arena, .kept = kept, .in_place = true, .e = e };

	if (!start)
		return err_oom(e, "a JSON document");
	p.text = p.copy = p.at = text->data;
	p.end = start;
	*start = '\0';
	return check_size(text->len, e) < 0 ? -e->num : document(&p, ret);
}
