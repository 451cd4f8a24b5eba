#include <errno.h>
#include <inttypes.h>
#include "cg/limits.h"
#include "cg/test_view.h"

TEST(shares_become_weight)
{
	static const struct {
		uint64_t shares, weight;
	} t[] = { { 0, 0 }, { 1, 1 }, { 2, 1 }, { 1024, 100 }, { 262144, 10000 }, { 999999, 10000 }, { 512, 59 },
		{ 2048, 174 } };

	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		CHECK(cg_weight_of_shares(t[i].shares) == t[i].weight, "%" PRIu64 ": %" PRIu64, t[i].shares,
			cg_weight_of_shares(t[i].shares));
	for (uint64_t s = 2, last = 0; s < 262145; s += 7) {
		uint64_t w = cg_weight_of_shares(s);

		CHECK(w >= last && w >= 1 && w <= 10000, "%" PRIu64 ": %" PRIu64, s, w);
		last = w;
	}
}

TEST(blkio_weight_becomes_io_weight)
{
	CHECK(cg_io_weight_of_blkio(0) == 0, "0");
	CHECK(cg_io_weight_of_blkio(10) == 1, "10");
	CHECK(cg_io_weight_of_blkio(1000) == 10000, "1000");
	CHECK(cg_io_weight_of_blkio(500) == 4950, "%" PRIu64, cg_io_weight_of_blkio(500));
}

TEST(swap_on_v2)
{
	static const struct {
		int64_t swap, memory, want;
		bool ok;
	} t[] = { { -1, 0, -1, true }, { -1, 100, -1, true }, { 300, 100, 200, true }, { 100, 100, 0, true },
		{ 99, 100, 0, false }, { 100, 0, 0, false }, { 100, -1, 0, false } };

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct err e = ERR_NONE;
		int64_t got = 0;

		CHECK((cg_swap_v2(t[i].swap, t[i].memory, &got, &e) == 0) == t[i].ok, "case %zu: %s", i, e.msg);
		CHECK(!t[i].ok || got == t[i].want, "case %zu: %" PRId64, i, got);
	}
}

TEST(controllers_follow_the_sections)
{
	struct rc_kv kv[] = { { "memory.high", "1" }, { "pids.max", "2" }, { "cgroup.max.depth", "3" } };
	struct rc_cpu cpu = { .cpus = "0" };
	struct rc_resources r = { .unified = { kv, 3 }, .cpu = &cpu };

	CHECK(cg_limits_controllers(&r) == (1u << CG_MEMORY | 1u << CG_PIDS | 1u << CG_CPUSET), "%x",
		cg_limits_controllers(&r));
	CHECK(!cg_limits_any(NULL), "NULL");
	CHECK(cg_limits_any(&r), "unified");
}

/* --- live ---------------------------------------------------------------------------------------------- */

struct box {
	struct cg_host h;
	struct cg c;
	char path[CG_PATH_SIZE];
};

static void box_open(struct box *b, const struct rc_resources *r)
{
	struct err e = ERR_NONE;
	struct cg_new n = { .path = b->path, .res = r };

	CHECK(cg_host_open(CG_USUAL, &b->h, &e) == 0, "%s", e.msg);
	view_path(b->path, "limits");
	CHECK(cg_create(&b->h, &n, &b->c, &e) == 0, "%s", e.msg);
}

static void box_close(struct box *b)
{
	struct err e = ERR_NONE;

	CHECK(cg_remove(&b->h, b->path, &e) == 0, "%s", e.msg);
	cg_done(&b->c);
	cg_host_done(&b->h);
}

static void expect(struct box *b, enum cg_controller c, const char *file, const char *want)
{
	char got[256];
	ssize_t n = cg_file_read(CG_AT(&b->h, cg_hier_of(&b->h, c), b->path), file, got, sizeof(got));

	CHECK(n >= 0 && strcmp(got, want) == 0, "%s: \"%s\", not \"%s\"", file, n >= 0 ? got : "?", want);
}

static bool v1_here(void)
{
	return view_enter(VIEW_OWN) && access("/sys/fs/cgroup/memory/cgroup.procs", F_OK) == 0 &&
		access("/sys/fs/cgroup/cpu/cgroup.procs", F_OK) == 0;
}

TEST(v1_files)
{
	struct rc_memory m = { .limit = { true, 64 << 20 },
		.reservation = { true, 32 << 20 },
		.swap = { true, 128 << 20 },
		.swappiness = { true, 10 },
		.disable_oom_killer = true };
	struct rc_cpu c = { .shares = { true, 512 },
		.period = { true, 50000 },
		.quota = { true, 25000 },
		.burst = { true, 1000 },
		.cpus = "0",
		.mems = "0" };
	struct rc_resources r = { .memory = &m, .cpu = &c, .pids_limit = { true, 7 } };
	struct box b;
	struct err e = ERR_NONE;

	if (!v1_here())
		SKIP("needs root and v1 controllers");
	box_open(&b, &r);
	CHECK(cg_limits_set(&b.h, b.path, &r, 0, &e) == 0, "%s", e.msg);
	expect(&b, CG_MEMORY, "memory.limit_in_bytes", "67108864");
	expect(&b, CG_MEMORY, "memory.memsw.limit_in_bytes", "134217728");
	expect(&b, CG_MEMORY, "memory.soft_limit_in_bytes", "33554432");
	expect(&b, CG_MEMORY, "memory.swappiness", "10");
	expect(&b, CG_CPU, "cpu.shares", "512");
	expect(&b, CG_CPU, "cpu.cfs_period_us", "50000");
	expect(&b, CG_CPU, "cpu.cfs_quota_us", "25000");
	expect(&b, CG_CPU, "cpu.cfs_burst_us", "1000");
	expect(&b, CG_CPUSET, "cpuset.cpus", "0");
	expect(&b, CG_PIDS, "pids.max", "7");
	box_close(&b);
}

/* Raising and lowering: each step is refused by the kernel in one of the two orders. */
TEST(v1_memory_moves_with_swap)
{
	static const struct {
		int64_t memory, swap;
		const char *want_memory, *want_swap;
	} steps[] = { { 64 << 20, 64 << 20, "67108864", "67108864" },
		{ 256 << 20, 300 << 20, "268435456", "314572800" }, { 32 << 20, 32 << 20, "33554432", "33554432" },
		{ -1, 0, "9223372036854771712", "9223372036854771712" } };
	struct rc_memory m = { 0 };
	struct rc_resources r = { .memory = &m };
	struct box b;

	if (!v1_here())
		SKIP("needs root and v1 controllers");
	box_open(&b, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct err e = ERR_NONE;

		m.limit = (struct rc_opt_i64){ true, steps[i].memory };
		m.swap = (struct rc_opt_i64){ steps[i].swap != 0, steps[i].swap };
		CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) == 0, "step %zu: %s", i, e.msg);
		expect(&b, CG_MEMORY, "memory.limit_in_bytes", steps[i].want_memory);
		expect(&b, CG_MEMORY, "memory.memsw.limit_in_bytes", steps[i].want_swap);
	}
	box_close(&b);
}

TEST(v1_quota_moves_with_period)
{
	static const struct {
		uint64_t period, burst;
		int64_t quota;
	} steps[] = { { 100000, 0, 50000 }, { 1000, 900, 1000 }, { 1000000, 500000, 600000 }, { 1000, 0, -1 } };
	struct rc_cpu c = { 0 };
	struct rc_resources r = { .cpu = &c };
	struct box b;

	if (!v1_here())
		SKIP("needs root and v1 controllers");
	box_open(&b, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct err e = ERR_NONE;

		c.period = (struct rc_opt_u64){ true, steps[i].period };
		c.burst = (struct rc_opt_u64){ true, steps[i].burst };
		c.quota = (struct rc_opt_i64){ true, steps[i].quota };
		CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) == 0, "step %zu: %s", i, e.msg);
	}
	box_close(&b);
}

TEST(v1_refusals_name_the_field)
{
	struct rc_cpu c = { .quota = { true, 1 } };
	struct rc_kv kv = { "memory.high", "1" };
	struct rc_resources quota = { .cpu = &c }, cls = { .net_class_id = { true, 1 } },
			    uni = { .unified = { &kv, 1 } };
	struct box b;
	struct err e = ERR_NONE;

	if (!v1_here())
		SKIP("needs root and v1 controllers");
	box_open(&b, NULL);
	CHECK(cg_limits_set(&b.h, b.path, &quota, 0, &e) < 0, "quota 1");
	CHECK(strstr(e.msg, "/linux/resources/cpu/quota: ") && strstr(e.msg, "cpu.cfs_quota_us") && e.hint[0], "%s",
		e.msg);
	err_clear(&e);
	if (b.h.v1_of[CG_NET_CLS] < 0) {
		CHECK(cg_limits_set(&b.h, b.path, &cls, 0, &e) < 0 && strstr(e.msg, "network/classID"), "%s", e.msg);
		err_clear(&e);
	}
	CHECK(cg_limits_set(&b.h, b.path, &uni, 0, &e) < 0 && strstr(e.msg, "/linux/resources/unified"), "%s", e.msg);
	err_clear(&e);
	CHECK(cg_limits_set(&b.h, "", &quota, 0, &e) < 0 && strstr(e.msg, "/linux/resources"), "%s", e.msg);
	box_close(&b);
}

static bool v2_here(void)
{
	char text[256] = "";
	struct cg_host h;
	struct err e = ERR_NONE;

	if (!view_enter(VIEW_OWN) || cg_host_open(CG_USUAL, &h, &e) < 0)
		return false;
	bool here = h.mode == CG_V2 &&
		cg_file_read(CG_AT(&h, h.unified, ""), "cgroup.controllers", text, sizeof(text)) > 0 &&
		strstr(text, "memory") && strstr(text, "cpuset");
	cg_host_done(&h);
	return here;
}

TEST(v2_files)
{
	struct rc_memory m = {
		.limit = { true, 64 << 20 }, .reservation = { true, 32 << 20 }, .swap = { true, 128 << 20 }
	};
	struct rc_cpu c = { .shares = { true, 1024 },
		.period = { true, 50000 },
		.quota = { true, 25000 },
		.burst = { true, 1000 },
		.cpus = "0",
		.mems = "0" };
	struct rc_resources r = { .memory = &m, .cpu = &c, .pids_limit = { true, 0 } };
	struct box b;
	struct err e = ERR_NONE;

	if (!v2_here())
		SKIP("needs root and the controllers on v2");
	box_open(&b, &r);
	CHECK(cg_limits_set(&b.h, b.path, &r, 0, &e) == 0, "%s (%s)", e.msg, e.hint);
	expect(&b, CG_MEMORY, "memory.max", "67108864");
	expect(&b, CG_MEMORY, "memory.low", "33554432");
	expect(&b, CG_MEMORY, "memory.swap.max", "67108864");
	expect(&b, CG_CPU, "cpu.weight", "100");
	expect(&b, CG_CPU, "cpu.max", "25000 50000");
	expect(&b, CG_CPU, "cpu.max.burst", "1000");
	expect(&b, CG_CPUSET, "cpuset.cpus", "0");
	expect(&b, CG_PIDS, "pids.max", "0");
	box_close(&b);
}

TEST(v2_updates_keep_what_they_do_not_name)
{
	struct rc_memory m = { .swap = { true, 100 << 20 } };
	struct rc_cpu c = { .period = { true, 20000 } };
	struct rc_resources r = { .cpu = &c };
	struct box b;
	struct err e = ERR_NONE;

	if (!v2_here())
		SKIP("needs root and the controllers on v2");
	box_open(&b, NULL);
	c.quota = (struct rc_opt_i64){ true, 10000 };
	CHECK(cg_limits_set(&b.h, b.path, &r, 0, &e) == 0, "%s", e.msg);
	c = (struct rc_cpu){ .period = { true, 50000 } };
	CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) == 0, "%s", e.msg);
	expect(&b, CG_CPU, "cpu.max", "10000 50000");
	c = (struct rc_cpu){ .quota = { true, -1 } };
	CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) == 0, "%s", e.msg);
	expect(&b, CG_CPU, "cpu.max", "max 50000");
	c = (struct rc_cpu){ .shares = { true, 2 }, .idle = { true, 1 } };
	CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) == 0, "%s", e.msg);
	c = (struct rc_cpu){ .shares = { true, 1024 }, .idle = { true, 0 } };
	CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) == 0, "%s", e.msg);
	expect(&b, CG_CPU, "cpu.weight", "100");
	r.memory = &m;
	CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) < 0 && strstr(e.msg, "memory/swap"), "%s", e.msg);
	err_clear(&e);
	m = (struct rc_memory){ .limit = { true, 40 << 20 } };
	CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) == 0, "%s", e.msg);
	m = (struct rc_memory){ .swap = { true, 100 << 20 } };
	CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) == 0, "%s", e.msg);
	expect(&b, CG_MEMORY, "memory.swap.max", "62914560");
	c = (struct rc_cpu){ .cpus = "0" }; /* a controller that nobody has turned on yet */
	CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) == 0, "%s", e.msg);
	expect(&b, CG_CPUSET, "cpuset.cpus", "0");
	m = (struct rc_memory){ .swappiness = { true, 10 } };
	CHECK(cg_limits_set(&b.h, b.path, &r, CG_LIMITS_UPDATE, &e) < 0 && strstr(e.msg, "swappiness"), "%s", e.msg);
	box_close(&b);
}

TEST(v2_hugetlb_and_unified)
{
	struct rc_hugepage page = { "2MB", 4 << 20 };
	struct rc_kv kv = { "cgroup.max.descendants", "5" };
	struct rc_resources r = { .hugepages = &page, .n_hugepages = 1, .unified = { &kv, 1 } };
	struct box b;
	struct err e = ERR_NONE;

	if (!view_enter(VIEW_V2))
		SKIP("needs root and cgroup2");
	box_open(&b, NULL);
	unsigned have = 0;
	char text[256];
	if (cg_file_read(CG_AT(&b.h, b.h.unified, ""), "cgroup.controllers", text, sizeof(text)) > 0)
		have = strstr(text, "hugetlb") != NULL;
	box_close(&b);
	if (!have)
		SKIP("no hugetlb controller on v2 here");
	box_open(&b, &r);
	CHECK(cg_limits_set(&b.h, b.path, &r, 0, &e) == 0, "%s", e.msg);
	expect(&b, CG_HUGETLB, "hugetlb.2MB.max", "4194304");
	expect(&b, CG_HUGETLB, "hugetlb.2MB.rsvd.max", "4194304");
	expect(&b, CG_PIDS, "cgroup.max.descendants", "5");
	box_close(&b);
}

TEST(v2_refusals)
{
	struct rc_memory m = { .limit = { true, 1 << 20 } };
	struct rc_kv kv[] = { { "cgroup.procs", "1" }, { "../x.y", "1" }, { "nodot", "1" }, { "cgroup.kill", "1" } };
	struct rc_resources r = { .memory = &m };
	struct cg_host h;
	struct cg c;
	struct err e = ERR_NONE;
	char path[CG_PATH_SIZE], text[256];

	if (!view_enter(VIEW_V2))
		SKIP("needs root and cgroup2");
	CHECK(cg_host_open(CG_USUAL, &h, &e) == 0, "%s", e.msg);
	struct cg_new n = { .path = view_path(path, "refuse"), .res = &r };
	CHECK(cg_file_read(CG_AT(&h, h.unified, ""), "cgroup.controllers", text, sizeof(text)) >= 0, "controllers");
	if (!strstr(text, "memory")) {
		CHECK(cg_create(&h, &n, &c, &e) < 0 && strstr(e.msg, "/linux/resources/memory: the memory controller"),
			"%s", e.msg);
		CHECK(!cg_exists(&h, path), "left behind");
		err_clear(&e);
	}
	n.res = NULL;
	CHECK(cg_create(&h, &n, &c, &e) == 0, "%s", e.msg);
	for (size_t i = 0; i < ARRAY_SIZE(kv); i++) {
		struct rc_resources bad = { .unified = { &kv[i], 1 } };

		CHECK(cg_limits_set(&h, path, &bad, 0, &e) < 0 && e.kind == ERR_CONFIG, "%s: %s", kv[i].key, e.msg);
		err_clear(&e);
	}
	struct rc_kv foreign = { (char *)"foo.bar", (char *)"1" };
	struct rc_resources of_none = { .unified = { &foreign, 1 } };

	CHECK(cg_limits_set(&h, path, &of_none, 0, &e) < 0 && strstr(e.msg, "unified/foo.bar") &&
			strstr(e.msg, "controller `foo` is not available"),
		"%s", e.msg);
	err_clear(&e);
	CHECK(cg_remove(&h, path, &e) == 0, "%s", e.msg);
	cg_done(&c);
	cg_host_done(&h);
}

TEST_MAIN(T(shares_become_weight), T(blkio_weight_becomes_io_weight), T(swap_on_v2), T(controllers_follow_the_sections),
	T(v1_files), T(v1_memory_moves_with_swap), T(v1_quota_moves_with_period), T(v1_refusals_name_the_field),
	T(v2_files), T(v2_updates_keep_what_they_do_not_name), T(v2_hugetlb_and_unified), T(v2_refusals))
