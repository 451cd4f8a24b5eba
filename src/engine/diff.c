/* The upper directory of the container's overlay is the list of changes; whether one is an addition is told by the
 * lower layers, each asked from the top down as overlayfs does: a whiteout or an opaque directory ends the search. */
#include "engine/diff.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/rootfs.h"
#include "sys/dirnames.h"
#include "sys/path.h"

struct diff {
	struct rootfs rootfs;
	diff_told told;
	void *ctx;
	char path[PATH_MAX]; /* "/a/b" */
};

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static bool is_opaque(int dir, bool rootless)
{
	auto_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char value = 0;

	return fd >= 0 && fgetxattr(fd, rootless ? "user.overlay.opaque" : "trusted.overlay.opaque", &value, 1) == 1 &&
		value == 'y';
}

enum place { PLACE_UNKNOWN, PLACE_HERE, PLACE_GONE };

/* Does layer @layer_fd decide about @path (relative)? */
static enum place in_layer(int layer_fd, const char *path, bool rootless)
{
	auto_fd int dir = openat(layer_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool opaque = false;

	for (const char *at = path;;) {
		char name[NAME_MAX + 1];
		size_t n = strcspn(at, "/");
		struct stat st;

		if (dir < 0 || n > NAME_MAX)
			return PLACE_UNKNOWN;
		memcpy(name, at, n);
		name[n] = '\0';
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return opaque ? PLACE_GONE : PLACE_UNKNOWN;
		if (is_whiteout(&st))
			return PLACE_GONE;
		if (!at[n])
			return PLACE_HERE;
		if (!S_ISDIR(st.st_mode))
			return PLACE_GONE;
		int next = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		fd_close(&dir);
		dir = next;
		opaque |= dir >= 0 && is_opaque(dir, rootless);
		at += n + 1;
	}
}

static bool below(const struct diff *d, const char *path)
{
	for (size_t i = d->rootfs.n_layers; i-- > 0;) {
		enum place p = in_layer(d->rootfs.layers[i], path, d->rootfs.rootless);

		if (p != PLACE_UNKNOWN)
			return p == PLACE_HERE;
	}
	return false;
}

static int walk(struct diff *d, int fd, bool all_new, struct err *e);

static int tell(struct diff *d, enum diff_kind kind, mode_t mode, bool fresh, struct err *e)
{
	const struct diff_change change = { .kind = kind, .path = d->path, .mode = mode, .fresh = fresh };

	return d->told(d->ctx, &change, e);
}

static bool is_empty(int fd)
{
	struct arena a = ARENA_INIT;
	struct err ignored = ERR_NONE;
	auto_free char **names = NULL;
	size_t n = 0;
	bool empty = dir_names(fd, &a, &names, &n, &ignored) == 0 && n == 0;

	arena_done(&a);
	return empty;
}

/* A plain user's view of the host is one overlay a top-level folder, whose upper directories the start makes: they say
 * nothing until something is in them. */
static bool is_folder_of_start(const struct diff *d, int fd)
{
	return d->rootfs.rootless && d->rootfs.record->config.rootfs_kind == CT_ROOTFS_HOST &&
		!strchr(d->path + 1, '/') && is_empty(fd);
}

/* The places where the start of a container mounts something: what it had to make there to mount on is the runtime's
 * and no change of this machine. */
static bool is_mount_place(const struct diff *d)
{
	static const char *const ours[] = { "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev", "/proc",
		"/sys" };
	const struct ct_config *c = &d->rootfs.record->config;

	if (c->rootfs_kind != CT_ROOTFS_HOST)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (str_eq(d->path, ours[i]))
			return true;
	for (size_t i = 0; i < c->n_mounts; i++)
		if (str_eq(d->path, c->mounts[i].destination))
			return true;
	return c->timezone && str_eq(d->path, "/etc/localtime");
}

/* One entry of the upper directory. @hidden: it lies in a directory that is opaque or new, so all in it was added. */
static int entry(struct diff *d, int parent, const char *name, bool hidden, struct err *e)
{
	struct stat st;
	bool old;

	if (is_mount_place(d))
		return 0;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "look at %s", d->path);
	old = !hidden && below(d, d->path + 1);
	if (is_whiteout(&st))
		return old ? tell(d, DIFF_DELETED, 0, false, e) : 0;
	if (!S_ISDIR(st.st_mode))
		return tell(d, old ? DIFF_CHANGED : DIFF_ADDED, st.st_mode, false, e);
	auto_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : err_sys(e, "open %s", d->path);
	if (is_folder_of_start(d, fd))
		return 0;
	bool fresh = hidden || !old || is_opaque(fd, d->rootfs.rootless);
	if (tell(d, old ? DIFF_CHANGED : DIFF_ADDED, st.st_mode, fresh, e) < 0)
		return -e->num;
	return walk(d, fd, fresh, e);
}

static int walk(struct diff *d, int fd, bool all_new, struct err *e)
{
	struct arena a = ARENA_INIT;
	auto_free char **names = NULL;
	size_t n, len = strlen(d->path);
	int r = dir_names(fd, &a, &names, &n, e);

	for (size_t i = 0; i < n && r == 0; i++) {
		if (fmt_fits(d->path + len, sizeof(d->path) - len, "/%s", names[i]))
			r = entry(d, fd, names[i], all_new, e);
		else
			r = err_num(e, ENAMETOOLONG, "%.64s…", d->path);
		d->path[len] = '\0';
	}
	arena_done(&a);
	return r;
}

int engine_diff(struct engine *en, const struct record *r, diff_told told, void *ctx, struct err *e)
{
	struct diff *d = calloc(1, sizeof(*d));
	int n;

	if (!d)
		return err_oom(e, "the changes of a container");
	*d = (struct diff){ .rootfs = ROOTFS_INIT, .told = told, .ctx = ctx };
	n = rootfs_open(en, r, &d->rootfs, e);
	if (n == 0 && r->config.rootfs_kind == CT_ROOTFS_DIR)
		n = err_set(e, ERR_UNSUPPORTED, ENOTSUP,
			"container %.12s writes into %s itself: its changes are not kept apart", r->id,
			r->config.rootfs);
	if (n == 0) {
		auto_fd int upper = openat(r->dir_fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (upper >= 0)
			n = walk(d, upper, false, e);
		else if (errno != ENOENT) /* never started */
			n = err_sys(e, "open the changes of container %.12s", r->id);
	}
	rootfs_done(&d->rootfs);
	free(d);
	return n;
}
