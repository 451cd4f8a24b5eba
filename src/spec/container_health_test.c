#include "spec/container_health.h"

#include <string.h>
#include "base/test.h"

static struct ct_probe probe(int code)
{
	return (struct ct_probe){ .start = "2026-01-01T00:00:00Z", .end = "2026-01-01T00:00:01Z", .exit_code = code };
}

TEST(becomes_unhealthy_after_so_many_failures)
{
	struct ct_health_state *s = calloc(1, sizeof(*s));
	struct ct_health h = { .retries = 2 };
	struct ct_probe good = probe(0), bad = probe(1);

	CHECK(!ct_health_add(s, &h, &bad, true) && s->failing_streak == 0 && s->status == CT_HEALTH_STARTING,
		"in the start period");
	CHECK(!ct_health_add(s, &h, &good, true) && s->status == CT_HEALTH_HEALTHY, "healthy");
	CHECK(!ct_health_add(s, &h, &bad, true) && s->failing_streak == 1 && s->status == CT_HEALTH_HEALTHY,
		"the start period ends with the first success");
	CHECK(ct_health_add(s, &h, &bad, false) && s->status == CT_HEALTH_UNHEALTHY, "unhealthy");
	CHECK(!ct_health_add(s, &h, &bad, false) && s->failing_streak == 3, "is told once");
	CHECK(!ct_health_add(s, &h, &good, false) && s->status == CT_HEALTH_HEALTHY && s->failing_streak == 0,
		"recovered");
	CHECK(s->n_log == CT_HEALTH_LOG && s->log[4].exit_code == 0 && s->log[0].exit_code == 0 &&
			s->log[1].exit_code == 1,
		"the last five");
	free(s);
}

TEST(reads_what_it_writes)
{
	struct ct_health_state *s = calloc(1, sizeof(*s)), *back = calloc(1, sizeof(*back));
	struct ct_health h = { .retries = 1 };
	struct err e = ERR_NONE;
	AUTO(buf) struct buf b = BUF_INIT;

	for (int i = 0; i < 7; i++) {
		struct ct_probe p = probe(i % 2 ? CT_HEALTH_TIMED_OUT : 3);

		ct_health_output(&p, "a\n\"b\"\xff\xed\xa0\x80\0 grün", 16);
		(void)ct_health_add(s, &h, &p, false);
	}
	ct_health_write(s, &b);
	CHECK(buf_err(&b, &e) == 0 && ct_health_read(b.data, b.len, back, &e) == 0, "%s", e.msg);
	CHECK(memcmp(s, back, sizeof(*s)) == 0, "%s", b.data);
	CHECK(strcmp(s->log[0].output, "a\n\"b\"????? gr\xc3\xbcn") == 0, "%s", s->log[0].output);
	free(s);
	free(back);
}

TEST(cuts_long_output_between_characters)
{
	struct ct_probe p = probe(0);
	char text[CT_HEALTH_OUTPUT + 10];

	memset(text, 'x', sizeof(text));
	memcpy(text + CT_HEALTH_OUTPUT - 1, "\xc3\xbc", 2);
	ct_health_output(&p, text, sizeof(text));
	CHECK(strlen(p.output) == CT_HEALTH_OUTPUT - 1, "%zu bytes", strlen(p.output));
}

TEST(refuses_what_is_none)
{
	static const char *const cases[] = { "", "[]", "{}", "{\"Status\":\"fine\",\"FailingStreak\":0,\"Log\":[]}",
		"{\"Status\":\"healthy\",\"FailingStreak\":-1,\"Log\":[]}",
		"{\"Status\":\"healthy\",\"FailingStreak\":0,\"Log\":{}}",
		"{\"Status\":\"healthy\",\"FailingStreak\":0,\"Log\":[1]}",
		"{\"Status\":\"healthy\",\"FailingStreak\":0,\"Log\":[{},{},{},{},{},{}]}" };
	struct ct_health_state *s = calloc(1, sizeof(*s));

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = ERR_NONE;

		CHECK(ct_health_read(cases[i], strlen(cases[i]), s, &e) < 0 && e.kind == ERR_CORRUPT, "took %s",
			cases[i]);
	}
	free(s);
}

TEST_MAIN(T(becomes_unhealthy_after_so_many_failures), T(reads_what_it_writes), T(cuts_long_output_between_characters),
	T(refuses_what_is_none))
