/* The container's log. Guarantees: a record is in the file whole or not at all, whatever the disk
 * does and whenever the monitor is killed; the files stay within max-size and max-file; a disk that
 * takes nothing loses records, which are counted and told in the log once it takes some again, and
 * never stops the container. */
#include "mon/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat(2) */
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"

#define LOG_NAME "log.json"

enum {
	DEFAULT_MAX_SIZE = 10000000, /* docker's units are decimal */
	DEFAULT_MAX_FILES = 3,
	RECORD_MAX = LOG_LINE_MAX * JSONLOG_GROWTH + JSONLOG_OVERHEAD,
};

static const char *const stream_names[] = { "stdout", "stderr" };

/* --- settings ----------------------------------------------------------------------------------------------- */

static const char *option(const struct mon *m, const char *key)
{
	for (size_t i = 0; i < m->n_log_opts; i++)
		if (str_eq(m->log_opts[i].key, key))
			return m->log_opts[i].value;
	return NULL;
}

static int number(const struct mon *m, const char *key, uint64_t otherwise, uint64_t *ret, struct err *e)
{
	const char *text = option(m, key);

	*ret = otherwise;
	if (!text || str_eq(text, "-1")) {
		if (text)
			*ret = UINT64_MAX;
		return 0;
	}
	if (!parse_u64(text, UINT64_MAX, ret) || *ret == 0)
		return err_set(e, ERR_USAGE, EINVAL, "log option %s=%.64s: not a number above 0", key, text);
	return 0;
}

static int settings(struct logfile *l, const struct mon *m, struct err *e)
{
	uint64_t files;

	l->attrs = option(m, "attrs");
	l->fields = option(m, "fields");
	if (number(m, "max-size", DEFAULT_MAX_SIZE, &l->max_size, e) < 0 ||
		number(m, "max-file", DEFAULT_MAX_FILES, &files, e) < 0)
		return -e->num;
	if (files > 1000)
		return err_set(e, ERR_USAGE, EINVAL, "log option max-file: at most 1000");
	l->max_files = (unsigned)files;
	if (str_len(l->attrs) > LOG_OUT_SIZE / 4)
		return err_set(e, ERR_USAGE, E2BIG,
			"labels and variables for the log are %zu bytes, at most %d are possible", str_len(l->attrs),
			LOG_OUT_SIZE / 4);
	return 0;
}

/* --- the file ----------------------------------------------------------------------------------------------- */

/* A monitor that was killed in the middle of a write may have left a part of a record. */
static int mend(struct logfile *l, struct err *e)
{
	char end[4096];
	uint64_t size = l->size;

	while (size) {
		size_t n = size < sizeof(end) ? (size_t)size : sizeof(end);
		ssize_t got = pread(l->fd, end, n, (off_t)(size - n));

		if (got != (ssize_t)n)
			return got < 0 ? err_sys(e, "read %s", LOG_NAME) : err_num(e, EIO, "read %s", LOG_NAME);
		const char *nl = memrchr(end, '\n', n);
		if (nl) {
			size = size - n + (size_t)(nl - end) + 1;
			break;
		}
		size -= n;
	}
	if (size == l->size)
		return 0;
	if (ftruncate(l->fd, (off_t)size) < 0)
		return err_sys(e, "cut an unfinished record off %s", LOG_NAME);
	l->size = size;
	return 0;
}

static int open_file(struct logfile *l, struct err *e)
{
	struct stat st;
	auto_fd int fd = openat(l->dir_fd, LOG_NAME, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", LOG_NAME);
	fd_close(&l->fd);
	l->fd = fd_steal(&fd);
	l->size = (uint64_t)st.st_size;
	return mend(l, e);
}

static void rotate(struct logfile *l)
{
	struct err e = ERR_NONE;
	char from[32], to[32];

	if (l->max_files < 2) {
		if (ftruncate(l->fd, 0) == 0)
			l->size = 0;
		return;
	}
	/* Not by renaming onto it: ext4 then writes the renamed file to the disk at once
	 * (auto_da_alloc). */
	fmt_to(to, sizeof(to), LOG_NAME ".%u", l->max_files - 1);
	(void)unlinkat(l->dir_fd, to, 0); /* absent: not that many yet */
	for (unsigned i = l->max_files - 1; i > 0; i--) {
		fmt_to(from, sizeof(from), i > 1 ? LOG_NAME ".%u" : LOG_NAME, i - 1);
		fmt_to(to, sizeof(to), LOG_NAME ".%u", i);
		(void)renameat(l->dir_fd, from, l->dir_fd, to); /* as above */
	}
	if (open_file(l, &e) < 0)
		l->lost_num = e.num; /* the old file is full: records are lost until this works */
}

static size_t count_records(const char *data, size_t n)
{
	size_t records = 0;

	for (const char *p = data, *end = data + n; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		records++;
	return records;
}

/* Of @n bytes in l->out only @written were taken: keep whole records. */
static void lose(struct logfile *l, size_t written, uint64_t told)
{
	const char *end = written ? memrchr(l->out, '\n', written) : NULL;
	size_t kept = end ? (size_t)(end - l->out) + 1 : 0;

	/* A part that cannot be cut off is dealt with by the next who opens the file. */
	if (kept < written && ftruncate(l->fd, (off_t)(l->size + kept)) < 0)
		kept = written;
	l->size += kept;
	l->lost += count_records(l->out + kept, l->out_len - kept) - (l->out_notice && kept == 0);
	if (l->out_notice && kept)
		l->lost_told = told;
}

/* A file that takes records: opened, and below its limit. */
static bool make_room(struct logfile *l)
{
	struct err e = ERR_NONE;

	if (l->fd < 0 && open_file(l, &e) < 0)
		l->lost_num = e.num;
	if (l->fd >= 0 && l->size >= l->max_size)
		rotate(l);
	return l->fd >= 0 && l->size < l->max_size;
}

static void write_out(struct logfile *l)
{
	uint64_t told = l->lost;
	size_t done = 0;

	if (make_room(l)) {
		while (done < l->out_len) {
			ssize_t n = write(l->fd, l->out + done, l->out_len - done);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0) {
				l->lost_num = errno;
				break;
			}
			done += (size_t)n;
		}
	}
	if (done == l->out_len) {
		l->size += done;
		if (l->out_notice)
			l->lost_told = told;
	} else {
		lose(l, done, told);
	}
	l->out_len = l->out_records = 0;
	l->out_notice = false;
}

void logfile_flush(struct logfile *l)
{
	if (l->out_len)
		write_out(l);
}

/* --- records ------------------------------------------------------------------------------------------------ */

static void append(struct logfile *l, const char *line, size_t n, bool newline, const struct jsonlog_tail *t)
{
	if (l->out_len + n * JSONLOG_GROWTH + JSONLOG_OVERHEAD + t->attrs_len > LOG_OUT_SIZE ||
		l->size + l->out_len >= l->max_size)
		logfile_flush(l);
	l->out_len += jsonlog_record(l->out + l->out_len, line, n, newline, t);
	l->out_records++;
}

static void tell_losses(struct logfile *l)
{
	char text[160];
	uint64_t n = l->lost - l->lost_told;
	struct jsonlog_tail t;

	size_t len = fmt_to(text, sizeof(text), "tare: %llu log record(s) were lost here: %s", (unsigned long long)n,
		strerrordesc_np(l->lost_num) ? strerrordesc_np(l->lost_num) : "not known why");
	jsonlog_tail(&t, "stderr", l->time, NULL);
	append(l, text, len, true, &t);
	l->out_notice = true;
}

static void set_time(struct logfile *l, const struct timespec *now)
{
	jsonlog_time(now, l->time);
	l->has_tail[0] = l->has_tail[1] = false;
}

static bool owes_notice(const struct logfile *l)
{
	return l->lost != l->lost_told && !l->out_len;
}

static const struct jsonlog_tail *tail_now(struct logfile *l, unsigned stream)
{
	if (!l->has_tail[stream])
		jsonlog_tail(&l->tail[stream], stream_names[stream], l->time, l->attrs);
	l->has_tail[stream] = true;
	return &l->tail[stream];
}

/* Out of line: few lines come in pieces. */
__attribute__((noinline)) static void append_piece(
	struct logfile *l, unsigned stream, const char *line, size_t n, bool newline)
{
	struct jsonlog_tail t;

	jsonlog_tail(&t, stream_names[stream], l->part[stream].time, l->attrs);
	append(l, line, n, newline, &t);
}

static void record(struct logfile *l, unsigned stream, const char *line, size_t n, bool newline)
{
	if (l->driver == LOG_DRIVER_JOURNALD) {
		const struct journal_record r = { l->fields, stream, line, n, !newline };

		l->lost += !journal_send(l->fd, &r);
		return;
	}
	if (owes_notice(l))
		tell_losses(l);
	if (l->part[stream].continues)
		append_piece(l, stream, line, n, newline);
	else
		append(l, line, n, newline, tail_now(l, stream));
}

/* The beginning of a line that has no end yet, and no room for more. */
static void piece(struct logfile *l, unsigned stream, const char *data, size_t n)
{
	struct log_part *p = &l->part[stream];

	record(l, stream, data, n, false);
	if (!p->continues)
		memcpy(p->time, l->time, sizeof(p->time));
	p->continues = true;
}

static void whole(struct logfile *l, unsigned stream, const char *data, size_t n)
{
	record(l, stream, data, n, true);
	l->part[stream].continues = false;
}

/* With the beginning of a line at hand: complete it. Returns how many bytes were used. */
static size_t fill_part(struct logfile *l, unsigned stream, const char *data, size_t n)
{
	struct log_part *p = &l->part[stream];
	size_t room = LOG_LINE_MAX - p->len, take = n < room ? n : room;
	const char *nl = memchr(data, '\n', take);
	size_t used = nl ? (size_t)(nl - data) : take;

	memcpy(p->data + p->len, data, used);
	p->len += used;
	if (nl)
		whole(l, stream, p->data, p->len);
	else if (p->len == LOG_LINE_MAX)
		piece(l, stream, p->data, p->len);
	else
		return used;
	p->len = 0;
	return used + (nl != NULL);
}

void logfile_feed(struct logfile *l, unsigned stream, const char *data, size_t n)
{
	struct log_part *p = &l->part[stream];
	struct timespec now;

	if (l->driver == LOG_DRIVER_NONE)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	set_time(l, &now);
	while (n) {
		size_t used;

		if (p->len) {
			used = fill_part(l, stream, data, n);
		} else {
			size_t take = n < LOG_LINE_MAX ? n : LOG_LINE_MAX;
			const char *nl = memchr(data, '\n', take);

			used = nl ? (size_t)(nl - data) + 1 : take;
			if (nl)
				whole(l, stream, data, used - 1);
			else if (take == LOG_LINE_MAX)
				piece(l, stream, data, take);
			else
				used = fill_part(l, stream, data, n);
		}
		data += used;
		n -= used;
	}
	logfile_flush(l);
}

bool logfile_has_parts(const struct logfile *l)
{
	return l->part[0].len || l->part[1].len;
}

void logfile_parts(struct logfile *l)
{
	for (unsigned i = 0; i < 2; i++) {
		if (l->part[i].len)
			piece(l, i, l->part[i].data, l->part[i].len);
		l->part[i].len = 0;
	}
	logfile_flush(l);
}

/* --- life --------------------------------------------------------------------------------------------------- */

int logfile_open(struct logfile *l, const struct mon *m, struct err *e)
{
	const char *d = m->log_driver;

	l->fd = FD_NONE;
	l->dir_fd = m->dir_fd;
	if (str_eq(d, "none")) {
		l->driver = LOG_DRIVER_NONE;
		return 0;
	}
	if (settings(l, m, e) < 0)
		return -e->num;
	if (str_eq(d, "journald")) {
		l->driver = LOG_DRIVER_JOURNALD;
		l->fd = journal_open(e);
		return l->fd < 0 ? l->fd : 0;
	}
	if (d && !str_eq(d, "json-file") && !str_eq(d, "local"))
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "log driver %.64s: there is no such driver here", d);
	l->driver = LOG_DRIVER_JSON;
	/* A disk that takes nothing now may do so later, and does not keep the container from
	 * running. */
	if (open_file(l, e) < 0) {
		l->lost_num = e->num;
		err_clear(e);
	}
	return 0;
}

void logfile_close(struct logfile *l)
{
	if (l->driver == LOG_DRIVER_JSON) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		set_time(l, &now);
		if (owes_notice(l))
			tell_losses(l);
		logfile_flush(l);
	}
	fd_close(&l->fd);
}
