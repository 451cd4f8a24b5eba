#include "cli/human.h"

#include <string.h>
#include "base/cleanup.h"
#include "base/fmt.h"
#include "base/str.h"

/* %.Ng of C without floating point: @digits significant ones, no zeroes at the end. */
static void significant(uint64_t n, uint64_t unit, unsigned digits, const char *name, char dst[static HUMAN_SIZE])
{
	uint64_t whole = n / unit, rest = n % unit, scale = 1;
	unsigned before = whole >= 100 ? 3 : whole >= 10 ? 2 : 1;
	unsigned behind = digits > before ? digits - before : 0;
	char fraction[8] = "";

	for (unsigned i = 0; i < behind; i++)
		scale *= 10;
	uint64_t part = (uint64_t)(((unsigned __int128)rest * scale + unit / 2) / unit);
	if (part >= scale) {
		part -= scale;
		whole++;
	}
	if (behind && part) {
		char padded[8] = "";
		size_t at = 0;

		for (uint64_t s = scale / 10; s > part; s /= 10)
			padded[at++] = '0';
		fmt_to(fraction, sizeof(fraction), ".%s%llu", padded, (unsigned long long)part);
		for (size_t len = strlen(fraction); fraction[len - 1] == '0'; len--)
			fraction[len - 1] = '\0';
	}
	fmt_to(dst, HUMAN_SIZE, "%llu%s%s", (unsigned long long)whole, fraction, name);
}

void human_bytes(uint64_t n, char dst[static HUMAN_SIZE])
{
	static const char *const names[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t unit = 1;
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(names) && n / unit >= 1000) {
		unit *= 1000;
		i++;
	}
	significant(n, unit, 3, names[i], dst);
}

void human_binary(uint64_t n, char dst[static HUMAN_SIZE])
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t unit = 1;
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(names) && n / unit >= 1024) {
		unit *= 1024;
		i++;
	}
	significant(n, unit, 4, names[i], dst);
}

static void count(int64_t n, const char *what, char dst[static HUMAN_SIZE])
{
	fmt_to(dst, HUMAN_SIZE, "%lld %s", (long long)n, what);
}

/* The steps of docker's HumanDuration. */
void human_duration(int64_t s, char dst[static HUMAN_SIZE])
{
	enum { MINUTE = 60, HOUR = 3600, DAY = 24 };
	int64_t hours = (s + HOUR / 2) / HOUR;

	if (s < 1)
		fmt_to(dst, HUMAN_SIZE, "Less than a second");
	else if (s == 1)
		fmt_to(dst, HUMAN_SIZE, "1 second");
	else if (s < MINUTE)
		count(s, "seconds", dst);
	else if (s < 2 * MINUTE)
		fmt_to(dst, HUMAN_SIZE, "About a minute");
	else if (s < HOUR)
		count(s / MINUTE, "minutes", dst);
	else if (hours == 1)
		fmt_to(dst, HUMAN_SIZE, "About an hour");
	else if (hours < 2 * DAY)
		count(hours, "hours", dst);
	else if (hours < 14 * DAY)
		count(hours / DAY, "days", dst);
	else if (hours < 60 * DAY)
		count(hours / DAY / 7, "weeks", dst);
	else if (hours < 730 * DAY)
		count(hours / DAY / 30, "months", dst);
	else
		count(s / HOUR / DAY / 365, "years", dst);
}

/* Days from 1970-01-01 to the given day: Gregorian, by eras of 400 years that begin in March. */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool digits(const char **s, size_t n, int64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < n; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		*ret = *ret * 10 + (**s - '0');
	}
	return true;
}

static bool literal(const char **s, char c)
{
	return *(*s)++ == c;
}

bool human_parse_time(const char *text, int64_t *ret)
{
	int64_t y, mo, d, h, mi, sec, oh = 0, om = 0, sign = 0;
	const char *s = text;

	if (!s || !digits(&s, 4, &y) || !literal(&s, '-') || !digits(&s, 2, &mo) || !literal(&s, '-') ||
		!digits(&s, 2, &d) || (*s != 'T' && *s != 't' && *s != ' '))
		return false;
	s++;
	if (!digits(&s, 2, &h) || !literal(&s, ':') || !digits(&s, 2, &mi) || !literal(&s, ':') || !digits(&s, 2, &sec))
		return false;
	if (mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || sec > 60)
		return false;
	if (*s == '.')
		s += 1 + strspn(s + 1, "0123456789");
	if (*s == '+' || *s == '-') {
		sign = *s++ == '+' ? 1 : -1;
		if (!digits(&s, 2, &oh) || !literal(&s, ':') || !digits(&s, 2, &om))
			return false;
	} else if (*s != 'Z' && *s != 'z') {
		return false;
	} else {
		s++;
	}
	*ret = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec - sign * (oh * 3600 + om * 60);
	return !*s;
}

void human_time(int64_t seconds, char dst[static HUMAN_SIZE])
{
	time_t t = seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		tm = (struct tm){ .tm_mday = 1, .tm_year = 70 };
	fmt_to(dst, HUMAN_SIZE, "%04d-%02d-%02d %02d:%02d:%02d +0000 UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		tm.tm_hour, tm.tm_min, tm.tm_sec);
}
