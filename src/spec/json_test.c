#include "spec/json.h"

#include <errno.h>
#include <string.h>
#include "base/test.h"

struct syntax_case {
	const char *text;
	size_t len; /* 0: strlen */
	const char *error;
};

static void run(const struct syntax_case *c)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct err e = ERR_NONE;
	struct json *v;
	int rc = json_parse(c->text, c->len ? c->len : strlen(c->text), &a, &v, &e);

	CHECK((rc == 0) == !c->error, "%s: %s", c->text, rc ? e.msg : "accepted");
	if (rc < 0)
		CHECK(strstr(e.msg, c->error), "%s\n  got  %s\n  want %s", c->text, e.msg, c->error);
}

TEST(json_refuses_what_is_not_json)
{
	static const struct syntax_case cases[] = {
		{ "", 0, "empty" },
		{ " \n\t\r", 0, "empty" },
		{ "{", 0, "line 1, column 2: the document ends here" },
		{ "[1,", 0, "column 4: the document ends here" },
		{ "\"abc", 0, "column 5: the document ends here" },
		{ "{\"a\":1} x", 0, "column 9: something follows the end" },
		{ "1 2", 0, "something follows" },
		{ "{\"a\":1}\0", 8, "something follows" },
		{ "[1,]", 0, "column 4: a value is expected" },
		{ "{\"a\":1,}", 0, "column 8: a key in double quotes" },
		{ "{a:1}", 0, "a key in double quotes" },
		{ "{'a':1}", 0, "a key in double quotes" },
		{ "{\"a\" 1}", 0, "column 6: a ':' is expected" },
		{ "[1 2]", 0, "',' or ']' is expected" },
		{ "{\"a\":1 \"b\":2}", 0, "',' or '}' is expected" },
		{ "{\n \"a\": tru\n}", 0, "line 2, column 7: a value is expected" },
		{ "nul", 0, "a value is expected" },
		{ "NaN", 0, "a value is expected" },
		{ "Infinity", 0, "a value is expected" },
		{ "// c\n1", 0, "a value is expected" },
		{ "01", 0, "a leading zero" },
		{ "-01", 0, "a leading zero" },
		{ "+1", 0, "a value is expected" },
		{ ".5", 0, "a value is expected" },
		{ "1.", 0, "column 3: the document ends" },
		{ "1.e5", 0, "needs a digit" },
		{ "1e", 0, "the document ends" },
		{ "1e+x", 0, "needs a digit" },
		{ "-", 0, "the document ends" },
		{ "0x10", 0, "something follows" },
		{ "\"a\nb\"", 0, "column 3: a control character" },
		{ "\"a\tb\"", 0, "a control character" },
		{ "\"a\0b\"", 5, "column 3: a NUL byte" },
		{ "[\0]", 3, "UTF-16" },
		{ "[1\0]", 4, "column 3: a NUL byte" },
		{ "\"\\x41\"", 0, "an unknown escape" },
		{ "\"\\", 0, "an unknown escape" },
		{ "\"\\u12G4\"", 0, "four hexadecimal digits" },
		{ "\"\\u12", 0, "four hexadecimal digits" },
		{ "\"\\u0000\"", 0, "\\u0000" },
		{ "{\"\\u0000\":1}", 0, "\\u0000" },
		{ "\"\\ud800\"", 0, "lone surrogate" },
		{ "\"\\udc00\"", 0, "lone surrogate" },
		{ "\"\\ud800\\u0041\"", 0, "lone surrogate" },
		{ "\"\\ud800\\ud800\"", 0, "lone surrogate" },
		{ "\"\\ud83d\\ude0\"", 0, "lone surrogate" },
		{ "\xef\xbb\xbf{}", 0, "byte order mark" },
		{ "\xff\xfe{\0}\0", 6, "UTF-16" },
		{ "{\0}\0", 4, "UTF-16" },
		{ "\0{\0}", 4, "UTF-16" },
		{ "\"\xff\"", 0, "not valid UTF-8" },
		{ "\"\x80\"", 0, "not valid UTF-8" },
		{ "\"\xc3\"", 0, "not valid UTF-8" },
		{ "\"\xc0\xaf\"", 0, "not valid UTF-8" },
		{ "\"\xe0\x80\xaf\"", 0, "not valid UTF-8" },
		{ "\"\xed\xa0\x80\"", 0, "not valid UTF-8" },
		{ "\"\xf0\x80\x80\xaf\"", 0, "not valid UTF-8" },
		{ "\"\xf4\x90\x80\x80\"", 0, "not valid UTF-8" },
		{ "\"\xf5\x80\x80\x80\"", 0, "not valid UTF-8" },
		{ "\"\xe2\x82", 0, "not valid UTF-8" },
		{ "{\"\xff\":1}", 0, "not valid UTF-8" },
		{ "{\"a\":1,\"b\":2,\"a\":3}", 0, "column 15: this key is in the object already" },
		{ "{\"a\":1,\"\\u0061\":2}", 0, "this key is in the object already" },
		{ "{\"a\\n\":{\"x\":1},\n\"a\\n\":2}", 0, "line 2, column 2: this key" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run(&cases[i]);
}

TEST(json_accepts_json)
{
	static const char *const texts[] = { "{}", " [ ] ", "null", "true", "false", "0", "-0", "12", "1.5e-3", "1E5",
		"\"\"", "{\"\":1}", "[[],{}]", "{\"a\":1,\"A\":2}", "\"\x7f\"",
		"\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\"",
		"\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80\"" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		run(&(struct syntax_case){ texts[i], 0, NULL });
}

TEST(json_decodes_strings)
{
	static const char text[] = "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u00e9\\u20ac\\uD83D\\uDE00x\", "
				   "\"\xc3\xa9\\n\xe2\x82\xac\"]";
	static const char *const wanted[] = { "\"\\/\b\f\n\r\t", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80x",
		"\xc3\xa9\n\xe2\x82\xac" };
	AUTO(arena) struct arena a = ARENA_INIT;
	struct err e = ERR_NONE;
	struct json *v;
	size_t i = 0;

	CHECK(json_parse(text, sizeof(text) - 1, &a, &v, &e) == 0, "%s", e.msg);
	CHECK(v->n == 3, "%u members", v->n);
	for (const struct json *m = v->first; m; m = m->next, i++) {
		CHECK(strcmp(m->text, wanted[i]) == 0, "%zu: \"%s\"", i, m->text);
		CHECK(m->n == strlen(wanted[i]), "%zu: length %u", i, m->n);
	}
}

static int nested(size_t depth, char open, char close, struct err *e)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	auto_free char *text = malloc(depth * 6 + 2);
	struct json *v;
	size_t n = 0;

	for (size_t i = 0; i < depth; i++) {
		text[n++] = open;
		if (open == '{')
			n += (size_t)sprintf(text + n, "\"a\":"); /* ends in the value below */
	}
	text[n++] = '1';
	memset(text + n, close, depth);
	return json_parse(text, n + depth, &a, &v, e);
}

TEST(json_limits_depth)
{
	struct err e = ERR_NONE;

	CHECK(nested(JSON_MAX_DEPTH, '[', ']', &e) == 0, "%s", e.msg);
	CHECK(nested(JSON_MAX_DEPTH, '{', '}', &e) == 0, "%s", e.msg);
	CHECK(nested(JSON_MAX_DEPTH + 1, '[', ']', &e) == -EINVAL, "65 lists");
	CHECK(strstr(e.msg, "more than 64"), "%s", e.msg);
	err_clear(&e);
	CHECK(nested(JSON_MAX_DEPTH + 1, '{', '}', &e) == -EINVAL, "65 objects");
	err_clear(&e);
	CHECK(nested(1000000, '[', ']', &e) == -EINVAL, "a million lists");
}

TEST(json_limits_size)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	auto_free char *text = malloc(JSON_MAX_BYTES + 1);
	struct err e = ERR_NONE;
	struct json *v;

	memset(text, ' ', JSON_MAX_BYTES + 1);
	text[0] = '1';
	CHECK(json_parse(text, JSON_MAX_BYTES, &a, &v, &e) == 0, "%s", e.msg);
	CHECK(json_parse(text, JSON_MAX_BYTES + 1, &a, &v, &e) == -EFBIG, "16 MiB and a byte");
}

/* Large objects take another way to find duplicates; a million keys must not take minutes. */
TEST(json_finds_duplicates_among_many)
{
	enum { N = 300000 };
	AUTO(arena) struct arena a = ARENA_INIT;
	auto_free char *text = malloc(N * 24 + 64);
	struct err e = ERR_NONE;
	struct json *v;
	size_t n = 0;

	text[n++] = '{';
	for (int i = 0; i < N; i++)
		n += (size_t)sprintf(text + n, "\"k%d\":%d,", i, i);
	size_t end = n;
	n += (size_t)sprintf(text + n, "\"last\":0}");
	CHECK(json_parse(text, n, &a, &v, &e) == 0, "%s", e.msg);
	CHECK(v->n == N + 1, "%u members", v->n);
	CHECK(json_member(v, "k4711") && json_member(v, "k4711")->text[0] == '4', "k4711");
	CHECK(!json_member(v, "absent"), "absent");
	n = end + (size_t)sprintf(text + end, "\n\"k77\":0}");
	CHECK(json_parse(text, n, &a, &v, &e) == -EINVAL, "a second k77");
	CHECK(strstr(e.msg, "line 2, column 2: this key"), "%s", e.msg);
}

static const struct json *one(struct arena *a, const char *text)
{
	struct err e = ERR_NONE;
	struct json *v;

	CHECK(json_parse(text, strlen(text), a, &v, &e) == 0, "%s: %s", text, e.msg);
	return v;
}

TEST(json_integers_are_exact)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	uint64_t u = 7;
	int64_t i = 7;

	CHECK(json_u64(one(&a, "18446744073709551615"), 0, UINT64_MAX, &u) == JSON_INT_OK && u == UINT64_MAX, "2^64-1");
	CHECK(json_u64(one(&a, "18446744073709551616"), 0, UINT64_MAX, &u) == JSON_INT_RANGE, "2^64");
	CHECK(json_u64(one(&a, "-1"), 0, UINT64_MAX, &u) == JSON_INT_RANGE, "-1");
	CHECK(json_u64(one(&a, "-0"), 0, UINT64_MAX, &u) == JSON_INT_RANGE, "-0");
	CHECK(json_u64(one(&a, "1.0"), 0, UINT64_MAX, &u) == JSON_INT_FRACTION, "1.0");
	CHECK(json_u64(one(&a, "1e3"), 0, UINT64_MAX, &u) == JSON_INT_FRACTION, "1e3");
	CHECK(json_u64(one(&a, "\"1\""), 0, UINT64_MAX, &u) == JSON_INT_NOT_A_NUMBER, "a string");
	CHECK(json_u64(one(&a, "9"), 10, 20, &u) == JSON_INT_RANGE, "9");
	CHECK(json_u64(one(&a, "21"), 10, 20, &u) == JSON_INT_RANGE, "21");
	CHECK(json_i64(one(&a, "-9223372036854775808"), INT64_MIN, INT64_MAX, &i) == JSON_INT_OK && i == INT64_MIN,
		"min");
	CHECK(json_i64(one(&a, "-9223372036854775809"), INT64_MIN, INT64_MAX, &i) == JSON_INT_RANGE, "min - 1");
	CHECK(json_i64(one(&a, "9223372036854775807"), INT64_MIN, INT64_MAX, &i) == JSON_INT_OK && i == INT64_MAX,
		"max");
	CHECK(json_i64(one(&a, "9223372036854775808"), INT64_MIN, INT64_MAX, &i) == JSON_INT_RANGE, "max + 1");
	CHECK(json_i64(one(&a, "-0"), -1, 1, &i) == JSON_INT_OK && i == 0, "-0");
}

TEST_MAIN(T(json_refuses_what_is_not_json), T(json_accepts_json), T(json_decodes_strings), T(json_limits_depth),
	T(json_limits_size), T(json_finds_duplicates_among_many), T(json_integers_are_exact))
