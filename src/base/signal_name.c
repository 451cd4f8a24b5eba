#include "base/signal_name.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

/* "RTMIN", "RTMIN+3", "RTMAX-1" without SIG. */
static int realtime_signal(const char *name)
{
	const char *min = str_after(name, "RTMIN"), *max = str_after(name, "RTMAX"), *rest = min ? min : max;
	uint64_t n = 0, span = (uint64_t)(SIGRTMAX - SIGRTMIN);

	if (!rest || (*rest && *rest != (min ? '+' : '-')))
		return 0;
	if (*rest && !parse_u64(rest + 1, span, &n))
		return 0;
	return min ? SIGRTMIN + (int)n : SIGRTMAX - (int)n;
}

int signal_number(const char *text, int *ret, struct err *e)
{
	static const struct {
		const char *name;
		int number;
	} aliases[] = { { "IOT", SIGIOT }, { "CLD", SIGCHLD }, { "POLL", SIGPOLL } };
	char name[24];
	uint64_t n;

	if (parse_u64(text, (uint64_t)SIGRTMAX, &n)) {
		*ret = (int)n;
		return 0;
	}
	if (fmt_fits(name, sizeof(name), "%s", text)) {
		for (char *p = name; *p; p++)
			if (*p >= 'a' && *p <= 'z')
				*p = (char)(*p - 'a' + 'A');
		const char *bare = str_after(name, "SIG") ? name + 3 : name;
		if ((*ret = realtime_signal(bare)))
			return 0;
		for (int i = 1; i < SIGRTMIN; i++)
			if (str_eq(sigabbrev_np(i), bare))
				return *ret = i, 0;
		for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
			if (str_eq(aliases[i].name, bare))
				return *ret = aliases[i].number, 0;
	}
	err_set(e, ERR_USAGE, EINVAL, "unknown signal \"%s\"", text);
	return err_hint(e, "a number up to %d, a name such as TERM or SIGTERM, or RTMIN+N", SIGRTMAX);
}
