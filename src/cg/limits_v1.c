/* Limits as files of the v1 controllers. cgroup-v1/memory.rst, sched-bwc.rst, blkio-controller.rst. */
#include "cg/limits_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "base/fmt.h"

/* --- memory -------------------------------------------------------------------------------------------- */

static int check_usage(const struct lim *l, const struct rc_memory *m, struct err *e)
{
	int64_t usage;

	if (!m->check_before_update.v || m->limit.v <= 0)
		return 0;
	if (lim_read_i64(l, "memory.usage_in_bytes", &usage) < 0 || usage <= m->limit.v)
		return 0; /* the kernel refuses by itself what it cannot reclaim */
	err_set(e, ERR_CONFLICT, EBUSY, "%" PRId64 " bytes, but %" PRId64 " are in use", m->limit.v, usage);
	return err_wrap(e, "/linux/resources/memory/limit");
}

/* Swap accounting may be off: no limit or nothing to limit is fine then. */
static bool swap_is_moot(const struct lim *l, int64_t swap)
{
	return swap <= 0 && !lim_exists(l, "memory.memsw.limit_in_bytes");
}

/* A limit of 0 counts as not given, as for runc: nothing could run in it. */
static int set_size(const struct lim *l, const struct rc_memory *m, struct err *e)
{
	struct lim_group g = { .n = 0 };
	struct rc_opt_i64 swap = m->swap;

	if (check_usage(l, m, e) < 0)
		return -e->num;
	/* Unlimited memory under a limit of memory+swap cannot be. */
	if (m->limit.set && m->limit.v == -1 && !swap.set)
		swap = (struct rc_opt_i64){ .set = l->flags & CG_LIMITS_UPDATE, .v = -1 };
	if (m->limit.set && m->limit.v != 0)
		lim_put(&g, "memory/limit", "memory.limit_in_bytes", "%" PRId64, m->limit.v);
	if (swap.set && swap.v != 0 && !swap_is_moot(l, swap.v))
		lim_put(&g, "memory/swap", "memory.memsw.limit_in_bytes", "%" PRId64, swap.v);
	if (m->reservation.set && m->reservation.v != 0)
		lim_put(&g, "memory/reservation", "memory.soft_limit_in_bytes", "%" PRId64, m->reservation.v);
	return lim_write_group(l, &g, e);
}

/* Kernel memory limits are gone in Linux 6.x (written values are refused or have no effect). -1 asks for nothing. */
static int set_kernel(const struct lim *l, const struct rc_memory *m, struct err *e)
{
	char value[32];

	if (m->kernel.set && m->kernel.v > 0) {
		fmt_to(value, sizeof(value), "%" PRId64, m->kernel.v);
		if (lim_write(l, "memory/kernel", "memory.kmem.limit_in_bytes", value, e) < 0)
			return -e->num;
	}
	if (m->kernel_tcp.set && m->kernel_tcp.v > 0) {
		fmt_to(value, sizeof(value), "%" PRId64, m->kernel_tcp.v);
		if (lim_write(l, "memory/kernelTCP", "memory.kmem.tcp.limit_in_bytes", value, e) < 0)
			return -e->num;
	}
	return 0;
}

int lim_v1_memory(const struct lim *l, const struct rc_memory *m, struct err *e)
{
	char value[32];

	if (m->use_hierarchy.set &&
		lim_write(l, "memory/useHierarchy", "memory.use_hierarchy", m->use_hierarchy.v ? "1" : "0", e) < 0)
		return -e->num;
	if (set_size(l, m, e) < 0 || set_kernel(l, m, e) < 0)
		return -e->num;
	if (m->swappiness.set) {
		fmt_to(value, sizeof(value), "%" PRIu64, m->swappiness.v);
		if (lim_write(l, "memory/swappiness", "memory.swappiness", value, e) < 0)
			return -e->num;
	}
	/* A new cgroup has the killer on. */
	if (!m->disable_oom_killer && !(l->flags & CG_LIMITS_UPDATE && m->disable_oom_killer_opt.set))
		return 0;
	return lim_write(l, "memory/disableOOMKiller", "memory.oom_control", m->disable_oom_killer ? "1" : "0", e);
}

/* --- cpu ----------------------------------------------------------------------------------------------- */

int lim_v1_cpu(const struct lim *l, const struct rc_cpu *c, struct err *e)
{
	struct lim_group share = { .n = 0 }, band = { .n = 0 }, rt = { .n = 0 };

	if (c->shares.set && c->shares.v != 0)
		lim_put(&share, "cpu/shares", "cpu.shares", "%" PRIu64, c->shares.v);
	if (c->idle.set)
		lim_put(&share, "cpu/idle", "cpu.idle", "%" PRId64, c->idle.v);
	if (c->period.set && c->period.v != 0)
		lim_put(&band, "cpu/period", "cpu.cfs_period_us", "%" PRIu64, c->period.v);
	if (c->quota.set && c->quota.v != 0)
		lim_put(&band, "cpu/quota", "cpu.cfs_quota_us", "%" PRId64, c->quota.v);
	if (c->burst.set)
		lim_put(&band, "cpu/burst", "cpu.cfs_burst_us", "%" PRIu64, c->burst.v);
	if (c->realtime_period.set && c->realtime_period.v != 0)
		lim_put(&rt, "cpu/realtimePeriod", "cpu.rt_period_us", "%" PRIu64, c->realtime_period.v);
	if (c->realtime_runtime.set)
		lim_put(&rt, "cpu/realtimeRuntime", "cpu.rt_runtime_us", "%" PRId64, c->realtime_runtime.v);
	if (lim_write_group(l, &share, e) < 0 || lim_write_group(l, &band, e) < 0)
		return -e->num;
	return lim_write_group(l, &rt, e);
}

/* --- blkio --------------------------------------------------------------------------------------------- */

/* The weight files of the old CFQ scheduler, or BFQ's since Linux 5.0. */
static const char *weight_file(const struct lim *l, const char *cfq, const char *bfq)
{
	return lim_exists(l, cfq) || !lim_exists(l, bfq) ? cfq : bfq;
}

static int set_u64(const struct lim *l, const char *json, const char *file, uint64_t v, struct err *e)
{
	char value[32];

	fmt_to(value, sizeof(value), "%" PRIu64, v);
	return lim_write(l, json, file, value, e);
}

static int set_device(const struct lim *l, const char *json, const char *file, const struct rc_blkio_device *d,
	uint64_t v, struct err *e)
{
	char value[64];

	fmt_to(value, sizeof(value), "%" PRId64 ":%" PRId64 " %" PRIu64, d->major, d->minor, v);
	return lim_write(l, json, file, value, e);
}

static int set_weights(const struct lim *l, const struct rc_blkio *b, struct err *e)
{
	if (b->weight.set && b->weight.v != 0 &&
		set_u64(l, "blockIO/weight", weight_file(l, "blkio.weight", "blkio.bfq.weight"), b->weight.v, e) < 0)
		return -e->num;
	if (b->leaf_weight.set && b->leaf_weight.v != 0 &&
		set_u64(l, "blockIO/leafWeight", "blkio.leaf_weight", b->leaf_weight.v, e) < 0)
		return -e->num;
	for (size_t i = 0; i < b->weight_device.n; i++) {
		const struct rc_blkio_device *d = &b->weight_device.v[i];

		if (d->weight.set &&
			set_device(l, "blockIO/weightDevice/weight",
				weight_file(l, "blkio.weight_device", "blkio.bfq.weight_device"), d, d->weight.v,
				e) < 0)
			return -e->num;
		if (d->leaf_weight.set &&
			set_device(l, "blockIO/weightDevice/leafWeight", "blkio.leaf_weight_device", d,
				d->leaf_weight.v, e) < 0)
			return -e->num;
	}
	return 0;
}

int lim_v1_blkio(const struct lim *l, const struct rc_blkio *b, struct err *e)
{
	const struct {
		const char *json, *file;
		const struct rc_blkio_list *list;
	} throttle[] = {
		{ "blockIO/throttleReadBpsDevice", "blkio.throttle.read_bps_device", &b->read_bps },
		{ "blockIO/throttleWriteBpsDevice", "blkio.throttle.write_bps_device", &b->write_bps },
		{ "blockIO/throttleReadIOPSDevice", "blkio.throttle.read_iops_device", &b->read_iops },
		{ "blockIO/throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", &b->write_iops },
	};

	if (set_weights(l, b, e) < 0)
		return -e->num;
	for (size_t t = 0; t < ARRAY_SIZE(throttle); t++)
		for (size_t i = 0; i < throttle[t].list->n; i++) {
			const struct rc_blkio_device *d = &throttle[t].list->v[i];

			if (set_device(l, throttle[t].json, throttle[t].file, d, d->rate, e) < 0)
				return -e->num;
		}
	return 0;
}

/* --- network ------------------------------------------------------------------------------------------- */

int lim_v1_net(struct lim *l, const struct rc_resources *r, struct err *e)
{
	char value[96];

	if (r->net_class_id.set) {
		l->hier = l->h->v1_of[CG_NET_CLS];
		if (l->hier < 0)
			return lim_refuse("network/classID", "the v1 controller net_cls is not mounted", e);
		if (set_u64(l, "network/classID", "net_cls.classid", r->net_class_id.v, e) < 0)
			return -e->num;
	}
	l->hier = l->h->v1_of[CG_NET_PRIO];
	if (r->n_net_priorities && l->hier < 0)
		return lim_refuse("network/priorities", "the v1 controller net_prio is not mounted", e);
	for (size_t i = 0; i < r->n_net_priorities; i++) {
		fmt_to(value, sizeof(value), "%.32s %u", r->net_priorities[i].name, r->net_priorities[i].priority);
		if (lim_write(l, "network/priorities", "net_prio.ifpriomap", value, e) < 0)
			return -e->num;
	}
	return 0;
}
