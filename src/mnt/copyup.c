/* tmpcopyup, and filling volumes. Guarantees: works on descriptors only, follows no symlink, enters no other mount,
 * allocates nothing; depth and number of entries are bounded, the size by the tmpfs itself. A file whose owner could
 * not be kept loses its set-id bits. */
#include "mnt/copyup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "sys/call.h"

enum {
	DENTS_SIZE = 2048, /* per level, on the stack */
	XATTR_NAMES = 4096,
	XATTR_VALUE = 65536, /* XATTR_SIZE_MAX */
};

struct copy {
	size_t n_entries;
	char names[XATTR_NAMES], value[XATTR_VALUE];
};

static int copy_dir(struct copy *c, int src, int dst, int depth, struct err *e);

/* --- what belongs to every kind of file ------------------------------------------------------------------ */

/* An attribute that a tmpfs of this kernel or this user may not have is left out: the same file would have
 * been unable to carry it had it been made here. */
static bool tolerable(int num)
{
	return num == ENOTSUP || num == EPERM || num == EACCES || num == EINVAL;
}

static int copy_xattrs(struct copy *c, int src, int dst, struct err *e)
{
	ssize_t n = flistxattr(src, c->names, sizeof(c->names));

	if (n < 0)
		return errno == ENOTSUP ? 0 : err_sys(e, "list its extended attributes");
	for (const char *name = c->names; name < c->names + n; name += strlen(name) + 1) {
		ssize_t len = fgetxattr(src, name, c->value, sizeof(c->value));

		if (len < 0 && (errno == ENODATA || tolerable(errno)))
			continue;
		if (len < 0)
			return err_sys(e, "read extended attribute %s", name);
		if (fsetxattr(dst, name, c->value, (size_t)len, 0) < 0 && !tolerable(errno))
			return err_sys(e, "set extended attribute %s", name);
	}
	return 0;
}

/* Owner first: chown(2) clears the set-id bits and file capabilities. */
static int copy_owner_mode(int dst, const struct stat *st, struct err *e)
{
	mode_t mode = st->st_mode & 07777;

	if (fchown(dst, st->st_uid, st->st_gid) < 0) {
		if (errno != EINVAL && errno != EPERM) /* not mapped here, or not ours to give */
			return err_sys(e, "set its owner");
		mode &= ~(mode_t)(S_ISUID | S_ISGID);
	}
	return fchmod(dst, mode) < 0 ? err_sys(e, "set its mode") : 0;
}

static int copy_meta(struct copy *c, int src, int dst, const struct stat *st, struct err *e)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int r = copy_owner_mode(dst, st, e);

	if (r == 0)
		r = copy_xattrs(c, src, dst, e);
	if (r == 0 && futimens(dst, times) < 0)
		r = err_sys(e, "set its times");
	return r;
}

/* --- files ----------------------------------------------------------------------------------------------- */

static int copy_range(int src, int dst, off_t from, off_t to, struct err *e)
{
	if (lseek(dst, from, SEEK_SET) < 0)
		return err_sys(e, "seek");
	while (from < to) {
		ssize_t n = sendfile(dst, src, &from, (size_t)(to - from));

		if (n < 0 && errno != EINTR)
			return err_sys(e, "copy its content");
		if (n == 0)
			break; /* it became shorter */
	}
	return 0;
}

/* Only what is written takes memory in a tmpfs: holes stay holes. */
static int copy_content(int src, int dst, off_t size, struct err *e)
{
	off_t at = 0;

	if (ftruncate(dst, size) < 0)
		return err_sys(e, "set its size");
	while (at < size) {
		off_t data = lseek(src, at, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			return 0;
		off_t hole = data < 0 ? -1 : lseek(src, data, SEEK_HOLE);
		if (hole < 0)
			return err_sys(e, "look for its data");
		if (hole > size)
			hole = size;
		int r = copy_range(src, dst, data, hole, e);
		if (r < 0)
			return r;
		at = hole;
	}
	return 0;
}

static int open_source(int dir, const char *name, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags | O_RDONLY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

	return sys_openat2(dir, name, &how);
}

static int copy_file(struct copy *c, int src_dir, int dst_dir, const char *name, const struct stat *st, struct err *e)
{
	struct stat now;
	auto_fd int src = open_source(src_dir, name, O_NONBLOCK | O_NOCTTY);

	if (src < 0 && errno == EXDEV) /* a file is mounted there: the name is enough */
		return mknodat(dst_dir, name, S_IFREG | (st->st_mode & 0777), 0) < 0 ? err_sys(e, "make it") : 0;
	if (src < 0)
		return err_sys(e, "open it");
	if (fstat(src, &now) < 0 || !S_ISREG(now.st_mode) || now.st_ino != st->st_ino)
		return err_set(e, ERR_SYSTEM, EAGAIN, "it was replaced while it was copied");
	auto_fd int dst = openat(dst_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (dst < 0)
		return err_sys(e, "make it");
	int r = copy_content(src, dst, now.st_size, e);
	return r == 0 ? copy_meta(c, src, dst, &now, e) : r;
}

static int copy_symlink(int src_dir, int dst_dir, const char *name, const struct stat *st, struct err *e)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[PATH_MAX];
	ssize_t n = readlinkat(src_dir, name, target, sizeof(target));

	if (n < 0 || n == sizeof(target))
		return n < 0 ? err_sys(e, "read the symlink") : err_num(e, ENAMETOOLONG, "read the symlink");
	target[n] = '\0';
	if (symlinkat(target, dst_dir, name) < 0)
		return err_sys(e, "make the symlink");
	/* Neither says anything to who follows it. */
	(void)!fchownat(dst_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW);
	(void)utimensat(dst_dir, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

/* Fifo, socket or device. Their extended attributes would need the file opened, which may act: left out. */
static int copy_node(int dst_dir, const char *name, const struct stat *st, struct err *e)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	bool device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);

	if (mknodat(dst_dir, name, st->st_mode & (S_IFMT | 0777), st->st_rdev) < 0 &&
		!(device && errno == EPERM && mknodat(dst_dir, name, S_IFREG | (st->st_mode & 0777), 0) == 0))
		return err_sys(e, "make the special file");
	if (fchownat(dst_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && !tolerable(errno))
		return err_sys(e, "set its owner");
	if (fchmodat(dst_dir, name, st->st_mode & 0777, 0) < 0) /* the umask took bits; the tree is still ours */
		return err_sys(e, "set its mode");
	(void)utimensat(dst_dir, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int copy_subdir(struct copy *c, int src_dir, int dst_dir, const char *name, int depth, struct err *e)
{
	struct stat st;

	if (depth == COPYUP_MAX_DEPTH)
		return err_set(e, ERR_CONFIG, ELOOP, "deeper than %d directories", COPYUP_MAX_DEPTH);
	if (mkdirat(dst_dir, name, 0700) < 0)
		return err_sys(e, "make the directory");
	auto_fd int src = open_source(src_dir, name, O_DIRECTORY);
	if (src < 0)
		return errno == EXDEV ? 0 : err_sys(e, "open the directory");
	auto_fd int dst = openat(dst_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dst < 0)
		return err_sys(e, "open the new directory");
	int r = copy_dir(c, src, dst, depth + 1, e);
	if (r == 0 && fstat(src, &st) < 0)
		r = err_sys(e, "look at the directory");
	return r == 0 ? copy_meta(c, src, dst, &st, e) : r;
}

static int copy_entry(struct copy *c, int src, int dst, const char *name, int depth, struct err *e)
{
	struct stat st;

	if (++c->n_entries > COPYUP_MAX_ENTRIES)
		return err_set(e, ERR_CONFIG, E2BIG, "more than %d files to copy", COPYUP_MAX_ENTRIES);
	if (fstatat(src, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "look at it");
	switch (st.st_mode & S_IFMT) {
	case S_IFREG: return copy_file(c, src, dst, name, &st, e);
	case S_IFDIR: return copy_subdir(c, src, dst, name, depth, e);
	case S_IFLNK: return copy_symlink(src, dst, name, &st, e);
	default: return copy_node(dst, name, &st, e);
	}
}

static int copy_dir(struct copy *c, int src, int dst, int depth, struct err *e)
{
	_Alignas(struct dirent64) char dents[DENTS_SIZE];

	for (;;) {
		ssize_t n = getdents64(src, dents, sizeof(dents));

		if (n <= 0)
			return n < 0 ? err_sys(e, "read the directory") : 0;
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(dents + at);
			const char *name = d->d_name;

			at += d->d_reclen;
			if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
				continue;
			if (copy_entry(c, src, dst, name, depth, e) < 0)
				return err_wrap(e, "%s", name);
		}
	}
}

int mnt_copy_up(int srcfd, int dstfd, struct err *e)
{
	struct copy c;
	struct stat st;

	c.n_entries = 0;
	int r = copy_dir(&c, srcfd, dstfd, 0, e);
	if (r == 0 && fstat(srcfd, &st) < 0)
		r = err_sys(e, "look at the directory");
	if (r == 0)
		r = copy_meta(&c, srcfd, dstfd, &st, e);
	return r;
}
