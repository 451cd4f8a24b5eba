/* state.json, written and read. One table of fields serves both directions, so they cannot disagree. The file
 * is ours, but whoever may write to the state root may write anything: every field is checked, none is trusted
 * to be there, and paths that a delete acts on are refused unless they are plain. */
#include "runtime/stateformat.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <jansson.h>
#include "base/str.h"

enum field_type { F_STR, F_PATH, F_PID, F_U32, F_U64, F_UINT, F_BOOL, F_MANAGER };
enum field_use { REQUIRED = 1, IN_MARK = 2 };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	int use;
};

#define FIELD(n, t, member, u) { n, t, offsetof(struct rt_state, member), u }

static const struct field fields[] = {
	FIELD("id", F_STR, id, REQUIRED),
	FIELD("bundle", F_STR, bundle, REQUIRED),
	FIELD("rootfs", F_STR, rootfs, REQUIRED),
	FIELD("created", F_STR, created, REQUIRED),
	FIELD("owner", F_STR, owner, 0),
	FIELD("uid", F_U32, uid, REQUIRED),
	FIELD("pid", F_PID, pid, REQUIRED),
	FIELD("startTicks", F_U64, start_ticks, REQUIRED),
	FIELD("bootId", F_STR, boot_id, 0),
	FIELD("started", F_BOOL, started, 0),
	FIELD("manager", F_MANAGER, manager, REQUIRED | IN_MARK),
	FIELD("cgroup", F_PATH, cgroup_path, IN_MARK),
	FIELD("scope", F_STR, cgroup_scope, IN_MARK),
	FIELD("cgroupExternal", F_BOOL, cgroup_external, IN_MARK),
	FIELD("namespaces", F_UINT, namespaces, 0),
	FIELD("userNamespace", F_BOOL, has_user_ns, 0),
	FIELD("intelRdt", F_PATH, intel_rdt_path, IN_MARK),
	FIELD("poststop", F_BOOL, has_poststop, 0),
};

static const char *const manager_names[] = { "cgroupfs", "systemd", "disabled" };

static const void *at_const(const struct rt_state *s, const struct field *f)
{
	return (const char *)s + f->offset;
}

static void *at(struct rt_state *s, const struct field *f)
{
	return (char *)s + f->offset;
}

/* Writes ,"name":value; an absent string is left out. */
static void put_field(const struct rt_state *s, const struct field *f, struct buf *b)
{
	const void *p = at_const(s, f);

	if ((f->type == F_STR || f->type == F_PATH) && !*(char *const *)p)
		return;
	buf_printf(b, ",\"%s\":", f->name);
	switch (f->type) {
	case F_STR:
	case F_PATH:
		buf_json_str(b, *(char *const *)p);
		break;
	case F_PID:
		buf_printf(b, "%d", (int)*(const pid_t *)p);
		break;
	case F_U32:
	case F_UINT:
		buf_printf(b, "%u", *(const unsigned *)p);
		break;
	case F_U64:
		buf_printf(b, "%llu", (unsigned long long)*(const uint64_t *)p);
		break;
	case F_BOOL:
		buf_str(b, *(const bool *)p ? "true" : "false");
		break;
	case F_MANAGER:
		buf_json_str(b, manager_names[*(const enum rt_cgroup_manager *)p]);
		break;
	}
}

static void put_fields(const struct rt_state *s, int use, struct buf *b)
{
	buf_printf(b, "{\"version\":%d", RT_STATE_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if ((fields[i].use & use) == use)
			put_field(s, &fields[i], b);
}

void rt_state_format(const struct rt_state *s, struct buf *ret)
{
	put_fields(s, 0, ret);
	if (s->annotations.n) {
		buf_str(ret, ",\"annotations\":");
		for (size_t i = 0; i < s->annotations.n; i++) {
			buf_str(ret, i ? "," : "{");
			buf_json_str(ret, s->annotations.v[i].key);
			buf_str(ret, ":");
			buf_json_str(ret, s->annotations.v[i].value);
		}
		buf_str(ret, "}");
	}
	buf_str(ret, "}\n");
}

void rt_state_format_mark(const struct rt_state *s, struct buf *ret)
{
	put_fields(s, IN_MARK, ret);
	buf_str(ret, "}");
}

static int bad(const char *name, const char *why, struct err *e)
{
	return err_set(e, ERR_CORRUPT, EINVAL, "/%s: %s", name, why);
}

/* A path that we remove below a hierarchy's root: no "..". */
static bool plain_path(const char *s)
{
	for (const char *p = s; (p = strstr(p, "..")); p++)
		if ((p == s || p[-1] == '/') && (p[2] == '/' || p[2] == '\0'))
			return false;
	return true;
}

static int get_string(struct rt_state *s, const struct field *f, json_t *v, struct err *e)
{
	if (!json_is_string(v))
		return bad(f->name, "not a string", e);
	if (f->type == F_PATH && !plain_path(json_string_value(v)))
		return bad(f->name, "has a \"..\"", e);
	char *copy = arena_dup(&s->arena, json_string_value(v));
	if (!copy)
		return err_oom(e, "the state");
	*(char **)at(s, f) = copy;
	return 0;
}

static int get_number(struct rt_state *s, const struct field *f, json_t *v, struct err *e)
{
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v) || n < 0)
		return bad(f->name, "not a number >= 0", e);
	if (f->type != F_U64 && n > (f->type == F_PID ? INT32_MAX : UINT32_MAX))
		return bad(f->name, "too large", e);
	if (f->type == F_PID)
		*(pid_t *)at(s, f) = (pid_t)n;
	else if (f->type == F_U64)
		*(uint64_t *)at(s, f) = (uint64_t)n;
	else
		*(unsigned *)at(s, f) = (unsigned)n;
	return 0;
}

static int get_manager(struct rt_state *s, const struct field *f, json_t *v, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(manager_names); i++)
		if (str_eq(json_string_value(v), manager_names[i])) {
			*(enum rt_cgroup_manager *)at(s, f) = (enum rt_cgroup_manager)i;
			return 0;
		}
	return bad(f->name, "neither cgroupfs, systemd nor disabled", e);
}

static int get_field(struct rt_state *s, const struct field *f, json_t *v, struct err *e)
{
	switch (f->type) {
	case F_STR:
	case F_PATH:
		return get_string(s, f, v, e);
	case F_PID:
	case F_U32:
	case F_U64:
	case F_UINT:
		return get_number(s, f, v, e);
	case F_BOOL:
		if (!json_is_boolean(v))
			return bad(f->name, "not true or false", e);
		*(bool *)at(s, f) = json_is_true(v);
		return 0;
	case F_MANAGER:
		return get_manager(s, f, v, e);
	}
	return 0;
}

static int get_annotations(struct rt_state *s, json_t *o, struct err *e)
{
	const char *key;
	json_t *v;
	size_t n = 0;

	if (!json_is_object(o))
		return bad("annotations", "not an object", e);
	s->annotations.v = arena_array(&s->arena, struct rc_kv, json_object_size(o) + 1);
	if (!s->annotations.v)
		return err_oom(e, "the annotations");
	json_object_foreach(o, key, v) {
		if (!json_is_string(v))
			return bad("annotations", "a value is not a string", e);
		struct rc_kv *kv = &s->annotations.v[n];
		kv->key = arena_dup(&s->arena, key);
		kv->value = arena_dup(&s->arena, json_string_value(v));
		if (!kv->key || !kv->value)
			return err_oom(e, "the annotations");
		s->annotations.n = ++n;
	}
	return 0;
}

static int get_fields(struct rt_state *s, json_t *doc, int use, struct err *e)
{
	json_t *version = json_object_get(doc, "version");

	if (!json_is_integer(version) || json_integer_value(version) < 1)
		return bad("version", "missing", e);
	if (json_integer_value(version) > RT_STATE_VERSION)
		return bad("version", "written by a newer release", e);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];
		json_t *v = json_object_get(doc, f->name);

		if ((f->use & use) != use)
			continue;
		if (!v && (f->use & REQUIRED))
			return bad(f->name, "missing", e);
		if (v && get_field(s, f, v, e) < 0)
			return -e->num;
	}
	return 0;
}

static int parse(const char *text, size_t len, int use, struct rt_state *ret, struct err *e)
{
	json_error_t je;
	json_t *doc = json_loadb(text ? text : "", len, JSON_REJECT_DUPLICATES, &je);
	json_t *annotations = doc && !use ? json_object_get(doc, "annotations") : NULL;
	int r;

	if (!doc && json_error_code(&je) == json_error_out_of_memory)
		return err_oom(e, "the state");
	if (!doc)
		return err_set(e, ERR_CORRUPT, EINVAL, "line %d: %s", je.line, je.text);
	if (!json_is_object(doc))
		r = err_set(e, ERR_CORRUPT, EINVAL, "not a JSON object");
	else
		r = get_fields(ret, doc, use, e);
	if (r == 0 && annotations)
		r = get_annotations(ret, annotations, e);
	json_decref(doc);
	return r;
}

int rt_state_parse(const char *text, size_t len, struct rt_state *ret, struct err *e)
{
	return parse(text, len, 0, ret, e);
}

int rt_state_parse_mark(const char *text, size_t len, struct rt_state *ret, struct err *e)
{
	return parse(text, len, IN_MARK, ret, e);
}
