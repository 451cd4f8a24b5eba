/* Values of `run` and `create`: resources. Docker's limits and, where scripts look for them, its
 * words. */
#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "cli/runopts.h"

enum { MIN_PERIOD_US = 1000, MAX_PERIOD_US = 1000000, MIN_QUOTA_US = 1000 };
#define MIN_MEMORY (INT64_C(6) << 20)

static struct run_opts *run_opts(struct opt_parse *p)
{
	return p->dest;
}

/* "1.5" as billionths; more than nine digits behind the point mean nothing. */
static bool parse_nano(const char *s, uint64_t *ret)
{
	size_t whole = strspn(s, "0123456789"), fraction = 0;
	uint64_t v = 0, part = 0;

	if (s[whole] == '.')
		fraction = strspn(s + whole + 1, "0123456789");
	if ((!whole && !fraction) || fraction > 9 || s[whole + (s[whole] == '.') + fraction])
		return false;
	if (whole && !parse_u64_n(s, whole, 1000000, &v))
		return false;
	for (size_t i = 0; i < 9; i++)
		part = part * 10 + (i < fraction ? (uint64_t)(s[whole + 1 + i] - '0') : 0);
	*ret = v * 1000000000 + part;
	return true;
}

RUN_CALL(cpus)
{
	uint64_t nano;

	if (!parse_nano(value, &nano))
		return opt_refuse(p, o, value, e, "a number is needed, such as 1.5");
	if (nano && nano < 10000000)
		return opt_refuse(p, o, value, e, "0.01 CPUs are the least");
	run_opts(p)->c.nano_cpus = nano;
	return 0;
}

static int bytes(struct opt_parse *p, const struct opt *o, const char *value, int64_t *ret, struct err *e)
{
	uint64_t v;

	if (!opt_bytes(value, &v) || v > INT64_MAX)
		return err_negative(
			opt_refuse(p, o, value, e, "a size is needed, in bytes or with k, m, g or t behind it"));
	*ret = (int64_t)v;
	return 0;
}

RUN_CALL(memory)
{
	int64_t v;
	int r = bytes(p, o, value, &v, e);

	if (r == 0 && v && v < MIN_MEMORY)
		return opt_refuse(p, o, value, e, "Minimum memory limit allowed is 6MB");
	if (r == 0)
		run_opts(p)->c.memory = v;
	return r;
}

RUN_CALL(memory_swap)
{
	if (str_eq(value, "-1")) {
		run_opts(p)->c.memory_swap = -1;
		return 0;
	}
	return bytes(p, o, value, &run_opts(p)->c.memory_swap, e);
}

RUN_CALL(memory_reservation)
{
	return bytes(p, o, value, &run_opts(p)->c.memory_reservation, e);
}

RUN_CALL(swappiness)
{
	int64_t v;

	if (!parse_i64(value, -1, 100, &v))
		return opt_refuse(p, o, value, e, "-1 to 100 is allowed");
	run_opts(p)->c.memory_swappiness = (struct rc_opt_u64){ v >= 0, v >= 0 ? (uint64_t)v : 0 };
	return 0;
}

RUN_CALL(cpu_period)
{
	uint64_t v;

	if (!parse_u64(value, MAX_PERIOD_US, &v) || (v && v < MIN_PERIOD_US))
		return opt_refuse(p, o, value, e, "CPU cfs period must be between 1ms and 1s (1000 to 1000000)");
	run_opts(p)->c.cpu_period = v;
	return 0;
}

RUN_CALL(cpu_quota)
{
	int64_t v;

	if (!parse_i64(value, -1, INT64_MAX, &v) || (v > 0 && v < MIN_QUOTA_US))
		return opt_refuse(p, o, value, e, "CPU cfs quota must be at least 1ms (1000), or -1 for none");
	run_opts(p)->c.cpu_quota = v;
	return 0;
}

/* "0-3,7": rising ranges. */
static bool is_cpu_list(const char *s)
{
	while (*s) {
		size_t n = strspn(s, "0123456789");
		uint64_t first, last;

		if (!parse_u64_n(s, n, 8191, &first)) /* NR_CPUS is at most that */
			return false;
		s += n;
		if (*s == '-') {
			n = strspn(++s, "0123456789");
			if (!parse_u64_n(s, n, 8191, &last) || last < first)
				return false;
			s += n;
		}
		if (*s && *s++ != ',')
			return false;
		if (!*s)
			return s[-1] != ',';
	}
	return false;
}

RUN_CALL(cpuset)
{
	if (!is_cpu_list(value))
		return opt_refuse(p, o, value, e, "a list such as 0-3,7 is needed");
	*(const char **)((char *)p->dest + o->offset) = value;
	return 0;
}

RUN_CALL(pids)
{
	int64_t v;

	if (!parse_i64(value, -1, INT32_MAX, &v))
		return opt_refuse(p, o, value, e, "a number is needed, or -1 for no limit");
	run_opts(p)->c.pids_limit = v ? v : -1; /* docker: 0 is no limit, too */
	return 0;
}

static bool parse_limit(const char *s, size_t n, uint64_t *ret)
{
	if ((n == 2 && !memcmp(s, "-1", 2)) || (n == 9 && !memcmp(s, "unlimited", 9))) {
		*ret = UINT64_MAX;
		return true;
	}
	return parse_u64_n(s, n, INT64_MAX, ret);
}

RUN_CALL(ulimit)
{
	struct ct_config *c = &run_opts(p)->c;
	size_t name_len = strcspn(value, "=");
	const char *soft = value + name_len + (value[name_len] == '=');
	size_t soft_len = strcspn(soft, ":");
	const char *hard = soft[soft_len] ? soft + soft_len + 1 : soft;
	struct ct_ulimit u = { .name = arena_dup_n(&c->arena, value, name_len) };

	if (!u.name)
		return err_oom(e, "--ulimit");
	if (!value[name_len] || !parse_limit(soft, soft_len, &u.soft) ||
		!parse_limit(hard, soft[soft_len] ? strlen(hard) : soft_len, &u.hard))
		return opt_refuse(p, o, value, e, "NAME=SOFT[:HARD] is needed, with numbers or unlimited");
	if (!ct_ulimit_resource(u.name, &u.resource))
		return opt_refuse(p, o, value, e, "invalid ulimit type: %s", u.name);
	if (u.soft > u.hard)
		return opt_refuse(p, o, value, e,
			"ulimit soft limit must be less than or equal to hard limit: %.*s > %s", (int)soft_len, soft,
			hard);
	for (size_t i = 0; i < c->n_ulimits; i++)
		if (c->ulimits[i].resource == u.resource) {
			c->ulimits[i] = u;
			return 0;
		}
	struct ct_ulimit *all = arena_array(&c->arena, struct ct_ulimit, c->n_ulimits + 1);
	if (!all)
		return err_oom(e, "--ulimit");
	if (c->n_ulimits)
		memcpy(all, c->ulimits, c->n_ulimits * sizeof(*all));
	all[c->n_ulimits++] = u;
	c->ulimits = all;
	return 0;
}

RUN_CALL(oom_score)
{
	int64_t v;

	if (!parse_i64(value, -1000, 1000, &v))
		return opt_refuse(p, o, value, e, "the range is -1000 to 1000");
	run_opts(p)->c.oom_score_adj = (struct rc_opt_i64){ true, v };
	return 0;
}

RUN_CALL(blkio_weight)
{
	uint32_t v;

	if (!parse_u32(value, &v) || (v && (v < 10 || v > 1000)))
		return opt_refuse(p, o, value, e, "Range of blkio weight is from 10 to 1000");
	run_opts(p)->c.blkio_weight = v;
	return 0;
}

static enum ct_throttle_kind throttle_kind(const char *option)
{
	static const char *const names[CT_N_THROTTLES] = { [CT_WEIGHT_DEVICE] = "blkio-weight-device",
		[CT_READ_BPS] = "device-read-bps",
		[CT_WRITE_BPS] = "device-write-bps",
		[CT_READ_IOPS] = "device-read-iops",
		[CT_WRITE_IOPS] = "device-write-iops" };
	int i = 0;

	while (i < CT_N_THROTTLES - 1 && !str_eq(names[i], option))
		i++;
	return (enum ct_throttle_kind)i;
}

static bool parse_rate(enum ct_throttle_kind kind, const char *text, uint64_t *ret)
{
	if (kind == CT_READ_BPS || kind == CT_WRITE_BPS)
		return opt_bytes(text, ret);
	if (kind == CT_WEIGHT_DEVICE)
		return parse_u64(text, 1000, ret) && (!*ret || *ret >= 10);
	return parse_u64(text, UINT64_MAX, ret);
}

RUN_CALL(throttle)
{
	struct ct_config *c = &run_opts(p)->c;
	const char *colon = strrchr(value, ':');
	struct ct_throttle t = { .kind = throttle_kind(o->name) };

	if (!colon || strncmp(value, "/dev/", 5) != 0 || !parse_rate(t.kind, colon + 1, &t.rate))
		return opt_refuse(p, o, value, e, "%s is needed, with DEVICE below /dev", o->arg);
	t.path = arena_dup_n(&c->arena, value, (size_t)(colon - value));
	struct ct_throttle *all = arena_array(&c->arena, struct ct_throttle, c->n_throttles + 1);
	if (!all || !t.path)
		return err_oom(e, o->name);
	if (c->n_throttles)
		memcpy(all, c->throttles, c->n_throttles * sizeof(*all));
	all[c->n_throttles++] = t;
	c->throttles = all;
	return 0;
}
