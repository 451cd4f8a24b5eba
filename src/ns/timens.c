/* Time namespaces. */
#include "ns/timens.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>
#include "base/fmt.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static void add(struct ns_timens *t, const char *clock, const struct rc_time_offset *o)
{
	if (o->set)
		t->len += fmt_to(t->text + t->len, sizeof(t->text) - t->len, "%s %lld %u\n", clock, (long long)o->secs,
			o->nanosecs);
}

void ns_timens_prepare(
	const struct rc_time_offset *monotonic, const struct rc_time_offset *boottime, struct ns_timens *ret)
{
	ret->len = 0;
	add(ret, "monotonic", monotonic);
	add(ret, "boottime", boottime);
}

static int set_offsets(const struct ns_timens *t, int procfd, struct err *e)
{
	if (t->len == 0)
		return 0;
	auto_fd int fd = openat(procfd, "self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open timens_offsets");
	if (write(fd, t->text, t->len) == (ssize_t)t->len)
		return 0;
	err_sys(e, "set the time offsets");
	if (e->num == ERANGE)
		err_hint(e, "the clock plus its offset must be neither negative nor beyond 146 years");
	return -e->num;
}

int ns_timens_unshare(const struct ns_timens *t, int procfd, struct err *e)
{
	if (unshare(CLONE_NEWTIME) < 0)
		return err_sys(e, "make a time namespace");
	int r = set_offsets(t, procfd, e);
	if (r < 0)
		return r;
	auto_fd int fd = openat(procfd, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open the time namespace");
	return setns(fd, CLONE_NEWTIME) < 0 ? err_sys(e, "enter the time namespace") : 0;
}
