/* Our regular expressions against libc's, over a table and over random patterns. */
#include "ocicli/regex.h"

#include <regex.h>
#include <string.h>
#include "base/test.h"

static bool libc_matches(const char *pattern, const char *text, bool *ret_valid)
{
	regex_t re;

	*ret_valid = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) == 0;
	if (!*ret_valid)
		return false;
	bool r = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return r;
}

static void compare(const char *pattern, const char *text)
{
	struct err e = ERR_NONE;
	struct regex r;
	bool valid, theirs = libc_matches(pattern, text, &valid);

	if (regex_compile(pattern, &r, &e) < 0)
		return;
	CHECK(!valid || regex_matches(&r, text) == theirs, "\"%s\" and \"%s\": libc says %d", pattern, text, theirs);
}

TEST(known_answers)
{
	static const char *const patterns[] = { "", "a", "^a$", "^(one|two)$", "a.c", "a*", "a+b", "(ab)+c", "^a?b$", "[a-c]x",
		"[^a-c]x", "[]x]", "[a-]", "x{2}", "x{2,}", "x{1,3}y", "^(a|b|)c$", "\\.", "[[:digit:]]+$", "^test-[0-9]{1,3}$",
		"(a*)*b", "(a|aa)+$", "a|b|c", "^$", "(^a|b$)", "((a)(b(c)))" };
	static const char *const texts[] = { "", "a", "b", "abc", "aaab", "one", "two", "twos", "xx", "xxxy", "ab.c", "test-1",
		"test-1234", "ccx", "dx", "]", "-", "c", "ac", "ababc", "9", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			compare(patterns[i], texts[k]);
}

TEST(refusals)
{
	static const char *const bad[] = { "(", "[", "[a", "*", "a{", "a{2", "a{3,2}", "a{999}", "\\", "(a", "[z-a]", "[[:nope:]]",
		"+a", "a|*" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_NONE;
		struct regex r;

		CHECK(regex_compile(bad[i], &r, &e) < 0 && e.kind == ERR_USAGE, "%s", bad[i]);
		CHECK(strstr(e.msg, "invalid regular expression"), "%s", e.msg);
	}
	struct err e = ERR_NONE;
	struct regex r;
	CHECK(regex_compile("((a{200}){200}){200}", &r, &e) < 0, "a bomb");
}

TEST(random_patterns_mean_the_same)
{
	static const char alphabet[] = "ab.*+?|()[]^$-{1,2}";
	unsigned seed = 1;

	for (int i = 0; i < 200000; i++) {
		char pattern[12], text[8];
		size_t np, nt;

		seed = seed * 1103515245 + 12345;
		np = seed >> 16 & 7;
		for (size_t k = 0; k < np; k++) {
			seed = seed * 1103515245 + 12345;
			pattern[k] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		pattern[np] = '\0';
		seed = seed * 1103515245 + 12345;
		nt = seed >> 16 & 7;
		for (size_t k = 0; k < nt; k++) {
			seed = seed * 1103515245 + 12345;
			text[k] = "ab1"[(seed >> 16) % 3];
		}
		text[nt] = '\0';
		compare(pattern, text);
	}
}

TEST(no_pattern_is_slow)
{
	struct err e = ERR_NONE;
	struct regex r;
	char text[256];

	memset(text, 'a', 255);
	text[255] = '\0';
	CHECK(regex_compile("^(a*)*(a|aa)*(a?){100}b$", &r, &e) == 0, "%s", e.msg);
	CHECK(!regex_matches(&r, text), "there is no b");
}

TEST_MAIN(T(known_answers), T(refusals), T(random_patterns_mean_the_same), T(no_pattern_is_slow))
