/* The members of "Config": what the program is, and where it begins. Where docker writes null, [] or {} for an empty
 * value we do, for programs tell these apart. */
#include <string.h>
#include "base/str.h"
#include "spec/container_parts.h"

enum { MAX_HEALTH_RETRIES = 1 << 20 };
#define NS_PER_MS UINT64_C(1000000)

static void write_domain(const struct ct_config *c, struct buf *b)
{
	buf_json_str(b, c->domainname ? c->domainname : "");
}

static void write_hostname(const struct ct_config *c, struct buf *b)
{
	char short_id[13] = "";

	if (c->hostname) {
		buf_json_str(b, c->hostname);
		return;
	}
	if (str_len(c->id) >= sizeof(short_id) - 1)
		memcpy(short_id, c->id, sizeof(short_id) - 1);
	buf_json_str(b, short_id);
}

/* The first digits of the id are what a container without --hostname has; they are not stored as
 * given. */
static int read_hostname(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct ct_config *c = dst;
	int rc = rd_opt_string(r, v, f, &c->hostname);

	if (rc == 0 && c->hostname && c->id && strlen(c->hostname) == 12 && str_starts(c->id, c->hostname))
		c->hostname = NULL;
	return rc;
}

static int read_domain(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return rd_opt_string(r, v, f, &((struct ct_config *)dst)->domainname);
}

/* Docker's "Volumes": where the image and -v without a source want one. */
static void write_volumes(const struct ct_config *c, struct buf *b)
{
	const char *sep = "{";

	for (size_t i = 0; i < c->n_mounts; i++) {
		if (!c->mounts[i].anonymous)
			continue;
		buf_str(b, sep);
		buf_json_str(b, c->mounts[i].destination);
		buf_str(b, ":{}");
		sep = ",";
	}
	buf_str(b, *sep == '{' ? "null" : "}");
}

static void write_ms(struct buf *b, const char *key, uint64_t ms, const char **sep)
{
	if (!ms)
		return;
	buf_printf(b, "%s\"%s\":%llu", *sep, key, (unsigned long long)(ms * NS_PER_MS));
	*sep = ",";
}

static void write_health(const struct ct_config *c, struct buf *b)
{
	const struct ct_health *h = &c->health;
	const char *sep = "";

	if (!h->test.n && !h->interval_ms && !h->timeout_ms && !h->start_period_ms && !h->start_interval_ms &&
		!h->retries)
		return;
	buf_str(b, "{");
	for (size_t i = 0; i < h->test.n; i++) {
		buf_str(b, i ? "," : "\"Test\":[");
		buf_json_str(b, h->test.v[i]);
	}
	if (h->test.n) {
		buf_str(b, "]");
		sep = ",";
	}
	write_ms(b, "Interval", h->interval_ms, &sep);
	write_ms(b, "Timeout", h->timeout_ms, &sep);
	write_ms(b, "StartPeriod", h->start_period_ms, &sep);
	write_ms(b, "StartInterval", h->start_interval_ms, &sep);
	if (h->retries)
		buf_printf(b, "%s\"Retries\":%u", sep, h->retries);
	buf_str(b, "}");
}

static int read_ns(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	uint64_t ns = 0;
	int rc = rd_u64(r, v, f, &ns);

	*(uint64_t *)dst = ns / NS_PER_MS;
	return rc;
}

static int read_health(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("Test", rd_str_list, struct ct_health, test),
		RD("Interval", read_ns, struct ct_health, interval_ms, .max = INT64_MAX),
		RD("Timeout", read_ns, struct ct_health, timeout_ms, .max = INT64_MAX),
		RD("StartPeriod", read_ns, struct ct_health, start_period_ms, .max = INT64_MAX),
		RD("StartInterval", read_ns, struct ct_health, start_interval_ms, .max = INT64_MAX),
		RD("Retries", rd_u32, struct ct_health, retries, .max = MAX_HEALTH_RETRIES),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), &((struct ct_config *)dst)->health);
}

static void write_stop_timeout(const struct ct_config *c, struct buf *b)
{
	if (c->stop_timeout_s >= 0)
		buf_printf(b, "%d", c->stop_timeout_s);
}

static int read_stop_timeout(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field range = { .min = -1, .max = INT32_MAX };

	return rd_i32(r, v, &range, &((struct ct_config *)dst)->stop_timeout_s);
}

static const struct part config_rows[] = {
	PART_FN("Hostname", write_hostname, read_hostname),
	PART_FN("Domainname", write_domain, read_domain),
	PART("User", TEXT, user, "\"\""),
	PART("AttachStdin", BOOL, attach_stdin, "false"),
	PART("AttachStdout", BOOL, attach_stdout, "false"),
	PART("AttachStderr", BOOL, attach_stderr, "false"),
	PART("ExposedPorts", SET, exposed_ports, NULL),
	PART("Tty", BOOL, tty, "false"),
	PART("OpenStdin", BOOL, open_stdin, "false"),
	PART("StdinOnce", BOOL, stdin_once, "false"),
	PART("Env", LIST, env, "null"),
	PART("Cmd", LIST, cmd, "null"),
	PART_FN("Healthcheck", write_health, read_health),
	PART("Image", TEXT, image, "\"\""),
	PART_AGAIN("Volumes", write_volumes),
	PART("WorkingDir", TEXT, working_dir, "\"\""),
	PART("Entrypoint", LIST, entrypoint, "null"),
	PART_FIXED("OnBuild", "null"),
	PART("Labels", PAIRS, labels, "{}"),
	PART("StopSignal", TEXT, stop_signal, NULL),
	PART_FN("StopTimeout", write_stop_timeout, read_stop_timeout),
};
const struct part_table parts_config = { config_rows, ARRAY_SIZE(config_rows) };
