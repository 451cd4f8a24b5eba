/* update: change the limits of a container, from a document or from options. */
#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "base/str.h"
#include "ocicli/commands.h"

struct update_opts {
	const char *resources, *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period,
		*cpu_rt_runtime, *cpuset_cpus, *cpuset_mems, *cpu_idle, *memory, *memory_reservation, *memory_swap,
		*pids_limit, *kernel_memory, *kernel_memory_tcp, *l3, *mem_bw;
};

#define ROW(name, arg, member, help) \
	{ \
		0, name, arg, OPT(TEXT, update_opts, member), help, NULL \
	}

static const struct opt update_rows[] = {
	{ 'r', "resources", "FILE", OPT(TEXT, update_opts, resources),
		"read linux.resources from FILE, - is standard input; the other options are then "
		"ignored",
		NULL },
	ROW("blkio-weight", "WEIGHT", blkio_weight, "share of disk time, 10 to 1000"),
	ROW("cpu-period", "USEC", cpu_period, "length of a period of the CPU limit"),
	ROW("cpu-quota", "USEC", cpu_quota, "CPU time in each period; -1 lifts the limit"),
	ROW("cpu-burst", "USEC", cpu_burst, "CPU time that may be saved up for later periods"),
	ROW("cpu-share", "SHARES", cpu_share, "share of CPU time against others, 2 to 262144"),
	ROW("cpu-rt-period", "USEC", cpu_rt_period, "length of a period of the realtime limit (cgroup v1)"),
	ROW("cpu-rt-runtime", "USEC", cpu_rt_runtime, "realtime CPU time in each period (cgroup v1)"),
	ROW("cpuset-cpus", "LIST", cpuset_cpus, "CPUs to run on, such as 0-3,7"),
	ROW("cpuset-mems", "LIST", cpuset_mems, "memory nodes to use"),
	ROW("cpu-idle", "0|1", cpu_idle, "1: run only when nothing else wants to (SCHED_IDLE)"),
	ROW("memory", "SIZE", memory, "memory limit, bytes or with k, m, g; -1 lifts it"),
	ROW("memory-reservation", "SIZE", memory_reservation, "soft limit of memory"),
	ROW("memory-swap", "SIZE", memory_swap, "limit of memory and swap together; -1 lifts it"),
	ROW("pids-limit", "N", pids_limit, "how many processes; -1 lifts the limit"),
	ROW("kernel-memory", "SIZE", kernel_memory, NULL),
	ROW("kernel-memory-tcp", "SIZE", kernel_memory_tcp, NULL),
	ROW("l3-cache-schema", "SCHEMA", l3, "Intel RDT schema of the L3 cache"),
	ROW("mem-bw-schema", "SCHEMA", mem_bw, "Intel RDT schema of memory bandwidth"),
};

static int bad_value(const char *option, const char *value, const char *allowed, struct err *e)
{
	return err_set(e, ERR_USAGE, EINVAL, "invalid value for %s: \"%s\" is no %s", option, value, allowed);
}

static int get_u64(const char *option, const char *value, uint64_t max, struct rc_opt_u64 *ret, struct err *e)
{
	if (!value || !*value)
		return 0;
	if (!parse_u64(value, max, &ret->v))
		return bad_value(option, value, "number in range", e);
	ret->set = true;
	return 0;
}

static int get_i64(const char *option, const char *value, struct rc_opt_i64 *ret, struct err *e)
{
	if (!value || !*value)
		return 0;
	if (!parse_i64(value, INT64_MIN, INT64_MAX, &ret->v))
		return bad_value(option, value, "whole number", e);
	ret->set = true;
	return 0;
}

static int get_size(const char *option, const char *value, struct rc_opt_i64 *ret, struct err *e)
{
	uint64_t size;

	if (!value || !*value)
		return 0;
	if (str_eq(value, "-1"))
		ret->v = -1;
	else if (!parse_size(value, &size) || size > INT64_MAX)
		return bad_value(option, value, "size such as 64m, or -1", e);
	else
		ret->v = (int64_t)size;
	ret->set = true;
	return 0;
}

static int read_cpu(const struct update_opts *o, struct rc_cpu *cpu, struct err *e)
{
	const struct {
		const char *option, *value;
		struct rc_opt_u64 *ret;
	} positive[] = {
		{ "cpu-period", o->cpu_period, &cpu->period },
		{ "cpu-burst", o->cpu_burst, &cpu->burst },
		{ "cpu-share", o->cpu_share, &cpu->shares },
		{ "cpu-rt-period", o->cpu_rt_period, &cpu->realtime_period },
	};
	int r = get_i64("cpu-quota", o->cpu_quota, &cpu->quota, e);

	if (!r)
		r = get_i64("cpu-rt-runtime", o->cpu_rt_runtime, &cpu->realtime_runtime, e);
	if (!r)
		r = get_i64("cpu-idle", o->cpu_idle, &cpu->idle, e);
	for (size_t i = 0; !r && i < ARRAY_SIZE(positive); i++)
		r = get_u64(positive[i].option, positive[i].value, UINT64_MAX, positive[i].ret, e);
	cpu->cpus = o->cpuset_cpus && *o->cpuset_cpus ? (char *)o->cpuset_cpus : NULL;
	cpu->mems = o->cpuset_mems && *o->cpuset_mems ? (char *)o->cpuset_mems : NULL;
	return r;
}

static int read_memory(const struct update_opts *o, struct rc_memory *m, struct err *e)
{
	struct rc_opt_i64 ignored = { 0 };
	const struct {
		const char *option, *value;
		struct rc_opt_i64 *ret;
	} sizes[] = {
		{ "memory", o->memory, &m->limit },
		{ "memory-reservation", o->memory_reservation, &m->reservation },
		{ "memory-swap", o->memory_swap, &m->swap },
		{ "kernel-memory", o->kernel_memory, &ignored },
		{ "kernel-memory-tcp", o->kernel_memory_tcp, &ignored },
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(sizes); i++)
		r = get_size(sizes[i].option, sizes[i].value, sizes[i].ret, e);
	if (ignored.set)
		log_warn("update: limits of kernel memory are ignored: Linux 5.16 removed them");
	return r;
}

static int read_options(const struct update_opts *o, struct arena *a, struct rc_resources *res, struct err *e)
{
	res->cpu = arena_new(a, struct rc_cpu);
	res->memory = arena_new(a, struct rc_memory);
	res->blkio = arena_new(a, struct rc_blkio);
	if (!res->cpu || !res->memory || !res->blkio)
		return err_oom(e, "limits");
	int r = read_cpu(o, res->cpu, e);
	if (!r)
		r = read_memory(o, res->memory, e);
	if (!r)
		r = get_u64("blkio-weight", o->blkio_weight, 1000, &res->blkio->weight, e);
	if (!r)
		r = get_i64("pids-limit", o->pids_limit, &res->pids_limit, e);
	return r;
}

/* Then the cgroup is left alone: the container may have none. */
static bool only_rdt(const struct update_opts *o)
{
	static const struct update_opts none;
	struct update_opts other = *o;

	if (!o->l3 && !o->mem_bw)
		return false;
	other.l3 = other.mem_bw = NULL;
	return !memcmp(&other, &none, sizeof(other));
}

static int update(struct cli *c, struct err *e)
{
	const struct update_opts *o = c->opts;
	AUTO(buf) struct buf text = BUF_INIT;
	struct rc_resources from_options = { 0 }, *res = &from_options;
	int r;

	if (o->resources && *o->resources) {
		r = cli_read_input(o->resources, &text, e);
		if (!r)
			r = rc_resources_read(text.data ? text.data : "", text.len, &c->arena, &res, e);
	} else {
		r = read_options(o, &c->arena, res, e);
	}
	if (!r && !only_rdt(o))
		r = rt_update(&c->rt, c->operands[0], res, e);
	if (!r && (o->l3 || o->mem_bw)) {
		struct rc_intel_rdt rdt = { .l3_cache_schema = (char *)o->l3, .mem_bw_schema = (char *)o->mem_bw };

		r = rt_update_rdt(&c->rt, c->operands[0], &rdt, e);
	}
	return r;
}

const struct command cmd_update = { .name = "update",
	.operands = "CONTAINER",
	.summary = "change the limits of a container",
	.opts = OPT_TABLE(update_rows),
	.opts_size = sizeof(struct update_opts),
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE,
	.run = update };
