/* Statistics of the v1 controllers. cgroup-v1/cpuacct.rst, memory.rst, cpusets.rst, blkio-controller.rst. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/stats_read.h"

static void put_percpu(const struct stats_of *s, int hier, const char *name, const char *file)
{
	char text[STATS_TEXT_SIZE];

	if (!stats_text(s, hier, file, text))
		return;
	buf_printf(s->out, ",\"%s\":", name);
	stats_numbers(s->out, text);
}

/* In ns; before Linux 4.7 only cpuacct.stat in clock ticks. */
static uint64_t mode_ns(const struct stats_of *s, int hier, const char *file, const char *key)
{
	char text[STATS_TEXT_SIZE];
	uint64_t v = stats_u64(s, hier, file);
	long hz = sysconf(_SC_CLK_TCK);

	if (v || hz <= 0 || !stats_text(s, hier, "cpuacct.stat", text))
		return v;
	return stats_key(text, key) * (1000000000u / (uint64_t)hz);
}

void stats_v1_cpu(const struct stats_of *s)
{
	int acct = s->h->v1_of[CG_CPUACCT];
	char text[STATS_TEXT_SIZE];

	buf_printf(s->out, "\"cpu\":{\"usage\":{\"total\":%" PRIu64, stats_u64(s, acct, "cpuacct.usage"));
	put_percpu(s, acct, "percpu", "cpuacct.usage_percpu");
	put_percpu(s, acct, "percpu_kernel", "cpuacct.usage_percpu_sys");
	put_percpu(s, acct, "percpu_user", "cpuacct.usage_percpu_user");
	buf_printf(s->out, ",\"kernel\":%" PRIu64 ",\"user\":%" PRIu64 "}",
		mode_ns(s, acct, "cpuacct.usage_sys", "system"), mode_ns(s, acct, "cpuacct.usage_user", "user"));
	(void)stats_text(s, s->h->v1_of[CG_CPU], "cpu.stat", text); /* absent: zeros */
	buf_printf(s->out,
		",\"throttling\":{\"periods\":%" PRIu64 ",\"throttledPeriods\":%" PRIu64 ",\"throttledTime\":%" PRIu64
		"}",
		stats_key(text, "nr_periods"), stats_key(text, "nr_throttled"), stats_key(text, "throttled_time"));
	stats_psi(s, "cpu.pressure");
	buf_str(s->out, "}");
}

void stats_v1_cpuset(const struct stats_of *s)
{
	static const struct {
		const char *name, *file;
	} numbers[] = { { "cpu_exclusive", "cpuset.cpu_exclusive" }, { "mem_hardwall", "cpuset.mem_hardwall" },
		{ "mem_exclusive", "cpuset.mem_exclusive" }, { "memory_migrate", "cpuset.memory_migrate" },
		{ "memory_spread_page", "cpuset.memory_spread_page" },
		{ "memory_spread_slab", "cpuset.memory_spread_slab" }, { "memory_pressure", "cpuset.memory_pressure" },
		{ "sched_load_balance", "cpuset.sched_load_balance" } };
	int hier = s->h->v1_of[CG_CPUSET];
	char text[STATS_TEXT_SIZE];
	int64_t level = 0;

	buf_str(s->out, ",\"cpuset\":{\"cpus\":");
	(void)stats_text(s, hier, "cpuset.cpus", text); /* absent: empty */
	stats_list(s->out, text);
	buf_str(s->out, ",\"mems\":");
	(void)stats_text(s, hier, "cpuset.mems", text);
	stats_list(s->out, text);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		buf_printf(s->out, ",\"%s\":%" PRIu64, numbers[i].name, stats_u64(s, hier, numbers[i].file));
	if (stats_text(s, hier, "cpuset.sched_relax_domain_level", text) && !parse_i64(text, -1, INT32_MAX, &level))
		level = 0;
	buf_printf(s->out, ",\"sched_relax_domain_level\":%" PRId64 "}", level);
}

static void put_counter(const struct stats_of *s, const char *name, const char *prefix)
{
	int hier = s->h->v1_of[CG_MEMORY];
	char file[64];
	struct stats_entry e;

	fmt_to(file, sizeof(file), "%s.limit_in_bytes", prefix);
	e.limit = stats_u64(s, hier, file);
	fmt_to(file, sizeof(file), "%s.usage_in_bytes", prefix);
	e.usage = stats_u64(s, hier, file);
	fmt_to(file, sizeof(file), "%s.max_usage_in_bytes", prefix);
	e.max = stats_u64(s, hier, file);
	fmt_to(file, sizeof(file), "%s.failcnt", prefix);
	e.failcnt = stats_u64(s, hier, file);
	stats_put_entry(s->out, ",", name, &e);
}

void stats_v1_memory(const struct stats_of *s)
{
	char text[STATS_TEXT_SIZE];

	(void)stats_text(s, s->h->v1_of[CG_MEMORY], "memory.stat", text); /* absent: zeros */
	buf_printf(s->out, ",\"memory\":{\"cache\":%" PRIu64, stats_key(text, "cache"));
	put_counter(s, "usage", "memory");
	put_counter(s, "swap", "memory.memsw");
	put_counter(s, "kernel", "memory.kmem");
	put_counter(s, "kernelTCP", "memory.kmem.tcp");
	buf_str(s->out, ",\"raw\":");
	stats_raw(s->out, text);
	stats_psi(s, "memory.pressure");
	buf_str(s->out, "}");
}

/* One line "8:0 Read 4096" or "8:0 4096"; the line of totals has no device. */
static bool put_line(struct buf *out, const char *line, size_t len, const char *comma)
{
	size_t colon = strcspn(line, ":"), space = strcspn(line, " ");
	uint64_t major, minor, value;

	if (colon >= space || space >= len || !parse_u64_n(line, colon, UINT32_MAX, &major) ||
		!parse_u64_n(line + colon + 1, space - colon - 1, UINT32_MAX, &minor))
		return false;
	const char *op = line + space + 1;
	size_t op_len = strspn(op, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	const char *number = op_len ? op + op_len + 1 : op;
	if (number >= line + len || !parse_u64_n(number, (size_t)(line + len - number), UINT64_MAX, &value))
		return false;
	buf_printf(out, "%s{\"major\":%" PRIu64 ",\"minor\":%" PRIu64 ",\"op\":\"%.*s\",\"value\":%" PRIu64 "}", comma,
		major, minor, (int)op_len, op, value);
	return true;
}

/* False: no device has done anything there. */
static bool put_table(const struct stats_of *s, const char *name, const char *file, const char *comma)
{
	char text[STATS_TEXT_SIZE];
	size_t before = s->out->len;
	bool any = false;

	if (!stats_text(s, s->h->v1_of[CG_IO], file, text))
		return false;
	buf_printf(s->out, "%s\"%s\":[", comma, name);
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		any = put_line(s->out, p, strcspn(p, "\n"), any ? "," : "") || any;
	if (!any && s->out->data)
		s->out->len = before; /* as if nothing was written */
	else
		buf_str(s->out, "]");
	return any;
}

void stats_v1_blkio(const struct stats_of *s)
{
	/* Whichever counts here: BFQ (Linux 5.0), the throttler (always), CFQ (before 5.0). */
	static const struct {
		const char *name, *files[3];
	} tables[] = {
		{ "ioServiceBytesRecursive",
			{ "blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive",
				"blkio.io_service_bytes_recursive" } },
		{ "ioServicedRecursive",
			{ "blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive",
				"blkio.io_serviced_recursive" } },
		{ "ioQueueRecursive", { "blkio.bfq.io_queued_recursive", "blkio.io_queued_recursive" } },
		{ "ioServiceTimeRecursive",
			{ "blkio.bfq.io_service_time_recursive", "blkio.io_service_time_recursive" } },
		{ "ioWaitTimeRecursive", { "blkio.bfq.io_wait_time_recursive", "blkio.io_wait_time_recursive" } },
		{ "ioMergedRecursive", { "blkio.bfq.io_merged_recursive", "blkio.io_merged_recursive" } },
		{ "ioTimeRecursive", { "blkio.bfq.time_recursive", "blkio.time_recursive" } },
		{ "sectorsRecursive", { "blkio.bfq.sectors_recursive", "blkio.sectors_recursive" } },
	};
	const char *comma = "";

	buf_str(s->out, ",\"blkio\":{");
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (size_t f = 0; f < 3 && tables[i].files[f]; f++)
			if (put_table(s, tables[i].name, tables[i].files[f], comma)) {
				comma = ",";
				break;
			}
	buf_str(s->out, "}");
}
