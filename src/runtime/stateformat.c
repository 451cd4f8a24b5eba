/* state.json, written and read. One table of fields serves both directions, so they cannot disagree. The file
 * is ours, but whoever may write to the state root may write anything: every field is checked, none is trusted
 * to be there, and paths that a delete acts on are refused unless they are plain. */
#include "runtime/stateformat.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "base/str.h"
#include "spec/json.h"

enum field_type { F_STR, F_PATH, F_PID, F_U32, F_U64, F_UINT, F_BOOL, F_MANAGER };
enum field_use { REQUIRED = 1, IN_MARK = 2 };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	int use;
};

#define FIELD(n, t, member, u) \
	{ \
		n, t, offsetof(struct rt_state, member), u \
	}

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
	FIELD("restored", F_BOOL, restored, 0),
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
	case F_PATH: buf_json_str(b, *(char *const *)p); break;
	case F_PID: buf_printf(b, "%d", (int)*(const pid_t *)p); break;
	case F_U32:
	case F_UINT: buf_printf(b, "%u", *(const unsigned *)p); break;
	case F_U64: buf_printf(b, "%llu", (unsigned long long)*(const uint64_t *)p); break;
	case F_BOOL: buf_str(b, *(const bool *)p ? "true" : "false"); break;
	case F_MANAGER: buf_json_str(b, manager_names[*(const enum rt_cgroup_manager *)p]); break;
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

/* How much of the cgroup's path stands before the id, where nothing else is to be said; else 0. */
static size_t usual_cgroup(const struct rt_state *s)
{
	size_t id = str_len(s->id), path = str_len(s->cgroup_path);

	if (!id || path <= id || s->cgroup_scope || s->intel_rdt_path || s->cgroup_external)
		return 0;
	return str_eq(s->cgroup_path + path - id, s->id) ? path - id : 0;
}

/* Nearly always "cgroupfs:/docker/": a target of 60 bytes or more would take a block of an ext4. */
void rt_state_format_mark(const struct rt_state *s, struct buf *ret)
{
	size_t n = usual_cgroup(s);

	if (n) {
		buf_printf(ret, "%s:%.*s", manager_names[s->manager], (int)n, s->cgroup_path);
		return;
	}
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

static int get_string(struct rt_state *s, const struct field *f, const struct json *v, struct err *e)
{
	if (v->kind != JSON_KIND_STRING)
		return bad(f->name, "not a string", e);
	if (f->type == F_PATH && !plain_path(v->text))
		return bad(f->name, "has a \"..\"", e);
	*(char **)at(s, f) = v->text; /* in the state's arena already */
	return 0;
}

static int get_number(struct rt_state *s, const struct field *f, const struct json *v, struct err *e)
{
	uint64_t n, max = f->type == F_U64 ? UINT64_MAX : f->type == F_PID ? INT32_MAX : UINT32_MAX;

	if (json_u64(v, 0, max, &n) != JSON_INT_OK)
		return bad(f->name, "not a number of its range", e);
	if (f->type == F_PID)
		*(pid_t *)at(s, f) = (pid_t)n;
	else if (f->type == F_U64)
		*(uint64_t *)at(s, f) = n;
	else
		*(unsigned *)at(s, f) = (unsigned)n;
	return 0;
}

static int get_manager(struct rt_state *s, const struct field *f, const struct json *v, struct err *e)
{
	for (size_t i = 0; v->kind == JSON_KIND_STRING && i < ARRAY_SIZE(manager_names); i++)
		if (str_eq(v->text, manager_names[i])) {
			*(enum rt_cgroup_manager *)at(s, f) = (enum rt_cgroup_manager)i;
			return 0;
		}
	return bad(f->name, "neither cgroupfs, systemd nor disabled", e);
}

static int get_field(struct rt_state *s, const struct field *f, const struct json *v, struct err *e)
{
	switch (f->type) {
	case F_STR:
	case F_PATH: return get_string(s, f, v, e);
	case F_PID:
	case F_U32:
	case F_U64:
	case F_UINT: return get_number(s, f, v, e);
	case F_BOOL:
		if (v->kind != JSON_KIND_TRUE && v->kind != JSON_KIND_FALSE)
			return bad(f->name, "not true or false", e);
		*(bool *)at(s, f) = v->kind == JSON_KIND_TRUE;
		return 0;
	case F_MANAGER: return get_manager(s, f, v, e);
	}
	return 0;
}

static int get_annotations(struct rt_state *s, const struct json *o, struct err *e)
{
	if (o->kind != JSON_KIND_OBJECT)
		return bad("annotations", "not an object", e);
	s->annotations.v = arena_array(&s->arena, struct rc_kv, o->n + 1);
	if (!s->annotations.v)
		return err_oom(e, "the annotations");
	for (const struct json *v = o->first; v; v = v->next) {
		if (v->kind != JSON_KIND_STRING)
			return bad("annotations", "a value is not a string", e);
		s->annotations.v[s->annotations.n++] = (struct rc_kv){ v->key, v->text };
	}
	return 0;
}

static int get_fields(struct rt_state *s, const struct json *doc, int use, struct err *e)
{
	const struct json *version = json_member(doc, "version");
	uint64_t n;

	if (!version || json_u64(version, 1, UINT64_MAX, &n) != JSON_INT_OK)
		return bad("version", "missing", e);
	if (n > RT_STATE_VERSION)
		return bad("version", "written by a newer release", e);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];
		const struct json *v = json_member(doc, f->name);

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
	struct json *doc;

	if (json_parse(text ? text : "", len, &ret->arena, &doc, e) < 0) {
		e->kind = e->num == ENOMEM ? ERR_SYSTEM : ERR_CORRUPT;
		return -e->num;
	}
	if (doc->kind != JSON_KIND_OBJECT)
		return err_set(e, ERR_CORRUPT, EINVAL, "not a JSON object");
	const struct json *annotations = use ? NULL : json_member(doc, "annotations");
	int r = get_fields(ret, doc, use, e);
	return r == 0 && annotations ? get_annotations(ret, annotations, e) : r;
}

int rt_state_parse(const char *text, size_t len, struct rt_state *ret, struct err *e)
{
	return parse(text, len, 0, ret, e);
}

/* MANAGER:PREFIX */
static int parse_usual(const char *text, size_t len, const char *id, struct rt_state *ret, struct err *e)
{
	const char *colon = memchr(text, ':', len);
	size_t n = colon ? (size_t)(colon - text) : 0, m = 0;

	while (m < ARRAY_SIZE(manager_names) &&
		(strlen(manager_names[m]) != n || memcmp(manager_names[m], text, n) != 0))
		m++;
	if (!colon || m == ARRAY_SIZE(manager_names) || memchr(text, '\0', len))
		return err_set(e, ERR_CORRUPT, EINVAL, "neither JSON nor MANAGER:PATH");
	ret->manager = (enum rt_cgroup_manager)m;
	ret->cgroup_path = arena_printf(&ret->arena, "%.*s%s", (int)(len - n - 1), colon + 1, id);
	if (!ret->cgroup_path)
		return err_oom(e, "a cgroup's path");
	return plain_path(ret->cgroup_path) ? 0 : bad("cgroup", "has a \"..\"", e);
}

int rt_state_parse_mark(const char *text, size_t len, const char *id, struct rt_state *ret, struct err *e)
{
	return len && text[0] != '{' ? parse_usual(text, len, id, ret, e) : parse(text, len, IN_MARK, ret, e);
}
