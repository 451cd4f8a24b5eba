/* OOM notification. v1: an eventfd bound to memory.oom_control by a line in cgroup.event_control; the kernel also
 * signals it when the cgroup is removed. v2: inotify(7) tells when memory.events or cgroup.events change; that no
 * process is left (populated 0) is the end, because the removal of a file that is held open is not told.
 * cgroup-v1/memory.rst "OOM Control", cgroup-v2.rst "memory.events". */
#include "cg/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"

enum { INOTIFY_BUF = 4096 };

static void read_events(int fd, uint64_t *ret_oom, uint64_t *ret_oom_kill)
{
	char text[512];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return; /* removed: the last numbers stay */
	text[n] = '\0';
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *oom = str_after(p, "oom "), *kill = str_after(p, "oom_kill ");

		if (oom && !parse_u64_n(oom, strcspn(oom, "\n"), UINT64_MAX, ret_oom))
			continue;
		if (kill && !parse_u64_n(kill, strcspn(kill, "\n"), UINT64_MAX, ret_oom_kill))
			continue;
	}
}

static int watch(int inotify, int fd, struct err *e)
{
	char name[32];

	/* By the descriptor's name in /proc, so that no path is resolved twice. */
	fmt_to(name, sizeof(name), "/proc/self/fd/%d", fd);
	return inotify_add_watch(inotify, name, IN_MODIFY) < 0 ? err_sys(e, "inotify_add_watch") : 0;
}

static int open_v2(const struct cg_host *h, const char *path, struct cg_oom *o, struct err *e)
{
	o->v2 = true;
	o->events = cg_file_open(h, h->unified, path, "memory.events", O_RDONLY);
	if (o->events < 0)
		return err_num(e, -o->events, "open memory.events");
	o->control = cg_file_open(h, h->unified, path, "cgroup.events", O_RDONLY);
	if (o->control < 0)
		return err_num(e, -o->control, "open cgroup.events");
	o->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (o->fd < 0)
		return err_sys(e, "inotify_init1");
	if (watch(o->fd, o->events, e) < 0 || watch(o->fd, o->control, e) < 0)
		return -e->num;
	read_events(o->events, &o->oom, &o->oom_kill);
	return 0;
}

static int open_v1(const struct cg_host *h, int hier, const char *path, struct cg_oom *o, struct err *e)
{
	char line[64];

	o->control = cg_file_open(h, hier, path, "memory.oom_control", O_RDONLY);
	if (o->control < 0)
		return err_num(e, -o->control, "open memory.oom_control");
	o->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (o->fd < 0)
		return err_sys(e, "eventfd");
	fmt_to(line, sizeof(line), "%d %d", o->fd, o->control);
	int r = cg_file_write(h, hier, path, "cgroup.event_control", line);
	return r < 0 ? err_num(e, -r, "write to cgroup.event_control") : 0;
}

int cg_oom_open(const struct cg_host *h, const char *path, struct cg_oom *ret, struct err *e)
{
	int hier = cg_hier_of(h, CG_MEMORY);

	*ret = (struct cg_oom){ .fd = FD_NONE, .control = FD_NONE, .events = FD_NONE };
	if (hier < 0 || !*path)
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "no memory controller to watch for OOM");
	int r = h->hier[hier].v2 ? open_v2(h, path, ret, e) : open_v1(h, hier, path, ret, e);
	if (r < 0) {
		cg_oom_done(ret);
		return err_wrap(e, "watch for OOM");
	}
	return 0;
}

static int read_v2(struct cg_oom *o, bool *ret_oom, bool *ret_gone, struct err *e)
{
	char events[INOTIFY_BUF], text[256];
	uint64_t oom = o->oom, oom_kill = o->oom_kill;

	/* What was notified does not matter: both files are read. */
	if (read(o->fd, events, sizeof(events)) < 0 && errno != EAGAIN && errno != EINTR)
		return err_sys(e, "read inotify events");
	ssize_t n = pread(o->control, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	*ret_gone = n <= 0 || strstr(text, "populated 0");
	read_events(o->events, &oom, &oom_kill);
	*ret_oom = oom_kill > o->oom_kill || oom > o->oom;
	o->oom = oom;
	o->oom_kill = oom_kill;
	return 0;
}

int cg_oom_read(struct cg_oom *o, bool *ret_oom, bool *ret_gone, struct err *e)
{
	uint64_t count;
	char text[256];

	*ret_oom = *ret_gone = false;
	if (o->v2)
		return read_v2(o, ret_oom, ret_gone, e);
	if (read(o->fd, &count, sizeof(count)) < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : err_sys(e, "read the OOM event");
	/* The removal of the cgroup looks the same; then its file is dead. */
	*ret_gone = pread(o->control, text, sizeof(text), 0) < 0;
	*ret_oom = !*ret_gone;
	return 0;
}

void cg_oom_done(struct cg_oom *o)
{
	fd_close(&o->fd);
	fd_close(&o->control);
	fd_close(&o->events);
}

int cg_oom_kills(const struct cg_host *h, const char *path, uint64_t *ret, struct err *e)
{
	int hier = cg_hier_of(h, CG_MEMORY);
	uint64_t oom = 0, kills = 0;

	*ret = 0;
	if (hier < 0)
		return 0;
	auto_fd int fd =
		cg_file_open(h, hier, path, h->hier[hier].v2 ? "memory.events" : "memory.oom_control", O_RDONLY);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_num(e, -fd, "open the memory events of cgroup %s", path);
	read_events(fd, &oom, &kills);
	*ret = kills;
	return 0;
}

static uint64_t read_bytes(const struct cg_at *at, const char *file)
{
	char text[32];
	uint64_t v;

	if (cg_file_read(at, file, text, sizeof(text)) <= 0)
		return 0;
	if (str_eq(text, "max"))
		return UINT64_MAX;
	/* v1 writes "no limit" as the largest multiple of a page. */
	return !parse_u64(text, UINT64_MAX, &v) ? 0 : v >= INT64_MAX - 65536 ? UINT64_MAX : v;
}

void cg_memory_peak(const struct cg_host *h, const char *path, uint64_t *ret_limit, uint64_t *ret_peak)
{
	int hier = cg_hier_of(h, CG_MEMORY);

	*ret_limit = *ret_peak = 0;
	if (hier < 0)
		return;
	bool v2 = h->hier[hier].v2;
	*ret_limit = read_bytes(CG_AT(h, hier, path), v2 ? "memory.max" : "memory.limit_in_bytes");
	*ret_peak = read_bytes(CG_AT(h, hier, path), v2 ? "memory.peak" : "memory.max_usage_in_bytes");
}
