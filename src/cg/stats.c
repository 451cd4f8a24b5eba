/* The data of `events --stats`, in the members that callers of runc know. Each controller is looked up by itself,
 * so hybrid machines get all there is. */
#include "cg/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/stats_read.h"

/* --- reading ------------------------------------------------------------------------------------------- */

bool stats_text(const struct stats_of *s, int hier, const char *file, char dst[static STATS_TEXT_SIZE])
{
	dst[0] = '\0';
	return hier >= 0 && cg_file_read(CG_AT(s->h, hier, s->path), file, dst, STATS_TEXT_SIZE) >= 0;
}

uint64_t stats_u64(const struct stats_of *s, int hier, const char *file)
{
	char text[64];
	uint64_t v = 0;

	if (hier < 0 || cg_file_read(CG_AT(s->h, hier, s->path), file, text, sizeof(text)) <= 0)
		return 0;
	if (str_eq(text, "max"))
		return UINT64_MAX;
	return parse_u64(text, UINT64_MAX, &v) ? v : 0;
}

uint64_t stats_key(const char *text, const char *key)
{
	size_t n = strlen(key);
	uint64_t v;

	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, key, n) == 0 && p[n] == ' ' &&
			parse_u64_n(p + n + 1, strcspn(p + n + 1, "\n"), UINT64_MAX, &v))
			return v;
	return 0;
}

void stats_raw(struct buf *out, const char *text)
{
	const char *comma = "";
	uint64_t v;

	buf_str(out, "{");
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz_0123456789");

		if (n == 0 || p[n] != ' ' || !parse_u64_n(p + n + 1, strcspn(p + n + 1, "\n"), UINT64_MAX, &v))
			continue;
		buf_printf(out, "%s\"%.*s\":%" PRIu64, comma, (int)n, p, v);
		comma = ",";
	}
	buf_str(out, "}");
}

void stats_list(struct buf *out, const char *text)
{
	const char *comma = "";

	buf_str(out, "[");
	for (const char *p = text; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t n = strcspn(p, ","), first = strcspn(p, "-,");
		uint64_t from, to;

		if (!parse_u64_n(p, first, UINT16_MAX, &from))
			break;
		to = from;
		if (first < n && !parse_u64_n(p + first + 1, n - first - 1, UINT16_MAX, &to))
			break;
		for (; from <= to; from++, comma = ",")
			buf_printf(out, "%s%" PRIu64, comma, from);
	}
	buf_str(out, "]");
}

void stats_numbers(struct buf *out, const char *text)
{
	const char *comma = "";
	uint64_t v;

	buf_str(out, "[");
	for (const char *p = text; *p; p += strcspn(p, " "), p += strspn(p, " "))
		if (parse_u64_n(p, strcspn(p, " "), UINT64_MAX, &v)) {
			buf_printf(out, "%s%" PRIu64, comma, v);
			comma = ",";
		}
	buf_str(out, "]");
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0": numbers that are JSON as they stand. */
static void psi_line(struct buf *out, const char *line, size_t len)
{
	static const char *const keys[] = { "avg10", "avg60", "avg300", "total" };
	const char *end = line + len, *comma = "";

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *p = memmem(line, len, keys[i], strlen(keys[i]));
		const char *value = p ? p + strlen(keys[i]) + 1 : end;
		size_t n = value < end ? strspn(value, "0123456789.") : 0;

		if (n == 0)
			continue;
		buf_printf(out, "%s\"%s\":%.*s", comma, keys[i], (int)n, value);
		comma = ",";
	}
}

void stats_psi(const struct stats_of *s, const char *file)
{
	char text[512];
	const char *comma = "";

	if (s->h->unified < 0 || cg_file_read(CG_AT(s->h, s->h->unified, s->path), file, text, sizeof(text)) <= 0)
		return;
	buf_str(s->out, ",\"psi\":{");
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		bool some = str_starts(p, "some "), full = str_starts(p, "full ");

		if (!some && !full)
			continue;
		buf_printf(s->out, "%s\"%s\":{", comma, some ? "some" : "full");
		psi_line(s->out, p, strcspn(p, "\n"));
		buf_str(s->out, "}");
		comma = ",";
	}
	buf_str(s->out, "}");
}

void stats_put_entry(struct buf *out, const char *before, const char *name, const struct stats_entry *e)
{
	buf_printf(out,
		"%s\"%s\":{\"limit\":%" PRIu64 ",\"usage\":%" PRIu64 ",\"max\":%" PRIu64 ",\"failcnt\":%" PRIu64 "}",
		before, name, e->limit, e->usage, e->max, e->failcnt);
}

/* --- the same on both ---------------------------------------------------------------------------------- */

static void put_pids(const struct stats_of *s)
{
	int hier = cg_hier_of(s->h, CG_PIDS);
	uint64_t limit = stats_u64(s, hier, "pids.max");

	/* 0 is "no limit" to readers of this document. */
	buf_printf(s->out, ",\"pids\":{\"current\":%" PRIu64 ",\"limit\":%" PRIu64 "}",
		stats_u64(s, hier, "pids.current"), limit == UINT64_MAX ? 0 : limit);
}

static bool put_hugetlb_size(const struct stats_of *s, int hier, const char *size, const char *comma)
{
	bool v2 = s->h->hier[hier].v2;
	char file[64], text[STATS_TEXT_SIZE];
	struct stats_entry e = { 0 };

	fmt_to(file, sizeof(file), "hugetlb.%s.%s", size, v2 ? "current" : "usage_in_bytes");
	if (!stats_text(s, hier, file, text))
		return false;
	e.usage = stats_u64(s, hier, file);
	if (v2) {
		fmt_to(file, sizeof(file), "hugetlb.%s.events", size);
		if (stats_text(s, hier, file, text))
			e.failcnt = stats_key(text, "max");
	} else {
		fmt_to(file, sizeof(file), "hugetlb.%s.max_usage_in_bytes", size);
		e.max = stats_u64(s, hier, file);
		fmt_to(file, sizeof(file), "hugetlb.%s.failcnt", size);
		e.failcnt = stats_u64(s, hier, file);
	}
	buf_printf(s->out, "%s\"%s\":{\"usage\":%" PRIu64 ",\"max\":%" PRIu64 ",\"failcnt\":%" PRIu64 "}", comma, size,
		e.usage, e.max, e.failcnt);
	return true;
}

static void put_hugetlb(const struct stats_of *s)
{
	/* Every size that a Linux architecture has. */
	static const char *const sizes[] = { "64KB", "256KB", "1MB", "2MB", "4MB", "8MB", "16MB", "32MB", "512MB",
		"1GB", "2GB", "16GB" };
	int hier = cg_hier_of(s->h, CG_HUGETLB);
	const char *comma = "";

	buf_str(s->out, ",\"hugetlb\":{");
	for (size_t i = 0; hier >= 0 && i < ARRAY_SIZE(sizes); i++)
		if (put_hugetlb_size(s, hier, sizes[i], comma))
			comma = ",";
	buf_str(s->out, "}");
}

int cg_stats_json(const struct cg_host *h, const char *path, struct buf *ret, struct err *e)
{
	struct stats_of s = { h, path, ret };
	int memory = cg_hier_of(h, CG_MEMORY), cpu = cg_hier_of(h, CG_CPUACCT);

	if (!*path || !cg_exists(h, path))
		return err_set(e, ERR_NOT_FOUND, ENOENT, "the container has no cgroup to take statistics from");
	buf_str(ret, "{");
	cpu >= 0 && !h->hier[cpu].v2 ? stats_v1_cpu(&s) : stats_v2_cpu(&s);
	h->v1_of[CG_CPUSET] >= 0 ? stats_v1_cpuset(&s) : stats_v2_cpuset(&s);
	memory >= 0 && !h->hier[memory].v2 ? stats_v1_memory(&s) : stats_v2_memory(&s);
	put_pids(&s);
	h->v1_of[CG_IO] >= 0 ? stats_v1_blkio(&s) : stats_v2_io(&s);
	put_hugetlb(&s);
	return buf_err(ret, e);
}
