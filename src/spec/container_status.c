/* status.json, written and read by one table, so that the two directions cannot disagree. */
#include "spec/container_status.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "spec/json.h"

enum { STATUS_FORMAT = 1 };

const char *const ct_state_names[] = { "created", "running", "paused", "restarting", "exited", "removing" };

enum field_type { F_STATE, F_I32, F_U32, F_U64, F_BOOL, F_TEXT };

static const struct field {
	const char *name;
	enum field_type type;
	size_t offset, size;
} fields[] = {
#define FIELD(name, type, member) \
	{ \
		name, type, offsetof(struct ct_status, member), sizeof(((struct ct_status *)0)->member) \
	}
	FIELD("State", F_STATE, state),
	FIELD("Pid", F_I32, pid),
	FIELD("StartTicks", F_U64, start_ticks),
	FIELD("Boot", F_TEXT, boot),
	FIELD("Monitor", F_I32, monitor),
	FIELD("ExitCode", F_I32, exit_code),
	FIELD("ExitUnknown", F_BOOL, exit_unknown),
	FIELD("OOMKilled", F_BOOL, oom_killed),
	FIELD("StoppedByUser", F_BOOL, stopped_by_user),
	FIELD("Error", F_TEXT, error),
	FIELD("OOM", F_TEXT, oom),
	FIELD("StartedAt", F_TEXT, started),
	FIELD("FinishedAt", F_TEXT, finished),
	FIELD("RestartCount", F_U32, restart_count),
	FIELD("RestartDelayMs", F_U64, restart_delay_ms),
	FIELD("IdSlot", F_I32, id_slot),
	FIELD("LostRecords", F_U64, lost_records),
#undef FIELD
};

static void put(const struct ct_status *s, const struct field *f, struct buf *b)
{
	const void *p = (const char *)s + f->offset;

	buf_printf(b, ",\"%s\":", f->name);
	switch (f->type) {
	case F_STATE: buf_json_str(b, ct_state_names[*(const enum ct_state *)p]); break;
	case F_I32: buf_printf(b, "%d", *(const int32_t *)p); break;
	case F_U32: buf_printf(b, "%u", *(const uint32_t *)p); break;
	case F_U64: buf_printf(b, "%llu", (unsigned long long)*(const uint64_t *)p); break;
	case F_BOOL: buf_str(b, *(const bool *)p ? "true" : "false"); break;
	case F_TEXT: buf_json_str(b, p); break;
	}
}

static bool is_default(const struct ct_status *s, const struct field *f)
{
	static const struct ct_status fresh = CT_STATUS_INIT;
	const char *a = (const char *)s + f->offset, *b = (const char *)&fresh + f->offset;

	return f->type == F_TEXT ? !*a : f->type != F_STATE && __builtin_memcmp(a, b, f->size) == 0;
}

void ct_status_write(const struct ct_status *s, struct buf *ret)
{
	buf_printf(ret, "{\"Format\":%d", STATUS_FORMAT);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!is_default(s, &fields[i]))
			put(s, &fields[i], ret);
	buf_str(ret, "}");
}

static bool get_state(const struct json *v, enum ct_state *ret)
{
	for (size_t i = 0; v->kind == JSON_KIND_STRING && i < ARRAY_SIZE(ct_state_names); i++)
		if (str_eq(v->text, ct_state_names[i])) {
			*ret = (enum ct_state)i;
			return true;
		}
	return false;
}

static bool get(struct ct_status *s, const struct field *f, const struct json *v)
{
	void *p = (char *)s + f->offset;
	int64_t i = 0;
	uint64_t u = 0;
	bool ok = true;

	switch (f->type) {
	case F_STATE: return get_state(v, p);
	case F_I32:
		ok = json_i64(v, INT32_MIN, INT32_MAX, &i) == JSON_INT_OK;
		*(int32_t *)p = (int32_t)i;
		return ok;
	case F_U32:
		ok = json_u64(v, 0, UINT32_MAX, &u) == JSON_INT_OK;
		*(uint32_t *)p = (uint32_t)u;
		return ok;
	case F_U64:
		ok = json_u64(v, 0, UINT64_MAX, &u) == JSON_INT_OK;
		*(uint64_t *)p = u;
		return ok;
	case F_BOOL:
		*(bool *)p = v->kind == JSON_KIND_TRUE;
		return v->kind == JSON_KIND_TRUE || v->kind == JSON_KIND_FALSE;
	case F_TEXT: return v->kind == JSON_KIND_STRING && fmt_fits(p, f->size, "%s", v->text);
	}
	return false;
}

/* They stand in the order of the table when we wrote them: the search goes on where the last one was found. */
static const struct field *find(const char *name, size_t *next)
{
	for (size_t k = 0; k < ARRAY_SIZE(fields); k++) {
		size_t i = (*next + k) % ARRAY_SIZE(fields);

		if (strcmp(fields[i].name, name) == 0) {
			*next = i + 1;
			return &fields[i];
		}
	}
	return NULL;
}

static int get_all(const struct json *doc, struct ct_status *s, struct err *e)
{
	const struct json *format = json_member(doc, "Format");
	size_t next = 0;
	uint64_t n;

	if (!format || json_u64(format, 1, UINT64_MAX, &n) != JSON_INT_OK)
		return err_set(e, ERR_CORRUPT, EUCLEAN, "Format: missing");
	if (n > STATUS_FORMAT)
		return err_set(e, ERR_UNSUPPORTED, EUCLEAN, "written by a newer release of tare");
	if (!json_member(doc, "State"))
		return err_set(e, ERR_CORRUPT, EUCLEAN, "State: missing");
	for (const struct json *v = doc->first; v; v = v->next) {
		const struct field *f = v == format ? NULL : find(v->key, &next);

		if (f && !get(s, f, v))
			return err_set(e, ERR_CORRUPT, EUCLEAN, "%s: not what it should be", f->name);
	}
	return 0;
}

static int finish(const struct json *doc, struct ct_status *ret, struct err *e)
{
	struct ct_status s = CT_STATUS_INIT;
	int r = -e->num;

	if (r < 0)
		e->kind = e->num == ENOMEM ? ERR_SYSTEM : ERR_CORRUPT;
	else
		r = get_all(doc, &s, e);
	if (r == 0)
		*ret = s;
	return r < 0 ? err_wrap(e, "status.json") : 0;
}

int ct_status_read(const char *text, size_t len, struct ct_status *ret, struct err *e)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct json *doc = NULL;

	err_told(json_parse(text ? text : "", len, &arena, &doc, e));
	return finish(doc, ret, e);
}

int ct_status_read_listed(struct buf *text, struct ct_status *ret, struct err *e)
{
	static const struct json_kept kept[] = { { "Format", NULL }, { "State", NULL }, { "ExitCode", NULL },
		{ "ExitUnknown", NULL }, { "StartedAt", NULL }, { "FinishedAt", NULL }, { NULL, NULL } };
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct json *doc = NULL;

	err_told(json_parse_kept(text, kept, &arena, &doc, e));
	return finish(doc, ret, e);
}
