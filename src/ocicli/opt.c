/* The option parser. Nothing here knows a command; every message names the argument as it was
 * written. */
#include "ocicli/opt.h"

#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "spec/runtime_config.h"

enum { MAX_WORD = 40 }; /* longer words are not compared for a hint */

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

static const struct opt *find_name(struct opt_table t, const char *name, size_t len)
{
	for (size_t i = 0; i < t.n; i++)
		if (t.v[i].name && strlen(t.v[i].name) == len && !memcmp(t.v[i].name, name, len))
			return &t.v[i];
	return NULL;
}

static const struct opt *find_letter(struct opt_table t, char letter)
{
	for (size_t i = 0; i < t.n; i++)
		if (t.v[i].letter == letter)
			return &t.v[i];
	return NULL;
}

static int refuse_unknown(const struct opt_parse *p, const char *arg, struct err *e)
{
	const char *names[64], *word = arg + strspn(arg, "-");
	char bare[MAX_WORD + 1];
	size_t n = 0;

	fmt_to(bare, sizeof(bare), "%.*s", (int)strcspn(word, "="), word);
	err_set(e, ERR_USAGE, EINVAL, "flag provided but not defined: %s", arg);
	if (find_name(p->elsewhere, bare, strlen(bare)))
		return err_hint(e, "--%s is a global option: put it before the command", bare);
	for (size_t i = 0; i < p->table.n && n < ARRAY_SIZE(names); i++)
		if (p->table.v[i].help)
			names[n++] = p->table.v[i].name;
	const char *near = opt_nearest(bare, names, n);
	return near ? err_hint(e, "did you mean --%s?", near) : -EINVAL;
}

static bool parse_bool(const char *s, bool *ret)
{
	static const char *const words[] = { "0", "1", "f", "t", "F", "T", "false", "true", "False",
		"True", "FALSE", "TRUE", "no", "yes" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_eq(s, words[i])) {
			*ret = i & 1;
			return true;
		}
	}
	return false;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *c = choices; *c; c += strcspn(c, "|"), c += *c == '|')
		if (strcspn(c, "|") == len && !memcmp(c, value, len))
			return true;
	return false;
}

static int list_add(struct arena *a, struct rc_str_list *l, const char *value, struct err *e)
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

static int refuse_value(const struct opt *o, const char *value, const char *allowed, struct err *e)
{
	return err_set(
		e, ERR_USAGE, EINVAL, "invalid value \"%s\" for --%s: %s", value, o->name, allowed);
}

static int store(struct opt_parse *p, const struct opt *o, const char *value, struct err *e)
{
	void *at = (char *)p->dest + o->offset;
	int64_t number;

	if (o->choices && !is_choice(o->choices, value)) {
		char allowed[200];
		size_t n = fmt_to(allowed, sizeof(allowed), "use one of %s", o->choices);

		for (size_t i = 0; i < n; i++)
			if (allowed[i] == '|')
				allowed[i] = ' ';
		return refuse_value(o, value, allowed, e);
	}
	switch (o->type) {
	case OPT_TEXT:
		*(const char **)at = value;
		return 0;
	case OPT_U32:
		if (!parse_u32(value, at))
			return refuse_value(o, value, "a number from 0 to 4294967295 is needed", e);
		return 0;
	case OPT_I32:
		if (!parse_i64(value, INT32_MIN, INT32_MAX, &number))
			return refuse_value(o, value, "a whole number is needed", e);
		*(int32_t *)at = (int32_t)number;
		return 0;
	case OPT_LIST:
		return list_add(p->arena, at, value, e);
	case OPT_FLAG:
	case OPT_SKIP:
		break;
	}
	return 0;
}

static int store_flag(struct opt_parse *p, const struct opt *o, const char *value, struct err *e)
{
	bool on = true;

	if (value && !parse_bool(value, &on))
		return refuse_value(o, value, "use true or false", e);
	if (o->type == OPT_FLAG)
		*(bool *)((char *)p->dest + o->offset) = on;
	return 0;
}

/* podman decides what a runtime can do by the words of this message ("flag needs an argument" of
 * one generation, "requires an argument" of the other), so it has both. */
static int refuse_missing(const struct opt *o, struct err *e)
{
	return err_set(e, ERR_USAGE, EINVAL,
		"flag needs an argument: --%s requires an argument (%s)", o->name, o->arg);
}

/* @value is what was attached to the option, else the next argument is taken. */
static int take(
	struct opt_parse *p, const struct opt *o, const char *value, char ***next, struct err *e)
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
		const struct opt *o = find_letter(p->table, *l);

		if (!o && *l == 'h' && !l[1]) {
			p->help = true;
			return 0;
		}
		if (!o)
			return refuse_unknown(p, arg, e);
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
	const char *name = arg + (arg[1] == '-' ? 2 : 1), *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct opt *o = find_name(p->table, name, len);

	if (o)
		return take(p, o, equals ? equals + 1 : NULL, next, e);
	if (len == 4 && !memcmp(name, "help", 4)) {
		p->help = true;
		return 0;
	}
	if (arg[1] == '-')
		return refuse_unknown(p, arg, e);
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

void opt_help(struct buf *b, struct opt_table t)
{
	size_t width = 0;
	char left[80];

	for (size_t i = 0; i < t.n; i++)
		if (t.v[i].help)
			width = (size_t)max_int(
				(int)width, (int)left_column(left, sizeof(left), &t.v[i]));
	for (size_t i = 0; i < t.n; i++) {
		if (!t.v[i].help)
			continue;
		size_t n = left_column(left, sizeof(left), &t.v[i]);

		buf_str(b, left);
		for (; n < width + 2; n++)
			buf_str(b, " ");
		buf_printf(b, "%s\n", t.v[i].help);
	}
	buf_str(b, "  -h, --help");
	for (size_t n = strlen("  -h, --help"); n < width + 2; n++)
		buf_str(b, " ");
	buf_str(b, "show this text\n");
}
