/* docker's format is turned into runtime-spec's while it still is JSON: rules whose conditions do
 * not hold are taken out, archMap becomes architectures; then the reader of config.json has its
 * say. So both formats are checked alike. */
#include "spec/seccomp_profile.h"

#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "spec/rc.h"

/* --- words --------------------------------------------------------------------------------------------------- */

static const char *const actions[] = { [RC_ACT_KILL_THREAD] = "SCMP_ACT_KILL_THREAD",
	[RC_ACT_KILL_PROCESS] = "SCMP_ACT_KILL_PROCESS",
	[RC_ACT_TRAP] = "SCMP_ACT_TRAP",
	[RC_ACT_ERRNO] = "SCMP_ACT_ERRNO",
	[RC_ACT_TRACE] = "SCMP_ACT_TRACE",
	[RC_ACT_ALLOW] = "SCMP_ACT_ALLOW",
	[RC_ACT_LOG] = "SCMP_ACT_LOG",
	[RC_ACT_NOTIFY] = "SCMP_ACT_NOTIFY" };
static const char *const ops[] = { [RC_OP_NE] = "SCMP_CMP_NE",
	[RC_OP_LT] = "SCMP_CMP_LT",
	[RC_OP_LE] = "SCMP_CMP_LE",
	[RC_OP_EQ] = "SCMP_CMP_EQ",
	[RC_OP_GE] = "SCMP_CMP_GE",
	[RC_OP_GT] = "SCMP_CMP_GT",
	[RC_OP_MASKED_EQ] = "SCMP_CMP_MASKED_EQ" };

const char *seccomp_action_name(enum rc_seccomp_action a)
{
	return actions[a];
}

const char *seccomp_op_name(enum rc_seccomp_op op)
{
	return ops[op];
}

/* --- conditions of docker's format ---------------------------------------------------------------------------- */

/* What "includes" or "excludes" says. */
struct filter {
	struct rc_str_list caps, arches;
	char *min_kernel;
};

static int read_filter(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("caps", rd_str_list, struct filter, caps),
		RD("arches", rd_str_list, struct filter, arches),
		RD("minKernel", rd_opt_string, struct filter, min_kernel),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

struct conditions {
	struct filter includes, excludes;
};

static bool has_cap(const struct seccomp_host *h, const char *name)
{
	int number = rc_capability_number(name);

	return number >= 0 && h->caps >> number & 1;
}

static bool names_arch(const struct rc_str_list *l, const char *arch)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i], arch))
			return true;
	return false;
}

static int kernel_reaches(struct rd *r, const struct seccomp_host *h, const char *version, bool *ret)
{
	size_t n = strcspn(version, ".");
	uint64_t major, minor;

	if (!version[n] || !parse_u64_n(version, n, UINT32_MAX, &major) ||
		!parse_u64(version + n + 1, UINT32_MAX, &minor))
		return rd_fail(r, NULL, NULL, "minKernel: \"%.*s\" is no version like \"4.8\"", RD_Q(version));
	*ret = h->kernel_major > major || (h->kernel_major == major && h->kernel_minor >= minor);
	return 0;
}

/* All of includes and none of excludes. */
static int holds(struct rd *r, const struct seccomp_host *h, const struct conditions *c, bool *ret)
{
	const struct filter *in = &c->includes, *ex = &c->excludes;
	bool reaches = true, too_new = false;
	int rc = in->min_kernel ? kernel_reaches(r, h, in->min_kernel, &reaches) : 0;

	if (rc == 0 && ex->min_kernel)
		rc = kernel_reaches(r, h, ex->min_kernel, &too_new);
	*ret = reaches && !too_new && (!in->arches.n || names_arch(&in->arches, h->arch)) &&
		!names_arch(&ex->arches, h->arch);
	for (size_t i = 0; i < in->caps.n; i++)
		*ret = *ret && has_cap(h, in->caps.v[i]);
	for (size_t i = 0; i < ex->caps.n; i++)
		*ret = *ret && !has_cap(h, ex->caps.v[i]);
	return rc;
}

/* --- from docker's format to runtime-spec's ------------------------------------------------------------------- */

static int new_node(struct rd *r, struct json **ret)
{
	*ret = arena_new(r->arena, struct json);
	return *ret ? 0 : rd_oom(r);
}

/* "name": "x", docker's older form, becomes "names": ["x"]. */
static int rename_name(struct rd *r, struct json *rule)
{
	static char names[] = "names";
	struct json *name = json_member(rule, "name"), *one;

	if (!name || name->kind == JSON_KIND_NULL)
		return 0;
	if (json_member(rule, "names"))
		return rd_fail(r, NULL, NULL, "has both \"name\" and \"names\"");
	if (new_node(r, &one) < 0)
		return -r->e->num;
	*one = *name;
	one->key = NULL;
	one->key_len = 0;
	one->next = NULL;
	name->key = names;
	name->key_len = sizeof(names) - 1;
	name->kind = JSON_KIND_ARRAY;
	name->first = one;
	name->n = 1;
	return 0;
}

static int keep_rule(struct rd *r, const struct seccomp_host *h, struct json *rule, bool *ret)
{
	static const struct rd_field fields[] = {
		RD("includes", read_filter, struct conditions, includes),
		RD("excludes", read_filter, struct conditions, excludes),
	};
	struct conditions c = { .includes = { .min_kernel = NULL } };
	bool object;
	int rc = rd_kind(r, rule, JSON_KIND_OBJECT, &object);

	*ret = true;
	if (rc == 0 && object)
		rc = rename_name(r, rule);
	if (rc == 0 && object)
		rc = rd_object(r, rule, fields, ARRAY_SIZE(fields), &c);
	return rc == 0 ? holds(r, h, &c, ret) : rc;
}

static int take_out_rules(struct rd *r, const struct seccomp_host *h, struct json *rules)
{
	struct rd_path list, here;
	struct json **at = &rules->first;
	int rc = 0;

	rd_enter(r, &list, "syscalls", 0);
	for (size_t i = 0; *at && rc == 0; i++) {
		bool keep;

		rd_enter(r, &here, NULL, i);
		rc = keep_rule(r, h, *at, &keep);
		rd_leave(r, &here);
		if (keep) {
			at = &(*at)->next;
		} else {
			*at = (*at)->next;
			rules->n--;
		}
	}
	rd_leave(r, &list);
	return rc;
}

/* Of archMap the row of this machine. */
struct arch_row {
	char *architecture;
	struct rc_str_list more;
};

static int read_arch_row(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("architecture", rd_name, struct arch_row, architecture, RD_MUST),
		RD("subArchitectures", rd_str_list, struct arch_row, more),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

struct arch_map {
	struct arch_row *v;
	size_t n;
};

static int read_arch_map(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements each = { read_arch_row, sizeof(struct arch_row), NULL };
	struct arch_map *m = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &each, &all, &m->n);

	m->v = all;
	return rc;
}

struct outline {
	struct arch_map map;
	struct rc_str_list architectures;
};

static int add_arch(struct rd *r, struct json *list, char *name)
{
	struct json *v;

	if (new_node(r, &v) < 0)
		return -r->e->num;
	*v = (struct json){ .text = name, .n = (uint32_t)strlen(name), .kind = JSON_KIND_STRING, .next = list->first };
	list->first = v;
	list->n++;
	return 0;
}

static int apply_arch_map(struct rd *r, const struct seccomp_host *h, struct json *doc)
{
	static const struct rd_field fields[] = { RD("archMap", read_arch_map, struct outline, map),
		RD("architectures", rd_str_list, struct outline, architectures) };
	static char key[] = "architectures";
	struct outline o = { .map = { NULL, 0 } };
	struct json *list = json_member(doc, "archMap");
	int rc = rd_object(r, doc, fields, ARRAY_SIZE(fields), &o);

	if (rc < 0 || !o.map.n)
		return rc;
	if (o.architectures.n)
		return rd_fail(r, NULL, NULL, "has both \"architectures\" and \"archMap\"");
	list->key = key;
	list->key_len = sizeof(key) - 1;
	list->first = NULL;
	list->n = 0;
	for (size_t i = 0; i < o.map.n && rc == 0; i++) {
		if (!str_eq(o.map.v[i].architecture, h->scmp_arch))
			continue;
		for (size_t k = o.map.v[i].more.n; k-- > 0 && rc == 0;)
			rc = add_arch(r, list, o.map.v[i].more.v[k]);
		if (rc == 0)
			rc = add_arch(r, list, o.map.v[i].architecture);
	}
	return rc;
}

/* An "architectures": [] beside archMap would be a second member of that name. */
static void drop_member(struct json *doc, const char *key)
{
	for (struct json **at = &doc->first; *at; at = &(*at)->next) {
		if (!str_eq((*at)->key, key))
			continue;
		*at = (*at)->next;
		doc->n--;
		return;
	}
}

static int convert(struct rd *r, const struct seccomp_host *h, struct json *doc)
{
	struct json *rules = json_member(doc, "syscalls"), *archs = json_member(doc, "architectures");
	bool object;
	int rc = rd_kind(r, doc, JSON_KIND_OBJECT, &object);

	if (rc < 0 || !object)
		return rc;
	if (json_member(doc, "archMap") && archs && (archs->kind == JSON_KIND_NULL || archs->n == 0))
		drop_member(doc, "architectures");
	rc = apply_arch_map(r, h, doc);
	if (rc == 0 && rules && rules->kind == JSON_KIND_ARRAY)
		rc = take_out_rules(r, h, rules);
	return rc;
}

int seccomp_profile_read(const char *text, size_t len, const struct seccomp_host *host, struct arena *a,
	struct rc_seccomp *ret, struct err *e)
{
	struct rd r = { .arena = a, .doc = host->what, .e = e };
	struct rc_seccomp *s = NULL;
	struct json *doc;

	if (json_parse(text, len, a, &doc, e) < 0) {
		e->kind = e->num == ENOMEM ? ERR_SYSTEM : ERR_CONFIG;
		return err_wrap(e, "%s", host->what);
	}
	int rc = convert(&r, host, doc);
	if (rc == 0)
		rc = rc_read_seccomp(&r, doc, NULL, &s);
	rc = rd_end(&r, rc);
	if (rc == 0)
		*ret = *s;
	return rc;
}

/* --- writing ------------------------------------------------------------------------------------------------- */

static void write_strings(struct buf *b, const char *key, const struct rc_str_list *l)
{
	buf_printf(b, "\"%s\":[", key);
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "");
		buf_json_str(b, l->v[i]);
	}
	buf_str(b, "]");
}

static void write_args(struct buf *b, const struct rc_seccomp_rule *r)
{
	buf_str(b, ",\"args\":[");
	for (size_t i = 0; i < r->n_args; i++) {
		const struct rc_seccomp_arg *a = &r->args[i];

		buf_printf(b, "%s{\"index\":%u,\"value\":%llu,", i ? "," : "", a->index, (unsigned long long)a->value);
		if (a->op == RC_OP_MASKED_EQ)
			buf_printf(b, "\"valueTwo\":%llu,", (unsigned long long)a->value_two);
		buf_printf(b, "\"op\":\"%s\"}", ops[a->op]);
	}
	buf_str(b, "]");
}

static void write_rule(struct buf *b, const struct rc_seccomp_rule *r)
{
	buf_str(b, "{");
	write_strings(b, "names", &r->names);
	buf_printf(b, ",\"action\":\"%s\"", actions[r->action]);
	if (r->errno_ret.set)
		buf_printf(b, ",\"errnoRet\":%llu", (unsigned long long)r->errno_ret.v);
	if (r->n_args)
		write_args(b, r);
	buf_str(b, "}");
}

void seccomp_profile_write(const struct rc_seccomp *s, struct buf *b)
{
	buf_printf(b, "{\"defaultAction\":\"%s\",", actions[s->default_action]);
	if (s->default_errno_ret.set)
		buf_printf(b, "\"defaultErrnoRet\":%llu,", (unsigned long long)s->default_errno_ret.v);
	write_strings(b, "architectures", &s->architectures);
	if (s->has_flags) {
		buf_str(b, ",");
		write_strings(b, "flags", &s->flags);
	}
	if (s->listener_path) {
		buf_str(b, ",\"listenerPath\":");
		buf_json_str(b, s->listener_path);
	}
	if (s->listener_metadata) {
		buf_str(b, ",\"listenerMetadata\":");
		buf_json_str(b, s->listener_metadata);
	}
	buf_str(b, ",\"syscalls\":[");
	for (size_t i = 0; i < s->n_rules; i++) {
		buf_str(b, i ? "," : "");
		write_rule(b, &s->rules[i]);
	}
	buf_str(b, "]}");
}
