/* Image configurations. What is checked here is what an image author controls and the engine acts on: environment,
 * ports, volumes, directories, signals, digests. Anything else in the document is data and stays unread. */
#include "spec/image_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/signal_name.h"
#include "base/str.h"
#include "spec/image_ref.h"
#include "spec/reader.h"

enum { NS_PER_MS = 1000000 };

/* --- lists that docker writes as sets ------------------------------------------------------------------------ */

typedef int check_fn(struct rd *r, const char *key);

/* {"80/tcp": {}}: the keys are the list. */
static int read_set(struct rd *r, const struct json *v, struct rc_str_list *dst, check_fn *check)
{
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_OBJECT, &ok);
	char **all;
	size_t n = 0;

	if (rc < 0 || !ok || v->n == 0)
		return rc;
	all = arena_array(r->arena, char *, (size_t)v->n + 1);
	if (!all)
		return rd_oom(r);
	for (const struct json *m = v->first; m && rc == 0; m = m->next) {
		struct rd_path here;

		rd_enter(r, &here, m->key, 0);
		rc = check(r, m->key);
		rd_leave(r, &here);
		all[n++] = m->key;
	}
	*dst = (struct rc_str_list){ all, n };
	return rc;
}

static bool is_port(const char *s, size_t n)
{
	uint64_t port;

	return parse_u64_n(s, n, 65535, &port);
}

static int check_port(struct rd *r, const char *key)
{
	size_t n = strcspn(key, "/"), dash = strcspn(key, "-");
	bool range = dash < n;
	const char *proto = key[n] ? key + n + 1 : "tcp";

	if ((range ? is_port(key, dash) && is_port(key + dash + 1, n - dash - 1) : is_port(key, n)) &&
		(str_eq(proto, "tcp") || str_eq(proto, "udp") || str_eq(proto, "sctp")))
		return 0;
	return rd_fail(r, NULL, NULL, "is not a port like 80, 80/tcp or 8000-8010/udp (tcp, udp or sctp, up to 65535)");
}

static int check_absolute(struct rd *r, const char *path)
{
	if (path[0] == '/' && !rd_path_climbs(path))
		return 0;
	return rd_fail(r, NULL, NULL, "\"%.*s\" is not an absolute path without \"..\"", RD_Q(path));
}

static int read_ports(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return read_set(r, v, dst, check_port);
}

static int read_volumes(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return read_set(r, v, dst, check_absolute);
}

/* --- single members ------------------------------------------------------------------------------------------ */

static int read_workdir(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	/* runc once followed a link of /proc/self/fd out of the container from here (CVE-2024-21626). */
	if (v->kind == JSON_KIND_STRING && v->n > 0) {
		if (str_starts(v->text, "/proc/self/") || str_starts(v->text, "/proc/thread-self/"))
			return rd_fail(r, NULL, NULL, "\"%.*s\" lies in /proc", RD_Q(v->text));
		int rc = check_absolute(r, v->text);
		if (rc < 0)
			return rc;
	}
	return rd_opt_string(r, v, f, dst);
}

static int read_signal(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct err e = ERR_NONE;
	int number;

	if (v->kind == JSON_KIND_STRING && v->n > 0 && signal_number(v->text, &number, &e) < 0)
		return rd_fail(
			r, NULL, NULL, "\"%.*s\" is no signal; a name like SIGTERM or a number is", RD_Q(v->text));
	return rd_opt_string(r, v, f, dst);
}

/* Docker's oldest images have one string where a list is meant (strslice.go). */
static int read_words(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_str_list *list = dst;

	if (v->kind != JSON_KIND_STRING)
		return rd_str_list(r, v, f, dst);
	list->v = arena_array(r->arena, char *, 2);
	if (!list->v)
		return rd_oom(r);
	list->v[0] = v->text;
	list->n = 1;
	return 0;
}

/* A label without a name is of no use and of no harm; docker allows it, so it is not a reason to refuse an image. */
static int read_labels(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct json copy = *v, **link;
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_OBJECT, &ok);

	if (rc < 0 || !ok)
		return rc;
	for (link = &copy.first; *link; link = &(*link)->next)
		if ((*link)->key_len == 0) {
			*link = (*link)->next;
			copy.n--;
			break; /* keys are unique */
		}
	return rd_kv_list(r, &copy, f, dst);
}

static int read_ns(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field range = { .max = INT64_MAX };
	uint64_t ns = 0;
	int rc = rd_u64(r, v, &range, &ns);

	*(uint64_t *)dst = ns / NS_PER_MS;
	return rc;
}

static const struct rd_field health_fields[] = {
	RD("Test", rd_str_list, struct ct_health, test),
	RD("Interval", read_ns, struct ct_health, interval_ms),
	RD("Timeout", read_ns, struct ct_health, timeout_ms),
	RD("StartPeriod", read_ns, struct ct_health, start_period_ms),
	RD("StartInterval", read_ns, struct ct_health, start_interval_ms),
	RD("Retries", rd_u32, struct ct_health, retries, .max = INT32_MAX),
};

static int read_health(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return rd_object(r, v, health_fields, ARRAY_SIZE(health_fields), dst);
}

static const struct rd_field run_fields[] = {
	RD("User", rd_opt_string, struct image_run, user),
	RD("ExposedPorts", read_ports, struct image_run, exposed_ports),
	RD("Env", rd_env, struct image_run, env),
	RD("Entrypoint", read_words, struct image_run, entrypoint),
	RD("Cmd", read_words, struct image_run, cmd),
	RD("Volumes", read_volumes, struct image_run, volumes),
	RD("WorkingDir", read_workdir, struct image_run, working_dir),
	RD("Labels", read_labels, struct image_run, labels),
	RD("StopSignal", read_signal, struct image_run, stop_signal),
	RD("Shell", read_words, struct image_run, shell),
	RD("OnBuild", rd_str_list, struct image_run, onbuild),
	RD("Healthcheck", read_health, struct image_run, health),
};

int image_run_read(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return rd_object(r, v, run_fields, ARRAY_SIZE(run_fields), dst);
}

int image_digests_read(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_str_list *list = dst;
	int rc = rd_str_list(r, v, f, dst);

	if (rc == 0 && list->n > IMAGE_MAX_LAYERS)
		return rd_fail(r, NULL, NULL, "%zu layers, Linux stacks at most %d", list->n, IMAGE_MAX_LAYERS);
	for (size_t i = 0; i < list->n && rc == 0; i++) {
		struct rd_path here;

		if (image_digest_ok(list->v[i]))
			continue;
		rd_enter(r, &here, NULL, i);
		rc = rd_fail(r, NULL, "sha256: and 64 or sha512: and 128 lower-case hex digits are allowed",
			"\"%.*s\" is not a digest", RD_Q(list->v[i]));
		rd_leave(r, &here);
	}
	return rc;
}

/* --- the document -------------------------------------------------------------------------------------------- */

static const struct rd_word rootfs_types[] = { { "layers", 0 }, { NULL, 0 } };

struct rootfs_part {
	int type;
	struct rc_str_list diff_ids;
};

static const struct rd_field rootfs_fields[] = {
	RD("type", rd_word, struct rootfs_part, type, .words = rootfs_types),
	RD("diff_ids", image_digests_read, struct rootfs_part, diff_ids),
};

static int read_rootfs(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rootfs_part part = { 0 };
	int rc = rd_object(r, v, rootfs_fields, ARRAY_SIZE(rootfs_fields), &part);

	*(struct rc_str_list *)dst = part.diff_ids;
	return rc;
}

static const struct rd_field history_fields[] = {
	RD("created", rd_opt_string, struct image_history, created),
	RD("created_by", rd_opt_string, struct image_history, created_by),
	RD("author", rd_opt_string, struct image_history, author),
	RD("comment", rd_opt_string, struct image_history, comment),
	RD("empty_layer", rd_bool, struct image_history, empty_layer),
};

static int read_history_entry(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return rd_object(r, v, history_fields, ARRAY_SIZE(history_fields), dst);
}

static int read_history(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements how = { read_history_entry, sizeof(struct image_history), NULL };
	struct image_config *c = dst;

	return rd_list(r, v, &how, (void **)&c->history, &c->n_history);
}

static const struct rd_field config_fields[] = {
	RD("architecture", rd_opt_string, struct image_config, architecture),
	RD("os", rd_opt_string, struct image_config, os),
	RD("variant", rd_opt_string, struct image_config, variant),
	RD("os.version", rd_opt_string, struct image_config, os_version),
	RD("created", rd_opt_string, struct image_config, created),
	RD("author", rd_opt_string, struct image_config, author),
	RD("comment", rd_opt_string, struct image_config, comment),
	RD("docker_version", rd_opt_string, struct image_config, docker_version),
	RD("parent", rd_opt_string, struct image_config, parent),
	RD("config", image_run_read, struct image_config, run),
	RD("rootfs", read_rootfs, struct image_config, diff_ids, RD_MUST),
	RD_ALL("history", read_history),
};

int image_config_read(const char *text, size_t len, struct image_config *ret, struct err *e)
{
	struct image_config c = { .arena = ARENA_INIT };
	struct rd r = { .arena = &c.arena, .doc = "image config", .e = e };
	struct json *doc;

	if (len > IMAGE_CONFIG_MAX)
		return err_set(
			e, ERR_CONFIG, EFBIG, "image config: %zu bytes, at most %d are read", len, IMAGE_CONFIG_MAX);
	if (json_parse(text, len, &c.arena, &doc, e) < 0) {
		err_wrap(e, "image config");
	} else {
		err_told(rd_end(&r, rd_object(&r, doc, config_fields, ARRAY_SIZE(config_fields), &c)));
	}
	if (e->num) {
		arena_done(&c.arena);
		return -e->num;
	}
	*ret = c;
	return 0;
}

void image_config_done(struct image_config *c)
{
	arena_done(&c->arena);
	*c = (struct image_config){ .arena = ARENA_INIT };
}

/* --- writing ------------------------------------------------------------------------------------------------- */

/* A member with its comma; @first of an object has none before it. */
static void key(struct buf *b, bool *first, const char *name)
{
	buf_printf(b, "%s\"%s\":", *first ? "" : ",", name);
	*first = false;
}

static void put_text(struct buf *b, bool *first, const char *name, const char *value)
{
	if (!value)
		return;
	key(b, first, name);
	buf_json_str(b, value);
}

static void put_list(struct buf *b, bool *first, const char *name, const struct rc_str_list *l)
{
	if (l->n == 0)
		return;
	key(b, first, name);
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "[");
		buf_json_str(b, l->v[i]);
	}
	buf_str(b, "]");
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct rc_kv *)a)->key, ((const struct rc_kv *)b)->key);
}

/* Sets and maps have no order: theirs is the one of the bytes, so that equal content gives equal text. */
static void put_set(struct buf *b, bool *first, const char *name, const struct rc_str_list *l)
{
	if (l->n == 0)
		return;
	auto_free char **sorted = malloc(l->n * sizeof(*sorted));
	if (!sorted) {
		b->failed = true;
		return;
	}
	memcpy(sorted, l->v, l->n * sizeof(*sorted));
	qsort(sorted, l->n, sizeof(*sorted), str_by_bytes);
	key(b, first, name);
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "{");
		buf_json_str(b, sorted[i]);
		buf_str(b, ":{}");
	}
	buf_str(b, "}");
}

static void put_map(struct buf *b, bool *first, const char *name, const struct rc_kv_list *l)
{
	if (l->n == 0)
		return;
	auto_free struct rc_kv *sorted = malloc(l->n * sizeof(*sorted));
	if (!sorted) {
		b->failed = true;
		return;
	}
	memcpy(sorted, l->v, l->n * sizeof(*sorted));
	qsort(sorted, l->n, sizeof(*sorted), by_key);
	key(b, first, name);
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "{");
		buf_json_str(b, sorted[i].key);
		buf_str(b, ":");
		buf_json_str(b, sorted[i].value);
	}
	buf_str(b, "}");
}

static void put_ns(struct buf *b, bool *first, const char *name, uint64_t ms)
{
	if (ms == 0)
		return;
	key(b, first, name);
	buf_printf(b, "%llu", (unsigned long long)ms * NS_PER_MS);
}

static void put_health(struct buf *b, bool *first, const struct ct_health *h)
{
	bool inner = true;

	if (h->test.n == 0)
		return;
	key(b, first, "Healthcheck");
	buf_str(b, "{");
	put_list(b, &inner, "Test", &h->test);
	put_ns(b, &inner, "Interval", h->interval_ms);
	put_ns(b, &inner, "Timeout", h->timeout_ms);
	put_ns(b, &inner, "StartPeriod", h->start_period_ms);
	put_ns(b, &inner, "StartInterval", h->start_interval_ms);
	if (h->retries) {
		key(b, &inner, "Retries");
		buf_printf(b, "%u", h->retries);
	}
	buf_str(b, "}");
}

void image_run_write(const struct image_run *run, struct buf *b)
{
	bool first = true;

	buf_str(b, "{");
	put_text(b, &first, "User", run->user);
	put_set(b, &first, "ExposedPorts", &run->exposed_ports);
	put_list(b, &first, "Env", &run->env);
	put_list(b, &first, "Entrypoint", &run->entrypoint);
	put_list(b, &first, "Cmd", &run->cmd);
	put_set(b, &first, "Volumes", &run->volumes);
	put_text(b, &first, "WorkingDir", run->working_dir);
	put_map(b, &first, "Labels", &run->labels);
	put_text(b, &first, "StopSignal", run->stop_signal);
	put_list(b, &first, "Shell", &run->shell);
	put_list(b, &first, "OnBuild", &run->onbuild);
	put_health(b, &first, &run->health);
	buf_str(b, "}");
}

static void put_history(const struct image_config *c, struct buf *b)
{
	for (size_t i = 0; i < c->n_history; i++) {
		const struct image_history *h = &c->history[i];
		bool first = true;

		buf_str(b, i ? ",{" : "{");
		put_text(b, &first, "created", h->created);
		put_text(b, &first, "created_by", h->created_by);
		put_text(b, &first, "author", h->author);
		put_text(b, &first, "comment", h->comment);
		if (h->empty_layer) {
			key(b, &first, "empty_layer");
			buf_str(b, "true");
		}
		buf_str(b, "}");
	}
}

void image_config_write(const struct image_config *c, struct buf *b)
{
	bool first = true;

	buf_str(b, "{");
	put_text(b, &first, "created", c->created);
	put_text(b, &first, "author", c->author);
	put_text(b, &first, "architecture", c->architecture);
	put_text(b, &first, "os", c->os);
	put_text(b, &first, "variant", c->variant);
	put_text(b, &first, "os.version", c->os_version);
	put_text(b, &first, "comment", c->comment);
	key(b, &first, "config");
	image_run_write(&c->run, b);
	buf_str(b, ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (size_t i = 0; i < c->diff_ids.n; i++)
		buf_printf(b, "%s\"%s\"", i ? "," : "", c->diff_ids.v[i]);
	buf_str(b, "]},\"history\":[");
	put_history(c, b);
	buf_str(b, "]}");
}
