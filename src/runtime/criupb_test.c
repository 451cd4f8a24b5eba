#include "runtime/criupb.h"

#include <string.h>
#include "base/str.h"
#include "base/test.h"

static bool same(const struct buf *b, const char *want, size_t n)
{
	return !b->failed && b->len == n && memcmp(b->data, want, n) == 0;
}

TEST(fields_are_encoded)
{
	AUTO(buf) struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT, d = BUF_INIT;

	pb_int(&a, 1, 150);
	CHECK(same(&a, "\x08\x96\x01", 3), "varint");
	pb_str(&b, 2, "testing");
	CHECK(same(&b, "\x12\x07testing", 9), "string");
	pb_int(&c, 49, -1);
	CHECK(c.len == 12 && same(&c, "\x88\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12), "negative");
	pb_pair(&d, 23, "k", "v");
	CHECK(same(&d, "\xba\x01\x06\x0a\x01k\x12\x01v", 9), "pair");
}

TEST(answers_are_decoded)
{
	static const char text[] = "\x08\x06\x10\x01\x2a\x10\x0a\x0cpost-restore\x10\x2a" /* notify */
				   "\x38\x16\x4a\x02no\x52\x06\x08\x04\x10\x02\x20\x01" /* errno, message, version */
				   "\x9d\x01\x01\x02\x03\x04"; /* a field nobody knows */
	struct criu_answer a;

	CHECK(criu_answer_parse(text, sizeof(text) - 1, &a), "refused");
	CHECK(a.type == CRIU_NOTIFY && a.success && a.pid == 42, "type");
	CHECK(str_eq(a.script, "post-restore") && str_eq(a.message, "no"), "%s %s", a.script, a.message);
	CHECK(a.cr_errno == 22 && a.version == 40201, "%d %d", a.cr_errno, a.version);
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		auto_free char *copy = malloc(n + 1); /* so that a sanitizer sees an overrun */
		memcpy(copy, text, n);
		if (criu_answer_parse(copy, n, &a))
			CHECK(a.type == CRIU_NOTIFY, "cut at %zu", n);
	}
}

TEST(nonsense_is_refused)
{
	static const struct {
		const char *data;
		size_t n;
	} bad[] = { { "", 0 }, { "\x08", 1 }, { "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10 }, { "\x00\x00", 2 },
		{ "\x0f\x00", 2 }, { "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12 },
		{ "\x08\x06\x2a\x02\x0a\x09", 6 } };
	struct criu_answer a;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!criu_answer_parse(bad[i].data, bad[i].n, &a), "took case %zu", i);
}

TEST_MAIN(T(fields_are_encoded), T(answers_are_decoded), T(nonsense_is_refused))
