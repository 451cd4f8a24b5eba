#include <string.h>
#include "base/test.h"
#include "fetch/fetch.h"

TEST(limits_are_set_by_name)
{
	struct fetch f = { .limits = LAYER_LIMITS_DEFAULT, .source_limits = SOURCE_LIMITS_DEFAULT };
	struct err e = ERR_NONE;

	assert_int_equal(fetch_limits(&f, "bytes=2g,files=10,empty-files=5,ratio=1000,time=90s", &e), 0);
	assert_int_equal(f.limits.max_bytes, 2ULL << 30);
	assert_int_equal(f.source_limits.max_bytes, 2ULL << 30);
	assert_int_equal(f.limits.max_inodes, 10);
	assert_int_equal(f.limits.max_empty, 5);
	assert_int_equal(f.source_limits.max_ratio, 1000);
	assert_int_equal(f.max_ms, 90000);
	assert_int_equal(fetch_limits(&f, "files=20", &e), 0); /* the later one counts */
	assert_int_equal(f.limits.max_inodes, 20);
}

TEST(wrong_limits_say_what_is_allowed)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "bytes", "is not NAME=VALUE" },
		{ "byte=1", "bytes, files, empty-files, ratio and time are known" },
		{ "bytes=-1", "is not a size" },
		{ "bytes=0", "is not a size" },
		{ "bytes=99999999999999999999", "is not a size" },
		{ "ratio=1", "2 to 1000000" },
		{ "time=5", "is not a time" },
		{ "time=", "is not a time" },
		{ "files=1,,bytes=1", "is not NAME=VALUE" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fetch f = { .limits = LAYER_LIMITS_DEFAULT };
		struct err e = ERR_NONE;

		CHECK(fetch_limits(&f, cases[i].text, &e) < 0, "%s was taken", cases[i].text);
		CHECK(strstr(e.msg, cases[i].words), "%s: %s", cases[i].text, e.msg);
		CHECK(e.kind == ERR_USAGE, "%s", cases[i].text);
	}
}

TEST_MAIN(T(limits_are_set_by_name), T(wrong_limits_say_what_is_allowed))
