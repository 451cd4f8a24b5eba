/* Whole reads and writes. */
#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, size_t max, bool regular, struct buf *ret, struct err *e)
{
	size_t start = ret->len, room = 4096;

	for (;;) {
		char *p = buf_reserve(ret, room);

		if (!p)
			return err_oom(e, "a file's contents");
		ssize_t n = read(fd, p, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read");
		ret->len += (size_t)n;
		ret->data[ret->len] = '\0';
		if (ret->len - start > max)
			return err_set(e, ERR_CONFIG, EFBIG, "larger than the allowed %zu bytes", max);
		if (n == 0 || (regular && (size_t)n < room))
			return 0;
		if ((size_t)n == room && room < 1 << 16)
			room *= 2;
	}
}

int io_read_all(int fd, size_t max, struct buf *ret, struct err *e)
{
	return read_all(fd, max, false, ret, e);
}

int io_write_all(int fd, const void *data, size_t n, struct err *e)
{
	const char *p = data;

	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, "write");
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int io_write_once(int fd, const char *data, size_t n, struct err *e)
{
	ssize_t w;

	do
		w = write(fd, data, n);
	while (w < 0 && errno == EINTR);
	if (w < 0)
		return err_sys(e, "write \"%.*s\"", (int)(n < 80 ? n : 80), data);
	if ((size_t)w != n)
		return err_num(e, EIO, "write \"%.*s\": short write", (int)(n < 80 ? n : 80), data);
	return 0;
}

static int read_at(int dirfd, const char *name, size_t max, bool regular, struct buf *ret, struct err *e)
{
	auto_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", name);
	if (read_all(fd, max, regular, ret, e) < 0)
		return err_wrap(e, "%s", name);
	return 0;
}

int io_read_file_at(int dirfd, const char *name, size_t max, struct buf *ret, struct err *e)
{
	return read_at(dirfd, name, max, false, ret, e);
}

int io_read_regular_at(int dirfd, const char *name, size_t max, struct buf *ret, struct err *e)
{
	return read_at(dirfd, name, max, true, ret, e);
}

int io_write_file_at(int dirfd, const char *name, const char *value, struct err *e)
{
	auto_fd int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", name);
	if (io_write_once(fd, value, strlen(value), e) < 0)
		return err_wrap(e, "%s", name);
	return 0;
}
