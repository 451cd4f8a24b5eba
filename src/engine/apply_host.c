/* What the host has where a container's change is to go, and what speaks against replacing it. Everything is opened by
 * descriptor, below the root directory of the file system that the container stood on: no symlink, no mount point. */
#include "engine/apply_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/str.h"
#include "sys/call.h"
#include "sys/path.h"

enum { BELOW = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, MAX_DEPTH = 1024 };

/* --- opening ------------------------------------------------------------------------------------------------- */

static int open_plain(int dir, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)flags | O_NOFOLLOW | O_CLOEXEC, .resolve = resolve };
	int fd = sys_openat2(dir, path, &how);

	return fd < 0 ? -errno : fd;
}

int host_parent(const struct apply *a, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/'), *first = path + 1, *rest = strchr(first, '/');
	char part[PATH_MAX];

	*ret_name = slash + 1;
	if (slash == path)
		return open_plain(a->host_fd, ".", O_PATH | O_DIRECTORY, BELOW);
	memcpy(part, first, (size_t)(slash - first));
	part[slash - first] = '\0';
	if (!a->rootless)
		return open_plain(a->host_fd, part, O_PATH | O_DIRECTORY, BELOW | RESOLVE_NO_XDEV);
	/* A plain user's container has one overlay a top-level folder, which may be a file system of its own. */
	part[rest - first] = '\0';
	auto_fd int top = open_plain(a->host_fd, part, O_PATH | O_DIRECTORY, BELOW);
	if (top < 0 || rest == slash)
		return fd_steal(&top);
	memcpy(part, rest + 1, (size_t)(slash - rest - 1));
	part[slash - rest - 1] = '\0';
	return open_plain(top, part, O_PATH | O_DIRECTORY, BELOW | RESOLVE_NO_XDEV);
}

int upper_open(const struct apply *a, const char *path, int flags, struct err *e)
{
	int fd = open_plain(a->upper_fd, path + 1, flags, BELOW | RESOLVE_NO_XDEV);

	return fd < 0 ? err_num(e, -fd, "open %s in the container", path) : fd;
}

static bool is_gone(int num)
{
	return num == ENOENT || num == ENOTDIR || num == ELOOP;
}

/* A top-level folder of a plain user's container is never a mount point in this sense. */
static bool may_be_mount(const struct apply *a, const char *path)
{
	return !a->rootless || strchr(path + 1, '/');
}

int host_look(const struct apply *a, struct apply_item *item, struct err *e)
{
	const char *name;
	auto_fd int parent = host_parent(a, item->path, &name);

	item->host = parent == -EXDEV ? HOST_MOUNT : HOST_ABSENT;
	if (parent < 0)
		return is_gone(-parent) || parent == -EXDEV
			? 0
			: err_num(e, -parent, "open the directory of %s", item->path);
	auto_fd int fd =
		open_plain(parent, name, O_PATH, RESOLVE_BENEATH | (may_be_mount(a, item->path) ? RESOLVE_NO_XDEV : 0));
	if (fd == -EXDEV)
		item->host = HOST_MOUNT;
	if (fd < 0)
		return is_gone(-fd) || fd == -EXDEV ? 0 : err_num(e, -fd, "open %s", item->path);
	if (fstat(fd, &item->seen) < 0)
		return err_sys(e, "look at %s", item->path);
	item->host = HOST_THERE;
	return 0;
}

/* --- equal? -------------------------------------------------------------------------------------------------- */

static bool same_text(int one, int two)
{
	char v[2][PATH_MAX];
	ssize_t n = readlinkat(one, "", v[0], sizeof(v[0])), m = readlinkat(two, "", v[1], sizeof(v[1]));

	return n >= 0 && n == m && memcmp(v[0], v[1], (size_t)n) == 0;
}

static int same_content(int one, int two, bool *ret, struct err *e)
{
	enum { PART = 64 << 10 };
	auto_free char *v = malloc(2 * PART);

	if (!v)
		return err_oom(e, "a comparison");
	for (off_t at = 0;;) {
		ssize_t n = pread(one, v, PART, at);
		ssize_t m = n < 0 ? -1 : pread(two, v + PART, PART, at);

		if (n < 0 || m < 0)
			return err_sys(e, "compare with the host");
		*ret = n == m && memcmp(v, v + PART, (size_t)n) == 0;
		if (!*ret || n == 0)
			return 0;
		at += n;
	}
}

bool apply_attr_wanted(const struct apply *a, const char *name)
{
	if (str_starts(name, "user."))
		return !(a->rootless && str_starts(name, "user.overlay."));
	return str_eq(name, "security.capability") || str_starts(name, "system.posix_acl_");
}

/* Has @two all of @one's attributes, with their values? */
static bool attrs_within(const struct apply *a, struct apply_attrs *x, int one, int two)
{
	char other[256] = "";
	ssize_t n = flistxattr(one, x->names, sizeof(x->names));

	for (const char *name = x->names; n > 0 && name < x->names + n; name += strlen(name) + 1) {
		if (!apply_attr_wanted(a, name))
			continue;
		ssize_t len = fgetxattr(one, name, x->value, sizeof(x->value));
		auto_free char *copy = len > (ssize_t)sizeof(other) ? malloc((size_t)len) : NULL;
		char *to = copy ? copy : other;
		size_t room = copy ? (size_t)len : sizeof(other);
		if (len < 0 || fgetxattr(two, name, to, room) != len || memcmp(x->value, to, (size_t)len) != 0)
			return false;
	}
	return true;
}

static int same_inside(
	const struct apply *a, const struct apply_item *item, int parent, const char *name, bool *ret, struct err *e)
{
	bool dir = S_ISDIR(item->mode);
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (dir ? O_DIRECTORY : 0);
	auto_fd int upper = upper_open(a, item->path, flags, e);
	auto_fd int host = upper < 0 ? FD_NONE : open_plain(parent, name, flags, RESOLVE_BENEATH);
	auto_free struct apply_attrs *x = malloc(sizeof(*x));

	*ret = false;
	if (upper < 0)
		return upper;
	if (!x)
		return err_oom(e, "a comparison");
	if (host < 0) /* a plain user may not read it: so it is not known to be the same */
		return 0;
	*ret = attrs_within(a, x, upper, host) && attrs_within(a, x, host, upper);
	return *ret && !dir ? same_content(upper, host, ret, e) : 0;
}

static bool same_head(const struct apply *a, const struct apply_item *item, const struct stat *st)
{
	const struct stat *h = &item->seen;

	if (S_ISDIR(st->st_mode) && a->rootless && !strchr(item->path + 1, '/'))
		return S_ISDIR(h->st_mode); /* made by the start, not by the container */
	if (h->st_mode != st->st_mode || h->st_uid != st->st_uid || h->st_gid != st->st_gid)
		return false;
	if (S_ISDIR(st->st_mode))
		return true;
	return h->st_size == st->st_size && h->st_rdev == st->st_rdev && h->st_mtim.tv_sec == st->st_mtim.tv_sec &&
		h->st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

int host_equal(const struct apply *a, const struct apply_item *item, bool *ret, struct err *e)
{
	const char *name;
	struct stat st;

	*ret = false;
	if (item->host != HOST_THERE || !item->mode)
		return 0;
	auto_fd int upper = upper_open(a, item->path, O_PATH, e);
	if (upper < 0)
		return upper;
	if (fstat(upper, &st) < 0)
		return err_sys(e, "look at it in the container");
	if (!same_head(a, item, &st))
		return 0;
	*ret = true;
	if (S_ISDIR(st.st_mode) && a->rootless && !strchr(item->path + 1, '/'))
		return 0;
	auto_fd int parent = host_parent(a, item->path, &name);
	if (parent < 0)
		return err_num(e, -parent, "open its directory");
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return same_inside(a, item, parent, name, ret, e);
	if (!S_ISLNK(st.st_mode))
		return 0;
	auto_fd int host = open_plain(parent, name, O_PATH, RESOLVE_BENEATH);
	*ret = host >= 0 && same_text(upper, host);
	return 0;
}

/* --- may it be replaced? ------------------------------------------------------------------------------------- */

static const char changed_text[] = "the host changed it after the container was made";

bool host_changed(const struct apply *a, const struct stat *st)
{
	if (a->how->force)
		return false;
	return st->st_ctim.tv_sec > a->since.tv_sec ||
		(st->st_ctim.tv_sec == a->since.tv_sec && st->st_ctim.tv_nsec > a->since.tv_nsec);
}

/* A directory stays and gets another mode or owner. Its ctime moves with every name in it, but then its mtime moves,
 * too: only a ctime of its own says that somebody changed the directory. */
static bool dir_changed(const struct apply *a, const struct stat *st)
{
	return host_changed(a, st) &&
		(st->st_ctim.tv_sec != st->st_mtim.tv_sec || st->st_ctim.tv_nsec != st->st_mtim.tv_nsec);
}

/* What goes with the directory @name: *@why is why it must not. */
static int tree_obstacle(
	const struct apply *a, int parent, const char *name, int depth, const char **why, struct err *e)
{
	auto_fd int fd = open_plain(parent, name, O_RDONLY | O_DIRECTORY, BELOW | RESOLVE_NO_XDEV);
	struct stat st;

	if (fd == -EXDEV || depth > MAX_DEPTH) {
		*why = depth > MAX_DEPTH ? "it is too deep" : "a mount point of the host is in it";
		return 0;
	}
	if (fd < 0)
		return fd == -ENOENT ? 0 : err_num(e, -fd, "open %s", name);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", name);
	for (size_t i = 0; i < ARRAY_SIZE(a->own); i++)
		if (st.st_dev == a->own[i].st_dev && st.st_ino == a->own[i].st_ino)
			*why = "what belongs to tare is in it";
	if (!*why && host_changed(a, &st))
		*why = changed_text;
	DIR *dir = *why ? NULL : fdopendir(fd);
	if (!dir)
		return *why ? 0 : err_sys(e, "list %s", name);
	(void)fd_steal(&fd);
	for (struct dirent *d; !*why && e->num == 0 && (d = readdir(dir));) {
		if (str_eq(d->d_name, ".") || str_eq(d->d_name, "..") ||
			fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			err_told(tree_obstacle(a, dirfd(dir), d->d_name, depth + 1, why, e));
		else if (host_changed(a, &st))
			*why = "the host changed something in it after the container was made";
	}
	closedir(dir);
	return -e->num;
}

int host_obstacle(const struct apply *a, const struct apply_item *item, const char **ret, struct err *e)
{
	const char *name;

	*ret = NULL;
	if (item->host != HOST_THERE)
		return 0;
	if (!S_ISDIR(item->seen.st_mode) || S_ISDIR(item->mode)) {
		bool changed = S_ISDIR(item->seen.st_mode) ? dir_changed(a, &item->seen) : host_changed(a, &item->seen);

		*ret = changed ? changed_text : NULL;
		return 0;
	}
	auto_fd int parent = host_parent(a, item->path, &name);
	if (parent < 0)
		return err_num(e, -parent, "open its directory");
	return tree_obstacle(a, parent, name, 0, ret, e);
}

const char *apply_special_file(const struct apply *a, int fd, const struct stat *st)
{
	if (a->how->special)
		return NULL;
	if (st->st_mode & (S_ISUID | S_ISGID))
		return st->st_mode & S_ISUID ? "it is set-user-ID" : "it is set-group-ID";
	return fgetxattr(fd, "security.capability", NULL, 0) >= 0 ? "it has capabilities" : NULL;
}

int apply_special(const struct apply *a, const struct apply_item *item, const char **ret, struct err *e)
{
	struct stat st;

	*ret = NULL;
	if ((S_ISCHR(item->mode) || S_ISBLK(item->mode)) && !a->how->special)
		*ret = "it is a device";
	if (!S_ISREG(item->mode))
		return 0;
	auto_fd int fd = upper_open(a, item->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, e);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at it in the container");
	*ret = apply_special_file(a, fd, &st);
	return 0;
}
