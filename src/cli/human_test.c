#include "cli/human.h"

#include "base/str.h"
#include "base/test.h"

TEST(bytes)
{
	static const struct {
		uint64_t n;
		const char *decimal, *binary;
	} cases[] = { { 0, "0B", "0B" }, { 999, "999B", "999B" }, { 1000, "1kB", "1000B" }, { 1024, "1.02kB", "1KiB" },
		{ 1536, "1.54kB", "1.5KiB" }, { 12345678, "12.3MB", "11.77MiB" }, { 117000000, "117MB", "111.6MiB" },
		{ 1004000, "1MB", "980.5KiB" }, { 1050000, "1.05MB", "1.001MiB" }, { UINT64_MAX, "18.4EB", "16EiB" } };
	char text[HUMAN_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		human_bytes(cases[i].n, text);
		CHECK(str_eq(text, cases[i].decimal), "%llu: %s", (unsigned long long)cases[i].n, text);
		human_binary(cases[i].n, text);
		CHECK(str_eq(text, cases[i].binary), "%llu: %s", (unsigned long long)cases[i].n, text);
	}
}

TEST(durations)
{
	static const struct {
		int64_t s;
		const char *want;
	} cases[] = { { 0, "Less than a second" }, { 1, "1 second" }, { 59, "59 seconds" }, { 60, "About a minute" },
		{ 119, "About a minute" }, { 120, "2 minutes" }, { 3599, "59 minutes" }, { 3600, "About an hour" },
		{ 5400, "2 hours" }, { 47 * 3600, "47 hours" }, { 48 * 3600, "2 days" }, { 14 * 86400, "2 weeks" },
		{ 60 * 86400, "2 months" }, { 730 * 86400, "2 years" } };
	char text[HUMAN_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		human_duration(cases[i].s, text);
		CHECK(str_eq(text, cases[i].want), "%lld: %s", (long long)cases[i].s, text);
	}
}

TEST(times)
{
	char text[HUMAN_SIZE];
	int64_t s;

	CHECK(human_parse_time("1970-01-01T00:00:00Z", &s) && s == 0, "%lld", (long long)s);
	CHECK(human_parse_time("2026-11-24T17:00:00.123456789Z", &s) && s == 1795539600, "%lld", (long long)s);
	CHECK(human_parse_time("2024-02-29T12:00:00+02:00", &s) && s == 1709200800, "%lld", (long long)s);
	human_time(s, text);
	CHECK(str_eq(text, "2024-02-29 10:00:00 +0000 UTC"), "%s", text);
	static const char *const bad[] = { "", "2026", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00",
		"2026-01-01T00:00:00Zx", "2026-01-01 24:00:00Z" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!human_parse_time(bad[i], &s), "took %s", bad[i]);
}

TEST_MAIN(T(bytes), T(durations), T(times))
