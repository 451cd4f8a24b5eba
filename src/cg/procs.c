/* Which processes, and making them end.
 *
 * v2 has cgroup.kill, which no fork can outrun. Elsewhere the cgroup is frozen while its processes are
 * listed and signalled, so that none forks away and no pid is reused in between; a container that has no
 * freezer is signalled until a round finds nobody new. */
#include "cg/procs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fmt.h"
#include "base/str.h"
#include "cg/clock.h"
#include "cg/freeze.h"
#include "cg/walk.h"
#include "sys/proc.h"
#include "sys/call.h"
#include "sys/io.h"

enum {
	PROCS_MAX = 64 << 20,
	KILL_ROUNDS = 100,
	FREEZE_MS = 200, /* a help, not a condition */
};

/* --- listing ------------------------------------------------------------------------------------------- */

static int visit_procs(int base, const char *rel, void *arg, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	char name[4096 + 16], *save = NULL;
	uint64_t pid;

	if (!fmt_fits(name, sizeof(name), "%s/cgroup.procs", rel))
		return err_num(e, ENAMETOOLONG, "cgroup.procs");
	if (io_read_file_at(base, name, PROCS_MAX, &text, e) < 0) {
		/* Vanished; or a threaded cgroup, whose processes are listed in the domain above. */
		if (e->num != ENOENT && e->num != ENODEV && e->num != EOPNOTSUPP)
			return -e->num;
		err_clear(e);
		return 0;
	}
	for (char *w = strtok_r(text.data, "\n", &save); w; w = strtok_r(NULL, "\n", &save))
		/* 0: a process of an outer pid namespace, not ours to see or signal */
		if (parse_u64(w, INT32_MAX, &pid) && pid > 0 && proc_list_add(arg, (pid_t)pid, e) < 0)
			return -e->num;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static void sort_unique(struct proc_list *l)
{
	size_t kept = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_number);
	for (size_t i = 0; i < l->n; i++)
		if (kept == 0 || l->v[kept - 1] != l->v[i])
			l->v[kept++] = l->v[i];
	l->n = kept;
}

int cg_pids(const struct cg_host *h, const char *path, pid_t **ret_pids, size_t *ret_n, struct err *e)
{
	struct proc_list l = { 0 };

	/* All hierarchies hold the same processes; the first with any will do. */
	for (int i = h->n_hier - 1; *path && i >= 0 && l.n == 0; i--) {
		int hier = h->unified < 0 ? i : (h->unified + 1 + i) % h->n_hier; /* the v2 one first */

		if (cg_walk(h, hier, path, visit_procs, &l, e) < 0) {
			free(l.v);
			return -e->num;
		}
	}
	sort_unique(&l);
	*ret_pids = l.v;
	*ret_n = l.n;
	return 0;
}

static int events_value(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? p[strlen(key)] - '0' : -1;
}

int cg_populated(const struct cg_host *h, const char *path, bool *ret, struct err *e)
{
	char text[256];
	auto_free pid_t *pids = NULL;
	size_t n;

	if (*path && h->unified >= 0 &&
		cg_file_read(CG_AT(h, h->unified, path), "cgroup.events", text, sizeof(text)) > 0 &&
		(events_value(text, "populated ") == 1 || h->mode == CG_V2)) {
		*ret = events_value(text, "populated ") == 1;
		return 0;
	}
	if (cg_pids(h, path, &pids, &n, e) < 0)
		return -e->num;
	*ret = n > 0;
	return 0;
}

/* --- signals ------------------------------------------------------------------------------------------- */

/* Signals those of @now that are not in @before (both sorted). Returns how many there were. */
static size_t signal_new(const struct proc_list *now, const struct proc_list *before, int sig)
{
	size_t n_new = 0;
	pid_t self = getpid();

	for (size_t i = 0; i < now->n; i++) {
		if (now->v[i] == self ||
			(before->n && bsearch(&now->v[i], before->v, before->n, sizeof(pid_t), by_number)))
			continue;
		n_new++;
		auto_fd int pidfd = sys_pidfd_open(now->v[i], 0);
		if (pidfd >= 0)
			(void)sys_pidfd_send_signal(pidfd, sig); /* it has just ended, or is not ours to signal */
	}
	return n_new;
}

static int signal_rounds(const struct cg_host *h, const char *path, int sig, struct err *e)
{
	struct proc_list before = { 0 };
	int r = 0;

	for (int i = 0; i < KILL_ROUNDS; i++) {
		struct proc_list now = { 0 };

		r = cg_pids(h, path, &now.v, &now.n, e);
		if (r < 0)
			break;
		size_t n_new = signal_new(&now, &before, sig);
		free(before.v);
		before = now;
		if (n_new == 0)
			break;
	}
	free(before.v);
	return r;
}

static int kill_unified(const struct cg_host *h, const char *path)
{
	return h->unified < 0 ? -ENOENT : cg_file_write(h, h->unified, path, "cgroup.kill", "1");
}

int cg_kill_all(const struct cg_host *h, const char *path, int sig, struct err *e)
{
	struct err ignored = ERR_NONE;
	bool was_frozen = false;

	if (!*path)
		return 0;
	if (sig == SIGKILL && kill_unified(h, path) == 0) {
		/* A v1 freezer would hold the dying ones. */
		return h->v1_of[CG_FREEZER] >= 0 ? cg_thaw_v1(h, path, e) : 0;
	}
	if (cg_frozen(h, path, &was_frozen, e) < 0)
		return -e->num;
	bool froze = !was_frozen && cg_freeze(h, path, true, FREEZE_MS, &ignored) == 0;
	int r = signal_rounds(h, path, sig, e);
	if (!froze && !(was_frozen && sig == SIGKILL))
		return r;
	err_clear(&ignored);
	int t = cg_freeze(h, path, false, FREEZE_MS, r < 0 ? &ignored : e);
	if (r == 0 && t < 0 && e->num == ETIMEDOUT) {
		err_clear(e); /* the order is given; those killed need not be seen thawed */
		t = 0;
	}
	return r < 0 ? r : t;
}

/* --- waiting ------------------------------------------------------------------------------------------- */

/* v2: the kernel wakes pollers of cgroup.events at each change. 1: empty, 0: no such file here. */
static int wait_events(const struct cg_host *h, const char *path, int64_t deadline, struct err *e)
{
	auto_fd int fd = cg_file_open(h, h->unified, path, "cgroup.events", O_RDONLY);
	char text[256];

	if (fd < 0)
		return fd == -ENOENT ? 0 : err_num(e, -fd, "open cgroup.events");
	for (;;) {
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

		if (n < 0)
			return errno == ENODEV ? 1 : err_sys(e, "read cgroup.events");
		text[n] = '\0';
		if (events_value(text, "populated ") == 0)
			return 1;
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		int left = cg_left_ms(deadline);
		if (left == 0)
			return err_set(e, ERR_SYSTEM, ETIMEDOUT, "processes are left in cgroup %s", path);
		if (poll(&p, 1, left) < 0 && errno != EINTR)
			return err_sys(e, "poll cgroup.events");
	}
}

/* v1 tells nobody, but each process does, by its pidfd. */
static int wait_pids(const struct cg_host *h, const char *path, int64_t deadline, struct err *e)
{
	for (int attempt = 0;; attempt++) {
		auto_free pid_t *pids = NULL;
		size_t n = 0;

		if (cg_pids(h, path, &pids, &n, e) < 0)
			return -e->num;
		if (n == 0)
			return 0;
		for (size_t i = 0; i < n && cg_left_ms(deadline) > 0; i++) {
			auto_fd int pidfd = sys_pidfd_open(pids[i], 0);
			struct pollfd p = { .fd = pidfd, .events = POLLIN };

			if (pidfd >= 0)
				(void)poll(&p, 1, cg_left_ms(deadline)); /* the list is read again */
		}
		if (cg_left_ms(deadline) == 0)
			return err_set(e, ERR_SYSTEM, ETIMEDOUT, "%zu processes are left in cgroup %s", n, path);
		cg_pause_ms(attempt, deadline);
	}
}

int cg_wait_empty(const struct cg_host *h, const char *path, int timeout_ms, struct err *e)
{
	int64_t deadline = cg_now_ms() + timeout_ms;

	if (!*path)
		return 0;
	if (h->unified >= 0) {
		int r = wait_events(h, path, deadline, e);

		if (r < 0 || (r == 1 && h->mode == CG_V2))
			return r < 0 ? r : 0;
	}
	return wait_pids(h, path, deadline, e);
}
