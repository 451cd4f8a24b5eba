/* What documents say: members, and numbers that keep their value. */
#include <string.h>
#include "base/str.h"
#include "spec/json.h"

const char *json_kind_name(const struct json *v)
{
	static const char *const names[] = { "null", "false", "true", "a number", "a string", "a list", "an object" };

	return names[v->kind];
}

struct json *json_member(const struct json *v, const char *key)
{
	if (v->kind == JSON_KIND_OBJECT)
		for (struct json *m = v->first; m; m = m->next)
			if (strcmp(m->key, key) == 0)
				return m;
	return NULL;
}

/* Magnitude and sign of a number without fraction and exponent. */
static enum json_int integer(const struct json *v, uint64_t *ret, bool *ret_negative)
{
	if (v->kind != JSON_KIND_NUMBER)
		return JSON_INT_NOT_A_NUMBER;
	size_t sign = v->text[0] == '-';
	for (size_t i = sign; i < v->n; i++)
		if ((unsigned char)(v->text[i] - '0') > 9)
			return JSON_INT_FRACTION;
	if (!parse_u64_n(v->text + sign, v->n - sign, UINT64_MAX, ret))
		return JSON_INT_RANGE;
	*ret_negative = sign;
	return JSON_INT_OK;
}

enum json_int json_u64(const struct json *v, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;
	bool negative = false;
	enum json_int r = integer(v, &n, &negative);

	if (r != JSON_INT_OK)
		return r;
	if (negative || n < min || n > max)
		return JSON_INT_RANGE;
	*ret = n;
	return JSON_INT_OK;
}

enum json_int json_i64(const struct json *v, int64_t min, int64_t max, int64_t *ret)
{
	uint64_t n = 0;
	bool negative = false;
	enum json_int r = integer(v, &n, &negative);

	if (r != JSON_INT_OK)
		return r;
	if (n > (uint64_t)INT64_MAX + negative)
		return JSON_INT_RANGE;
	int64_t value = negative ? (int64_t)(0 - n) : (int64_t)n;
	if (value < min || value > max)
		return JSON_INT_RANGE;
	*ret = value;
	return JSON_INT_OK;
}
