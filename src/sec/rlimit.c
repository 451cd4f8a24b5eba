/* Guarantees: every limit is set as asked or the error names the one that is not, with both values. */
#include "sec/rlimit.h"

#include <errno.h>
#include <sys/resource.h>
#include "base/fmt.h"

static const char *const names[] = {
	[RLIMIT_CPU] = "RLIMIT_CPU",
	[RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_DATA] = "RLIMIT_DATA",
	[RLIMIT_STACK] = "RLIMIT_STACK",
	[RLIMIT_CORE] = "RLIMIT_CORE",
	[RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",
	[RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	[RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	[RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	[RLIMIT_RTTIME] = "RLIMIT_RTTIME",
};

const char *rlimit_name(int resource)
{
	return resource >= 0 && (size_t)resource < ARRAY_SIZE(names) ? names[resource] : "RLIMIT_?";
}

struct shown {
	char text[24];
};

static struct shown show(uint64_t v)
{
	struct shown s = { "" };

	if (v == UINT64_MAX)
		fmt_to(s.text, sizeof(s.text), "unlimited");
	else
		fmt_to(s.text, sizeof(s.text), "%llu", (unsigned long long)v);
	return s;
}

static int refused(pid_t pid, const struct rc_rlimit *r, int num, struct err *e)
{
	struct rlimit now;
	struct shown soft = show(r->soft), hard = show(r->hard);

	if (prlimit(pid, (enum __rlimit_resource)r->resource, NULL, &now) < 0)
		return err_num(e, num, "set %s to %s:%s", rlimit_name(r->resource), soft.text, hard.text);

	struct shown allowed = show(now.rlim_max);

	err_num(e, num, "set %s to %s:%s (soft:hard)", rlimit_name(r->resource), soft.text, hard.text);
	if (num == EPERM && r->resource == RLIMIT_NOFILE && r->hard <= now.rlim_max)
		return err_hint(e, "the kernel's ceiling is fs.nr_open");
	if (num == EPERM)
		return err_hint(e, "without CAP_SYS_RESOURCE the hard limit can be at most %s", allowed.text);
	return -num;
}

int rlimit_apply(pid_t pid, const struct rc_rlimit *v, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct rlimit want = { .rlim_cur = v[i].soft, .rlim_max = v[i].hard };

		if (prlimit(pid, (enum __rlimit_resource)v[i].resource, &want, NULL) < 0)
			return refused(pid, &v[i], errno, e);
	}
	return 0;
}

int rlimit_check(const struct rc_rlimit *v, size_t n, uint64_t have_caps, struct err *e)
{
	const uint64_t sys_resource = UINT64_C(1) << 24;
	struct rlimit now;

	if (have_caps & sys_resource)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (prlimit(0, (enum __rlimit_resource)v[i].resource, NULL, &now) < 0)
			return err_sys(e, "read %s", rlimit_name(v[i].resource));
		if (v[i].hard > now.rlim_max)
			return refused(0, &v[i], EPERM, e);
	}
	return 0;
}
