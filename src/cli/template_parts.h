#pragma once
/* The tree of a template, between its parser and its interpreter. */
#include "cli/template.h"

enum { MAX_CHAIN = 16, MAX_VARIABLES = 64, MAX_ARGS = 16 };

enum operand_kind { OP_DOT, OP_VARIABLE, OP_CONSTANT, OP_FUNCTION, OP_PIPE };

struct pipe;

struct operand {
	enum operand_kind kind;
	const char *name; /* of a variable (with $) or function */
	const struct json *constant;
	struct pipe *pipe;
	const char *chain[MAX_CHAIN]; /* .A.B behind it */
	size_t n_chain;
	size_t at; /* offset in the text */
};

struct command_node {
	struct operand *args;
	size_t n;
	struct command_node *next; /* behind the | */
};

struct pipe {
	const char *declared[2];
	size_t n_declared;
	bool assign; /* = in place of := */
	struct command_node *first;
	size_t at;
};

enum node_kind { NODE_TEXT, NODE_ACTION, NODE_IF, NODE_WITH, NODE_RANGE, NODE_BREAK, NODE_CONTINUE };

struct node {
	enum node_kind kind;
	const char *text;
	size_t len;
	struct pipe *pipe;
	struct node *body, *otherwise, *next;
	size_t at;
};

struct template
{
	const char *text;
	struct node *first;
};

/* template_fail - "template: LINE:COLUMN: …" for offset @at of @text. */
int template_fail(const char *text, size_t at, struct err *e, const char *format, ...) printf_like(4, 5);

/* --- functions (template_fn.c) --- */

struct call {
	const struct template *t;
	struct arena *arena;
	const char *name;
	size_t at;
	const struct json **args; /* NULL: no value */
	size_t n;
};

bool template_is_function(const char *name);
int template_call(const struct call *c, const struct json **ret, struct err *e) must_check;
bool template_truth(const struct json *v);
/* template_text - as Go's fmt writes a value: [a b], map[k:v], <no value>. */
void template_text(const struct json *v, struct buf *b);
const struct json *template_string(struct arena *a, const char *s, size_t n);
const struct json *template_int(struct arena *a, int64_t n);
const struct json *template_bool(bool on);
/* What `index` gives for a key that a map has not got: Go's zero value, which prints as nothing. */
extern const struct json template_zero;
/* template_printf - Go's fmt.Sprintf with the verbs v s q d x t c and %, flags, width and
 * precision. */
int template_printf(const struct call *c, const struct json **ret, struct err *e) must_check;
