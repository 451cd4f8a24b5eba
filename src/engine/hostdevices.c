/* --privileged shows all devices of the host, as docker does. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/document_parts.h"
#include "sys/path.h"

enum { MAX_DEPTH = 8, DEV_PATH = 512 };

static bool among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (str_eq(name, *names))
			return true;
	return false;
}

/* What a container has of its own: mounts of its /dev, and the devices that the runtime always makes. */
static bool own(const char *name, int depth)
{
	static const char *const names[] = { "pts", "shm", "fd", "mqueue", "console", "ptmx", "tty", "null", "zero",
		"full", "random", "urandom", "stdin", "stdout", "stderr", "core", NULL };

	return depth == 0 && among(name, names);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

void doc_device(const struct stat *st, const char *path, struct buf *b)
{
	buf_printf(b, "%s{\"type\":\"%c\",\"path\":", b->data[b->len - 1] == '[' ? "" : ",",
		S_ISBLK(st->st_mode) ? 'b' : 'c');
	buf_json_str(b, path);
	buf_printf(b, ",\"major\":%u,\"minor\":%u,\"fileMode\":%u,\"uid\":%u,\"gid\":%u}", major(st->st_rdev),
		minor(st->st_rdev), st->st_mode & 07777, st->st_uid, st->st_gid);
}

struct walk {
	struct buf *b;
	bool rootless;
};

static int walk(const struct walk *w, int at, const char *path, int depth, struct err *e);

/* One entry of the directory @dir, which is /dev or below it. */
static int entry(const struct walk *w, int dir, const char *path, int depth, struct err *e)
{
	const char *name = strrchr(path, '/') + 1;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* gone again */
	if (S_ISDIR(st.st_mode))
		return depth < MAX_DEPTH ? walk(w, dir, path, depth + 1, e) : 0;
	if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) && (!w->rootless || faccessat(dir, name, R_OK | W_OK, 0) == 0))
		doc_device(&st, path, w->b);
	return 0;
}

static int walk(const struct walk *w, int at, const char *path, int depth, struct err *e)
{
	const char *name = depth ? strrchr(path, '/') + 1 : path;
	auto_fd int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir __attribute__((cleanup(close_dir))) = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return errno == ENOENT || errno == EACCES ? 0 : err_sys(e, "list %s", path);
	(void)fd_steal(&fd);
	while ((d = readdir(dir))) {
		char below[DEV_PATH];

		if (d->d_name[0] == '.' || own(d->d_name, depth) ||
			!fmt_fits(below, sizeof(below), "%s/%s", path, d->d_name))
			continue;
		if (entry(w, dirfd(dir), below, depth, e) < 0)
			return -e->num;
	}
	return 0;
}

int doc_host_devices(bool rootless, struct buf *b, struct err *e)
{
	struct walk w = { b, rootless };

	return walk(&w, AT_FDCWD, "/dev", 0, e);
}
