#include "sys/smallfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "sys/io.h"

/* 0, or -1 with errno. The name beside it is that of a writer who was killed, if it is there: nobody else writes now.
 */
static int replace(int dirfd, const char *name, const char *text)
{
	char tmp[NAME_MAX + 1];

	if (!fmt_fits(tmp, sizeof(tmp), "%s.new", name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (symlinkat(text, dirfd, tmp) < 0 &&
		(errno != EEXIST || unlinkat(dirfd, tmp, 0) < 0 || symlinkat(text, dirfd, tmp) < 0))
		return -1;
	if (renameat(dirfd, tmp, dirfd, name) == 0)
		return 0;
	int saved = errno;
	(void)unlinkat(dirfd, tmp, 0); /* the error that counts is already known */
	errno = saved;
	return -1;
}

int smallfile_write(int dirfd, const char *name, const char *text, enum atomic_sync sync, struct err *e)
{
	struct atomic_how how = { 0600, sync };

	if (symlinkat(text, dirfd, name) < 0 && (errno != EEXIST || replace(dirfd, name, text) < 0)) {
		if (errno == ENAMETOOLONG)
			return atomic_write(dirfd, name, text, strlen(text), how, e);
		return err_sys(e, "write %s", name);
	}
	/* A link has no descriptor to be synced by: its text goes with the directory. */
	if (sync == ATOMIC_DURABLE && fsync(dirfd) < 0)
		return err_sys(e, "sync the directory of %s", name);
	return 0;
}

/* -ELOOP without a message when it has become a link meanwhile. */
static int read_file(int dirfd, const char *name, size_t max, struct buf *ret, struct err *e)
{
	auto_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ELOOP)
		return -ELOOP;
	if (fd < 0)
		return err_sys(e, "open %s", name);
	return io_read_all(fd, max, ret, e) < 0 ? err_wrap(e, "%s", name) : 0;
}

int smallfile_read(int dirfd, const char *name, size_t max, struct buf *ret, struct err *e)
{
	for (;;) {
		char *p = buf_reserve(ret, PATH_MAX);

		if (!p)
			return err_oom(e, "a file's contents");
		ssize_t n = readlinkat(dirfd, name, p, PATH_MAX);
		if (n < 0 && errno != EINVAL)
			return err_sys(e, "read %s", name);
		if (n > 0 && (size_t)n > max)
			return err_set(e, ERR_CONFIG, EFBIG, "%s: larger than the allowed %zu bytes", name, max);
		if (n >= 0) {
			p[n] = '\0';
			ret->len += (size_t)n;
			return 0;
		}
		int r = read_file(dirfd, name, max, ret, e);
		if (r != -ELOOP)
			return r;
	}
}

bool smallfile_exists(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
