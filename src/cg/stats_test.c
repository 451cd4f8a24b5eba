#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include "cg/limits.h"
#include "cg/oom.h"
#include "cg/stats.h"
#include "cg/stats_read.h"
#include "cg/test_view.h"

TEST(text_shapes)
{
	static const char text[] = "usage_usec 12\nuser_usec 7\nbad x\nnr_periods 18446744073709551615";
	struct buf b = BUF_INIT;

	CHECK(stats_key(text, "user_usec") == 7, "user");
	CHECK(stats_key(text, "usec") == 0, "part of a word");
	CHECK(stats_key(text, "nr_periods") == UINT64_MAX, "large");
	CHECK(stats_key(text, "bad") == 0, "no number");
	stats_raw(&b, text);
	assert_string_equal(b.data, "{\"usage_usec\":12,\"user_usec\":7,\"nr_periods\":18446744073709551615}");
	b.len = 0;
	stats_list(&b, "0-2,5");
	stats_list(&b, "");
	stats_list(&b, "x");
	assert_string_equal(b.data, "[0,1,2,5][][]");
	b.len = 0;
	stats_numbers(&b, "1 2  30");
	assert_string_equal(b.data, "[1,2,30]");
	buf_done(&b);
}

static const enum view views[] = { VIEW_OWN, VIEW_V2, VIEW_V1 };

static void work(void)
{
	for (volatile long i = 0; i < 20000000; i++)
		;
}

TEST(document_is_whole)
{
	char path[CG_PATH_SIZE];
	static const char *const members[] = { "cpu", "cpuset", "memory", "pids", "blkio", "hugetlb" };

	for (size_t v = 0; v < ARRAY_SIZE(views); v++) {
		struct cg_host h;
		struct cg c;
		struct err e = ERR_NONE;
		struct cg_new n = { .path = view_path(path, "stats") };
		struct buf b = BUF_INIT;

		if (!view_enter(views[v]))
			continue;
		CHECK(cg_host_open(CG_USUAL, &h, &e) == 0 && cg_create(&h, &n, &c, &e) == 0, "%s", e.msg);
		pid_t pid = view_child(&c, work);
		CHECK(pid > 0, "child");
		CHECK(cg_stats_json(&h, path, &b, &e) == 0, "%s", e.msg);
		buf_str(&b, "}");
		json_error_t je;
		json_t *doc = json_loads(b.data, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &je);
		CHECK(doc != NULL, "%s in %s", je.text, b.data);
		for (size_t i = 0; i < ARRAY_SIZE(members); i++)
			CHECK(json_object_get(doc, members[i]), "%s is missing", members[i]);
		json_t *pids = json_object_get(json_object_get(doc, "pids"), "current");
		CHECK(h.v1_of[CG_PIDS] < 0 || json_number_value(pids) == 1, "pids");
		json_decref(doc);
		buf_done(&b);
		view_reap(pid);
		CHECK(cg_remove(&h, path, &e) == 0, "%s", e.msg);
		CHECK(cg_stats_json(&h, path, &b, &e) == -ENOENT, "%s", e.msg);
		buf_done(&b);
		cg_done(&c);
		cg_host_done(&h);
	}
}

static void eat(void)
{
	for (;;) {
		volatile char *p = malloc(1 << 20);

		for (size_t i = 0; p && i < 1 << 20; i += 4096)
			p[i] = 1; /* not memset(): nobody reads it, so it would be left out */
	}
}

TEST(oom_is_told)
{
	char path[CG_PATH_SIZE];
	struct cg_host h;
	struct cg c;
	struct err e = ERR_NONE;
	struct rc_memory m = { .limit = { true, 16 << 20 } };
	struct rc_resources r = { .memory = &m };
	struct cg_new n = { .path = view_path(path, "oom"), .res = &r };
	struct cg_oom o;
	bool oom, gone = false;

	if (!view_enter(VIEW_OWN))
		SKIP("needs root");
	CHECK(cg_host_open(CG_USUAL, &h, &e) == 0, "%s", e.msg);
	if (cg_create(&h, &n, &c, &e) < 0) {
		cg_host_done(&h);
		SKIP("no memory controller here");
	}
	CHECK(cg_limits_set(&h, path, &r, 0, &e) == 0, "%s", e.msg);
	CHECK(cg_oom_open(&h, path, &o, &e) == 0, "%s", e.msg);
	pid_t pid = view_child(&c, eat);
	struct pollfd p = { .fd = o.fd, .events = POLLIN };
	do { /* v2 also tells of each time the limit was met */
		CHECK(poll(&p, 1, 20000) == 1, "no event");
		/* The process may be gone by now, and tell so in the same event. */
		CHECK(cg_oom_read(&o, &oom, &gone, &e) == 0, "%s", e.msg);
	} while (!oom);
	view_reap(pid);
	CHECK(cg_remove(&h, path, &e) == 0, "%s", e.msg);
	while (!gone) {
		CHECK(poll(&p, 1, 20000) == 1, "no event of the end");
		CHECK(cg_oom_read(&o, &oom, &gone, &e) == 0, "%s", e.msg);
	}
	cg_oom_done(&o);
	cg_done(&c);
	cg_host_done(&h);
}

TEST_MAIN(T(text_shapes), T(document_is_whole), T(oom_is_told))
