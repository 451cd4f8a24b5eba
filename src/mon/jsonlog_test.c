#include "mon/jsonlog.h"

#include <string.h>
#include "base/test.h"

#define TAIL "\",\"stream\":\"stdout\",\"time\":\"T\"}\n"

static void check(const char *line, size_t n, const char *expected)
{
	struct jsonlog_tail t;
	char got[8192], want[8192];

	jsonlog_tail(&t, "stdout", "T", NULL);
	size_t len = jsonlog_record(got, line, n, false, &t);

	snprintf(want, sizeof(want), "{\"log\":\"%s" TAIL, expected);
	CHECK(len == strlen(want) && memcmp(got, want, len) == 0, "got %.*s instead of %s", (int)len, got, want);
}

TEST(escapes_what_docker_escapes)
{
	static const struct {
		const char *line, *expected;
	} cases[] = {
		{ "", "" },
		{ "plain text, longer than sixteen bytes ~", "plain text, longer than sixteen bytes ~" },
		{ "a \"b\" \\ c", "a \\\"b\\\" \\\\ c" },
		{ "\t\x01\x1f\r", "\\u0009\\u0001\\u001f\\r" },
		{ "\x7f", "\x7f" },
		{ "<a href=\"x\">&</a>", "\\u003ca href=\\\"x\\\"\\u003e\\u0026\\u003c/a\\u003e" },
		{ "grün € 🐧", "grün € 🐧" },
		{ "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "\\u2028\\u2029\xe2\x80\xaa" },
		{ "\x80 \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xff",
			"\\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd "
			"\\ufffd\\ufffd\\ufffd\\ufffd \\ufffd" },
		{ "cut \xe2\x82", "cut \\ufffd\\ufffd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(cases[i].line, strlen(cases[i].line), cases[i].expected);
	check("\0", 1, "\\u0000");
}

/* Each place of a special byte in and around a group of sixteen. */
TEST(finds_special_bytes_anywhere)
{
	for (size_t n = 1; n < 50; n++)
		for (size_t at = 0; at < n; at++) {
			char line[64], want[80];

			memset(line, 'x', n);
			line[at] = '"';
			snprintf(want, sizeof(want), "%.*s\\\"%.*s", (int)at, line, (int)(n - at - 1), line + at + 1);
			check(line, n, want);
		}
}

TEST(every_byte_stays_within_its_growth)
{
	for (int b = 0; b < 256; b++) {
		struct jsonlog_tail t;
		char line[100], got[100 * JSONLOG_GROWTH + JSONLOG_OVERHEAD];

		jsonlog_tail(&t, "stderr", "2026-01-02T03:04:05.123456789Z", NULL);
		memset(line, b, sizeof(line));
		CHECK(jsonlog_record(got, line, sizeof(line), true, &t) <= sizeof(got), "byte %d grew too much", b);
	}
}

TEST(writes_newline_and_attributes)
{
	struct jsonlog_tail t;
	char got[256];

	jsonlog_tail(&t, "stderr", "T", "{\"tag\":\"x\"}");
	size_t n = jsonlog_record(got, "hi", 2, true, &t);

	CHECK(n ==
				strlen("{\"log\":\"hi\\n\",\"stream\":\"stderr\",\"attrs\":{"
				       "\"tag\":\"x\"},\"time\":\"T\"}\n") &&
			memcmp(got,
				"{\"log\":\"hi\\n\",\"stream\":\"stderr\",\"attrs\":{\"tag\":\"x\"}"
				",\"time\":\"T\"}\n",
				n) == 0,
		"got %.*s", (int)n, got);
}

TEST(writes_no_useless_digits_of_a_second)
{
	static const struct {
		long ns;
		const char *expected;
	} cases[] = { { 0, "1970-01-01T00:00:01Z" }, { 120000000, "1970-01-01T00:00:01.12Z" },
		{ 1, "1970-01-01T00:00:01.000000001Z" }, { 123456789, "1970-01-01T00:00:01.123456789Z" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct timespec t = { 1, cases[i].ns };
		char got[JSONLOG_TIME_SIZE];

		jsonlog_time(&t, got);
		CHECK(strcmp(got, cases[i].expected) == 0, "%ld ns: %s", cases[i].ns, got);
	}
}

TEST_MAIN(T(escapes_what_docker_escapes), T(finds_special_bytes_anywhere), T(every_byte_stays_within_its_growth),
	T(writes_newline_and_attributes), T(writes_no_useless_digits_of_a_second))
