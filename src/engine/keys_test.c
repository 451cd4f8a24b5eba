#include "engine/keys.h"

#include <string.h>
#include "base/test.h"

TEST(parses_keys)
{
	static const struct {
		const char *text, *seq;
	} cases[] = { { "ctrl-p,ctrl-q", "\x10\x11" }, { "a", "a" }, { "ctrl-@,ctrl-_", "\0\x1f" },
		{ "ctrl-\\", "\x1c" }, { "", "" }, { "x,y,z", "xyz" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct keys k;
		struct err e = ERR_NONE;

		CHECK(keys_parse(cases[i].text, &k, &e) == 0, "%s: %s", cases[i].text, e.msg);
		CHECK(memcmp(k.seq, cases[i].seq, k.n) == 0, "%s", cases[i].text);
	}
}

TEST(refuses_what_is_no_key)
{
	static const char *const cases[] = { "ctrl-", "ctrl-A", "ctrl-1", "ab", "a,", "a,bc", "ctrl-p,ctrl-qq",
		"a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct keys k;
		struct err e = ERR_NONE;

		CHECK(keys_parse(cases[i], &k, &e) < 0 && e.kind == ERR_USAGE, "took %s", cases[i]);
	}
}

TEST(finds_the_sequence_and_lets_the_rest_go_on)
{
	static const struct {
		const char *keys, *typed, *gone_on;
		bool detach;
	} cases[] = {
		{ "ctrl-p,ctrl-q", "ls\n", "ls\n", false },
		{ "ctrl-p,ctrl-q", "a\x10\x11z", "a", true },
		{ "ctrl-p,ctrl-q", "\x10\x10\x11", "\x10", true },
		{ "ctrl-p,ctrl-q", "\x10x\x11", "\x10x\x11", false },
		{ "ctrl-p,ctrl-q", "\x10", "", false },
		{ "a,a,b", "aaab", "a", true },
		{ "a,b,a,c", "ababac", "ab", true },
		{ "", "\x10\x11", "\x10\x11", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct keys k;
		struct err e = ERR_NONE;
		char whole[64], bytes[64];
		size_t n, sum = 0;
		bool found = false;

		CHECK(keys_parse(cases[i].keys, &k, &e) == 0, "%s", e.msg);
		CHECK(keys_filter(&k, cases[i].typed, strlen(cases[i].typed), whole, &n) == cases[i].detach, "case %zu",
			i);
		CHECK(n == strlen(cases[i].gone_on) && memcmp(whole, cases[i].gone_on, n) == 0, "case %zu: %.*s", i,
			(int)n, whole);
		/* The same typed slowly. */
		CHECK(keys_parse(cases[i].keys, &k, &e) == 0, "%s", e.msg);
		for (const char *p = cases[i].typed; *p && !found; p++) {
			found = keys_filter(&k, p, 1, bytes + sum, &n);
			sum += n;
		}
		CHECK(found == cases[i].detach && sum == strlen(cases[i].gone_on) &&
				memcmp(bytes, cases[i].gone_on, sum) == 0,
			"case %zu, slowly", i);
	}
}

TEST_MAIN(T(parses_keys), T(refuses_what_is_no_key), T(finds_the_sequence_and_lets_the_rest_go_on))
