/* The JSON reader against jansson as its judge: both accept or both refuse, and with the same
 * values, but for what our reader refuses on purpose (depth) and what jansson cannot hold (numbers
 * beyond int64 and double). */
#include "spec/json.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct json *v, json_t *j);

static void same_members(const struct json *v, json_t *j)
{
	size_t n = 0;

	for (const struct json *m = v->first; m; m = m->next, n++) {
		json_t *other =
			v->kind == JSON_KIND_OBJECT ? json_object_getn(j, m->key, m->key_len) : json_array_get(j, n);

		if (!other)
			abort();
		same(m, other);
	}
	if (n != v->n || n != (v->kind == JSON_KIND_OBJECT ? json_object_size(j) : json_array_size(j)))
		abort();
}

static void same_number(const struct json *v, json_t *j)
{
	int64_t i;
	enum json_int how = json_i64(v, INT64_MIN, INT64_MAX, &i);

	if (json_is_real(j) ? how != JSON_INT_FRACTION : how != JSON_INT_OK || i != json_integer_value(j))
		abort();
}

static void same(const struct json *v, json_t *j)
{
	static const json_type types[] = { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INTEGER, JSON_STRING, JSON_ARRAY,
		JSON_OBJECT };

	if (types[v->kind] != json_typeof(j) && !(v->kind == JSON_KIND_NUMBER && json_is_real(j)))
		abort();
	if (v->kind == JSON_KIND_NUMBER)
		same_number(v, j);
	else if (v->kind == JSON_KIND_STRING &&
		(v->n != json_string_length(j) || memcmp(v->text, json_string_value(j), (size_t)v->n + 1) != 0))
		abort();
	else if (v->kind == JSON_KIND_ARRAY || v->kind == JSON_KIND_OBJECT)
		same_members(v, j);
}

static bool theirs_to_refuse(const json_error_t *je)
{
	enum json_error_code code = json_error_code(je);

	return code == json_error_numeric_overflow || code == json_error_stack_overflow;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct err e = ERR_NONE;
	struct json *v = NULL;
	json_error_t je;
	int rc = json_parse((const char *)data, size, &a, &v, &e);
	json_t *j = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);

	if (rc == 0 && !j && !theirs_to_refuse(&je))
		abort();
	/* jansson 2.14 takes a NUL byte after a number for the end of the text */
	if (rc < 0 && j && !strstr(e.msg, "more than 64") && !memchr(data, 0, size))
		abort();
	if (rc == 0 && j)
		same(v, j);
	json_decref(j);
	return 0;
}
