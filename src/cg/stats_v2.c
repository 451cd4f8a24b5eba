/* Statistics of the v2 controllers, in the shape of v1. cgroup-v2.rst. */
#include <inttypes.h>
#include <string.h>
#include "base/str.h"
#include "cg/stats_read.h"

void stats_v2_cpu(const struct stats_of *s)
{
	char text[STATS_TEXT_SIZE];

	(void)stats_text(s, s->h->unified, "cpu.stat", text); /* absent: zeros */
	buf_printf(s->out, "\"cpu\":{\"usage\":{\"total\":%" PRIu64 ",\"kernel\":%" PRIu64 ",\"user\":%" PRIu64 "}",
		stats_key(text, "usage_usec") * 1000, stats_key(text, "system_usec") * 1000,
		stats_key(text, "user_usec") * 1000);
	buf_printf(s->out,
		",\"throttling\":{\"periods\":%" PRIu64 ",\"throttledPeriods\":%" PRIu64 ",\"throttledTime\":%" PRIu64
		"}",
		stats_key(text, "nr_periods"), stats_key(text, "nr_throttled"),
		stats_key(text, "throttled_usec") * 1000);
	stats_psi(s, "cpu.pressure");
	buf_str(s->out, "}");
}

void stats_v2_cpuset(const struct stats_of *s)
{
	char text[STATS_TEXT_SIZE];

	buf_str(s->out, ",\"cpuset\":{\"cpus\":");
	(void)stats_text(s, s->h->unified, "cpuset.cpus.effective", text); /* absent: empty */
	stats_list(s->out, text);
	buf_str(s->out, ",\"mems\":");
	(void)stats_text(s, s->h->unified, "cpuset.mems.effective", text);
	stats_list(s->out, text);
	buf_str(s->out,
		",\"cpu_exclusive\":0,\"mem_hardwall\":0,\"mem_exclusive\":0,\"memory_migrate\":0,"
		"\"memory_spread_page\":0,\"memory_spread_slab\":0,\"memory_pressure\":0,"
		"\"sched_load_balance\":0,\"sched_relax_domain_level\":0}");
}

static uint64_t add_limits(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* v1 reports memory and swap together, and so does this document. */
void stats_v2_memory(const struct stats_of *s)
{
	int hier = s->h->unified;
	char text[STATS_TEXT_SIZE];
	struct stats_entry memory = { 0 }, swap = { 0 }, kernel = { 0 }, tcp = { 0 };

	if (stats_text(s, hier, "memory.events", text))
		memory.failcnt = stats_key(text, "max");
	memory.usage = stats_u64(s, hier, "memory.current");
	memory.limit = stats_u64(s, hier, "memory.max");
	memory.max = stats_u64(s, hier, "memory.peak");
	swap.usage = stats_u64(s, hier, "memory.swap.current") + memory.usage;
	swap.limit = add_limits(stats_u64(s, hier, "memory.swap.max"), memory.limit);
	(void)stats_text(s, hier, "memory.stat", text); /* absent: zeros */
	kernel.usage = stats_key(text, "kernel");
	tcp.usage = stats_key(text, "sock");
	buf_printf(s->out, ",\"memory\":{\"cache\":%" PRIu64, stats_key(text, "file"));
	stats_put_entry(s->out, ",", "usage", &memory);
	stats_put_entry(s->out, ",", "swap", &swap);
	stats_put_entry(s->out, ",", "kernel", &kernel);
	stats_put_entry(s->out, ",", "kernelTCP", &tcp);
	buf_str(s->out, ",\"raw\":");
	stats_raw(s->out, text);
	stats_psi(s, "memory.pressure");
	buf_str(s->out, "}");
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6": one @key of one line. */
static void put_value(struct buf *out, const char *line, size_t len, const char *key, const char *op)
{
	const char *p = memmem(line, len, key, strlen(key));
	size_t colon = strcspn(line, ":"), space = strcspn(line, " ");
	uint64_t major, minor, value;

	if (!p || colon >= space || space >= len || !parse_u64_n(line, colon, UINT32_MAX, &major) ||
		!parse_u64_n(line + colon + 1, space - colon - 1, UINT32_MAX, &minor))
		return;
	p += strlen(key);
	if (!parse_u64_n(p, strspn(p, "0123456789"), UINT64_MAX, &value))
		return;
	bool first = !out->len || out->data[out->len - 1] == '[';
	buf_printf(out, "%s{\"major\":%" PRIu64 ",\"minor\":%" PRIu64 ",\"op\":\"%s\",\"value\":%" PRIu64 "}",
		first ? "" : ",", major, minor, op, value);
}

static void put_table(
	const struct stats_of *s, const char *text, const char *name, const char *read_key, const char *write_key)
{
	buf_printf(s->out, "\"%s\":[", name);
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t len = strcspn(p, "\n");

		put_value(s->out, p, len, read_key, "Read");
		put_value(s->out, p, len, write_key, "Write");
	}
	buf_str(s->out, "]");
}

void stats_v2_io(const struct stats_of *s)
{
	char text[STATS_TEXT_SIZE];

	(void)stats_text(s, s->h->unified, "io.stat", text); /* absent: empty */
	buf_str(s->out, ",\"blkio\":{");
	put_table(s, text, "ioServiceBytesRecursive", " rbytes=", " wbytes=");
	buf_str(s->out, ",");
	put_table(s, text, "ioServicedRecursive", " rios=", " wios=");
	stats_psi(s, "io.pressure");
	buf_str(s->out, "}");
}
