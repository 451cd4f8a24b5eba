#include "base/fmt.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "base/test.h"

#define SAME(...) \
	do { \
		char ours[256], libc[256]; \
		fmt_to(ours, sizeof(ours), __VA_ARGS__); \
		snprintf(libc, sizeof(libc), __VA_ARGS__); \
		CHECK(strcmp(ours, libc) == 0, "ours \"%s\", libc \"%s\"", ours, libc); \
	} while (0)

TEST(fmt_agrees_with_libc)
{
	SAME("plain");
	SAME("%s and %.*s", "all", 3, "cut off");
	SAME("%d %i %u %x %o", -1, INT_MIN, UINT_MAX, 0xbeefu, 0755u);
	SAME("%ld %lu %lld %llu %zu %zd", LONG_MIN, ULONG_MAX, LLONG_MIN, ULLONG_MAX, (size_t)-1, (ssize_t)-1);
	SAME("[%5d] [%05d] [%3s] [%02x]", 42, -42, "a", 7u);
	SAME("%c%%", 'x');
}

TEST(fmt_truncates_and_terminates)
{
	char small[4];

	CHECK(fmt_to(small, sizeof(small), "%s", "abcdef") == 3, "length");
	CHECK(strcmp(small, "abc") == 0, "\"%s\"", small);
	CHECK(!fmt_fits(small, sizeof(small), "%d", 1234), "1234 needs five bytes");
	CHECK(fmt_fits(small, sizeof(small), "%d", 123), "123 fits");
	CHECK(fmt_to(small, 0, "x") == 0, "no room at all");
}

TEST_MAIN(T(fmt_agrees_with_libc), T(fmt_truncates_and_terminates))
