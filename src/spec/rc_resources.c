/* linux.resources (config-linux.md "Control groups"): ranges by the kernel's own rules, so that a
 * bad value gets its name here and not a bare EINVAL from a file of cgroupfs.
 *
 * Zero: Go programs have always written 0 for "not set" into cpu.shares, quota, period,
 * realtimePeriod and the weights of blockIO (dockerd 20.10: into every config); as none of these is
 * a value the kernel takes, a 0 there is ignored. */
#include "spec/rc.h"

#include <net/if.h>
#include <string.h>
#include "base/str.h"

static const char unlimited[] = "-1 lifts the limit";

/* --- memory ------------------------------------------------------------------------------------- */

static int read_disable_oom(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_memory *m = dst;
	int rc = rd_opt_bool(r, v, f, &m->disable_oom_killer_opt);

	m->disable_oom_killer = m->disable_oom_killer_opt.set && m->disable_oom_killer_opt.v;
	return rc;
}

static int check_memory(struct rd *r, const struct rc_memory *m)
{
	/* swap counts memory too: config-linux.md "Memory" */
	if (m->limit.set && m->swap.set && m->limit.v > 0 && m->swap.v > 0 && m->swap.v < m->limit.v)
		return rd_fail(r, "swap", unlimited,
			"%lld is less than the memory limit %lld, it limits memory and swap "
			"together",
			(long long)m->swap.v, (long long)m->limit.v);
	return 0;
}

#define BYTES(name, member) RD(name, rd_opt_i64, struct rc_memory, member, .min = -1, .max = INT64_MAX)

static int read_memory(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		BYTES("limit", limit),
		BYTES("reservation", reservation),
		BYTES("swap", swap),
		BYTES("kernel", kernel),
		BYTES("kernelTCP", kernel_tcp),
		RD("swappiness", rd_opt_u64, struct rc_memory, swappiness, .max = 100),
		RD_ALL("disableOOMKiller", read_disable_oom),
		RD("useHierarchy", rd_opt_bool, struct rc_memory, use_hierarchy),
		RD("checkBeforeUpdate", rd_opt_bool, struct rc_memory, check_before_update),
	};
	void *m = NULL;
	int rc = rc_new_object(r, v, &RC_SHAPE(fields, struct rc_memory), &m);

	*(struct rc_memory **)dst = m;
	return rc == 0 ? check_memory(r, m) : rc;
}

/* --- cpu ---------------------------------------------------------------------------------------- */

/* kernel/sched/core.c tg_set_cfs_bandwidth(): 1 ms to 1 s, and a quota of at most 2^44 - 1 us. */
enum { MIN_PERIOD_US = 1000, MAX_PERIOD_US = 1000000 };
#define MAX_QUOTA_US ((UINT64_C(1) << 44) - 1)

static bool is_zero(const struct json *v)
{
	return v->kind == JSON_KIND_NUMBER && v->n == 1 && v->text[0] == '0';
}

static int read_unless_zero(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return is_zero(v) ? 0 : rd_opt_u64(r, v, f, dst);
}

static int read_quota(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_opt_i64 *quota = dst;

	if (is_zero(v))
		return 0;
	int rc = rd_opt_i64(r, v, f, quota);
	if (quota->set && quota->v > 0 && quota->v < MIN_PERIOD_US) {
		quota->set = false;
		return rd_fail(r, NULL, unlimited, "%lld is out of range, allowed are -1 and %d to %llu microseconds",
			(long long)quota->v, MIN_PERIOD_US, (unsigned long long)MAX_QUOTA_US);
	}
	return rc;
}

static int check_cpu(struct rd *r, const struct rc_cpu *c)
{
	if (c->quota.set && c->burst.set && c->quota.v > 0 && c->burst.v > (uint64_t)c->quota.v)
		return rd_fail(r, "burst", NULL, "%llu is more than the quota %lld", (unsigned long long)c->burst.v,
			(long long)c->quota.v);
	if (c->realtime_runtime.set && c->realtime_period.set && c->realtime_runtime.v > 0 &&
		(uint64_t)c->realtime_runtime.v > c->realtime_period.v)
		return rd_fail(r, "realtimeRuntime", NULL, "%lld is more than the realtimePeriod %llu",
			(long long)c->realtime_runtime.v, (unsigned long long)c->realtime_period.v);
	return 0;
}

static int read_cpu(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("shares", read_unless_zero, struct rc_cpu, shares, .max = UINT64_MAX), /* the kernel clamps */
		RD("quota", read_quota, struct rc_cpu, quota, .min = -1, .max = MAX_QUOTA_US),
		RD("burst", rd_opt_u64, struct rc_cpu, burst, .max = MAX_QUOTA_US),
		RD("period", read_unless_zero, struct rc_cpu, period, .min = MIN_PERIOD_US, .max = MAX_PERIOD_US),
		RD("realtimeRuntime", rd_opt_i64, struct rc_cpu, realtime_runtime, .min = -1, .max = INT32_MAX),
		RD("realtimePeriod", read_unless_zero, struct rc_cpu, realtime_period, .min = 1, .max = INT32_MAX),
		RD("cpus", rd_cpu_list, struct rc_cpu, cpus, .max = RC_MAX_CPU),
		RD("mems", rd_cpu_list, struct rc_cpu, mems, .max = RC_MAX_NODE),
		RD("idle", rd_opt_i64, struct rc_cpu, idle, .max = 1),
	};
	void *c = NULL;
	int rc = rc_new_object(r, v, &RC_SHAPE(fields, struct rc_cpu), &c);

	*(struct rc_cpu **)dst = c;
	return rc == 0 ? check_cpu(r, c) : rc;
}

/* --- the small ones ----------------------------------------------------------------------------- */

static int read_pids(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		/* kernel/cgroup/pids.c: below PIDS_MAX, which is PID_MAX_LIMIT + 1 */
		RD("limit", rd_opt_i64, struct rc_resources, pids_limit, .min = -1, .max = 4194304),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static int read_page_size(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	size_t n = v->kind == JSON_KIND_STRING ? strspn(v->text, "0123456789") : 0;

	if (v->kind == JSON_KIND_STRING &&
		(n == 0 || n > 8 || v->text[0] == '0' || v->n != n + 2 || !memchr("KMG", v->text[n], 3) ||
			v->text[n + 1] != 'B'))
		return rd_fail(r, NULL, NULL, "\"%.*s\" must be a size like 64KB, 2MB or 1GB", RD_Q(v->text));
	return rd_string(r, v, f, dst);
}

static int read_hugepage(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("pageSize", read_page_size, struct rc_hugepage, page_size, RD_MUST),
		RD("limit", rd_u64, struct rc_hugepage, limit, RD_MUST, .max = UINT64_MAX),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static int read_hugepages(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements elements = { read_hugepage, sizeof(struct rc_hugepage), NULL };
	struct rc_resources *res = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &elements, &all, &res->n_hugepages);

	res->hugepages = all;
	return rc;
}

/* Device names are written as the first word of a line: "eth0 5", "mlx5_0 hca_handle=2". */
static bool is_one_word(const char *s, size_t max)
{
	size_t n = strlen(s);

	return n > 0 && n <= max && strpbrk(s, " \t\r\n\v\f/=") == NULL;
}

static int read_interface(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && !is_one_word(v->text, IFNAMSIZ - 1))
		return rd_fail(r, NULL, NULL, "\"%.*s\" is no name of a network interface", RD_Q(v->text));
	return rd_string(r, v, f, dst);
}

static int read_net_prio(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("name", read_interface, struct rc_net_prio, name, RD_MUST),
		RD("priority", rd_u32, struct rc_net_prio, priority, RD_MUST, .max = UINT32_MAX),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static int read_net_prios(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements elements = { read_net_prio, sizeof(struct rc_net_prio), NULL };
	struct rc_resources *res = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &elements, &all, &res->n_net_priorities);

	res->net_priorities = all;
	return rc;
}

static int read_network(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("classID", rd_opt_u64, struct rc_resources, net_class_id, .max = UINT32_MAX),
		RD_ALL("priorities", read_net_prios),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static int read_rdma_device(struct rd *r, const struct json *m, struct rc_rdma *dst)
{
	static const struct rd_field fields[] = {
		RD("hcaHandles", rd_opt_u64, struct rc_rdma, handles, .max = UINT32_MAX),
		RD("hcaObjects", rd_opt_u64, struct rc_rdma, objects, .max = UINT32_MAX),
	};
	size_t errors = r->n_errors;

	if (!is_one_word(m->key, 64)) /* IB_DEVICE_NAME_MAX */
		return rd_fail(r, NULL, NULL, "is no name of an RDMA device");
	dst->device = m->key;
	int rc = rd_object(r, m, fields, ARRAY_SIZE(fields), dst);
	if (rc == 0 && r->n_errors == errors && !dst->handles.set && !dst->objects.set)
		return rd_fail(r, NULL, NULL, "needs hcaHandles, hcaObjects or both");
	return rc;
}

static int read_rdma(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_resources *res = dst;
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_OBJECT, &ok);

	if (!ok || v->n == 0)
		return rc;
	res->rdma = arena_array(r->arena, struct rc_rdma, v->n);
	if (!res->rdma)
		return rd_oom(r);
	for (const struct json *m = v->first; m && rc == 0; m = m->next) {
		struct rd_path here;

		rd_enter(r, &here, m->key, 0);
		rc = read_rdma_device(r, m, &res->rdma[res->n_rdma++]);
		rd_leave(r, &here);
	}
	return rc;
}

/* A key names one file of the container's cgroup and must not lead out of it. */
static int read_unified(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_kv_list *list = dst;
	int rc = rd_kv_list(r, v, f, list);

	for (size_t i = 0; i < list->n && rc == 0; i++) {
		const char *key = list->v[i].key;
		struct rd_path here;

		if (!strchr(key, '/') && strcmp(key, ".") != 0 && strcmp(key, "..") != 0)
			continue;
		rd_enter(r, &here, key, 0);
		rc = rd_fail(r, NULL, NULL, "the key must be the name of one file, without '/'");
		rd_leave(r, &here);
	}
	return rc;
}

int rc_read_resources(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD_ALL("devices", rc_read_device_rules),
		RD("memory", read_memory, struct rc_resources, memory),
		RD("cpu", read_cpu, struct rc_resources, cpu),
		RD_ALL("pids", read_pids),
		RD("blockIO", rc_read_blkio, struct rc_resources, blkio),
		RD_ALL("hugepageLimits", read_hugepages),
		RD_ALL("network", read_network),
		RD_ALL("rdma", read_rdma),
		RD("unified", read_unified, struct rc_resources, unified),
	};

	return rc_new_object(r, v, &RC_SHAPE(fields, struct rc_resources), dst);
}
