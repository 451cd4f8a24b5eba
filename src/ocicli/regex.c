/* Compiles to a machine of a few steps and follows all its paths at once (Thompson's construction). A fragment is
 * always the tail of the program and refers to itself only relatively, so it can be moved and copied. */
#include "ocicli/regex.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { MAX_DEPTH = 50, MAX_REPEAT = 255 };

struct parser {
	const char *p;
	struct regex *r;
	int depth;
	const char *wrong; /* the first thing found wrong */
};

static void parse_alternatives(struct parser *s);

static void wrong(struct parser *s, const char *what)
{
	if (!s->wrong)
		s->wrong = what;
}

static struct regex_step *emit(struct parser *s, enum regex_op op)
{
	static struct regex_step nowhere;

	if (s->r->n >= REGEX_MAX) {
		wrong(s, "it is too long");
		return &nowhere;
	}
	struct regex_step *step = &s->r->v[s->r->n++];
	*step = (struct regex_step){ .op = (uint8_t)op };
	return step;
}

/* Make room for one step at @at. */
static struct regex_step *insert(struct parser *s, int at, enum regex_op op)
{
	struct regex *r = s->r;

	if (r->n >= REGEX_MAX)
		return emit(s, op); /* says so */
	memmove(&r->v[at + 1], &r->v[at], (size_t)(r->n - at) * sizeof(r->v[0]));
	r->n++;
	r->v[at] = (struct regex_step){ .op = (uint8_t)op };
	return &r->v[at];
}

static void split_to(struct regex_step *step, int a, int b)
{
	step->to[0] = (int16_t)a;
	step->to[1] = (int16_t)b;
}

static void copy_fragment(struct parser *s, const struct regex_step *v, int n)
{
	for (int i = 0; i < n && !s->wrong; i++)
		*emit(s, RE_MATCH) = v[i];
}

static void add_to_class(uint32_t *set, unsigned c)
{
	set[c / 32] |= 1u << (c % 32);
}

static bool add_named(struct parser *s, uint32_t *set)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} names[] = { { "[:alpha:]", isalpha }, { "[:digit:]", isdigit }, { "[:alnum:]", isalnum },
		{ "[:lower:]", islower }, { "[:upper:]", isupper }, { "[:xdigit:]", isxdigit }, { "[:punct:]", ispunct },
		{ "[:space:]", isspace }, { "[:print:]", isprint }, { "[:graph:]", isgraph }, { "[:cntrl:]", iscntrl },
		{ "[:blank:]", isblank } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i].name);

		if (strncmp(s->p, names[i].name, n) != 0)
			continue;
		for (int c = 1; c < 128; c++)
			if (names[i].is(c))
				add_to_class(set, (unsigned)c);
		s->p += n;
		return true;
	}
	return false;
}

/* One member of a bracket expression: a named class, a range or a byte. */
static void parse_member(struct parser *s, uint32_t *set)
{
	if (s->p[0] == '[' && s->p[1] == ':') {
		if (!add_named(s, set))
			wrong(s, "unknown class in [ ]");
		return;
	}
	if (s->p[0] == '[' && (s->p[1] == '.' || s->p[1] == '=')) {
		wrong(s, "collating elements are not known here");
		return;
	}
	unsigned from = (unsigned char)*s->p++, to = from;
	if (s->p[0] == '-' && s->p[1] && s->p[1] != ']') {
		to = (unsigned char)s->p[1];
		s->p += 2;
	}
	if (to < from)
		wrong(s, "a range in [ ] runs backwards");
	for (unsigned c = from; c <= to; c++)
		add_to_class(set, c);
}

static void parse_bracket(struct parser *s)
{
	struct regex *r = s->r;
	bool negated = *s->p == '^', first = true;

	if (r->n_classes >= REGEX_MAX_CLASSES) {
		wrong(s, "too many [ ]");
		return;
	}
	uint32_t *set = r->class[r->n_classes];
	memset(set, 0, sizeof(r->class[0]));
	s->p += negated;
	while (*s->p && (*s->p != ']' || first) && !s->wrong) {
		parse_member(s, set);
		first = false;
	}
	if (*s->p != ']') {
		wrong(s, "a [ is not closed");
		return;
	}
	s->p++;
	for (int i = 0; negated && i < 8; i++)
		set[i] = ~set[i];
	emit(s, RE_CLASS)->c = (uint8_t)r->n_classes++;
}

static void parse_group(struct parser *s)
{
	if (++s->depth > MAX_DEPTH) {
		wrong(s, "too many ( in each other");
		return;
	}
	parse_alternatives(s);
	s->depth--;
	if (*s->p == ')')
		s->p++;
	else
		wrong(s, "a ( is not closed");
}

static void parse_atom(struct parser *s)
{
	char c = *s->p++;

	switch (c) {
	case '.':
		emit(s, RE_ANY);
		break;
	case '^':
		emit(s, RE_BEGIN);
		break;
	case '$':
		emit(s, RE_END);
		break;
	case '[':
		parse_bracket(s);
		break;
	case '(':
		parse_group(s);
		break;
	case '*':
	case '+':
	case '?':
	case '{':
		wrong(s, "nothing stands before a repetition");
		break;
	case '\\':
		if (!*s->p)
			wrong(s, "nothing stands after the last \\");
		else
			emit(s, RE_CHAR)->c = (uint8_t)*s->p++;
		break;
	default:
		emit(s, RE_CHAR)->c = (uint8_t)c;
	}
}

static int parse_count(struct parser *s)
{
	int n = -1;

	for (; *s->p >= '0' && *s->p <= '9' && n <= MAX_REPEAT; s->p++)
		n = (n < 0 ? 0 : n * 10) + (*s->p - '0');
	if (n > MAX_REPEAT)
		wrong(s, "a count in { } is over 255");
	return n;
}

/* X{least,most} with @most -1 for no end: X as often as it must be, then optional or repeated ones. */
static void repeat(struct parser *s, int start, int least, int most)
{
	struct regex_step kept[REGEX_MAX];
	int n = s->r->n - start;

	memcpy(kept, &s->r->v[start], (size_t)n * sizeof(kept[0]));
	s->r->n = start;
	for (int i = 0; i < least; i++)
		copy_fragment(s, kept, n);
	if (most < 0) {
		split_to(emit(s, RE_SPLIT), 1, n + 2);
		copy_fragment(s, kept, n);
		emit(s, RE_JUMP)->to[0] = (int16_t)(-n - 1);
	}
	for (int i = least; i < most && !s->wrong; i++) {
		split_to(emit(s, RE_SPLIT), 1, (most - i) * (n + 1));
		copy_fragment(s, kept, n);
	}
}

static void parse_braces(struct parser *s, int start)
{
	int least = parse_count(s), most = least;

	if (least >= 0 && *s->p == ',') {
		s->p++;
		most = *s->p == '}' ? -1 : parse_count(s);
	}
	if (least < 0 || *s->p != '}' || (most >= 0 && most < least)) {
		wrong(s, "{ } must be {N}, {N,} or {N,M}");
		return;
	}
	s->p++;
	repeat(s, start, least, most);
}

static void parse_repeated(struct parser *s)
{
	int start = s->r->n;

	parse_atom(s);
	while (!s->wrong && *s->p && strchr("*+?{", *s->p)) {
		char c = *s->p++;

		if (c == '{')
			parse_braces(s, start);
		else
			repeat(s, start, c == '+' ? 1 : 0, c == '?' ? 1 : -1);
	}
}

static void parse_sequence(struct parser *s)
{
	while (!s->wrong && *s->p && *s->p != '|' && (*s->p != ')' || s->depth == 0))
		parse_repeated(s);
}

static void parse_alternatives(struct parser *s)
{
	int start = s->r->n;

	parse_sequence(s);
	while (!s->wrong && *s->p == '|') {
		s->p++;
		/* split to the old part or behind it, where the new part follows; the old part jumps over that */
		int n = s->r->n - start;
		split_to(insert(s, start, RE_SPLIT), 1, n + 2);
		int jump = s->r->n;
		emit(s, RE_JUMP);
		parse_sequence(s);
		if (!s->wrong)
			s->r->v[jump].to[0] = (int16_t)(s->r->n - jump);
	}
}

int regex_compile(const char *pattern, struct regex *ret, struct err *e)
{
	struct parser s = { .p = pattern, .r = ret };

	ret->n = ret->n_classes = 0;
	parse_alternatives(&s);
	if (s.wrong)
		return err_set(e, ERR_USAGE, EINVAL, "invalid regular expression \"%s\": %s", pattern, s.wrong);
	ret->v[ret->n] = (struct regex_step){ .op = RE_MATCH };
	return 0;
}

struct paths {
	int16_t at[REGEX_MAX + 1];
	int n;
	uint8_t seen[REGEX_MAX + 1];
};

/* Follow the steps that take no byte. The stack holds each step at most once, thanks to seen. */
static void add_path(const struct regex *r, struct paths *l, int from, bool begin, bool end)
{
	int16_t stack[2 * (REGEX_MAX + 1)];
	int depth = 0;

	stack[depth++] = (int16_t)from;
	while (depth > 0) {
		int at = stack[--depth];
		const struct regex_step *step = &r->v[at];

		if (l->seen[at])
			continue;
		l->seen[at] = 1;
		if (step->op == RE_JUMP) {
			stack[depth++] = (int16_t)(at + step->to[0]);
		} else if (step->op == RE_SPLIT) {
			stack[depth++] = (int16_t)(at + step->to[0]);
			stack[depth++] = (int16_t)(at + step->to[1]);
		} else if ((step->op == RE_BEGIN && begin) || (step->op == RE_END && end)) {
			stack[depth++] = (int16_t)(at + 1);
		} else {
			l->at[l->n++] = (int16_t)at;
		}
	}
}

static bool takes(const struct regex *r, const struct regex_step *step, unsigned char c)
{
	if (step->op == RE_CHAR)
		return step->c == c;
	if (step->op == RE_CLASS)
		return r->class[step->c][c / 32] >> (c % 32) & 1;
	return step->op == RE_ANY;
}

bool regex_matches(const struct regex *r, const char *text)
{
	struct paths lists[2], *now = &lists[0], *next = &lists[1];

	memset(now, 0, sizeof(*now));
	for (size_t i = 0;; i++) {
		add_path(r, now, 0, i == 0, !text[i]); /* a match may begin anywhere */
		memset(next, 0, sizeof(*next));
		for (int k = 0; k < now->n; k++) {
			const struct regex_step *step = &r->v[now->at[k]];

			if (step->op == RE_MATCH)
				return true;
			if (text[i] && takes(r, step, (unsigned char)text[i]))
				add_path(r, next, now->at[k] + 1, false, !text[i + 1]);
		}
		if (!text[i])
			return false;
		struct paths *swap = now;
		now = next;
		next = swap;
	}
}
