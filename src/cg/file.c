/* Small files of one cgroup, by path relative to the one descriptor of /sys/fs/cgroup. Paths come from
 * cg_path_resolve() and have no ".."; cgroup file systems have no symlinks. */
#include "cg/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"

static int join(const struct cg_host *h, int hier, const char *path, const char *file, char dst[static PATH_MAX])
{
	const char *sep = file ? "/" : "";

	return fmt_fits(dst, PATH_MAX, "%s%s%s%s", h->hier[hier].dir, path, sep, file ? file : "") ? 0 : -ENAMETOOLONG;
}

int cg_file_path(
	const struct cg_host *h, int hier, const char *path, const char *file, char dst[static 4096], struct err *e)
{
	_Static_assert(PATH_MAX == 4096, "the header says 4096");

	return join(h, hier, path, file, dst) < 0 ? err_num(e, ENAMETOOLONG, "cgroup %.256s", path) : 0;
}

int cg_file_open(const struct cg_host *h, int hier, const char *path, const char *file, int flags)
{
	char full[PATH_MAX];

	if (join(h, hier, path, file, full) < 0)
		return -ENAMETOOLONG;
	int fd = openat(h->root, full, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 ? fd : -errno;
}

ssize_t cg_file_read(const struct cg_at *at, const char *file, char *dst, size_t size)
{
	auto_fd int fd = cg_file_open(at->h, at->hier, at->path, file, O_RDONLY);
	size_t len = 0;

	if (fd < 0)
		return fd;
	while (len + 1 < size) {
		ssize_t n = read(fd, dst + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		/* Most are one line in one piece; only a list needs a second read to see its end. */
		if (n == 0 || (dst[len - 1] == '\n' && memchr(dst, '\n', len) == dst + len - 1))
			break;
	}
	if (len && dst[len - 1] == '\n')
		len--;
	dst[len] = '\0';
	return (ssize_t)len;
}

int cg_file_write(const struct cg_host *h, int hier, const char *path, const char *file, const char *value)
{
	auto_fd int fd = cg_file_open(h, hier, path, file, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = write(fd, value, strlen(value));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}
