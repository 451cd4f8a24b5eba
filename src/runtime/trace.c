/* Phases with times and counts of system calls. The counters are read at the border of two phases;
 * what that costs itself is taken off again. */
#include "runtime/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fmt.h"
#include "base/str.h"
#include "sys/call.h"
#include "sys/io.h"
#include "sys/path.h"

enum { MAX_PHASES = 64, READS = 2 /* of the counters, at each border */ };

struct phase {
	const char *name;
	uint64_t ns, own, all; /* at its beginning */
};

struct rt_trace {
	int out, own, all; /* the file; counters of this process, and of all its children too;
			      FD_NONE: none */
	const char *command;
	struct phase v[MAX_PHASES + 1];
	size_t n;
	char why[160]; /* there are no counters */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The number of the tracepoint is told by tracefs, which need not be mounted: this one is ours and
 * detached. */
static int tracepoint_id(uint64_t *ret, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	auto_fd int fs = fsopen("tracefs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, "tracefs");
	auto_fd int mnt = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
	if (mnt < 0)
		return err_sys(e, "mount tracefs");
	int r = io_read_file_at(mnt, "events/raw_syscalls/sys_enter/id", 32, &text, e);
	if (r == 0 && (text.len < 2 || !parse_u64_n(text.data, text.len - 1, UINT32_MAX, ret)))
		r = err_set(e, ERR_UNSUPPORTED, EINVAL, "tracefs: no number of sys_enter");
	return r;
}

static int open_counter(uint64_t id, bool children, struct err *e)
{
	struct perf_event_attr a = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(a), .config = id, .inherit = children
	};
	int fd = sys_perf_event_open(&a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? err_sys(e, "perf_event_open") : fd;
}

static uint64_t counter(int fd)
{
	uint64_t v = 0;

	return fd >= 0 && read(fd, &v, sizeof(v)) == sizeof(v) ? v : 0;
}

static void open_counters(struct rt_trace *t)
{
	struct err e = ERR_NONE;
	uint64_t id;

	if (tracepoint_id(&id, &e) == 0) {
		t->all = open_counter(id, true, &e);
		t->own = t->all < 0 ? FD_NONE : open_counter(id, false, &e);
	}
	if (e.num)
		fmt_to(t->why, sizeof(t->why), "%s", e.msg);
}

int rt_trace_open(const char *path, const char *command, struct rt_trace **ret, struct err *e)
{
	struct rt_trace *t = calloc(1, sizeof(*t));

	if (!t)
		return err_oom(e, "the trace");
	t->own = t->all = FD_NONE;
	t->command = command;
	t->out = path_open_host(path, O_WRONLY | O_CREAT | O_TRUNC, 0644, e);
	if (t->out < 0) {
		free(t);
		return err_wrap(e, "--trace");
	}
	open_counters(t);
	rt_trace_phase(t, "begin");
	*ret = t;
	return 0;
}

void rt_trace_phase(struct rt_trace *t, const char *name)
{
	if (!t || t->n >= MAX_PHASES)
		return;
	struct phase *p = &t->v[t->n++];
	p->name = name;
	p->own = counter(t->own);
	p->all = counter(t->all);
	p->ns = now_ns();
}

static void add_count(struct buf *b, const char *key, bool known, uint64_t v)
{
	if (known)
		buf_printf(b, ",\"%s\":%llu", key, (unsigned long long)v);
	else
		buf_printf(b, ",\"%s\":null", key);
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void write_json(const struct rt_trace *t, int status, struct buf *b)
{
	const struct phase *first = &t->v[0], *last = &t->v[t->n - 1];
	bool known = t->own >= 0;
	uint64_t own = less(last->own - first->own, READS * (t->n - 1));

	buf_str(b, "{\"command\":");
	buf_json_str(b, t->command);
	buf_printf(b, ",\"status\":%d,\"us\":%llu", status, (unsigned long long)(last->ns - first->ns) / 1000);
	add_count(b, "syscalls", known, own);
	add_count(b, "children_syscalls", known, less(last->all - first->all, last->own - first->own));
	if (!known) {
		buf_str(b, ",\"not_counted\":");
		buf_json_str(b, t->why);
	}
	buf_str(b, ",\"phases\":[");
	for (const struct phase *p = first; p < last; p++) {
		buf_str(b, p == first ? "\n{\"name\":" : ",\n{\"name\":");
		buf_json_str(b, p->name);
		buf_printf(b, ",\"us\":%llu", (unsigned long long)(p[1].ns - p->ns) / 1000);
		add_count(b, "syscalls", known, less(p[1].own - p->own, READS));
		buf_str(b, "}");
	}
	buf_str(b, "]}\n");
}

int rt_trace_finish(struct rt_trace *t, int status, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	if (!t)
		return 0;
	if (t->n == MAX_PHASES)
		t->n--; /* the last border is needed to end the phase before it */
	rt_trace_phase(t, "end");
	write_json(t, status, &b);
	int r = buf_err(&b, e);
	if (r == 0)
		r = io_write_all(t->out, b.data, b.len, e);
	fd_close(&t->own);
	fd_close(&t->all);
	fd_close(&t->out);
	free(t);
	return r < 0 ? err_wrap(e, "--trace") : 0;
}
