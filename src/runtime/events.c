/* Statistics and out-of-memory events, one JSON object a line. */
#include "runtime/events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/oom.h"
#include "cg/stats.h"
#include "runtime/probe.h"
#include "runtime/rdtstats.h"
#include "sys/io.h"

enum { MAX_NET_DEV = 1 << 20 };

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One line of /proc/PID/net/dev, proc_pid_net(5): "  eth0: rx bytes packets errs drop … tx bytes packets errs drop". */
static void add_interface(char *line, bool *first, struct buf *ret)
{
	static const char *const keys[] = { "RxBytes", "RxPackets", "RxErrors", "RxDropped", NULL, NULL, NULL, NULL,
		"TxBytes", "TxPackets", "TxErrors", "TxDropped" };
	char *colon = strchr(line, ':'), *save;
	uint64_t v;

	if (!colon)
		return; /* the two header lines */
	*colon = '\0';
	buf_str(ret, *first ? "{\"Name\":" : ",{\"Name\":");
	*first = false;
	buf_json_str(ret, line + strspn(line, " "));
	char *word = strtok_r(colon + 1, " ", &save);
	for (size_t i = 0; i < ARRAY_SIZE(keys) && word; i++, word = strtok_r(NULL, " ", &save))
		if (keys[i] && parse_u64(word, UINT64_MAX, &v))
			buf_printf(ret, ",\"%s\":%llu", keys[i], (unsigned long long)v);
	buf_str(ret, "}");
}

/* Of the container's network namespace, seen through its first process. */
static void add_network(pid_t pid, struct buf *ret)
{
	AUTO(buf) struct buf text = BUF_INIT;
	struct err ignored = ERR_NONE; /* it ended meanwhile: no interfaces */
	char path[48], *save;
	bool first = true;

	fmt_to(path, sizeof(path), "/proc/%d/net/dev", (int)pid);
	buf_str(ret, ",\"network_interfaces\":[");
	if (io_read_file_at(AT_FDCWD, path, MAX_NET_DEV, &text, &ignored) == 0 && text.data)
		for (char *l = strtok_r(text.data, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
			add_interface(l, &first, ret);
	buf_str(ret, "]");
}

static int add_stats(struct rt_probe *p, const struct rt_state *s, struct buf *ret, struct err *e)
{
	buf_str(ret, "{\"type\":\"stats\",\"id\":");
	buf_json_str(ret, s->id);
	buf_str(ret, ",\"data\":");
	if (cg_stats_json(&p->host, s->cgroup_path, ret, e) < 0)
		return -e->num;
	if (s->intel_rdt_path)
		rt_rdt_stats(s->intel_rdt_path, ret);
	add_network(s->pid, ret);
	buf_str(ret, "}}\n");
	return buf_err(ret, e);
}

static int open_running(
	struct rt_context *c, struct rt_probe *p, const char *id, struct rt_container *ct, struct err *e)
{
	if (rt_container_open_whole(c, id, RT_UNLOCKED, ct, e) < 0)
		return -e->num;
	if (ct->status == RT_STOPPED)
		return err_set(e, ERR_NOT_FOUND, ESRCH, "container not running");
	if (!ct->state.cgroup_path || !ct->state.cgroup_path[0])
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "the container has no cgroup of its own");
	return rt_probe_host(p, e);
}

int rt_stats(struct rt_context *c, const char *id, struct buf *ret, struct err *e)
{
	struct rt_container ct;
	struct rt_probe p;

	rt_probe_init(&p);
	if (open_running(c, &p, id, &ct, e) == 0)
		err_told(add_stats(&p, &ct.state, ret, e));
	rt_probe_done(&p);
	rt_container_done(&ct);
	return e->num ? -e->num : 0;
}

/* --- events ----------------------------------------------------------------------------------------------- */

struct loop {
	struct rt_probe p;
	struct rt_container ct;
	struct cg_oom oom;
	bool has_oom;
	rt_events_emit emit;
	void *arg;
};

static int emit_stats(struct loop *l, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	if (add_stats(&l->p, &l->ct.state, &b, e) < 0)
		return -e->num;
	return l->emit(l->arg, &b, e);
}

static int emit_oom(struct loop *l, bool *ret_gone, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	bool oom = false;

	if (cg_oom_read(&l->oom, &oom, ret_gone, e) < 0)
		return -e->num;
	if (!oom)
		return 0;
	buf_str(&b, "{\"type\":\"oom\",\"id\":");
	buf_json_str(&b, l->ct.state.id);
	buf_str(&b, "}\n");
	return buf_err(&b, e) < 0 ? -e->num : l->emit(l->arg, &b, e);
}

static int until_ended(struct loop *l, uint64_t interval_ms, struct err *e)
{
	struct pollfd fds[2] = { { .fd = l->ct.pidfd, .events = POLLIN },
		{ .fd = l->has_oom ? l->oom.fd : -1, .events = POLLIN } };
	int64_t interval = interval_ms < INT32_MAX ? (int64_t)interval_ms : INT32_MAX;
	int64_t next = now_ms() + interval;
	bool gone = false;

	for (;;) {
		int64_t left = next - now_ms();

		if (poll(fds, 2, left > 0 ? (int)left : 0) < 0 && errno != EINTR)
			return err_sys(e, "wait for events");
		if (fds[1].revents && emit_oom(l, &gone, e) < 0)
			return -e->num;
		if (gone)
			fds[1].fd = -1;
		if (fds[0].revents) /* it ended; a kill for want of memory was told above */
			return 0;
		if (now_ms() < next)
			continue;
		next = now_ms() + interval;
		if (emit_stats(l, e) < 0)
			return -e->num;
	}
}

int rt_events(struct rt_context *c, const char *id, uint64_t interval_ms, rt_events_emit emit, void *arg, struct err *e)
{
	struct loop l = { .emit = emit, .arg = arg };

	if (interval_ms == 0)
		return err_set(e, ERR_USAGE, EINVAL, "duration interval must be greater than 0");
	rt_probe_init(&l.p);
	if (open_running(c, &l.p, id, &l.ct, e) == 0) {
		/* Without the memory controller there are no such events; statistics there are. */
		l.has_oom = cg_oom_open(&l.p.host, l.ct.state.cgroup_path, &l.oom, e) == 0;
		if (!l.has_oom && e->kind == ERR_UNSUPPORTED)
			err_clear(e);
		if (!e->num)
			err_told(until_ended(&l, interval_ms, e));
	}
	if (l.has_oom)
		cg_oom_done(&l.oom);
	rt_probe_done(&l.p);
	rt_container_done(&l.ct);
	return e->num ? -e->num : 0;
}
