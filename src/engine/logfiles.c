/* Following files that are renamed under our hands. The one being read is known by its inode: when
 * it has no more and is not log.json any more, the next one is the one before it in the row. */
#include "engine/logfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"

enum { MAX_FILES = 1000, BLOCK = 1 << 18 };

static int open_number(struct logfiles *l, unsigned i)
{
	char name[32];

	fmt_to(name, sizeof(name), i ? "log.json.%u" : "log.json", i);
	return openat(l->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static int use(struct logfiles *l, int *take_fd, struct err *e)
{
	struct stat st;

	fd_close(&l->fd);
	l->fd = fd_steal(take_fd);
	if (fstat(l->fd, &st) < 0)
		return err_sys(e, "look at the log");
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	l->at = 0;
	return 0;
}

static unsigned oldest(struct logfiles *l)
{
	struct stat st;
	char name[32];
	unsigned i = 0;

	for (; i < MAX_FILES; i++) {
		fmt_to(name, sizeof(name), "log.json.%u", i + 1);
		if (fstatat(l->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			break;
	}
	return i;
}

/* --- the last lines ----------------------------------------------------------------------------------------- */

/* Where the last *@n lines of @fd begin; *n becomes what is missing. */
static int find_tail(int fd, int64_t *n, off_t *ret_at, struct err *e)
{
	auto_free char *block = malloc(BLOCK);
	struct stat st;

	if (!block)
		return err_oom(e, "the log");
	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at the log");
	/* The newline at the very end closes the last line: the one before its first byte is looked
	 * for. */
	off_t end = st.st_size;
	while (end > 0) {
		size_t size = end < BLOCK ? (size_t)end : BLOCK;
		ssize_t got = pread(fd, block, size, end - (off_t)size);

		if (got < 0)
			return err_sys(e, "read the log");
		for (ssize_t i = got - 1; i >= 0; i--) {
			off_t pos = end - (off_t)size + i;

			if (block[i] != '\n' || pos == st.st_size - 1)
				continue;
			if (--*n == 0) {
				*ret_at = pos + 1;
				return 0;
			}
		}
		end -= (off_t)size;
	}
	*n -= st.st_size > 0;
	*ret_at = 0;
	return 0;
}

static int open_tail(struct logfiles *l, int64_t tail, struct err *e)
{
	unsigned last = oldest(l);

	for (unsigned i = 0; i <= last; i++) {
		off_t at = 0;
		int fd = open_number(l, i);

		if (fd < 0)
			break;
		if (tail == 0) { /* only what is still to come */
			struct stat st;

			if (use(l, &fd, e) < 0 || fstat(l->fd, &st) < 0)
				return e->num ? -e->num : err_sys(e, "look at the log");
			l->at = st.st_size;
			return 0;
		}
		if (use(l, &fd, e) < 0 || find_tail(l->fd, &tail, &at, e) < 0)
			return -e->num;
		l->at = at;
		if (tail <= 0)
			return 0;
	}
	return 0;
}

int logfiles_open(struct logfiles *l, int dir_fd, int64_t tail, struct err *e)
{
	*l = (struct logfiles){ .dir_fd = dir_fd, .fd = FD_NONE };
	if (tail >= 0)
		return open_tail(l, tail, e);
	for (unsigned i = oldest(l) + 1; i-- > 0;) {
		int fd = open_number(l, i);

		if (fd >= 0)
			return use(l, &fd, e);
	}
	return 0;
}

void logfiles_done(struct logfiles *l)
{
	fd_close(&l->fd);
	free(l->data);
	l->data = NULL;
}

/* --- reading ------------------------------------------------------------------------------------------------ */

/* The file written after the one being read, as *ret (FD_NONE: there is none yet). */
static int find_next(struct logfiles *l, int *ret, struct err *e)
{
	auto_fd int before = FD_NONE;
	struct stat st;

	*ret = FD_NONE;
	for (unsigned i = 0; i <= MAX_FILES; i++) {
		auto_fd int fd = open_number(l, i);

		if (fd < 0)
			break;
		if (fstat(fd, &st) < 0)
			return err_sys(e, "look at the log");
		if (l->fd >= 0 && st.st_ino == l->ino && st.st_dev == l->dev) {
			*ret = fd_steal(&before);
			return 0;
		}
		fd_close(&before);
		before = fd_steal(&fd);
	}
	l->skipped = l->skipped || (l->fd >= 0 && before >= 0);
	*ret = fd_steal(&before);
	return 0;
}

static int make_room(struct logfiles *l, struct err *e)
{
	if (l->start) {
		memmove(l->data, l->data + l->start, l->end - l->start);
		l->end -= l->start;
		l->start = 0;
	}
	if (l->cap - l->end >= BLOCK / 2)
		return 0;
	size_t cap = l->cap ? l->cap * 2 : BLOCK;
	char *p = realloc(l->data, cap);
	if (!p)
		return err_oom(e, "the log");
	l->data = p;
	l->cap = cap;
	return 0;
}

/* More of the file; *ret_n 0: no more now. One that was cut short (max-file 1) is read from its
 * beginning. */
static int fill(struct logfiles *l, size_t *ret_n, struct err *e)
{
	struct stat st;

	*ret_n = 0;
	if (l->fd < 0)
		return 0;
	if (make_room(l, e) < 0)
		return -e->num;
	ssize_t n = pread(l->fd, l->data + l->end, l->cap - l->end, l->at);
	if (n == 0 && fstat(l->fd, &st) == 0 && st.st_size < l->at) {
		l->at = 0;
		l->start = l->end = 0;
		l->skipped = true;
		n = pread(l->fd, l->data, l->cap, 0);
	}
	if (n < 0)
		return err_sys(e, "read the log");
	l->at += n;
	l->end += (size_t)n;
	*ret_n = (size_t)n;
	return 0;
}

int logfiles_next(struct logfiles *l, bool *ret_found, const char **ret_line, size_t *ret_n, struct err *e)
{
	*ret_found = false;
	for (;;) {
		const char *nl = l->end > l->start ? memchr(l->data + l->start, '\n', l->end - l->start) : NULL;
		auto_fd int next = FD_NONE;
		size_t n;

		if (nl) {
			*ret_line = l->data + l->start;
			*ret_n = (size_t)(nl - *ret_line);
			l->start += *ret_n + 1;
			*ret_found = true;
			return 0;
		}
		if (fill(l, &n, e) < 0)
			return -e->num;
		if (n)
			continue;
		if (find_next(l, &next, e) < 0)
			return -e->num;
		if (next < 0)
			return 0;
		/* What came between the end that we saw and the rotation. */
		if (fill(l, &n, e) < 0)
			return -e->num;
		if (n == 0 && use(l, &next, e) < 0)
			return -e->num;
	}
}
