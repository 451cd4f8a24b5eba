#include "cmdline/envfile.h"

#include <string.h>
#include "base/str.h"
#include "base/test.h"

TEST(lines)
{
	static const char text[] = "\xef\xbb\xbf# comment\n\nA=1\n  B = x \r\nC\n\t#D=1\nE=a=b # no comment\nF=";
	static const char *const want[] = { "A=1", "C", "E=a=b # no comment", "F=" };
	struct arena a = ARENA_INIT;
	struct rc_str_list l = { 0 };
	struct err e = ERR_NONE, e2 = ERR_NONE;
	char fixed[sizeof(text)];

	CHECK(envfile_parse("f", text, strlen(text), &a, &l, &e) < 0, "took \"B =\"");
	CHECK(str_eq(e.msg, "f: line 4: the variable's name contains a blank"), "%s", e.msg);
	memcpy(fixed, text, sizeof(text));
	*strchr(fixed, 'B') = '#';
	l = (struct rc_str_list){ 0 };
	CHECK(envfile_parse("f", fixed, strlen(fixed), &a, &l, &e2) == 0, "%s", e2.msg);
	CHECK(l.n == ARRAY_SIZE(want), "%zu lines", l.n);
	for (size_t i = 0; i < l.n; i++)
		CHECK(str_eq(l.v[i], want[i]), "\"%s\"", l.v[i]);
	arena_done(&a);
}

TEST(refusals)
{
	static const struct {
		const char *text;
		size_t len;
		const char *msg;
	} cases[] = { { "A=1\n=x", 6, "f: line 2: no variable name before the =" },
		{ "A=\xff", 3, "f: line 1: not UTF-8" }, { "A=\0b", 4, "f: line 1: contains a zero byte" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena a = ARENA_INIT;
		struct rc_str_list l = { 0 };
		struct err e = ERR_NONE;

		CHECK(envfile_parse("f", cases[i].text, cases[i].len, &a, &l, &e) < 0, "%zu", i);
		CHECK(str_eq(e.msg, cases[i].msg), "%s", e.msg);
		arena_done(&a);
	}
}

TEST_MAIN(T(lines), T(refusals))
