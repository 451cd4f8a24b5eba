/* Temporary file, (fsync,) rename, (fsync of the directory). */
#include "sys/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "sys/io.h"

/* The temporary file stands beside the target: rename(2) does not cross file systems. */
static int open_temporary(int dirfd, const char *name, char tmp[static PATH_MAX], mode_t mode, struct err *e)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;

	for (int i = 0; i < 16; i++) {
		/* The pid makes it ours; a leftover of a killed predecessor with the same pid is replaced. */
		if (!fmt_fits(tmp, PATH_MAX, "%.*s.%.200s.%d.%d", (int)(base - name), name, base, (int)getpid(), i))
			return err_num(e, ENAMETOOLONG, "write %s", name);
		int fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return err_sys(e, "create %s", tmp);
	}
	return err_num(e, EEXIST, "create a temporary file for %s", name);
}

int atomic_write(int dirfd, const char *name, const void *data, size_t n, struct atomic_how how, struct err *e)
{
	char tmp[PATH_MAX];
	auto_fd int fd = open_temporary(dirfd, name, tmp, how.mode, e);

	if (fd < 0)
		return fd;
	if (io_write_all(fd, data, n, e) < 0) {
		err_wrap(e, "%s", name);
		goto undo;
	}
	if (how.sync == ATOMIC_DURABLE && fsync(fd) < 0) {
		err_sys(e, "sync %s", name);
		goto undo;
	}
	if (renameat(dirfd, tmp, dirfd, name) < 0) {
		err_sys(e, "replace %s", name);
		goto undo;
	}
	if (how.sync == ATOMIC_DURABLE && fsync(dirfd) < 0)
		return err_sys(e, "sync the directory of %s", name);
	return 0;
undo:
	(void)unlinkat(dirfd, tmp, 0); /* the error that counts is already set */
	return -e->num;
}
