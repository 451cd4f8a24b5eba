/* Random names: two words, many different ones, and all of them names that users may give, too. */
#include "engine/names.h"

#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "base/test.h"

enum { N = 2000, BYTES = 400 };

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

TEST(random_names_are_names_and_differ)
{
	static char all[N][NAMES_SIZE];
	size_t different = 1;

	for (size_t i = 0; i < N; i++) {
		struct err e = ERR_NONE;

		names_random(all[i], 0);
		CHECK(names_check("container", all[i], &e) == 0, "%s: %s", all[i], e.msg);
		CHECK(strchr(all[i], '_') == strrchr(all[i], '_') && strchr(all[i], '_'), "%s", all[i]);
	}
	qsort(all, N, sizeof(all[0]), by_text);
	for (size_t i = 1; i < N; i++)
		different += !str_eq(all[i], all[i - 1]);
	/* 2000 out of more than 9000: about 1800 are different, 1600 are always. */
	CHECK(different > 1600, "%zu of %d differ", different, N);
}

/* A word that stands twice in its list comes twice as often as the others. */
static void check_even(char (*words)[NAMES_SIZE], size_t n)
{
	size_t run = 1, most = 1, different = 1;

	qsort(words, n, sizeof(words[0]), by_text);
	for (size_t i = 1; i < n; i++) {
		bool again = str_eq(words[i], words[i - 1]);

		run = again ? run + 1 : 1;
		different += !again;
		most = run > most ? run : most;
	}
	/* About 170 of each word, give or take 13: 1.6 times the mean is eight such steps away. */
	CHECK(most * different * 10 < n * 16, "one of %zu words came %zu times in %zu", different, most, n);
}

TEST(the_words_are_unique)
{
	static char first[1 << 14][NAMES_SIZE], second[1 << 14][NAMES_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		names_random(first[i], 0);
		char *between = strchr(first[i], '_');
		snprintf(second[i], NAMES_SIZE, "%s", between + 1);
		*between = '\0';
	}
	check_even(first, ARRAY_SIZE(first));
	check_even(second, ARRAY_SIZE(second));
}

TEST(later_attempts_have_a_number)
{
	char name[NAMES_SIZE];

	for (unsigned attempt = 1; attempt < 8; attempt++) {
		names_random(name, attempt);
		CHECK(name[strlen(name) - 1] >= '0' && name[strlen(name) - 1] <= '9', "%s", name);
	}
}

TEST(names_that_users_may_give)
{
	static const char *const good[] = { "ab", "a.b_c-d", "0x", "Web" };
	static const char *const bad[] = { "", "a", "-ab", ".ab", "_ab", "a b", "a/b", "../x", "\xc3\xa9t\xc3\xa9",
		"a\n" };
	char text[BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct err e = ERR_NONE;

		CHECK(names_check("container", good[i], &e) == 0, "%s: %s", good[i], e.msg);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_NONE;

		CHECK(names_check("container", bad[i], &e) < 0 && e.kind == ERR_USAGE, "took \"%s\"", bad[i]);
	}
	struct err e = ERR_NONE;
	memset(text, 'a', sizeof(text));
	text[NAMES_MAX + 1] = '\0';
	CHECK(names_check("container", text, &e) < 0, "took %d letters", NAMES_MAX + 1);
}

TEST_MAIN(T(random_names_are_names_and_differ), T(the_words_are_unique), T(later_attempts_have_a_number),
	T(names_that_users_may_give))
