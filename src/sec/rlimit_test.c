#include "base/test.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/str.h"
#include "sec/caps.h"
#include "sec/rlimit.h"

/* In a child: the test must not limit itself. Returns its exit status. */
static int apply_in_child(const struct rc_rlimit *v, size_t n, bool privileged, struct err *ret_e)
{
	int p[2], status;

	CHECK(pipe(p) == 0, "pipe");
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = ERR_NONE;
		struct caps_sets none = { 0 };
		struct rlimit now;
		bool ok = privileged || caps_apply(&none, &e) == 0;

		ok = ok && rlimit_apply(0, v, n, &e) == 0;
		(void)!write(p[1], &e, sizeof(e));
		for (size_t i = 0; i < n; i++)
			ok &= getrlimit((enum __rlimit_resource)v[i].resource, &now) == 0 &&
				now.rlim_cur == v[i].soft && now.rlim_max == v[i].hard;
		_exit(ok ? 0 : 1);
	}
	close(p[1]);
	CHECK(read(p[0], ret_e, sizeof(*ret_e)) == sizeof(*ret_e), "child's error");
	close(p[0]);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

TEST(sets_every_limit)
{
	static const struct rc_rlimit v[] = { { RLIMIT_NOFILE, 64, 128 }, { RLIMIT_CORE, 0, 0 },
		{ RLIMIT_CPU, 100, 200 } };
	struct err e = ERR_NONE;

	CHECK(apply_in_child(v, ARRAY_SIZE(v), true, &e) == 0 && e.num == 0, "%s", e.msg);
}

TEST(raising_without_privilege_names_the_limit)
{
	struct rlimit now;
	struct err e = ERR_NONE;

	CHECK(getrlimit(RLIMIT_NOFILE, &now) == 0, "getrlimit");
	if (now.rlim_max == RLIM_INFINITY)
		SKIP("the limit is infinite here");

	struct rc_rlimit v = { RLIMIT_NOFILE, now.rlim_max, now.rlim_max - 1 };

	v.soft = v.hard = now.rlim_max + 1;
	(void)apply_in_child(&v, 1, false, &e);
	CHECK(e.num == EPERM, "%d %s", e.num, e.msg);
	CHECK(strstr(e.msg, "RLIMIT_NOFILE") && strstr(e.hint, "at most"), "%s (%s)", e.msg, e.hint);
}

TEST(soft_over_hard_is_refused)
{
	static const struct rc_rlimit v = { RLIMIT_NOFILE, 200, 100 };
	struct err e = ERR_NONE;

	(void)apply_in_child(&v, 1, true, &e);
	CHECK(e.num == EINVAL && strstr(e.msg, "200:100"), "%d %s", e.num, e.msg);
}

TEST(names)
{
	CHECK(str_eq(rlimit_name(RLIMIT_RTTIME), "RLIMIT_RTTIME"), "last");
	CHECK(str_eq(rlimit_name(99), "RLIMIT_?") && str_eq(rlimit_name(-1), "RLIMIT_?"), "out of range");
}

TEST_MAIN(T(sets_every_limit), T(raising_without_privilege_names_the_limit), T(soft_over_hard_is_refused), T(names))
