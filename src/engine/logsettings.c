/* --log-driver and --log-opt: docker's options, checked when a container is made, and brought into
 * the few that the monitor understands. */
#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/logs.h"

enum driver { NONE, JSON_FILE, LOCAL, JOURNALD, N_DRIVERS };

static const char *const driver_names[N_DRIVERS] = { "none", "json-file", "local", "journald" };

/* Which options a driver has: bits of enum driver. */
static const struct {
	const char *name;
	unsigned drivers;
} known[] = {
	{ "max-size", 1 << JSON_FILE | 1 << LOCAL },
	{ "max-file", 1 << JSON_FILE | 1 << LOCAL },
	{ "compress", 1 << JSON_FILE | 1 << LOCAL },
	{ "labels", 1 << JSON_FILE | 1 << JOURNALD },
	{ "env", 1 << JSON_FILE | 1 << JOURNALD },
	{ "tag", 1 << JSON_FILE | 1 << JOURNALD },
	{ "mode", 1 << NONE | 1 << JSON_FILE | 1 << LOCAL | 1 << JOURNALD },
};

/* What the monitor gets. */
struct settings {
	enum driver driver;
	uint64_t max_size, max_file; /* 0: not given; UINT64_MAX: no limit */
	const char *labels, *env, *tag;
};

static int find_driver(const char *name, enum driver *ret, struct err *e)
{
	for (unsigned i = 0; i < N_DRIVERS; i++)
		if (str_eq(name, driver_names[i])) {
			*ret = (enum driver)i;
			return 0;
		}
	err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "--log-driver %.64s: there is no such driver here", name);
	return err_hint(e, "json-file, local, journald, none");
}

/* docker's sizes: decimal, "10m" is 10,000,000 bytes; -1 is no limit. */
static bool size_of(const char *text, uint64_t *ret)
{
	static const char units[] = "kmgt";
	size_t n = strspn(text, "0123456789");
	uint64_t v;

	if (str_eq(text, "-1")) {
		*ret = UINT64_MAX;
		return true;
	}
	if (!parse_u64_n(text, n, UINT64_MAX / 2, &v))
		return false;
	const char *unit = text + n;
	const char *at = *unit ? strchr(units, *unit | 32) : NULL;
	if (at && *at) {
		for (const char *p = units; p <= at; p++)
			if (__builtin_mul_overflow(v, (uint64_t)1000, &v))
				return false;
		unit++;
	}
	if ((*unit | 32) == 'b')
		unit++;
	*ret = v;
	return !*unit && v;
}

static int refuse(const char *key, const char *value, const char *why, struct err *e)
{
	return err_set(e, ERR_USAGE, EINVAL, "--log-opt %.64s=%.64s: %s", key, value, why);
}

static int check_known(enum driver d, const char *key, struct err *e)
{
	bool exists = false;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!str_eq(known[i].name, key))
			continue;
		exists = true;
		if (known[i].drivers & 1U << d)
			return 0;
	}
	return err_set(e, ERR_USAGE, EINVAL,
		exists ? "--log-opt %.64s: not an option of log driver %s"
		       : "--log-opt %.64s: unknown, or not possible with log driver %s",
		key, driver_names[d]);
}

static int one(struct settings *s, const char *key, const char *value, struct err *e)
{
	if (check_known(s->driver, key, e) < 0)
		return -e->num;
	if (str_eq(key, "max-size"))
		return size_of(value, &s->max_size) ? 0 : refuse(key, value, "a size such as 10m is needed, or -1", e);
	if (str_eq(key, "max-file"))
		return parse_u64(value, 1000, &s->max_file) && s->max_file
			? 0
			: refuse(key, value, "1 to 1000 files are possible", e);
	if (str_eq(key, "compress") && !str_eq(value, "false"))
		return refuse(key, value, "rotated logs are not compressed here", e);
	if (str_eq(key, "mode") && !str_eq(value, "blocking") && !str_eq(value, "non-blocking"))
		return refuse(
			key, value, "blocking or non-blocking", e); /* a file keeps nobody waiting: both are the same */
	if (str_eq(key, "tag") && strstr(value, "{{"))
		return refuse(key, value, "templates are not possible here", e);
	if (str_eq(key, "labels"))
		s->labels = value;
	if (str_eq(key, "env"))
		s->env = value;
	if (str_eq(key, "tag"))
		s->tag = value;
	return 0;
}

static int read_settings(const struct ct_config *c, struct settings *ret, struct err *e)
{
	struct settings s = { 0 };

	if (find_driver(c->log_driver ? c->log_driver : "json-file", &s.driver, e) < 0)
		return -e->num;
	for (size_t i = 0; i < c->log_opts.n; i++)
		if (one(&s, c->log_opts.v[i].key, c->log_opts.v[i].value, e) < 0)
			return -e->num;
	/* docker's own defaults of this driver. */
	if (s.driver == LOCAL && !s.max_size)
		s.max_size = 20000000;
	if (s.driver == LOCAL && !s.max_file)
		s.max_file = 5;
	*ret = s;
	return 0;
}

int logs_check(const struct ct_config *c, struct err *e)
{
	struct settings s;

	return read_settings(c, &s, e);
}

/* --- attributes --------------------------------------------------------------------------------------------- */

static bool listed(const char *list, const char *key, size_t n)
{
	for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == n && memcmp(p, key, n) == 0)
			return true;
	return false;
}

struct attributes {
	struct buf json; /* json-file: {"tag":"x"} */
	struct buf fields; /* journald: NAME=VALUE lines */
};

static void put_pair(struct attributes *t, const char *key, size_t key_n, const char *value)
{
	char name[256];

	fmt_to(name, sizeof(name), "%.*s", (int)key_n, key);
	buf_str(&t->json, t->json.len ? "," : "{");
	buf_json_str(&t->json, name);
	buf_str(&t->json, ":");
	buf_json_str(&t->json, value);
	/* The journal's field names are upper case letters, digits and _. */
	for (char *p = name; *p; p++)
		*p = *p >= 'a' && *p <= 'z'				       ? (char)(*p - 32)
			: (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ? *p
									       : '_';
	if (!strchr(value, '\n'))
		buf_printf(&t->fields, "%s=%s\n", name, value);
}

static void put_identity(const struct ct_config *c, const struct settings *s, struct buf *b)
{
	const char *name = c->name ? c->name : "";

	buf_printf(b, "CONTAINER_ID=%.12s\nCONTAINER_ID_FULL=%s\nCONTAINER_NAME=%s\nCONTAINER_TAG=%s\n", c->id, c->id,
		name, s->tag ? s->tag : name);
	buf_printf(b, "SYSLOG_IDENTIFIER=%s\n", s->tag ? s->tag : name);
	if (c->image)
		buf_printf(b, "IMAGE_NAME=%s\n", c->image);
}

static void collect(const struct ct_config *c, const struct settings *s, struct attributes *t)
{
	put_identity(c, s, &t->fields);
	for (size_t i = 0; i < c->env.n; i++) {
		size_t n = strcspn(c->env.v[i], "=");

		if (c->env.v[i][n] && listed(s->env, c->env.v[i], n))
			put_pair(t, c->env.v[i], n, c->env.v[i] + n + 1);
	}
	for (size_t i = 0; i < c->labels.n; i++)
		if (listed(s->labels, c->labels.v[i].key, str_len(c->labels.v[i].key)))
			put_pair(t, c->labels.v[i].key, str_len(c->labels.v[i].key), c->labels.v[i].value);
	if (s->tag)
		put_pair(t, "tag", 3, s->tag);
	if (t->json.len)
		buf_str(&t->json, "}");
}

static int give(struct mon *m, struct arena *a, const char *key, const char *value, struct err *e)
{
	char *copy = arena_dup(a, value);

	if (!copy)
		return err_oom(e, "the log's settings");
	m->log_opts[m->n_log_opts++] = (struct mon_log_opt){ key, copy };
	return 0;
}

static int give_number(struct mon *m, struct arena *a, const char *key, uint64_t v, struct err *e)
{
	char text[24];

	if (!v)
		return 0;
	fmt_to(text, sizeof(text), v == UINT64_MAX ? "-1" : "%llu", (unsigned long long)v);
	return give(m, a, key, text, e);
}

int logs_settings(const struct ct_config *c, struct arena *a, struct mon *m, struct err *e)
{
	struct attributes t = { BUF_INIT, BUF_INIT };
	struct settings s = { 0 };

	if (read_settings(c, &s, e) < 0)
		return -e->num;
	m->log_driver = driver_names[s.driver];
	m->n_log_opts = 0;
	collect(c, &s, &t);
	int r = buf_err(&t.json, e);
	if (r == 0)
		r = buf_err(&t.fields, e);
	if (r == 0)
		r = give_number(m, a, "max-size", s.max_size, e);
	if (r == 0)
		r = give_number(m, a, "max-file", s.max_file, e);
	if (r == 0 && s.driver == JSON_FILE && t.json.len)
		r = give(m, a, "attrs", t.json.data, e);
	if (r == 0 && s.driver == JOURNALD)
		r = give(m, a, "fields", t.fields.data, e);
	buf_done(&t.json);
	buf_done(&t.fields);
	return r;
}
