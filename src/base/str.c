/* String predicates and strict number parsing. */
#include "base/str.h"

#include <string.h>

int str_by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

const char *str_after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s && strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool str_starts(const char *s, const char *prefix)
{
	return str_after(s, prefix) != NULL;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = str_len(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

size_t str_plain(const char *s)
{
	size_t n = 0;

	while ((unsigned char)(s[n] - 0x20) < 0x5f)
		n++;
	return n;
}

size_t str_control(const char *s)
{
	const unsigned char *c = (const unsigned char *)s;

	if (c[0] < 0x20 || c[0] == 0x7f)
		return c[0] ? 1 : 0;
	if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) /* U+0080 to U+009F: 9B is a CSI */
		return 2;
	if (c[0] != 0xe2)
		return 0;
	/* U+202A to U+202E, U+2066 to U+2069 */
	return (c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) || (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9) ? 3 : 0;
}

bool parse_u64_n(const char *s, size_t n, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (n == 0 || (n > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
		if (__builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return false;
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

bool parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	return s && parse_u64_n(s, strlen(s), max, ret);
}

bool parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	uint64_t v;
	bool negative = s && *s == '-';

	if (!parse_u64(negative ? s + 1 : s, (uint64_t)INT64_MAX + (negative ? 1 : 0), &v))
		return false;
	int64_t r = negative ? (int64_t)(0 - v) : (int64_t)v;
	if (r < min || r > max)
		return false;
	*ret = r;
	return true;
}

bool parse_u32(const char *s, uint32_t *ret)
{
	uint64_t v;

	if (!parse_u64(s, UINT32_MAX, &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool parse_octal(const char *s, uint32_t max, uint32_t *ret)
{
	uint32_t v = 0;

	if (!s || !*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '7' || v > max >> 3)
			return false;
		v = v << 3 | (uint32_t)(*s - '0');
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

bool parse_size(const char *s, uint64_t *ret)
{
	static const char units[] = "kmgtp";
	size_t n = s ? digits(s) : 0;
	uint64_t v;

	if (!s || !parse_u64_n(s, n, UINT64_MAX, &v))
		return false;
	const char *unit = s + n;
	const char *at = *unit ? strchr(units, *unit | 0x20) : NULL;
	if (at) {
		unsigned shift = 10 * (unsigned)(at - units + 1);

		if (v > UINT64_MAX >> shift)
			return false;
		v <<= shift;
		unit++;
		if ((*unit | 0x20) == 'i')
			unit++;
	}
	if ((*unit | 0x20) == 'b')
		unit++;
	if (*unit)
		return false;
	*ret = v;
	return true;
}

bool parse_duration_ms(const char *s, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	uint64_t total = 0;

	if (!s || !*s)
		return false;
	while (*s) {
		size_t n = digits(s), i = 0;
		uint64_t v;

		if (!parse_u64_n(s, n, 1000000000, &v))
			return false;
		s += n;
		while (i < ARRAY_SIZE(units) && !str_starts(s, units[i].name))
			i++;
		if (i == ARRAY_SIZE(units))
			return false;
		total += v * units[i].ms;
		s += strlen(units[i].name);
	}
	*ret = total;
	return true;
}
