/* Calls that libc lacks. An error ends the program: a limit that was measured on half the work is none. */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

void die(const char *fmt, ...)
{
	char msg[512];
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	dprintf(2, "floor: %s%s%s\n", msg, err ? ": " : "", err ? strerror(err) : "");
	_exit(111); /* also from the child of a vfork: no atexit handlers */
}

int open_in(int rootfd, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, rootfd, path, &how, sizeof(how));
}

int clone_with(int dirfd, const char *path, unsigned flags, struct mount_attr *attr)
{
	int mnt = (int)syscall(
		SYS_open_tree_attr, dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags, attr, sizeof(*attr));

	if (mnt >= 0 || errno != ENOSYS) /* Linux 6.15 has it */
		return mnt;
	mnt = open_tree(dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
	if (mnt >= 0 && mount_setattr(mnt, "", AT_EMPTY_PATH | (flags & AT_RECURSIVE), attr, sizeof(*attr)) < 0)
		die("set the attributes of %s", path);
	return mnt;
}

void write_file(int dirfd, const char *path, const char *text)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("write \"%s\" to %s", text, path);
	close(fd);
}

size_t read_file(int dirfd, const char *path, char *buf, size_t size)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0)
		die("read %s", path);
	close(fd);
	buf[n] = '\0';
	return (size_t)n;
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}
