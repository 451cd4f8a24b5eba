/* Limits as files of the v2 controllers. cgroup-v2.rst. */
#include "cg/limits_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

/* --- memory -------------------------------------------------------------------------------------------- */

static void put_max(struct lim_group *g, const char *json, const char *file, int64_t v)
{
	if (v == -1)
		lim_put(g, json, file, "max");
	else
		lim_put(g, json, file, "%" PRId64, v);
}

static int check_usage(const struct lim *l, const struct rc_memory *m, struct err *e)
{
	int64_t usage;

	if (!m->check_before_update.v || m->limit.v <= 0)
		return 0;
	int r = lim_read_i64(l, "memory.current", &usage);
	if (r < 0)
		return err_num(e, -r, "/linux/resources/memory/checkBeforeUpdate: read memory.current");
	if (usage <= m->limit.v)
		return 0;
	err_set(e, ERR_CONFLICT, EBUSY, "%" PRId64 " bytes, but %" PRId64 " are in use", m->limit.v, usage);
	return err_wrap(e, "/linux/resources/memory/limit");
}

/* What v2 has no file for. Values that ask for nothing pass. */
static int refuse_v1_only(const struct rc_memory *m, struct err *e)
{
	if (m->swappiness.set)
		return lim_refuse("memory/swappiness", "cgroup v2 has no swappiness", e);
	if (m->disable_oom_killer)
		return lim_refuse("memory/disableOOMKiller", "cgroup v2 cannot turn the OOM killer off", e);
	if (m->kernel.set && m->kernel.v > 0)
		return lim_refuse("memory/kernel", "cgroup v2 has no limit for kernel memory alone", e);
	if (m->kernel_tcp.set && m->kernel_tcp.v > 0)
		return lim_refuse("memory/kernelTCP", "cgroup v2 has no limit for TCP memory alone", e);
	if (m->use_hierarchy.set && !m->use_hierarchy.v)
		return lim_refuse("memory/useHierarchy", "cgroup v2 is always hierarchical", e);
	return 0;
}

static int put_swap(const struct lim *l, const struct rc_memory *m, struct lim_group *g, struct err *e)
{
	int64_t memory = m->limit.set ? m->limit.v : 0, swap;

	if (m->swap.set && m->swap.v == 0 && !m->limit.set) { /* of nothing but swap: forbid it */
		if (lim_exists(l, "memory.swap.max"))
			put_max(g, "memory/swap", "memory.swap.max", 0);
		return 0;
	}
	if (!m->swap.set || m->swap.v == 0) {
		/* As v1 has it: lifting the memory limit lifts that of memory+swap. */
		if (m->limit.set && m->limit.v == -1 && l->flags & CG_LIMITS_UPDATE && lim_exists(l, "memory.swap.max"))
			lim_put(g, "memory/swap", "memory.swap.max", "max");
		return 0;
	}
	if (memory == 0 && m->swap.v != -1)
		(void)lim_read_i64(l, "memory.max", &memory); /* unreadable: the next line says what is missing */
	if (cg_swap_v2(m->swap.v, memory, &swap, e) < 0)
		return err_wrap(e, "/linux/resources/memory/swap");
	/* Without swap in the kernel there is nothing to limit or to forbid. */
	if (swap > 0 || lim_exists(l, "memory.swap.max"))
		put_max(g, "memory/swap", "memory.swap.max", swap);
	return 0;
}

int lim_v2_memory(const struct lim *l, const struct rc_memory *m, struct err *e)
{
	struct lim_group g = { .n = 0 };

	if (refuse_v1_only(m, e) < 0 || check_usage(l, m, e) < 0 || put_swap(l, m, &g, e) < 0)
		return -e->num;
	/* Swap first: with less memory and the old swap limit more would be swapped than allowed. */
	if (m->limit.set && m->limit.v != 0)
		put_max(&g, "memory/limit", "memory.max", m->limit.v);
	if (m->reservation.set && m->reservation.v != 0)
		put_max(&g, "memory/reservation", "memory.low", m->reservation.v);
	return lim_write_group(l, &g, e);
}

/* --- cpu ----------------------------------------------------------------------------------------------- */

/* cpu.max is "QUOTA PERIOD". An update of one half keeps the other. */
static void put_cpu_max(const struct lim *l, const struct rc_cpu *c, struct lim_group *g)
{
	char now[64] = "max 100000";
	bool has_quota = c->quota.set && c->quota.v != 0, has_period = c->period.set && c->period.v != 0;

	if (!has_quota && !has_period)
		return;
	if (l->flags & CG_LIMITS_UPDATE && !(has_quota && has_period) &&
		cg_file_read(CG_AT(l->h, l->hier, l->path), "cpu.max", now, sizeof(now)) <= 0)
		fmt_to(now, sizeof(now), "max 100000");
	char *period = strchr(now, ' ');
	if (period)
		*period++ = '\0';
	uint64_t period_us = 100000;
	if (has_period)
		period_us = c->period.v;
	else if (period && !parse_u64(period, UINT64_MAX, &period_us))
		period_us = 100000;
	if (has_quota && c->quota.v < 0)
		lim_put(g, "cpu/quota", "cpu.max", "max %" PRIu64, period_us);
	else if (has_quota)
		lim_put(g, "cpu/quota", "cpu.max", "%" PRId64 " %" PRIu64, c->quota.v, period_us);
	else
		lim_put(g, "cpu/period", "cpu.max", "%s %" PRIu64, now, period_us);
}

int lim_v2_cpu(const struct lim *l, const struct rc_cpu *c, struct err *e)
{
	struct lim_group share = { .n = 0 }, band = { .n = 0 };

	if ((c->realtime_runtime.set && c->realtime_runtime.v != 0) ||
		(c->realtime_period.set && c->realtime_period.v != 0))
		return lim_refuse("cpu/realtimeRuntime", "cgroup v2 has no real-time limits", e);
	if (c->shares.set && c->shares.v != 0)
		lim_put(&share, "cpu/shares", "cpu.weight", "%" PRIu64, cg_weight_of_shares(c->shares.v));
	if (c->idle.set)
		lim_put(&share, "cpu/idle", "cpu.idle", "%" PRId64, c->idle.v);
	put_cpu_max(l, c, &band);
	if (c->burst.set)
		lim_put(&band, "cpu/burst", "cpu.max.burst", "%" PRIu64, c->burst.v);
	if (lim_write_group(l, &share, e) < 0)
		return -e->num;
	return lim_write_group(l, &band, e);
}

/* --- io ------------------------------------------------------------------------------------------------ */

/* BFQ takes the spec's numbers as they are; io.weight (io.cost) has another scale. */
static int set_weights(const struct lim *l, const struct rc_blkio *b, struct err *e)
{
	bool bfq = lim_exists(l, "io.bfq.weight");
	const char *file = bfq ? "io.bfq.weight" : "io.weight";
	char value[96];

	if (b->weight.set && b->weight.v != 0) {
		fmt_to(value, sizeof(value), "default %" PRIu64,
			bfq ? b->weight.v : cg_io_weight_of_blkio(b->weight.v));
		if (lim_write(l, "blockIO/weight", file, bfq ? value + strlen("default ") : value, e) < 0)
			return -e->num;
	}
	for (size_t i = 0; i < b->weight_device.n; i++) {
		const struct rc_blkio_device *d = &b->weight_device.v[i];

		if (d->leaf_weight.set && d->leaf_weight.v != 0)
			return lim_refuse("blockIO/weightDevice/leafWeight", "cgroup v2 has no leaf weight", e);
		if (!d->weight.set)
			continue;
		fmt_to(value, sizeof(value), "%" PRId64 ":%" PRId64 " %" PRIu64, d->major, d->minor,
			bfq ? d->weight.v : cg_io_weight_of_blkio(d->weight.v));
		if (lim_write(l, "blockIO/weightDevice/weight", file, value, e) < 0)
			return -e->num;
	}
	return 0;
}

int lim_v2_io(const struct lim *l, const struct rc_blkio *b, struct err *e)
{
	const struct {
		const char *json, *word;
		const struct rc_blkio_list *list;
	} throttle[] = {
		{ "blockIO/throttleReadBpsDevice", "rbps", &b->read_bps },
		{ "blockIO/throttleWriteBpsDevice", "wbps", &b->write_bps },
		{ "blockIO/throttleReadIOPSDevice", "riops", &b->read_iops },
		{ "blockIO/throttleWriteIOPSDevice", "wiops", &b->write_iops },
	};
	char value[96];

	if (b->leaf_weight.set && b->leaf_weight.v != 0)
		return lim_refuse("blockIO/leafWeight", "cgroup v2 has no leaf weight", e);
	if (((b->weight.set && b->weight.v) || b->weight_device.n) && set_weights(l, b, e) < 0)
		return -e->num;
	for (size_t t = 0; t < ARRAY_SIZE(throttle); t++)
		for (size_t i = 0; i < throttle[t].list->n; i++) {
			const struct rc_blkio_device *d = &throttle[t].list->v[i];
			char rate[32] = "max"; /* 0 lifts the limit, as on v1 */

			if (d->rate)
				fmt_to(rate, sizeof(rate), "%" PRIu64, d->rate);
			fmt_to(value, sizeof(value), "%" PRId64 ":%" PRId64 " %s=%s", d->major, d->minor,
				throttle[t].word, rate);
			if (lim_write(l, throttle[t].json, "io.max", value, e) < 0)
				return -e->num;
		}
	return 0;
}

/* --- unified ------------------------------------------------------------------------------------------- */

/* Files that move, stop or end processes are no limits: "cgroup.procs": "1" would move the host's init. */
static bool is_limit(const char *key)
{
	static const char *const no[] = { "cgroup.procs", "cgroup.threads", "cgroup.kill", "cgroup.freeze" };

	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (str_eq(key, no[i]))
			return false;
	return true;
}

static int unified_key(const char *key, struct err *e)
{
	if (!*key || strchr(key, '/') || !strchr(key, '.') || key[0] == '.')
		err_set(e, ERR_CONFIG, EINVAL,
			"the specified key has not the form CONTROLLER.VALUE `%.64s`, such as memory.high", key);
	else if (!is_limit(key))
		err_set(e, ERR_CONFIG, EINVAL, "is not a limit and cannot be set here");
	else
		return 0;
	return err_wrap(e, "/linux/resources/unified/%.64s", key);
}

/* A file of a controller that the kernel knows nothing of; "cgroup" is no controller. */
static bool of_unknown_controller(const char *key)
{
	size_t n = strcspn(key, ".");

	for (unsigned c = 0; c < CG_N_CONTROLLERS; c++) {
		const char *name = cg_controller_name((enum cg_controller)c, true);

		if (name && strlen(name) == n && strncmp(name, key, n) == 0)
			return false;
	}
	return !(n == strlen("cgroup") && strncmp(key, "cgroup", n) == 0);
}

static int unified_error(const struct rc_kv *kv, struct err *e)
{
	if (e->num != ENOENT || !of_unknown_controller(kv->key))
		return -e->num;
	err_clear(e);
	err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "the requested cgroup controller `%.*s` is not available",
		(int)strcspn(kv->key, "."), kv->key);
	return err_wrap(e, "/linux/resources/unified/%.64s", kv->key);
}

/* Files with one line per device take one line per write. */
static int unified_value(const struct lim *l, const struct rc_kv *kv, struct err *e)
{
	char json[96], line[1024];
	const char *p = kv->value;

	fmt_to(json, sizeof(json), "unified/%.64s", kv->key);
	do {
		size_t n = strcspn(p, "\n");

		if (n >= sizeof(line)) {
			err_set(e, ERR_CONFIG, EINVAL, "a line of more than %zu bytes", sizeof(line) - 1);
			return err_wrap(e, "/linux/resources/%s", json);
		}
		fmt_to(line, sizeof(line), "%.*s", (int)n, p);
		if ((n > 0 || p == kv->value) && lim_write(l, json, kv->key, line, e) < 0)
			return unified_error(kv, e);
		p += n + (p[n] == '\n');
	} while (*p);
	return 0;
}

int lim_v2_unified(struct lim *l, const struct rc_kv_list *unified, struct err *e)
{
	l->hier = l->h->unified;
	for (size_t i = 0; i < unified->n; i++) {
		if (unified_key(unified->v[i].key, e) < 0)
			return -e->num;
		if (l->hier < 0)
			return lim_refuse("unified", "this machine has cgroup v1 only", e);
		if (unified_value(l, &unified->v[i], e) < 0)
			return -e->num;
	}
	return 0;
}
