/* What reaches a terminal. */
#include "base/str.h"

#include "base/buf.h"
#include "base/test.h"

TEST(nothing_commands_the_terminal)
{
	static const struct {
		const char *text, *but, *shown;
	} cases[] = {
		{ "plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3", "", "plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3" },
		{ "a\x1b[2J\x07", "", "a\\x1b[2J\\x07" },
		{ "a\nb\tc\r\x7f", "", "a\\x0ab\\x09c\\x0d\\x7f" },
		{ "a\nb\tc\r", "\t\n", "a\nb\tc\\x0d" },
		{ "\xc2\x9b"
		  "2J\xc2\xa0",
			"", "\\xc2\\x9b2J\xc2\xa0" }, /* CSI in one character; a blank that is none */
		{ "x\xe2\x80\xaey\xe2\x81\xa6z\xe2\x80\xa6", "", "x\\xe2\\x80\\xaey\\xe2\\x81\\xa6z\xe2\x80\xa6" },
		{ "\xc2", "", "\xc2" }, /* ends in the middle */
		{ "\xe2\x80", "", "\xe2\x80" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf) struct buf b = BUF_INIT;

		buf_shown(&b, cases[i].text, cases[i].but);
		CHECK(str_eq(b.data, cases[i].shown), "%zu: %s, not %s", i, b.data, cases[i].shown);
	}
}

TEST_MAIN(T(nothing_commands_the_terminal))
