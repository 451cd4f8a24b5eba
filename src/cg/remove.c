/* Removing a container's cgroup. Nearly always every directory is empty and one rmdir(2) each is all. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>
#include "base/fmt.h"
#include "cg/clock.h"
#include "cg/procs.h"
#include "cg/tree.h"
#include "cg/walk.h"

enum {
	REMOVE_MS = 10000,
	WAIT_MS = 500, /* then kill again: somebody may have moved a process in */
};

static bool is_busy(int num)
{
	return num == EBUSY || num == ENOTEMPTY || num == EEXIST;
}

/* A read-only mount refuses before it looks whether there is anything to remove. */
static bool is_absent(const struct cg_host *h, const char *full)
{
	return faccessat(h->root, full, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static int remove_one(const struct cg_host *h, int hier, const char *path, bool *ret_busy, struct err *e)
{
	char full[PATH_MAX];

	if (cg_file_path(h, hier, path, NULL, full, e) < 0)
		return -e->num;
	*ret_busy = false;
	if (unlinkat(h->root, full, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	*ret_busy = is_busy(errno);
	int num = errno;
	if (*ret_busy || is_absent(h, full))
		return 0;
	return err_num(e, num, "remove cgroup %s (%s)", path, h->hier[hier].v2 ? "v2" : h->hier[hier].name);
}

static int visit_remove(int base, const char *rel, void *arg, struct err *e)
{
	bool *busy = arg;

	if (unlinkat(base, rel, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (!is_busy(errno))
		return err_sys(e, "remove cgroup %s", rel);
	*busy = true;
	return 0;
}

static int remove_trees(const struct cg_host *h, const char *path, unsigned *busy, struct err *e)
{
	for (int i = 0; i < h->n_hier; i++) {
		bool still = false;

		if (!(*busy & 1u << i))
			continue;
		if (cg_walk(h, i, path, visit_remove, &still, e) < 0)
			return -e->num;
		if (!still)
			*busy &= ~(1u << i);
	}
	return 0;
}

static int still_busy(const struct cg_host *h, const char *path, struct err *e)
{
	struct err ignored = ERR_NONE;
	auto_free pid_t *pids = NULL;
	size_t n = 0;

	if (cg_pids(h, path, &pids, &n, &ignored) == 0 && n > 0) {
		err_set(e, ERR_SYSTEM, EBUSY, "%zu processes in cgroup %s do not end, process %d for one", n, path,
			(int)pids[0]);
		return err_hint(e, "a process in state D waits for a device or file system");
	}
	return err_num(e, EBUSY, "remove cgroup %s", path);
}

static int remove_busy(const struct cg_host *h, const char *path, unsigned busy, struct err *e)
{
	int64_t deadline = cg_now_ms() + REMOVE_MS;

	for (int attempt = 0; busy; attempt++) {
		if (attempt > 0 && cg_left_ms(deadline) == 0)
			return still_busy(h, path, e);
		if (cg_kill_all(h, path, SIGKILL, e) < 0)
			return -e->num;
		if (cg_wait_empty(h, path, WAIT_MS, e) < 0) {
			if (e->num != ETIMEDOUT)
				return -e->num;
			err_clear(e);
		}
		if (remove_trees(h, path, &busy, e) < 0)
			return -e->num;
		if (busy)
			cg_pause_ms(attempt, deadline); /* a task that has left the lists but not yet its cgroup */
	}
	return 0;
}

int cg_remove(const struct cg_host *h, const char *path, struct err *e)
{
	unsigned busy = 0;

	if (!*path)
		return 0;
	for (int i = 0; i < h->n_hier; i++) {
		bool is = false;

		if (remove_one(h, i, path, &is, e) < 0)
			return -e->num;
		if (is)
			busy |= 1u << i;
	}
	return busy ? remove_busy(h, path, busy, e) : 0;
}
