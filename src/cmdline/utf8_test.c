#include "cmdline/utf8.h"

#include "base/test.h"

TEST(what_is_valid)
{
	static const char *const good[] = { "", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x8b", "\xef\xbf\xbd",
		"a\xc2\x80z" };
	static const char *const bad[] = { "\xc3", "\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xff", "a\xe2\x82", "\xf5\x80\x80\x80" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK(utf8_valid(good[i]), "%zu", i);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!utf8_valid(bad[i]), "%zu", i);
}

TEST(columns)
{
	CHECK(utf8_columns("abc") == 3, "ascii");
	CHECK(utf8_columns("\xc3\xa9") == 1, "e acute");
	CHECK(utf8_columns("e\xcc\x81") == 1, "combining mark");
	CHECK(utf8_columns("\xe6\x97\xa5\xe6\x9c\xac") == 4, "wide");
	CHECK(utf8_columns("\xf0\x9f\x90\x8b") == 2, "emoji");
	CHECK(utf8_columns("a\tb\x1b") == 2, "control characters");
	CHECK(utf8_columns("\xff") == 1, "no UTF-8 shows as one mark");
}

TEST(prefixes)
{
	CHECK(utf8_prefix("abc", 2) == 2, "ascii");
	CHECK(utf8_prefix("\xe6\x97\xa5\xe6\x9c\xac", 3) == 3, "half a wide one does not fit");
	CHECK(utf8_prefix("e\xcc\x81x", 1) == 3, "the mark belongs to its letter");
	CHECK(utf8_prefix("ab", 9) == 2, "all");
}

TEST_MAIN(T(what_is_valid), T(columns), T(prefixes))
