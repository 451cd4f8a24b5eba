#include "engine/logrecord.h"

#include <string.h>
#include "base/test.h"
#include "mon/jsonlog.h"

TEST(reads_what_the_monitor_writes)
{
	static const struct {
		const char *line;
		size_t n;
	} cases[] = { { "plain", 5 }, { "", 0 }, { "\t\"\\\r<&>\x01\x7f", 9 }, { "grün €🐧\xe2\x80\xa8", 16 },
		{ "\0", 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *time = "2026-01-02T03:04:05Z";
		struct jsonlog_tail t;
		char record[512], room[512], details[64];
		struct logrecord r;

		jsonlog_tail(&t, "stderr", time, "{\"tag\":\"a b\",\"x\":\"\\\"}\"}");
		size_t n = jsonlog_record(record, cases[i].line, cases[i].n, true, &t);
		CHECK(logrecord_parse(record, n - 1, room, &r), "case %zu: %.*s", i, (int)n, record);
		CHECK(r.len == cases[i].n + 1 && memcmp(r.text, cases[i].line, cases[i].n) == 0 &&
				r.text[r.len - 1] == '\n',
			"case %zu", i);
		CHECK(r.is_stderr && r.time_len == 20 && memcmp(r.time, time, 20) == 0, "case %zu", i);
		logrecord_details(&r, details, sizeof(details));
		CHECK(strcmp(details, "tag=a+b,x=%22%7D") == 0, "%s", details);
	}
}

TEST(reads_what_docker_may_write)
{
	static const char line[] = "{\"log\":\"\\ud83d\\udc27 \\ud83d "
				   "\\u00e9\\/\\t\",\"stream\":\"stdout\",\"time\":\"T\"}";
	struct logrecord r;
	char room[sizeof(line)];

	CHECK(logrecord_parse(line, sizeof(line) - 1, room, &r), "not read");
	CHECK(r.len == strlen("🐧 \xef\xbf\xbd é/\t") && memcmp(r.text, "🐧 \xef\xbf\xbd é/\t", r.len) == 0, "%.*s",
		(int)r.len, r.text);
}

/* Every beginning of a record, and every byte of it changed: no crash, no reading beyond it (the
 * sanitizers look). */
TEST(refuses_what_is_none)
{
	static const char line[] = "{\"log\":\"a\\u00e9\\n\",\"stream\":\"stdout\",\"attrs\":{"
				   "\"a\":\"b\"},\"time\":\"T\"}";
	size_t n = sizeof(line) - 1;
	struct logrecord r;

	for (size_t i = 0; i < n; i++) {
		auto_free char *cut = malloc(i + 1), *room = malloc(i + 1);

		memcpy(cut, line, i);
		CHECK(!logrecord_parse(cut, i, room, &r), "took %zu bytes of it", i);
	}
	for (size_t i = 0; i < n; i++)
		for (int b = 0; b < 256; b++) {
			auto_free char *changed = malloc(n), *room = malloc(n);
			char details[32];

			memcpy(changed, line, n);
			changed[i] = (char)b;
			if (logrecord_parse(changed, n, room, &r))
				logrecord_details(&r, details, sizeof(details));
		}
}

TEST_MAIN(T(reads_what_the_monitor_writes), T(reads_what_docker_may_write), T(refuses_what_is_none))
