#include "spec/container_health.h"

#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "spec/json.h"

const char *const ct_health_names[] = { "starting", "healthy", "unhealthy" };

enum { INTERVAL_MS = 30000, TIMEOUT_MS = 30000, START_INTERVAL_MS = 5000, RETRIES = 3 };

struct ct_health ct_health_effective(const struct ct_health *h)
{
	struct ct_health r = *h;

	r.interval_ms = h->interval_ms ? h->interval_ms : INTERVAL_MS;
	r.timeout_ms = h->timeout_ms ? h->timeout_ms : TIMEOUT_MS;
	r.start_interval_ms = h->start_interval_ms ? h->start_interval_ms : START_INTERVAL_MS;
	r.retries = h->retries ? h->retries : RETRIES;
	return r;
}

bool ct_health_wanted(const struct ct_health *h)
{
	return h->test.n > 1 && (str_eq(h->test.v[0], "CMD") || str_eq(h->test.v[0], "CMD-SHELL"));
}

bool ct_health_add(struct ct_health_state *s, const struct ct_health *h, const struct ct_probe *p, bool in_start_period)
{
	struct ct_health eff = ct_health_effective(h);

	if (s->n_log == CT_HEALTH_LOG)
		memmove(&s->log[0], &s->log[1], --s->n_log * sizeof(s->log[0]));
	s->log[s->n_log++] = *p;
	if (p->exit_code == 0) {
		s->failing_streak = 0;
		s->status = CT_HEALTH_HEALTHY;
		return false;
	}
	/* Only what was never healthy is still starting. */
	if (in_start_period && s->status == CT_HEALTH_STARTING)
		return false;
	s->failing_streak++;
	if (s->failing_streak < eff.retries || s->status == CT_HEALTH_UNHEALTHY)
		return false;
	s->status = CT_HEALTH_UNHEALTHY;
	return true;
}

/* Length of the UTF-8 sequence at @s as far as its lead byte says, if it is one. */
static size_t sequence(const unsigned char *s, size_t n)
{
	size_t len = s[0] < 0x80	      ? 1
		: s[0] >= 0xc2 && s[0] < 0xe0 ? 2
		: (s[0] & 0xf0) == 0xe0	      ? 3
		: s[0] >= 0xf0 && s[0] < 0xf5 ? 4
					      : 0;

	if (!len || len > n || s[0] == 0)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
		(s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

void ct_health_output(struct ct_probe *p, const char *text, size_t n)
{
	size_t at = 0;

	while (n) {
		size_t len = sequence((const unsigned char *)text, n), take = len ? len : 1;

		if (at + take > CT_HEALTH_OUTPUT)
			break;
		if (len)
			memcpy(p->output + at, text, len);
		else
			p->output[at] = '?';
		at += take;
		text += take;
		n -= take;
	}
	p->output[at] = '\0';
}

/* --- the document ------------------------------------------------------------------------------------------- */

void ct_health_write(const struct ct_health_state *s, struct buf *b)
{
	buf_printf(
		b, "{\"Status\":\"%s\",\"FailingStreak\":%u,\"Log\":[", ct_health_names[s->status], s->failing_streak);
	for (size_t i = 0; i < s->n_log; i++) {
		const struct ct_probe *p = &s->log[i];

		buf_printf(b, "%s{\"Start\":\"%s\",\"End\":\"%s\",\"ExitCode\":%d,\"Output\":", i ? "," : "", p->start,
			p->end, p->exit_code);
		buf_json_str(b, p->output);
		buf_str(b, "}");
	}
	buf_str(b, "]}\n");
}

static int corrupt(const char *what, struct err *e)
{
	return err_set(e, ERR_CORRUPT, EINVAL, "health.json: %s is not as it was written", what);
}

static bool text_of(const struct json *v, const char *key, char *dst, size_t size)
{
	const struct json *m = json_member(v, key);

	return m && m->kind == JSON_KIND_STRING && fmt_fits(dst, size, "%s", m->text);
}

static int read_probe(const struct json *v, struct ct_probe *p, struct err *e)
{
	const struct json *code = json_member(v, "ExitCode");
	int64_t n;

	if (!text_of(v, "Start", p->start, sizeof(p->start)) || !text_of(v, "End", p->end, sizeof(p->end)) ||
		!text_of(v, "Output", p->output, sizeof(p->output)) || !code ||
		json_i64(code, INT32_MIN, INT32_MAX, &n) != JSON_INT_OK)
		return corrupt("a probe", e);
	p->exit_code = (int32_t)n;
	return 0;
}

static int read_state(const struct json *v, struct ct_health_state *s, struct err *e)
{
	const struct json *status = json_member(v, "Status"), *streak = json_member(v, "FailingStreak"),
			  *log = json_member(v, "Log");
	uint64_t n;
	unsigned i = 0;

	while (status && i < CT_N_HEALTH &&
		!(status->kind == JSON_KIND_STRING && str_eq(status->text, ct_health_names[i])))
		i++;
	if (!status || i == CT_N_HEALTH || !streak || json_u64(streak, 0, UINT32_MAX, &n) != JSON_INT_OK)
		return corrupt("the status", e);
	s->status = (enum ct_health_status)i;
	s->failing_streak = (uint32_t)n;
	if (!log || log->kind != JSON_KIND_ARRAY || log->n > CT_HEALTH_LOG)
		return corrupt("the log", e);
	for (const struct json *p = log->first; p; p = p->next)
		if (read_probe(p, &s->log[s->n_log++], e) < 0)
			return -e->num;
	return 0;
}

int ct_health_read(const char *text, size_t len, struct ct_health_state *ret, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct json *v;

	*ret = (struct ct_health_state){ 0 };
	int r = json_parse(text, len, &a, &v, e);
	if (r < 0) {
		e->kind = ERR_CORRUPT;
		err_wrap(e, "health.json");
	} else {
		r = read_state(v, ret, e);
	}
	arena_done(&a);
	return r;
}
