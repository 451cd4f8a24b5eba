/* `logs`. Output goes where the program wrote it, stdout or stderr. */
#include "engine/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "base/units.h"
#include "engine/attach.h"
#include "engine/life.h"
#include "engine/logfiles.h"
#include "engine/logrecord.h"
#include "mon/proto.h"
#include "sys/io.h"
#include "sys/path.h"

enum { OUT_SIZE = 1 << 16, DETAILS_SIZE = 8192 };

struct show {
	struct engine *en;
	struct record *r;
	const struct logs_opts *o;
	struct logfiles files;
	struct buf out[2]; /* for stdout, stderr */
	char *room;
	size_t room_size;
	bool over; /* --until was reached */
	int watch, monitor; /* inotify; session, or FD_NONE */
};

/* --- times -------------------------------------------------------------------------------------------------- */

static bool unix_time(const char *text, struct timespec *ret)
{
	size_t n = strspn(text, "0123456789"), digits = 0;
	uint64_t sec;
	long ns = 0;

	if (!parse_u64_n(text, n, INT64_MAX, &sec))
		return false;
	if (text[n] == '.')
		for (digits = 0; digits < 9; digits++) {
			char c = text[n + 1 + digits];

			if (c < '0' || c > '9')
				break;
			ns = ns * 10 + (c - '0');
		}
	if (text[n] && (!digits || text[n + 1 + digits]))
		return false;
	for (; digits < 9; digits++)
		ns *= 10;
	*ret = (struct timespec){ (time_t)sec, ns };
	return true;
}

int logs_time(const char *option, const char *text, struct timespec *ret, struct err *e)
{
	uint64_t ms;

	if (unix_time(text, ret) || rfc3339_parse(text, ret))
		return 0;
	if (!parse_duration_ms(text, &ms)) {
		err_set(e, ERR_USAGE, EINVAL, "%s %.64s: not a time", option, text);
		return err_hint(e, "a duration such as 10m, 2026-01-31T12:00:00Z, or seconds since 1970");
	}
	clock_gettime(CLOCK_REALTIME, ret);
	ret->tv_sec -= (time_t)(ms / 1000);
	ret->tv_nsec -= (long)(ms % 1000) * 1000000;
	if (ret->tv_nsec < 0) {
		ret->tv_nsec += 1000000000;
		ret->tv_sec--;
	}
	return 0;
}

static int compare(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}

/* --- records ------------------------------------------------------------------------------------------------ */

static int flush_one(struct buf *b, int fd, struct err *e)
{
	if (buf_err(b, e) < 0)
		return -e->num;
	size_t n = b->len;
	b->len = 0;
	return n ? io_write_all(fd, b->data, n, e) : 0;
}

static int flush(struct show *s, struct err *e)
{
	return flush_one(&s->out[0], STDOUT_FILENO, e) < 0 || flush_one(&s->out[1], STDERR_FILENO, e) < 0 ? -e->num : 0;
}

/* Two streams, one order: what is for one is written before something for the other. */
static int turn_to(struct show *s, unsigned stream, struct err *e)
{
	return s->out[!stream].len ? flush(s, e) : 0;
}

static bool in_time(struct show *s, const struct logrecord *r, struct timespec *ret)
{
	char text[64];

	if (!s->o->has_since && !s->o->has_until && !s->o->timestamps)
		return true;
	fmt_to(text, sizeof(text), "%.*s", (int)(r->time_len < sizeof(text) - 1 ? r->time_len : 0), r->time);
	if (!rfc3339_parse(text, ret))
		return true; /* better shown than hidden */
	if (s->o->has_until && compare(ret, &s->o->until) > 0)
		s->over = true;
	return !s->over && !(s->o->has_since && compare(ret, &s->o->since) < 0);
}

static int show_record(struct show *s, const struct logrecord *r, struct err *e)
{
	unsigned stream = r->is_stderr;
	struct timespec t = { 0 };
	struct buf *b = &s->out[stream];

	if (!in_time(s, r, &t))
		return 0;
	if (turn_to(s, stream, e) < 0)
		return -e->num;
	/* As docker: a long line has several records, and each its time. */
	if (s->o->timestamps) {
		char when[RFC3339_SIZE];

		rfc3339_format(&t, when);
		buf_printf(b, "%s ", when);
	}
	if (s->o->details) {
		char details[DETAILS_SIZE];

		logrecord_details(r, details, sizeof(details));
		buf_printf(b, "%s ", details);
	}
	buf_add(b, r->text, r->len);
	return b->len >= OUT_SIZE ? flush(s, e) : 0;
}

static int show_line(struct show *s, const char *line, size_t n, struct err *e)
{
	struct logrecord r;

	if (n > s->room_size) {
		char *p = realloc(s->room, n);

		if (!p)
			return err_oom(e, "a log record");
		s->room = p;
		s->room_size = n;
	}
	/* What is no record is the work of others: skipped. */
	return n && logrecord_parse(line, n, s->room, &r) ? show_record(s, &r, e) : 0;
}

static int show_all(struct show *s, struct err *e)
{
	bool found = true;

	while (!s->over) {
		const char *line;
		size_t n;

		if (logfiles_next(&s->files, &found, &line, &n, e) < 0)
			return -e->num;
		if (!found)
			break;
		if (show_line(s, line, n, e) < 0)
			return -e->num;
	}
	if (flush(s, e) < 0)
		return -e->num;
	if (s->files.skipped) {
		static const char text[] = "tare: records were rotated away before they could be shown\n";

		s->files.skipped = false;
		return io_write_all(STDERR_FILENO, text, sizeof(text) - 1, e);
	}
	return 0;
}

/* --- following ---------------------------------------------------------------------------------------------- */

static int session(struct engine *en, struct record *r, struct err *e)
{
	static const uint8_t attach[] = { MON_ATTACH, 0 };
	auto_fd int sock = attach_connect(en, r, e);

	if (sock >= 0 && send(sock, attach, sizeof(attach), MSG_NOSIGNAL) < 0)
		return err_sys(e, "speak to the container's monitor");
	return sock < 0 ? sock : fd_steal(&sock);
}

/* Is there still somebody who may write? A monitor that ends, or is killed, or starts the program
 * again closes its session: then the status tells. */
static int still_runs(struct show *s, bool *ret, struct err *e)
{
	struct record now = RECORD_INIT;
	int n = record_open_id(s->en, s->r->id, false, &now, e);

	if (n < 0 && e->kind == ERR_NOT_FOUND) { /* --rm */
		err_clear(e);
		*ret = false;
		record_done(&now);
		return 0;
	}
	if (n == 0)
		n = engine_refresh(s->en, &now, e);
	*ret = n == 0 &&
		(now.status.state == CT_RUNNING || now.status.state == CT_PAUSED || now.status.state == CT_RESTARTING);
	if (*ret && s->monitor < 0 && now.status.state != CT_RESTARTING) {
		s->monitor = session(s->en, &now, e);
		if (s->monitor < 0 && e->kind == ERR_CONFLICT)
			err_clear(e); /* between two lives: the directory changes again when the
					 next one begins */
	}
	record_done(&now);
	return -e->num;
}

static void hear(struct show *s)
{
	char msg[256];
	ssize_t n = recv(s->monitor, msg, sizeof(msg), MSG_DONTWAIT);

	if (n == 0 || (n > 0 && (uint8_t)msg[0] == MON_EXIT) || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(&s->monitor);
}

/* Milliseconds until --until, rounded up. */
static int until_ms(const struct show *s)
{
	struct timespec now;

	if (!s->o->has_until)
		return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t ms =
		((int64_t)s->o->until.tv_sec - now.tv_sec) * 1000 + (s->o->until.tv_nsec - now.tv_nsec) / 1000000 + 1;
	return ms <= 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static int wait_for_more(struct show *s, struct err *e)
{
	struct pollfd p[] = { { .fd = s->watch, .events = POLLIN }, { .fd = s->monitor, .events = POLLIN } };
	char events[4096];
	int n = poll(p, 2, until_ms(s));

	if (n < 0 && errno != EINTR)
		return err_sys(e, "wait for the log");
	s->over = s->over || n == 0;
	if (n > 0 && p[0].revents && read(s->watch, events, sizeof(events)) < 0 && errno != EAGAIN)
		return err_sys(e, "watch the log");
	if (n > 0 && p[1].revents)
		hear(s);
	return 0;
}

static int follow(struct show *s, struct err *e)
{
	struct path_proc dir = path_proc(s->r->dir_fd);
	bool runs = true;

	s->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (s->watch < 0 || inotify_add_watch(s->watch, dir.text, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return err_sys(e, "watch the log");
	while (runs && !s->over) {
		if (s->monitor < 0 && still_runs(s, &runs, e) < 0)
			return -e->num;
		/* Shown after it was looked whether it runs: what it wrote last is among it. */
		if (show_all(s, e) < 0)
			return -e->num;
		if (runs && !s->over && wait_for_more(s, e) < 0)
			return -e->num;
	}
	return 0;
}

/* --- the whole ---------------------------------------------------------------------------------------------- */

uint64_t logs_lost(const struct record *r)
{
	static const uint8_t query = MON_QUERY;
	struct mon_state_msg st;
	struct err e = ERR_NONE;
	char msg[256];

	if (r->status.state != CT_RUNNING && r->status.state != CT_PAUSED)
		return r->status.lost_records;
	auto_fd int sock = attach_try(r, &e);
	if (sock < 0 || send(sock, &query, 1, MSG_NOSIGNAL) < 0)
		return r->status.lost_records;
	for (;;) {
		struct pollfd p = { .fd = sock, .events = POLLIN };
		enum { PATIENCE_MS = 1000 };
		ssize_t n = poll(&p, 1, PATIENCE_MS) > 0 ? recv(sock, msg, sizeof(msg), MSG_DONTWAIT) : -1;

		if (n <= 0)
			return r->status.lost_records;
		if ((uint8_t)msg[0] != MON_STATE || (size_t)n < 1 + sizeof(st))
			continue;
		memcpy(&st, msg + 1, sizeof(st));
		return r->status.lost_records + st.lost_records;
	}
}

static int tell_losses(const struct record *r, struct err *e)
{
	uint64_t lost = logs_lost(r);
	char text[128];

	if (!lost)
		return 0;
	size_t n = fmt_to(text, sizeof(text),
		"tare: %llu log record(s) of this container could not be written and are lost\n",
		(unsigned long long)lost);
	return io_write_all(STDERR_FILENO, text, n, e);
}

static int check_driver(const struct record *r, struct err *e)
{
	const char *d = r->config.log_driver;

	if (!d || str_eq(d, "json-file") || str_eq(d, "local"))
		return 0;
	err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "container %s: log driver %s keeps nothing that could be shown",
		r->config.name, d);
	return str_eq(d, "journald") ? err_hint(e, "journalctl CONTAINER_ID_FULL=%s", r->id)
				     : err_hint(e, "run it with --log-driver json-file");
}

int logs_show(struct engine *en, struct record *r, const struct logs_opts *o, struct err *e)
{
	struct show s = {
		.en = en, .r = r, .o = o, .out = { BUF_INIT, BUF_INIT }, .watch = FD_NONE, .monitor = FD_NONE
	};
	int n = check_driver(r, e);

	if (n == 0)
		n = logfiles_open(&s.files, r->dir_fd, o->tail, e);
	if (n == 0)
		n = o->follow ? follow(&s, e) : show_all(&s, e);
	if (n == 0)
		n = tell_losses(r, e);
	logfiles_done(&s.files);
	buf_done(&s.out[0]);
	buf_done(&s.out[1]);
	fd_close(&s.watch);
	fd_close(&s.monitor);
	free(s.room);
	return n;
}
