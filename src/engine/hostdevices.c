/* --privileged shows all devices of the host, and --device one or those of a directory, as docker does. */
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
#include "engine/idrange.h"
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

void doc_device(const struct stat *st, const char *path, bool own_ids, struct buf *b)
{
	uid_t owner = own_ids && st->st_uid >= IDRANGE_SIZE ? 0 : st->st_uid;
	gid_t group = own_ids && st->st_gid >= IDRANGE_SIZE ? 0 : st->st_gid;

	buf_printf(b, "%s{\"type\":\"%c\",\"path\":", b->data[b->len - 1] == '[' ? "" : ",",
		S_ISBLK(st->st_mode) ? 'b' : 'c');
	buf_json_str(b, path);
	buf_printf(b, ",\"major\":%u,\"minor\":%u,\"fileMode\":%u,\"uid\":%u,\"gid\":%u}", major(st->st_rdev),
		minor(st->st_rdev), st->st_mode & 07777, owner, group);
}

struct walk {
	device_told told;
	void *ctx;
	bool whole_host; /* the container has some of /dev itself */
	bool usable_only;
};

static int walk(const struct walk *w, int at, const char *name, const char *path, int depth, struct err *e);

/* One entry of the directory @dir; @path is where it shows in the container. */
static int entry(const struct walk *w, int dir, const char *path, int depth, struct err *e)
{
	const char *name = strrchr(path, '/') + 1;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* gone again */
	if (S_ISDIR(st.st_mode))
		return depth < MAX_DEPTH ? walk(w, dir, name, path, depth + 1, e) : 0;
	if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) &&
		(!w->usable_only || faccessat(dir, name, R_OK | W_OK, 0) == 0))
		w->told(w->ctx, &st, path);
	return 0;
}

static int walk(const struct walk *w, int at, const char *name, const char *path, int depth, struct err *e)
{
	auto_fd int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir __attribute__((cleanup(close_dir))) = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return errno == ENOENT || errno == EACCES ? 0 : err_sys(e, "list %s", path);
	(void)fd_steal(&fd);
	while ((d = readdir(dir))) {
		char below[DEV_PATH];

		if (d->d_name[0] == '.' || (w->whole_host && own(d->d_name, depth)) ||
			!fmt_fits(below, sizeof(below), "%s/%s", path, d->d_name))
			continue;
		if (entry(w, dirfd(dir), below, depth, e) < 0)
			return -e->num;
	}
	return 0;
}

static void add_device(void *ctx, const struct stat *st, const char *path)
{
	doc_device(st, path, false, ctx);
}

int doc_host_devices(bool rootless, struct buf *b, struct err *e)
{
	const struct walk w = { .told = add_device, .ctx = b, .whole_host = true, .usable_only = rootless };

	return walk(&w, AT_FDCWD, "/dev", "/dev", 0, e);
}

int doc_each_device(const char *source, const char *destination, device_told told, void *ctx, struct err *e)
{
	const struct walk w = { .told = told, .ctx = ctx };
	struct stat st;
	auto_fd int fd = path_open_host(source, O_PATH, 0, e);

	if (fd < 0)
		return err_wrap(e, "--device %s", source);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", source);
	if (S_ISDIR(st.st_mode))
		return walk(&w, fd, ".", destination, 0, e);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(
			e, ERR_USAGE, EINVAL, "--device %s: neither a device nor a directory of devices", source);
	told(ctx, &st, destination);
	return 0;
}
