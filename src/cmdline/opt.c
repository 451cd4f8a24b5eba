/* The option parser. Nothing here knows a command; every message names the argument as it was
 * written. */
#include "cmdline/opt.h"

#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "spec/runtime_config.h"

enum {
	MAX_WORD = 40, /* longer words are not compared for a hint */
	MAX_NAMES = 256, /* the rows that are */
	MAX_LEFT = 34, /* columns of --help's left side; what is longer gets a line of its own */
};

static int max_int(int a, int b)
{
	return a > b ? a : b;
}

/* Edit distance with transpositions, after Damerau; two rows of the usual table would lose those.
 */
static int distance(const char *a, const char *b)
{
	unsigned char d[MAX_WORD + 1][MAX_WORD + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > MAX_WORD || lb > MAX_WORD)
		return 2 * MAX_WORD; /* further than any limit */
	for (size_t i = 0; i <= la; i++)
		d[i][0] = (unsigned char)i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (unsigned char)j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = (unsigned char)best;
		}
	}
	return d[la][lb];
}

const char *opt_nearest(const char *word, const char *const *names, size_t n)
{
	int limit = max_int(1, (int)strlen(word) / 3), best = limit + 1;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		int d = distance(word, names[i]);

		if (str_starts(names[i], word) && *word && d > 1)
			d = 1; /* an abbreviation */
		if (d < best) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

const struct opt *opt_each(const struct opt_table *t, const struct opt *last)
{
	for (; t; t = t->more) {
		if (!last && t->n)
			return t->v;
		if (last && last >= t->v && last < t->v + t->n) {
			if (last + 1 < t->v + t->n)
				return last + 1;
			last = NULL; /* go on with the first row of the next table */
		}
	}
	return NULL;
}

static const struct opt *find_name(const struct opt_table *t, const char *name, size_t len)
{
	for (const struct opt *o = NULL; (o = opt_each(t, o));)
		if (o->name && strlen(o->name) == len && !memcmp(o->name, name, len))
			return o;
	return NULL;
}

static const struct opt *find_letter(const struct opt_table *t, char letter)
{
	for (const struct opt *o = NULL; (o = opt_each(t, o));)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* docker's words where its users and scripts know them, those of runc's command line otherwise. */
static void say_unknown(const struct opt_parse *p, const char *arg, char letter, struct err *e)
{
	if (!p->docker)
		err_set(e, ERR_USAGE, EINVAL, "flag provided but not defined: %s", arg);
	else if (letter)
		err_set(e, ERR_USAGE, EINVAL, "unknown shorthand flag: '%c' in %s", letter, arg);
	else
		err_set(e, ERR_USAGE, EINVAL, "unknown flag: %.*s", (int)strcspn(arg, "="), arg);
}

static int refuse_unknown(const struct opt_parse *p, const char *arg, char letter, struct err *e)
{
	const char *names[MAX_NAMES], *word = arg + strspn(arg, "-");
	char bare[MAX_WORD + 1];
	size_t n = 0;

	fmt_to(bare, sizeof(bare), "%.*s", (int)strcspn(word, "="), word);
	say_unknown(p, arg, letter, e);
	if (find_name(&p->elsewhere, bare, strlen(bare)))
		return err_hint(e, "--%s is a global option: put it before the command", bare);
	if (p->docker && letter && find_name(&p->table, bare, strlen(bare)))
		return err_hint(e, "did you mean --%s?", bare);
	for (const struct opt *o = NULL; (o = opt_each(&p->table, o)) && n < MAX_NAMES;)
		if (o->help && o->name)
			names[n++] = o->name;
	/* A few letters are near to any word. */
	bool few = !bare[0] || !bare[1] || (letter && strlen(bare) < 4);
	const char *near = few ? NULL : opt_nearest(bare, names, n);
	return near ? err_hint(e, "did you mean --%s?", near) : -EINVAL;
}

bool opt_bool(const char *s, bool *ret)
{
	static const char *const words[] = { "0", "1", "f", "t", "F", "T", "false", "true", "False", "True", "FALSE",
		"TRUE", "no", "yes" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_eq(s, words[i])) {
			*ret = i & 1;
			return true;
		}
	}
	return false;
}

/* The digits behind the point are as exact as an integer of 64 bits allows: 1.5g, 0.25m. */
static bool bytes_of_fraction(const char *digits, size_t n, unsigned shift, uint64_t *ret)
{
	uint64_t part = 0, scale = 1;

	if (!n || n > 9)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		part = part * 10 + (uint64_t)(digits[i] - '0');
		scale *= 10;
	}
	*ret = (uint64_t)(((unsigned __int128)part << shift) / scale);
	return true;
}

bool opt_bytes(const char *s, uint64_t *ret)
{
	static const char units[] = "kmgtp";
	size_t whole = s ? strspn(s, "0123456789") : 0, n = whole, fraction = 0;
	uint64_t v, more = 0;
	unsigned shift = 0;

	if (!whole || !parse_u64_n(s, whole, UINT64_MAX, &v))
		return false;
	if (s[n] == '.') {
		fraction = strspn(s + n + 1, "0123456789");
		n += 1 + fraction;
	}
	const char *at = s[n] ? strchr(units, s[n] | 0x20) : NULL;
	if (at) {
		shift = 10 * (unsigned)(at - units + 1);
		n++;
		n += (s[n] | 0x20) == 'i';
	}
	n += (s[n] | 0x20) == 'b';
	if (s[n] || v > UINT64_MAX >> shift)
		return false;
	if (s[whole] == '.' && !bytes_of_fraction(s + whole + 1, fraction, shift, &more))
		return false;
	return !__builtin_add_overflow(v << shift, more, ret);
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *c = choices; *c; c += strcspn(c, "|"), c += *c == '|')
		if (strcspn(c, "|") == len && !memcmp(c, value, len))
			return true;
	return false;
}

int opt_list_add(struct arena *a, struct rc_str_list *l, const char *value, struct err *e)
{
	/* Room for a power of two and the NULL: grow when the count reaches one. */
	if ((l->n & (l->n - 1)) == 0) {
		char **v = arena_array(a, char *, (l->n ? l->n * 2 : 1) + 1);

		if (!v)
			return err_oom(e, "the command line");
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
	}
	l->v[l->n++] = (char *)value; /* argv's strings are not const */
	l->v[l->n] = NULL;
	return 0;
}

/* "-p, --publish", as docker names an option in an error. */
static size_t both_names(char *dst, size_t size, const struct opt *o)
{
	if (o->letter)
		return fmt_to(dst, size, "-%c, --%s", o->letter, o->name);
	return fmt_to(dst, size, "--%s", o->name);
}

int opt_refuse(
	const struct opt_parse *p, const struct opt *o, const char *value, struct err *e, const char *format, ...)
{
	char why[512], names[80];
	va_list ap;

	va_start(ap, format);
	fmt_v(why, sizeof(why), format, ap);
	va_end(ap);
	if (!p->docker)
		return err_set(e, ERR_USAGE, EINVAL, "invalid value \"%s\" for --%s: %s", value, o->name, why);
	both_names(names, sizeof(names), o);
	return err_set(e, ERR_USAGE, EINVAL, "invalid argument \"%s\" for \"%s\" flag: %s", value, names, why);
}

static int refuse_choice(const struct opt_parse *p, const struct opt *o, const char *value, struct err *e)
{
	char allowed[200];
	size_t n = fmt_to(allowed, sizeof(allowed), "%s", o->choices);

	for (size_t i = 0; i < n; i++)
		if (allowed[i] == '|')
			allowed[i] = ' ';
	return opt_refuse(p, o, value, e, "use one of %s", allowed);
}

static int store_number(struct opt_parse *p, const struct opt *o, const char *value, void *at, struct err *e)
{
	int64_t number;

	switch (o->type) {
	case OPT_U32:
		return parse_u32(value, at) ? 0 : opt_refuse(p, o, value, e, "a number from 0 to 4294967295 is needed");
	case OPT_U64:
		return parse_u64(value, UINT64_MAX, at)
			? 0
			: opt_refuse(p, o, value, e, "a whole number, 0 or more, is needed");
	case OPT_I32:
		if (!parse_i64(value, INT32_MIN, INT32_MAX, &number))
			return opt_refuse(p, o, value, e, "a whole number is needed");
		*(int32_t *)at = (int32_t)number;
		return 0;
	case OPT_I64:
		return parse_i64(value, INT64_MIN, INT64_MAX, at)
			? 0
			: opt_refuse(p, o, value, e, "a whole number is needed");
	default: /* OPT_SIZE */
		return opt_bytes(value, at)
			? 0
			: opt_refuse(p, o, value, e, "a size is needed, in bytes or with k, m, g or t behind it");
	}
}

static int store(struct opt_parse *p, const struct opt *o, const char *value, struct err *e)
{
	void *at = (char *)p->dest + o->offset;

	if (o->choices && !is_choice(o->choices, value))
		return refuse_choice(p, o, value, e);
	switch (o->type) {
	case OPT_TEXT: *(const char **)at = value; return 0;
	case OPT_LIST: return opt_list_add(p->arena, at, value, e);
	case OPT_CALL: return o->call(p, o, value, e);
	case OPT_FLAG:
	case OPT_SKIP:
	case OPT_HEADING: return 0;
	default: return store_number(p, o, value, at, e);
	}
}

static int store_flag(struct opt_parse *p, const struct opt *o, const char *value, struct err *e)
{
	bool on = true;

	if (value && !opt_bool(value, &on))
		return opt_refuse(p, o, value, e, "use true or false");
	if (o->type == OPT_FLAG)
		*(bool *)((char *)p->dest + o->offset) = on;
	return o->type == OPT_CALL ? o->call(p, o, on ? "true" : "false", e) : 0;
}

/* podman decides what a runtime can do by the words of this message ("flag needs an argument" of
 * one generation, "requires an argument" of the other), so it has both. */
static int refuse_missing(const struct opt *o, struct err *e)
{
	return err_set(e, ERR_USAGE, EINVAL, "flag needs an argument: --%s requires an argument (%s)", o->name, o->arg);
}

/* @value is what was attached to the option, else the next argument is taken. */
static int take(struct opt_parse *p, const struct opt *o, const char *value, char ***next, struct err *e)
{
	if (!o->arg)
		return store_flag(p, o, value, e);
	if (!value)
		value = **next ? *(*next)++ : NULL;
	if (!value)
		return refuse_missing(o, e);
	return store(p, o, value, e);
}

static int parse_letters(struct opt_parse *p, const char *arg, char ***next, struct err *e)
{
	for (const char *l = arg + 1; *l; l++) {
		const struct opt *o = find_letter(&p->table, *l);

		if (!o && *l == 'h' && !l[1]) {
			p->help = true;
			return 0;
		}
		if (!o)
			return refuse_unknown(p, arg, *l, e);
		const char *rest = l[1] == '=' ? l + 2 : l + 1;
		bool attached = l[1] == '=' || (o->arg && *rest);
		int r = take(p, o, attached ? rest : NULL, next, e);
		if (r < 0 || attached || o->arg)
			return r;
	}
	return 0;
}

static int parse_one(struct opt_parse *p, const char *arg, char ***next, struct err *e)
{
	bool two_dashes = arg[1] == '-';
	const char *name = arg + (two_dashes ? 2 : 1), *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct opt *o = NULL;

	if (p->docker && !two_dashes)
		return parse_letters(p, arg, next, e);
	o = find_name(&p->table, name, len);
	if (o)
		return take(p, o, equals ? equals + 1 : NULL, next, e);
	if (len == 4 && !memcmp(name, "help", 4)) {
		p->help = true;
		return 0;
	}
	if (two_dashes)
		return refuse_unknown(p, arg, '\0', e);
	return parse_letters(p, arg, next, e);
}

int opt_parse(struct opt_parse *p, char **argv, int *ret_n, struct err *e)
{
	char **next = argv, **out = argv;

	while (*next && !p->help) {
		char *arg = *next++;

		if (arg[0] != '-' || !arg[1]) {
			*out++ = arg;
			if (p->stop_at_operand)
				break;
		} else if (str_eq(arg, "--")) {
			break;
		} else {
			int r = parse_one(p, arg, &next, e);
			if (r < 0)
				return r;
		}
	}
	while (*next)
		*out++ = *next++;
	*out = NULL;
	*ret_n = (int)(out - argv);
	return 0;
}

static size_t left_column(char *dst, size_t size, const struct opt *o)
{
	size_t n;

	if (o->letter)
		n = fmt_to(dst, size, "  -%c, --%s", o->letter, o->name);
	else
		n = fmt_to(dst, size, "      --%s", o->name);
	if (o->arg)
		n += fmt_to(dst + n, size - n, " %s", o->arg);
	return n;
}

static void help_row(struct buf *b, const char *left, size_t width, const char *help)
{
	size_t n = strlen(left);

	buf_str(b, left);
	if (n > width) {
		buf_str(b, "\n");
		n = 0;
	}
	for (; n < width + 2; n++)
		buf_str(b, " ");
	buf_printf(b, "%s\n", help);
}

void opt_help(struct buf *b, struct opt_table t)
{
	size_t width = 0;
	char left[80];
	bool h_taken = find_letter(&t, 'h') != NULL;

	for (const struct opt *o = NULL; (o = opt_each(&t, o));)
		if (o->help && o->name)
			width = (size_t)max_int((int)width, (int)left_column(left, sizeof(left), o));
	width = width > MAX_LEFT ? MAX_LEFT : width;
	for (const struct opt *o = NULL; (o = opt_each(&t, o));) {
		if (o->type == OPT_HEADING)
			buf_printf(b, "\n%s:\n", o->help);
		if (!o->help || !o->name)
			continue;
		left_column(left, sizeof(left), o);
		help_row(b, left, width, o->help);
	}
	help_row(b, h_taken ? "      --help" : "  -h, --help", width, "show this text");
}
