#include "base/units.h"

#include <string.h>
#include "base/test.h"

TEST(parses_times)
{
	static const struct {
		const char *text;
		int64_t sec;
		long ns;
	} cases[] = {
		{ "1970-01-01", 0, 0 },
		{ "1969-12-31T23:59:59Z", -1, 0 },
		{ "2000-02-29T12:00:00Z", 951825600, 0 },
		{ "2026-11-24T17:30Z", 1795541400, 0 },
		{ "2026-11-24T17:30:01.5+02:00", 1795534201, 500000000 },
		{ "2026-11-24T17:30:01.000000001-00:30", 1795543201, 1 },
		{ "2026-11-24T17:30:01.1234567891Z", 1795541401, 123456789 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct timespec t = { 0 };

		CHECK(rfc3339_parse(cases[i].text, &t) && t.tv_sec == cases[i].sec && t.tv_nsec == cases[i].ns,
			"%s: %lld.%09ld", cases[i].text, (long long)t.tv_sec, t.tv_nsec);
	}
}

TEST(reads_what_it_writes)
{
	for (int64_t t = -2000000000; t < 4000000000; t += 86399 * 31 + 7) {
		struct timespec in = { t, 123456789 }, out = { 0 };
		char text[RFC3339_SIZE];

		rfc3339_format(&in, text);
		CHECK(rfc3339_parse(text, &out) && out.tv_sec == in.tv_sec && out.tv_nsec == in.tv_nsec, "%s", text);
	}
}

TEST(refuses_what_is_no_time)
{
	static const char *const cases[] = { "", "2026", "2026-13-01", "2026-00-01", "2026-1-1", "2026-01-01T",
		"2026-01-01T24:00", "2026-01-01T10:60", "2026-01-01T10:00:00.", "2026-01-01T10:00:00Zx",
		"2026-01-01T10:00:00+0200", "10m", "2026-01-01 10:00:00" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct timespec t;

		CHECK(!rfc3339_parse(cases[i], &t), "took \"%s\"", cases[i]);
	}
}

TEST_MAIN(T(parses_times), T(reads_what_it_writes), T(refuses_what_is_no_time))
