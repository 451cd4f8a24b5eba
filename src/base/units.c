/* UTC calendar arithmetic without the C library's time zone machinery. */
#include "base/units.h"

#include <stdint.h>
#include "base/cleanup.h"
#include "base/fmt.h"
#include "base/str.h"

/* Days since 1970-01-01 to a civil date, proleptic Gregorian. Eras of 400 years begin on 1 March. */
static void civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

void rfc3339_format(const struct timespec *t, char dst[static RFC3339_SIZE])
{
	bool before = t->tv_sec % 86400 < 0; /* 1970: round down, not towards zero */
	int64_t days = t->tv_sec / 86400 - before, year;
	unsigned rest = (unsigned)(t->tv_sec % 86400 + (before ? 86400 : 0)), month, day;

	civil(days, &year, &month, &day);
	fmt_to(dst, RFC3339_SIZE, "%04lld-%02u-%02uT%02u:%02u:%02u.%09ldZ", (long long)year, month, day, rest / 3600,
		rest / 60 % 60, rest % 60, t->tv_nsec);
}

/* The inverse of civil(). */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t yoe = year - era * 400;
	int64_t doy = (153 * (int64_t)(month + (month > 2 ? -3U : 9U)) + 2) / 5 + day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* @n digits at *p, and no more than @max. */
static bool digits(const char **p, size_t n, unsigned max, unsigned *ret)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++) {
		char c = (*p)[i];

		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (unsigned)(c - '0');
	}
	*p += n;
	*ret = v;
	return v <= max;
}

static bool skip(const char **p, char c)
{
	bool is = **p == c;

	*p += is;
	return is;
}

static bool fraction(const char **p, long *ret_ns)
{
	long unit = 100000000;
	const char *start = *p;

	for (*ret_ns = 0; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		*ret_ns += unit * (**p - '0');
	return *p > start;
}

static bool zone(const char **p, int64_t *ret_seconds)
{
	unsigned hours, minutes;
	int sign = **p == '-' ? -1 : 1;

	*ret_seconds = 0;
	if (!**p || skip(p, 'Z'))
		return true;
	if (!skip(p, '+') && !skip(p, '-'))
		return false;
	if (!digits(p, 2, 23, &hours) || !skip(p, ':') || !digits(p, 2, 59, &minutes))
		return false;
	*ret_seconds = sign * (int64_t)(hours * 3600 + minutes * 60);
	return true;
}

bool rfc3339_parse(const char *text, struct timespec *ret)
{
	unsigned year, month, day, hour = 0, minute = 0, second = 0;
	int64_t offset = 0;
	long ns = 0;
	const char *p = text;

	if (!digits(&p, 4, 9999, &year) || !skip(&p, '-') || !digits(&p, 2, 12, &month) || !skip(&p, '-') ||
		!digits(&p, 2, 31, &day) || !month || !day)
		return false;
	if (skip(&p, 'T')) {
		if (!digits(&p, 2, 23, &hour) || !skip(&p, ':') || !digits(&p, 2, 59, &minute))
			return false;
		if (skip(&p, ':') && (!digits(&p, 2, 60, &second) || (skip(&p, '.') && !fraction(&p, &ns))))
			return false;
	}
	if (!zone(&p, &offset) || *p)
		return false;
	ret->tv_sec = days_of(year, month, day) * 86400 + (long)(hour * 3600 + minute * 60 + second) - offset;
	ret->tv_nsec = ns;
	return true;
}
