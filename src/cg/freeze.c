/* Theory of operation. Where a v2 directory exists its freezer is used, on hybrid too: a frozen v2 process can
 * still be killed, and the kernel tells when the state is reached. The v1 freezer is for pure v1. Thawing
 * undoes both, whoever froze. */
#include "cg/freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "cg/clock.h"
#include "cg/walk.h"

/* --- v2 ------------------------------------------------------------------------------------------------ */

static int wait_v2(int fd, bool frozen, int64_t deadline, struct err *e)
{
	char text[256];

	for (;;) {
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

		if (n < 0)
			return err_sys(e, "read cgroup.events");
		text[n] = '\0';
		if (strstr(text, frozen ? "frozen 1" : "frozen 0"))
			return 0;
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		int left = cg_left_ms(deadline);
		if (left == 0)
			return err_set(
				e, ERR_SYSTEM, ETIMEDOUT, "processes did not %s in time", frozen ? "stop" : "continue");
		if (poll(&p, 1, left) < 0 && errno != EINTR)
			return err_sys(e, "poll cgroup.events");
	}
}

/* *ret_there: the cgroup has a v2 freezer. */
static int freeze_v2(
	const struct cg_host *h, const char *path, bool frozen, int64_t deadline, bool *ret_there, struct err *e)
{
	*ret_there = false;
	if (h->unified < 0)
		return 0;
	int r = cg_file_write(h, h->unified, path, "cgroup.freeze", frozen ? "1" : "0");
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	*ret_there = true;
	if (r < 0)
		return err_num(e, -r, "write %d to cgroup.freeze", frozen);
	auto_fd int events = cg_file_open(h, h->unified, path, "cgroup.events", O_RDONLY);
	if (events < 0)
		return err_num(e, -events, "open cgroup.events");
	r = wait_v2(events, frozen, deadline, e);
	if (r < 0 && frozen)
		(void)cg_file_write(h, h->unified, path, "cgroup.freeze", "0"); /* undoing */
	return r;
}

/* --- v1 ------------------------------------------------------------------------------------------------ */

static int visit_thaw(int base, const char *rel, void *arg, struct err *e)
{
	char name[4096 + 16];

	(void)arg;
	if (!fmt_fits(name, sizeof(name), "%s/freezer.state", rel))
		return err_num(e, ENAMETOOLONG, "freezer.state");
	auto_fd int fd = openat(base, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : err_sys(e, "open freezer.state");
	if (write(fd, "THAWED", 6) < 0 && errno != ENODEV)
		return err_sys(e, "write THAWED to freezer.state");
	return 0;
}

int cg_fetch_frozen(const struct cg_host *h, const char *path, pid_t pid, struct err *e)
{
	int hier = h->v1_of[CG_FREEZER];
	char text[16];

	if (hier < 0)
		return 0;
	fmt_to(text, sizeof(text), "%d", (int)pid);
	int r = cg_file_write(h, hier, path, "cgroup.procs", text);
	return r < 0 && r != -ESRCH && r != -ENOENT
		? err_num(e, -r, "move process %d back to cgroup %s", (int)pid, path)
		: 0;
}

int cg_thaw_v1(const struct cg_host *h, const char *path, struct err *e)
{
	int hier = h->v1_of[CG_FREEZER];
	char state[32];

	if (hier < 0 || !*path)
		return 0;
	/* Nearly always: never frozen, nothing below. */
	if (cg_file_read(CG_AT(h, hier, path), "freezer.state", state, sizeof(state)) == -ENOENT)
		return 0;
	return cg_walk(h, hier, path, visit_thaw, NULL, e);
}

/* cgroup-v1/freezer-subsystem.rst: FREEZING lasts while a task is on its way; a task that forked meanwhile or
 * sleeps uninterruptibly can make it last. Writing FROZEN again looks at every task anew. */
static int freeze_v1(const struct cg_host *h, const char *path, int64_t deadline, struct err *e)
{
	int hier = h->v1_of[CG_FREEZER];
	struct err ignored = ERR_NONE;
	char state[32];

	for (int attempt = 0;; attempt++) {
		int r = cg_file_write(h, hier, path, "freezer.state", "FROZEN");

		if (r < 0)
			return err_num(e, -r, "write FROZEN to freezer.state");
		ssize_t n = cg_file_read(CG_AT(h, hier, path), "freezer.state", state, sizeof(state));
		if (n < 0)
			return err_num(e, (int)-n, "read freezer.state");
		if (str_eq(state, "FROZEN"))
			return 0;
		if (cg_left_ms(deadline) == 0)
			break;
		cg_pause_ms(attempt, deadline);
	}
	if (cg_thaw_v1(h, path, &ignored) < 0)
		log_debug("cgroup=%s undo=thaw error=%s", path, ignored.msg);
	return err_set(e, ERR_SYSTEM, ETIMEDOUT, "processes did not stop in time");
}

/* --- both ---------------------------------------------------------------------------------------------- */

static int no_freezer(const struct cg_host *h, const char *path, struct err *e)
{
	if (*path && cg_exists(h, path))
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "no cgroup freezer is mounted");
	return err_set(e, ERR_NOT_FOUND, ENOENT, "the container has no cgroup");
}

int cg_freeze(const struct cg_host *h, const char *path, bool frozen, int timeout_ms, struct err *e)
{
	int64_t deadline = cg_now_ms() + timeout_ms;
	bool v2 = false, v1 = false;
	char state[32];
	int r = 0;

	if (!*path)
		return no_freezer(h, path, e);
	if (h->v1_of[CG_FREEZER] >= 0)
		v1 = cg_file_read(CG_AT(h, h->v1_of[CG_FREEZER], path), "freezer.state", state, sizeof(state)) >= 0;
	if (v1 && !frozen && !str_eq(state, "THAWED"))
		r = cg_thaw_v1(h, path, e);
	if (r == 0)
		r = freeze_v2(h, path, frozen, deadline, &v2, e);
	if (r == 0 && !v2 && v1 && frozen)
		r = freeze_v1(h, path, deadline, e);
	if (r == 0 && !v2 && !v1)
		r = no_freezer(h, path, e);
	return r < 0 ? err_wrap(e, "%s cgroup %s", frozen ? "freeze" : "thaw", path) : 0;
}

int cg_frozen(const struct cg_host *h, const char *path, bool *ret, struct err *e)
{
	char state[32];

	*ret = false;
	if (!*path)
		return 0;
	if (h->unified >= 0) {
		ssize_t n = cg_file_read(CG_AT(h, h->unified, path), "cgroup.freeze", state, sizeof(state));

		if (n < 0 && n != -ENOENT && n != -ENODEV)
			return err_num(e, (int)-n, "read cgroup.freeze of %s", path);
		*ret = n > 0 && state[0] == '1';
	}
	if (!*ret && h->v1_of[CG_FREEZER] >= 0) {
		ssize_t n = cg_file_read(CG_AT(h, h->v1_of[CG_FREEZER], path), "freezer.state", state, sizeof(state));

		if (n < 0 && n != -ENOENT && n != -ENODEV)
			return err_num(e, (int)-n, "read freezer.state of %s", path);
		*ret = n > 0 && !str_eq(state, "THAWED");
	}
	return 0;
}
