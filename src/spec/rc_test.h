#pragma once
/* Table-driven tests of config.json: documents are written with ' for ", errors are compared whole.
 */
#include <string.h>
#include "base/test.h"
#include "spec/runtime_config.h"

#define V "'ociVersion': '1.3.0'"

struct rc_case {
	const char *json;
	const char *error; /* without "config.json: "; NULL: accepted */
};

static inline char *rc_quotes(const char *json)
{
	char *text = strdup(json);

	for (char *s = text; s && *s; s++)
		if (*s == '\'')
			*s = '"';
	assert_non_null(text);
	return text;
}

/* The caller ends the config. Fails the test if @json is refused. */
static inline struct runtime_config rc_must_read(const char *json)
{
	auto_free char *text = rc_quotes(json);
	struct runtime_config c = { .arena = ARENA_INIT };
	struct err e = ERR_NONE;
	int rc = runtime_config_read(text, strlen(text), NULL, false, &c, &e);

	CHECK(rc == 0, "%s: %s", json, e.msg);
	return c;
}

static inline void rc_run(const struct rc_case *cases, size_t n)
{
	static const char prefix[] = "config.json: ";

	for (size_t i = 0; i < n; i++) {
		auto_free char *text = rc_quotes(cases[i].json);
		struct runtime_config c = { .arena = ARENA_INIT };
		struct err e = ERR_NONE;
		int rc = runtime_config_read(text, strlen(text), NULL, false, &c, &e);

		runtime_config_done(&c);
		CHECK((rc == 0) == !cases[i].error, "%s: %s", cases[i].json, rc ? e.msg : "accepted");
		if (rc == 0 || !cases[i].error)
			continue;
		CHECK(e.kind == ERR_CONFIG && rc == -e.num, "%s: kind %d, %d", cases[i].json, (int)e.kind, rc);
		CHECK(strncmp(e.msg, prefix, sizeof(prefix) - 1) == 0, "%s", e.msg);
		CHECK(strcmp(e.msg + sizeof(prefix) - 1, cases[i].error) == 0, "%s\n  got  %s\n  want %s",
			cases[i].json, e.msg + sizeof(prefix) - 1, cases[i].error);
	}
}

#define RC_RUN(cases) rc_run(cases, ARRAY_SIZE(cases))
