/* From text to tree: one pass, recursive descent. Every error knows its offset. */
#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cli/template_parts.h"

struct parser {
	const char *text;
	size_t at, len; /* within an action: its end is found by the tokens */
	struct arena *arena;
	size_t depth;
	size_t loops;
	struct err *e;
};

enum stop { STOP_END, STOP_ELSE, STOP_TEXT_END };

int template_fail(const char *text, size_t at, struct err *e, const char *format, ...)
{
	size_t line = 1, column = 1;
	char what[512];
	va_list ap;

	for (size_t i = 0; i < at && text[i]; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	va_start(ap, format);
	fmt_v(what, sizeof(what), format, ap);
	va_end(ap);
	return err_set(e, ERR_USAGE, EINVAL, "template: %zu:%zu: %s", line, column, what);
}

#define FAIL(p, ...) err_negative(template_fail((p)->text, (p)->at, (p)->e, __VA_ARGS__))

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		(unsigned char)c >= 0x80;
}

static void skip_space(struct parser *p)
{
	while (is_space(p->text[p->at]))
		p->at++;
}

/* "}}" or " -}}". */
static bool at_close(const struct parser *p)
{
	const char *s = p->text + p->at;

	return !strncmp(s, "}}", 2) || !strncmp(s, "-}}", 3);
}

static const char *take_word(struct parser *p)
{
	size_t n = 0;

	while (is_word(p->text[p->at + n]))
		n++;
	const char *w = arena_dup_n(p->arena, p->text + p->at, n);
	p->at += n;
	if (!w)
		err_oom(p->e, "a template");
	return w;
}

static int escaped(struct parser *p, char quote, struct buf *b)
{
	static const char from[] = "abfnrtv\\\"'", to[] = "\a\b\f\n\r\t\v\\\"'";
	char c = p->text[p->at + 1];
	const char *known = c ? strchr(from, c) : NULL;

	if (!known)
		return FAIL(p, "unknown escape in a quoted string");
	buf_add(b, to + (known - from), 1);
	p->at += 2;
	return 0;
}

/* "text", `text`, 'c'. */
static const struct json *take_string(struct parser *p)
{
	AUTO(buf) struct buf b = BUF_INIT;
	char quote = p->text[p->at];
	size_t start = p->at++;

	while (p->text[p->at] != quote) {
		if (!p->text[p->at] || (quote != '`' && p->text[p->at] == '\n')) {
			p->at = start;
			FAIL(p, "unterminated quoted string");
			return NULL;
		}
		if (p->text[p->at] == '\\' && quote != '`') {
			if (escaped(p, quote, &b) < 0)
				return NULL;
			continue;
		}
		buf_add(&b, p->text + p->at++, 1);
	}
	p->at++;
	const struct json *v = b.failed ? NULL : template_string(p->arena, b.data ? b.data : "", b.len);
	if (!v)
		err_oom(p->e, "a template");
	return v;
}

static const struct json *take_number(struct parser *p)
{
	size_t start = p->at, n = p->text[p->at] == '-' || p->text[p->at] == '+';
	int64_t v;
	char text[24];

	while (is_word(p->text[start + n]) || p->text[start + n] == '.')
		n++;
	fmt_to(text, sizeof(text), "%.*s", (int)(n < 23 ? n : 23), p->text + start + (p->text[start] == '+'));
	if (n > 22 || !parse_i64(text, INT64_MIN, INT64_MAX, &v)) {
		FAIL(p, "bad number syntax: \"%.*s\"", (int)(n < 40 ? n : 40), p->text + start);
		return NULL;
	}
	p->at += n;
	const struct json *r = template_int(p->arena, v);
	if (!r)
		err_oom(p->e, "a template");
	return r;
}

static int take_chain(struct parser *p, struct operand *o)
{
	while (p->text[p->at] == '.' && is_word(p->text[p->at + 1])) {
		if (o->n_chain == MAX_CHAIN)
			return FAIL(p, "more than %d fields in a row", MAX_CHAIN);
		p->at++;
		o->chain[o->n_chain] = take_word(p);
		if (!o->chain[o->n_chain])
			return -ENOMEM;
		o->n_chain++;
	}
	return 0;
}

static int parse_pipe(struct parser *p, struct pipe **ret, char close);

static int take_constant(struct parser *p, struct operand *o, const struct json *v)
{
	o->kind = OP_CONSTANT;
	o->constant = v;
	return v ? 0 : -p->e->num;
}

static int take_identifier(struct parser *p, struct operand *o)
{
	static const struct json null = { .kind = JSON_KIND_NULL };
	const char *w = take_word(p);

	if (!w)
		return -ENOMEM;
	if (str_eq(w, "true") || str_eq(w, "false"))
		return take_constant(p, o, template_bool(w[0] == 't'));
	if (str_eq(w, "nil"))
		return take_constant(p, o, &null);
	if (!template_is_function(w)) {
		p->at = o->at;
		return FAIL(p, "function \"%s\" not defined", w);
	}
	o->kind = OP_FUNCTION;
	o->name = w;
	return 0;
}

static int take_group(struct parser *p, struct operand *o)
{
	if (++p->depth > TEMPLATE_MAX_DEPTH)
		return FAIL(p, "nested too deeply");
	p->at++;
	o->kind = OP_PIPE;
	int r = parse_pipe(p, &o->pipe, ')');
	p->depth--;
	if (r < 0)
		return r;
	p->at++;
	return take_chain(p, o);
}

static int take_operand(struct parser *p, struct operand *o)
{
	char c = p->text[p->at], next = c ? p->text[p->at + 1] : '\0';

	o->at = p->at;
	if (c == '"' || c == '`' || c == '\'')
		return take_constant(p, o, take_string(p));
	if ((c >= '0' && c <= '9') || ((c == '-' || c == '+') && next >= '0' && next <= '9'))
		return take_constant(p, o, take_number(p));
	if (c == '(')
		return take_group(p, o);
	if (c == '.') {
		o->kind = OP_DOT;
		if (is_word(next))
			return take_chain(p, o);
		p->at++;
		return 0;
	}
	if (c == '$') {
		p->at++;
		const char *w = take_word(p);
		o->kind = OP_VARIABLE;
		o->name = w;
		return w ? take_chain(p, o) : -ENOMEM;
	}
	if (is_word(c))
		return take_identifier(p, o);
	if (!c)
		return FAIL(p, "unclosed action");
	return FAIL(p, "unexpected \"%c\"", c >= 0x20 && c < 0x7f ? c : '?');
}

static int parse_command(struct parser *p, struct command_node *c, char close)
{
	struct operand args[MAX_ARGS];

	for (;;) {
		skip_space(p);
		char now = p->text[p->at];
		if (at_close(p) || now == '|' || now == ')')
			break;
		if (!now)
			return FAIL(p, "unclosed action");
		if (c->n && !is_space(p->text[p->at - 1]) && p->text[p->at - 1] != '(' && now != '(')
			return FAIL(p, "unexpected \"%c\" behind an operand", now >= 0x20 && now < 0x7f ? now : '?');
		if (c->n == MAX_ARGS)
			return FAIL(p, "more than %d arguments", MAX_ARGS);
		args[c->n] = (struct operand){ .kind = OP_DOT };
		int r = take_operand(p, &args[c->n]);
		if (r < 0)
			return r;
		c->n++;
	}
	if (!c->n)
		return FAIL(p, "missing value for command");
	c->args = arena_array(p->arena, struct operand, c->n);
	if (!c->args)
		return err_oom(p->e, "a template");
	memcpy(c->args, args, c->n * sizeof(*args));
	return 0;
}

/* "$v :=", "$k, $v :=", "$v =" in front of a pipeline; nothing of that: @p stays where it was. */
static int parse_declaration(struct parser *p, struct pipe *pipe)
{
	size_t back = p->at;
	const char *names[2];
	size_t n = 0;

	while (n < 2 && p->text[p->at] == '$') {
		p->at++;
		names[n] = take_word(p);
		if (!names[n++])
			return -ENOMEM;
		skip_space(p);
		if (p->text[p->at] != ',')
			break;
		p->at++;
		skip_space(p);
	}
	const char *s = p->text + p->at;
	bool declares = !strncmp(s, ":=", 2), assigns = s[0] == '=' && s[1] != '=';
	if (!n || (!declares && !assigns)) {
		p->at = back;
		return 0;
	}
	p->at += declares ? 2 : 1;
	pipe->n_declared = n;
	pipe->assign = assigns;
	memcpy(pipe->declared, names, sizeof(names));
	return 0;
}

static int parse_pipe(struct parser *p, struct pipe **ret, char close)
{
	struct pipe *pipe = arena_new(p->arena, struct pipe);
	struct command_node **tail;

	if (!pipe)
		return err_oom(p->e, "a template");
	skip_space(p);
	pipe->at = p->at;
	int r = parse_declaration(p, pipe);
	tail = &pipe->first;
	while (r == 0) {
		struct command_node *c = arena_new(p->arena, struct command_node);

		if (!c)
			return err_oom(p->e, "a template");
		r = parse_command(p, c, close);
		*tail = c;
		tail = &c->next;
		if (r < 0 || p->text[p->at] != '|')
			break;
		p->at++;
	}
	if (r < 0)
		return r;
	if (close == ')' && p->text[p->at] != ')')
		return FAIL(p, "unclosed left paren");
	if (close != ')' && !at_close(p))
		return FAIL(p, "unexpected \")\"");
	*ret = pipe;
	return 0;
}

static int close_action(struct parser *p)
{
	bool trim = p->text[p->at] == '-';

	skip_space(p);
	trim = p->text[p->at] == '-';
	if (!at_close(p))
		return FAIL(p, p->text[p->at] ? "unexpected text in an action" : "unclosed action");
	p->at += trim ? 3 : 2;
	while (trim && is_space(p->text[p->at]))
		p->at++;
	return 0;
}

static bool keyword(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(p->text + p->at, word, n) != 0 || is_word(p->text[p->at + n]))
		return false;
	p->at += n;
	return true;
}

static int parse_list(struct parser *p, struct node **ret, enum stop *ret_stop, size_t opened_at);

/* The rest of if, with and range, behind the keyword. {{else if …}} is an else that holds an if. */
static int parse_control(struct parser *p, struct node *n)
{
	enum stop stop = STOP_END;
	size_t at = n->at;

	if (++p->depth > TEMPLATE_MAX_DEPTH)
		return FAIL(p, "nested too deeply");
	p->loops += n->kind == NODE_RANGE;
	int r = parse_pipe(p, &n->pipe, '}');
	if (r == 0)
		r = close_action(p);
	if (r == 0)
		r = parse_list(p, &n->body, &stop, at);
	p->loops -= n->kind == NODE_RANGE;
	if (r == 0 && stop == STOP_ELSE) {
		skip_space(p);
		bool is_if = n->kind == NODE_IF && keyword(p, "if"),
		     is_with = n->kind == NODE_WITH && keyword(p, "with");
		if (is_if || is_with) {
			n->otherwise = arena_new(p->arena, struct node);
			if (!n->otherwise)
				return err_oom(p->e, "a template");
			n->otherwise->kind = n->kind;
			n->otherwise->at = p->at;
			r = parse_control(p, n->otherwise);
			p->depth--;
			return r;
		}
		r = close_action(p);
		if (r == 0)
			r = parse_list(p, &n->otherwise, &stop, at);
		if (r == 0 && stop == STOP_ELSE)
			r = FAIL(p, "unexpected {{else}}: there was one already");
	}
	p->depth--;
	return r;
}

static int parse_action(struct parser *p, struct node *n)
{
	static const char *const absent[] = { "define", "template", "block" };

	n->at = p->at;
	n->kind = keyword(p, "if")    ? NODE_IF
		: keyword(p, "with")  ? NODE_WITH
		: keyword(p, "range") ? NODE_RANGE
				      : NODE_ACTION;
	if (n->kind != NODE_ACTION)
		return parse_control(p, n);
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		if (keyword(p, absent[i]))
			return FAIL(p, "{{%s}} is not supported", absent[i]);
	bool leaves = keyword(p, "break"), again = !leaves && keyword(p, "continue");
	if (leaves || again) {
		n->kind = leaves ? NODE_BREAK : NODE_CONTINUE;
		return p->loops ? close_action(p) : FAIL(p, "{{%s}} outside {{range}}", leaves ? "break" : "continue");
	}
	int r = parse_pipe(p, &n->pipe, '}');
	return r ? r : close_action(p);
}

/* Text up to the next action or the end; "{{- " takes the blanks before it. */
static struct node *take_text(struct parser *p)
{
	const char *start = p->text + p->at, *open = strstr(start, "{{");
	size_t len = open ? (size_t)(open - start) : strlen(start);
	struct node *n = arena_new(p->arena, struct node);

	if (!n)
		return NULL;
	p->at += len;
	if (open && open[2] == '-' && is_space(open[3]))
		while (len && is_space(start[len - 1]))
			len--;
	*n = (struct node){ .kind = NODE_TEXT, .text = start, .len = len };
	return n;
}

static int skip_comment(struct parser *p)
{
	const char *end = strstr(p->text + p->at, "*/");

	if (!end)
		return FAIL(p, "unclosed comment");
	p->at = (size_t)(end + 2 - p->text);
	skip_space(p);
	if (!at_close(p))
		return FAIL(p, "a comment ends before the closing delimiter");
	return close_action(p);
}

static int parse_list(struct parser *p, struct node **ret, enum stop *ret_stop, size_t opened_at)
{
	struct node **tail = ret;
	int r = 0;

	while (r == 0) {
		struct node *n = take_text(p);

		if (!n)
			return err_oom(p->e, "a template");
		*tail = n;
		tail = &n->next;
		if (!p->text[p->at]) {
			*ret_stop = STOP_TEXT_END;
			if (opened_at == SIZE_MAX)
				return 0;
			p->at = opened_at;
			return FAIL(p, "no {{end}} for what begins here");
		}
		p->at += 2;
		if (p->text[p->at] == '-' && is_space(p->text[p->at + 1]))
			p->at++;
		skip_space(p);
		if (!strncmp(p->text + p->at, "/*", 2)) {
			r = skip_comment(p);
			continue;
		}
		bool end = keyword(p, "end");
		if (end || keyword(p, "else")) {
			if (opened_at == SIZE_MAX)
				return FAIL(p, "unexpected {{%s}}", end ? "end" : "else");
			*ret_stop = end ? STOP_END : STOP_ELSE;
			return end ? close_action(p) : 0;
		}
		n = arena_new(p->arena, struct node);
		if (!n)
			return err_oom(p->e, "a template");
		*tail = n;
		tail = &n->next;
		r = parse_action(p, n);
	}
	return r;
}

int template_parse(const char *text, struct arena *a, struct template **ret, struct err *e)
{
	struct template *t = arena_new(a, struct template);
	enum stop stop;

	if (!t || !(t->text = arena_dup(a, text)))
		return err_oom(e, "a template");
	struct parser p = { .text = t->text, .arena = a, .e = e };
	int r = parse_list(&p, &t->first, &stop, SIZE_MAX);
	if (r < 0)
		return r;
	*ret = t;
	return 0;
}

char *template_unescape(const char *text, struct arena *a)
{
	char *copy = arena_dup(a, text), *to = copy;

	for (const char *from = copy; from && *from; from++) {
		bool escape = from[0] == '\\' && (from[1] == 't' || from[1] == 'n');

		*to++ = !escape ? *from : from[1] == 't' ? '\t' : '\n';
		from += escape;
	}
	if (to)
		*to = '\0';
	return copy;
}
