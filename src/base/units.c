/* UTC calendar arithmetic without the C library's time zone machinery. */
#include "base/units.h"

#include <stdint.h>
#include "base/fmt.h"

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
	int64_t days = t->tv_sec / 86400, year;
	unsigned rest = (unsigned)(t->tv_sec % 86400), month, day;

	civil(days, &year, &month, &day);
	fmt_to(dst, RFC3339_SIZE, "%04lld-%02u-%02uT%02u:%02u:%02u.%09ldZ", (long long)year, month, day,
		rest / 3600, rest / 60 % 60, rest % 60, t->tv_nsec);
}
