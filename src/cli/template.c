/* The interpreter. Every step is counted, so that nested loops over a large document end in an
 * error, not in an hour. */
#include "cli/template.h"

#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "cli/template_parts.h"
#include "cmdline/opt.h"

struct variable {
	const char *name;
	const struct json *value;
};

enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

struct run {
	const struct template *t;
	const struct json *root;
	template_method method;
	struct arena *arena;
	struct buf *out;
	size_t out_start;
	struct variable variables[MAX_VARIABLES];
	size_t n_variables, steps;
	enum flow flow;
	struct err *e;
};

#define FAIL(r, at, ...) err_negative(template_fail((r)->t->text, at, (r)->e, __VA_ARGS__))

static int evaluate(struct run *r, const struct pipe *p, const struct json *dot, const struct json **ret);

/* Members that docker's types leave out when they are empty, and maps, whose keys are anybody's:
 * absent is no mistake. */
static bool may_be_absent(const struct json *object, const char *key)
{
	static const char *const maps[] = { "Labels", "Annotations", "Sysctls", "ExposedPorts", "Volumes", "Ports",
		"Networks", "Tmpfs", "Options", "Config", "Data", "PortBindings" };
	static const char *const optional[] = { "Health", "Healthcheck", "StopTimeout", "StopSignal", "Shell",
		"Annotations", "Tmpfs", "Sysctls", "Init", "Mounts", "ExposedPorts", "SizeRw", "SizeRootFs", "Name",
		"Driver", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries", "Test", "Variant", "Author",
		"OsVersion", "Status", "UsageData", "StorageOpt", "Rootfs", "Propagation", "Tare" };

	for (size_t i = 0; object->key && i < ARRAY_SIZE(maps); i++)
		if (str_eq(object->key, maps[i]) && (i != 9 || !json_member(object, "Cmd")))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(optional); i++)
		if (str_eq(key, optional[i]))
			return true;
	return false;
}

static int refuse_member(struct run *r, const struct json *object, const char *key, size_t at)
{
	const char *names[128], *near;
	size_t n = 0;

	for (const struct json *m = object->first; m && n < ARRAY_SIZE(names); m = m->next)
		names[n++] = m->key;
	near = opt_nearest(key, names, n);
	FAIL(r, at, "map has no entry for key \"%s\"", key);
	return near ? err_hint(r->e, "did you mean .%s?", near) : -EINVAL;
}

static int member(struct run *r, const struct json *v, const char *key, size_t at, const struct json **ret)
{
	if (!v || v == &template_zero || v->kind == JSON_KIND_NULL)
		return FAIL(r, at, "nil value has no field .%s", key);
	if (v->kind != JSON_KIND_OBJECT)
		return FAIL(r, at, "%s has no field .%s", json_kind_name(v), key);
	*ret = json_member(v, key);
	if (!*ret && !may_be_absent(v, key))
		return refuse_member(r, v, key, at);
	return 0;
}

static int chain(struct run *r, const struct operand *o, size_t n, const struct json *v, const struct json **ret)
{
	for (size_t i = 0; i < n; i++) {
		const struct json *next = NULL;
		int rc = member(r, v, o->chain[i], o->at, &next);

		if (rc < 0)
			return rc;
		v = next;
	}
	*ret = v;
	return 0;
}

static struct variable *find_variable(struct run *r, const char *name)
{
	for (size_t i = r->n_variables; i-- > 0;)
		if (str_eq(r->variables[i].name, name))
			return &r->variables[i];
	return NULL;
}

static int operand_value(struct run *r, const struct operand *o, const struct json *dot, const struct json **ret)
{
	const struct json *v = NULL;
	int rc = 0;

	switch (o->kind) {
	case OP_DOT: v = dot; break;
	case OP_CONSTANT: v = o->constant; break;
	case OP_VARIABLE: {
		const struct variable *var = find_variable(r, o->name);

		if (!var && *o->name)
			return FAIL(r, o->at, "undefined variable \"$%s\"", o->name);
		v = var ? var->value : r->root;
		break;
	}
	case OP_PIPE: rc = evaluate(r, o->pipe, dot, &v); break;
	case OP_FUNCTION: {
		struct call c = { .t = r->t, .arena = r->arena, .name = o->name, .at = o->at };

		rc = template_call(&c, &v, r->e);
		break;
	}
	}
	return rc ? rc : chain(r, o, o->n_chain, v, ret);
}

/* {{.Label "x"}}: the last field takes an argument. */
static int method_call(struct run *r, const struct operand *o, const struct json *argument, const struct json *dot,
	const struct json **ret)
{
	const struct json *v = dot, *got = NULL;
	const char *name = o->n_chain ? o->chain[o->n_chain - 1] : "";
	int rc = o->n_chain ? chain(r, o, o->n_chain - 1, v, &v) : 0;

	if (rc < 0)
		return rc;
	if (r->method && v && argument && argument->kind == JSON_KIND_STRING)
		got = r->method(v, name, argument->text, r->arena);
	if (!got)
		return FAIL(r, o->at,
			o->n_chain ? ".%s is not a method but has arguments" : "%scan't give argument to non-function",
			name);
	*ret = got;
	return 0;
}

/* @piped: the value before the |, the last argument; @has_piped tells it from "none". */
static int command_value(struct run *r, const struct command_node *c, const struct json *dot,
	const struct json *const *piped, const struct json **ret)
{
	const struct operand *first = &c->args[0];
	const struct json *args[MAX_ARGS + 1];
	size_t n = 0;

	for (size_t i = 1; i < c->n; i++) {
		int rc = operand_value(r, &c->args[i], dot, &args[n++]);

		if (rc < 0)
			return rc;
	}
	if (piped)
		args[n++] = *piped;
	if (first->kind == OP_FUNCTION) {
		struct call call = { r->t, r->arena, first->name, first->at, args, n };

		return template_call(&call, ret, r->e);
	}
	if (!n)
		return operand_value(r, first, dot, ret);
	if (n == 1 && first->kind == OP_DOT && first->n_chain)
		return method_call(r, first, args[0], dot, ret);
	return FAIL(r, first->at, "can't give argument to non-function");
}

static int declare(struct run *r, const char *name, const struct json *v, bool assign, size_t at)
{
	struct variable *old = assign ? find_variable(r, name) : NULL;

	if (old) {
		old->value = v;
		return 0;
	}
	if (assign)
		return FAIL(r, at, "undefined variable \"$%s\"", name);
	if (r->n_variables == MAX_VARIABLES)
		return FAIL(r, at, "more than %d variables", MAX_VARIABLES);
	r->variables[r->n_variables++] = (struct variable){ name, v };
	return 0;
}

static int evaluate(struct run *r, const struct pipe *p, const struct json *dot, const struct json **ret)
{
	const struct json *v = NULL;

	if (++r->steps > TEMPLATE_MAX_STEPS)
		return FAIL(r, p->at, "the template does too much work");
	for (const struct command_node *c = p->first; c; c = c->next) {
		const struct json *before = v, *now = NULL;
		int rc = command_value(r, c, dot, c == p->first ? NULL : &before, &now);

		if (rc < 0)
			return rc;
		v = now;
	}
	*ret = v;
	return 0;
}

static int walk(struct run *r, const struct node *list, const struct json *dot);

static int one_round(struct run *r, const struct node *n, const struct json *key, const struct json *value)
{
	const struct pipe *p = n->pipe;
	size_t mark = r->n_variables;
	int rc = 0;

	if (p->n_declared == 2)
		rc = declare(r, p->declared[0], key, p->assign, n->at);
	if (rc == 0 && p->n_declared)
		rc = declare(r, p->declared[p->n_declared - 1], value, p->assign, n->at);
	if (rc == 0)
		rc = walk(r, n->body, value);
	r->n_variables = mark;
	if (r->flow == FLOW_CONTINUE)
		r->flow = FLOW_ON;
	return rc;
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(const struct json *const *)a)->key, (*(const struct json *const *)b)->key);
}

/* Go walks a map in the order of its keys. */
static int walk_map(struct run *r, const struct node *n, const struct json *map)
{
	const struct json **all = arena_array(r->arena, const struct json *, map->n);
	size_t count = 0;
	int rc = 0;

	if (!all)
		return err_oom(r->e, "a template");
	for (const struct json *m = map->first; m; m = m->next)
		all[count++] = m;
	qsort(all, count, sizeof(*all), by_key);
	for (size_t i = 0; i < count && rc == 0 && r->flow == FLOW_ON; i++) {
		const struct json *key = template_string(r->arena, all[i]->key, all[i]->key_len);

		rc = key ? one_round(r, n, key, all[i]) : err_oom(r->e, "a template");
	}
	return rc;
}

static int walk_range(struct run *r, const struct node *n, const struct json *v, const struct json *dot)
{
	bool any = v && (v->kind == JSON_KIND_ARRAY || v->kind == JSON_KIND_OBJECT) && v->n;
	int64_t i = 0;
	int rc = 0;

	if (v && v->kind != JSON_KIND_ARRAY && v->kind != JSON_KIND_OBJECT && v->kind != JSON_KIND_NULL)
		return FAIL(r, n->pipe->at, "range can't iterate over %s", json_kind_name(v));
	if (!any)
		return walk(r, n->otherwise, dot);
	if (v->kind == JSON_KIND_OBJECT)
		rc = walk_map(r, n, v);
	else
		for (const struct json *m = v->first; m && rc == 0 && r->flow == FLOW_ON; m = m->next) {
			const struct json *key = template_int(r->arena, i++);

			rc = key ? one_round(r, n, key, m) : err_oom(r->e, "a template");
		}
	if (r->flow == FLOW_BREAK)
		r->flow = FLOW_ON;
	return rc;
}

static int walk_node(struct run *r, const struct node *n, const struct json *dot)
{
	const struct json *v = NULL;
	size_t mark = r->n_variables;

	if (n->kind == NODE_TEXT) {
		buf_add(r->out, n->text, n->len);
		return 0;
	}
	if (n->kind == NODE_BREAK || n->kind == NODE_CONTINUE) {
		r->flow = n->kind == NODE_BREAK ? FLOW_BREAK : FLOW_CONTINUE;
		return 0;
	}
	int rc = evaluate(r, n->pipe, dot, &v);
	if (rc < 0)
		return rc;
	if (n->kind == NODE_RANGE)
		return walk_range(r, n, v, dot);
	if (n->pipe->n_declared == 1)
		rc = declare(r, n->pipe->declared[0], v, n->pipe->assign, n->at);
	else if (n->pipe->n_declared)
		rc = FAIL(r, n->at, "two variables are for {{range}} only");
	if (rc < 0)
		return rc;
	if (n->kind == NODE_ACTION) {
		if (!n->pipe->n_declared)
			template_text(v, r->out);
		return 0;
	}
	if (template_truth(v))
		rc = walk(r, n->body, n->kind == NODE_WITH ? v : dot);
	else
		rc = walk(r, n->otherwise, dot);
	r->n_variables = mark;
	return rc;
}

static int walk(struct run *r, const struct node *list, const struct json *dot)
{
	size_t mark = r->n_variables;
	int rc = 0;

	for (const struct node *n = list; n && rc == 0 && r->flow == FLOW_ON; n = n->next) {
		rc = walk_node(r, n, dot);
		if (rc == 0 && r->out->len - r->out_start > TEMPLATE_MAX_OUTPUT)
			rc = FAIL(r, n->at, "the template writes more than 16 MiB");
	}
	if (list != r->t->first)
		r->n_variables = mark;
	return rc;
}

int template_run(const struct template *t, const struct json *data, template_method method, struct arena *a,
	struct buf *ret, struct err *e)
{
	struct run r = {
		.t = t, .root = data, .method = method, .arena = a, .out = ret, .out_start = ret->len, .e = e
	};
	int rc = walk(&r, t->first, data);

	return rc ? rc : buf_err(ret, e);
}

static bool pipe_uses(const struct pipe *p, const char *name)
{
	for (const struct command_node *c = p ? p->first : NULL; c; c = c->next)
		for (size_t i = 0; i < c->n; i++) {
			const struct operand *o = &c->args[i];

			if (o->kind == OP_PIPE && pipe_uses(o->pipe, name))
				return true;
			for (size_t k = 0; k < o->n_chain; k++)
				if (str_eq(o->chain[k], name))
					return true;
		}
	return false;
}

static bool list_uses(const struct node *n, const char *name)
{
	for (; n; n = n->next)
		if (pipe_uses(n->pipe, name) || list_uses(n->body, name) || list_uses(n->otherwise, name))
			return true;
	return false;
}

bool template_uses(const struct template *t, const char *name)
{
	return list_uses(t->first, name);
}
