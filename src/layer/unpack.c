/* Entries of an archive to files of a layer. */
#include "layer/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "layer/unpack_internal.h"
#include "sys/path.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"
#define AUFS ".wh..wh."

int unpack_new(int dir_fd, const struct unpack_how *how, struct unpack **ret, struct err *e)
{
	struct unpack *u = calloc(1, sizeof(*u));

	if (!u)
		return err_oom(e, "unpacking a layer");
	u->how = *how;
	u->walk.root_fd = dir_fd;
	u->file_fd = FD_NONE;
	*ret = u;
	return 0;
}

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	walk_forget(&u->walk);
	fd_close(&u->file_fd);
	arena_done(&u->arena);
	arena_done(&u->file_arena);
	free(u->late);
	free(u);
}

bool unpack_replaced(const struct unpack *u)
{
	return u->replaced;
}

/* --- names --------------------------------------------------------------------------------------------------- */

/* @path without "/", "." and doubled slashes, into @dst ("" is the root itself). Refuses "..". */
static int clean(const char *path, const char *what, char dst[static PATH_MAX], struct err *e)
{
	size_t at = 0;

	for (const char *s = path; *s;) {
		s += strspn(s, "/");
		size_t n = strcspn(s, "/");

		if (n == 2 && s[0] == '.' && s[1] == '.')
			return err_set(e, ERR_CONFIG, EINVAL, "%.*s: %s with \"..\" is refused", 256, path, what);
		if (n > 0 && !(n == 1 && s[0] == '.')) {
			if (at + n + 2 > PATH_MAX)
				return err_num(e, ENAMETOOLONG, "%.*s…", 64, path);
			if (at)
				dst[at++] = '/';
			memcpy(dst + at, s, n);
			at += n;
		}
		s += n;
	}
	dst[at] = '\0';
	return 0;
}

/* The directory of the cleaned @path and its last part. */
static int parent_of(struct unpack *u, const char *path, const char **ret_name, struct err *e)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	return walk_to(&u->walk, path, slash ? (size_t)(slash - path) : 0, e);
}

/* --- limits -------------------------------------------------------------------------------------------------- */

static int count_entry(struct unpack *u, const struct layer_entry *entry, struct err *e)
{
	const struct layer_limits *max = u->how.limits;
	uint64_t inodes = atomic_fetch_add(&u->how.usage->inodes, 1) + 1;

	if (inodes > max->max_inodes)
		return err_set(
			e, ERR_CONFIG, EFBIG, "more than %llu files in the image", (unsigned long long)max->max_inodes);
	if (!S_ISREG(entry->mode) || entry->hardlink)
		return 0;
	if (entry->size)
		atomic_fetch_add(&u->how.usage->full, 1);
	else if (atomic_fetch_add(&u->how.usage->empty, 1) >= max->max_empty + atomic_load(&u->how.usage->full))
		return err_set(e, ERR_CONFIG, EFBIG,
			"more than %llu empty files in the image, beside one for each file with content",
			(unsigned long long)max->max_empty);
	/* Also a hole counts: it would fill the disk of whoever copies it. */
	if (entry->size > max->max_bytes ||
		atomic_fetch_add(&u->how.usage->bytes, entry->size) + entry->size > max->max_bytes)
		return err_set(e, ERR_CONFIG, EFBIG, "%.*s: the files of the image are larger than %llu MiB", 256,
			entry->path, (unsigned long long)max->max_bytes >> 20);
	return 0;
}

static int check_entry(const struct layer_entry *entry, struct err *e)
{
	if (entry->uid < 0 || entry->uid >= UINT32_MAX || entry->gid < 0 || entry->gid >= UINT32_MAX)
		return err_set(e, ERR_CONFIG, EINVAL, "%.*s: owner %lld:%lld is no pair of ids", 256, entry->path,
			(long long)entry->uid, (long long)entry->gid);
	return 0;
}

/* --- what is in the way -------------------------------------------------------------------------------------- */

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* Makes room for @name: what an earlier entry put there goes. *ret_whiteout: it was a whiteout. */
static int make_room(struct unpack *u, int parent, const char *name, bool *ret_whiteout, struct err *e)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "look at %s", name);
	u->replaced = true;
	if (ret_whiteout)
		*ret_whiteout = is_whiteout(&st);
	if (!S_ISDIR(st.st_mode))
		return unlinkat(parent, name, 0) < 0 ? err_sys(e, "replace %s", name) : 0;
	auto_fd int keep = openat(parent, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (keep < 0)
		return err_sys(e, "open the directory of %s", name);
	return path_remove_tree(keep, name, e);
}

/* --- kinds of entries ---------------------------------------------------------------------------------------- */

static int remember_times(struct unpack *u, const char *path, const struct timespec *mtime, struct err *e)
{
	if (u->n_late == u->cap_late) {
		size_t cap = u->cap_late ? u->cap_late * 2 : 256;
		struct late_times *v = realloc(u->late, cap * sizeof(*v));

		if (!v)
			return err_oom(e, "directories of a layer");
		u->late = v;
		u->cap_late = cap;
	}
	char *copy = arena_dup(&u->arena, path);
	if (!copy)
		return err_oom(e, "directories of a layer");
	u->late[u->n_late++] = (struct late_times){ copy, *mtime };
	return 0;
}

static int make_dir(struct unpack *u, int parent, const char *name, const char *path, const struct layer_entry *entry,
	struct err *e)
{
	bool whiteout = false;
	struct stat st;

	if (*name && mkdirat(parent, name, 0700) < 0) {
		if (errno != EEXIST || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(e, "make directory %s", path);
		if (!S_ISDIR(st.st_mode)) {
			if (make_room(u, parent, name, &whiteout, e) < 0)
				return -e->num;
			if (mkdirat(parent, name, 0700) < 0)
				return err_sys(e, "make directory %s", path);
		}
	}
	auto_fd int fd = openat(parent, *name ? name : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open directory %s", path);
	/* Deleted and made anew in one layer: what lies below must not shine through. */
	if (whiteout && attr_opaque(u, fd, e) < 0)
		return err_wrap(e, "%s", path);
	return attr_set(u, fd, entry, false, e) < 0 ? -e->num : remember_times(u, path, &entry->mtime, e);
}

/* The attributes of a file are set when its content is complete, so they are kept. */
static int keep_file(struct unpack *u, const struct layer_entry *entry, struct err *e)
{
	struct layer_xattr *x;

	arena_done(&u->file_arena);
	u->file = *entry;
	u->file.path = arena_dup(&u->file_arena, entry->path);
	x = arena_array(&u->file_arena, struct layer_xattr, entry->n_xattrs + 1);
	if (!u->file.path || !x)
		return err_oom(e, "a file of a layer");
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		x[i] = entry->xattrs[i];
		x[i].name = arena_dup(&u->file_arena, x[i].name);
		x[i].value = arena_dup_n(&u->file_arena, entry->xattrs[i].value, x[i].size);
		if (!x[i].name || !x[i].value)
			return err_oom(e, "a file of a layer");
	}
	u->file.xattrs = x;
	return 0;
}

static int make_file(struct unpack *u, int parent, const char *name, const struct layer_entry *entry, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	u->file_fd = openat(parent, name, flags, 0600);
	if (u->file_fd < 0 && errno == EEXIST) {
		if (make_room(u, parent, name, NULL, e) < 0)
			return -e->num;
		u->file_fd = openat(parent, name, flags, 0600);
	}
	if (u->file_fd < 0) {
		u->file_fd = FD_NONE;
		return err_sys(e, "create %s", entry->path);
	}
	u->written = 0;
	return keep_file(u, entry, e);
}

static int close_file(struct unpack *u, struct err *e)
{
	if (u->file_fd < 0)
		return 0;
	auto_fd int fd = fd_steal(&u->file_fd);
	/* A hole at the end, or content that the archive did not bring. */
	if (u->written < u->file.size && ftruncate(fd, (off_t)u->file.size) < 0)
		return err_sys(e, "%s: give it %llu bytes", u->file.path, (unsigned long long)u->file.size);
	u->size += u->file.size;
	return attr_set(u, fd, &u->file, true, e);
}

static int make_hardlink(struct unpack *u, int parent, const char *name, const struct layer_entry *entry, struct err *e)
{
	char target[PATH_MAX];
	struct stat st;

	if (clean(entry->link ? entry->link : "", "a hard link", target, e) < 0)
		return -e->num;
	const char *slash = strrchr(target, '/'), *leaf = slash ? slash + 1 : target;
	char dir[PATH_MAX];
	fmt_to(dir, sizeof(dir), "%.*s", (int)(slash ? slash - target : 0), target);
	auto_fd int from = path_open_nosym_in(u->walk.root_fd, dir, O_PATH | O_DIRECTORY, e);
	if (from < 0)
		return err_wrap(e, "%.*s: hard link", 256, entry->path);
	if (!*leaf || fstatat(from, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, ERR_CONFIG, EINVAL, "%.*s: hard link to %.*s, which is not in this layer", 256,
			entry->path, 256, target);
	if (S_ISDIR(st.st_mode) || is_whiteout(&st))
		return err_set(e, ERR_CONFIG, EINVAL, "%.*s: hard link to %.*s, which is a %s", 256, entry->path, 256,
			target, S_ISDIR(st.st_mode) ? "directory" : "whiteout");
	struct stat old;
	if (fstatat(parent, name, &old, AT_SYMLINK_NOFOLLOW) == 0 && old.st_ino == st.st_ino && old.st_dev == st.st_dev)
		return 0; /* to itself */
	if (make_room(u, parent, name, NULL, e) < 0)
		return -e->num;
	return linkat(from, leaf, parent, name, 0) < 0 ? err_sys(e, "link %s", entry->path) : 0;
}

static int make_node(struct unpack *u, int parent, const char *name, const struct layer_entry *entry, struct err *e)
{
	bool device = S_ISCHR(entry->mode) || S_ISBLK(entry->mode);
	dev_t dev = device ? makedev(entry->major, entry->minor) : 0;

	if (S_ISCHR(entry->mode) && dev == 0)
		return err_set(
			e, ERR_CONFIG, EINVAL, "%.*s: a character device 0:0 would be a whiteout", 256, entry->path);
	if (device && u->how.no_devices)
		return 0;
	if (make_room(u, parent, name, NULL, e) < 0)
		return -e->num;
	if (mknodat(parent, name, (entry->mode & S_IFMT) | 0600, dev) < 0)
		return err_sys(e, "make %s", entry->path);
	return attr_set_at(u, parent, name, entry, e);
}

static int make_symlink(struct unpack *u, int parent, const char *name, const struct layer_entry *entry, struct err *e)
{
	if (!entry->link || !*entry->link)
		return err_set(e, ERR_CONFIG, EINVAL, "%.*s: a symlink to nothing", 256, entry->path);
	if (symlinkat(entry->link, parent, name) < 0) {
		if (errno != EEXIST)
			return err_sys(e, "make symlink %s", entry->path);
		if (make_room(u, parent, name, NULL, e) < 0)
			return -e->num;
		if (symlinkat(entry->link, parent, name) < 0)
			return err_sys(e, "make symlink %s", entry->path);
	}
	return attr_set_at(u, parent, name, entry, e);
}

/* --- whiteouts ----------------------------------------------------------------------------------------------- */

static int whiteout(struct unpack *u, int parent, const char *name, const char *path, struct err *e)
{
	const char *hidden = name + sizeof(WHITEOUT) - 1;
	struct stat st;

	if (str_eq(name, OPAQUE))
		return attr_opaque(u, parent, e) < 0 ? err_wrap(e, "%s", path) : 0;
	if (str_starts(name, AUFS))
		return 0;
	if (!*hidden || str_eq(hidden, ".") || str_eq(hidden, ".."))
		return err_set(e, ERR_CONFIG, EINVAL, "%.*s: a whiteout of nothing", 256, path);
	/* It hides what lies below this layer, not what the layer itself brings. */
	if (fstatat(parent, hidden, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISDIR(st.st_mode))
			return 0;
		auto_fd int dir = openat(parent, hidden, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			return err_sys(e, "open directory %s", path);
		return attr_opaque(u, dir, e) < 0 ? err_wrap(e, "%s", path) : 0;
	}
	return mknodat(parent, hidden, S_IFCHR, 0) < 0 ? err_sys(e, "make the whiteout %s", path) : 0;
}

/* --- entries ------------------------------------------------------------------------------------------------- */

static int make(struct unpack *u, int parent, const char *name, const char *path, const struct layer_entry *entry,
	struct err *e)
{
	if (str_starts(name, WHITEOUT))
		return whiteout(u, parent, name, path, e);
	if (!*name && !S_ISDIR(entry->mode))
		return err_set(e, ERR_CONFIG, EINVAL, "\"%.*s\" would replace the root directory", 64, entry->path);
	if (entry->hardlink)
		return make_hardlink(u, parent, name, entry, e);
	switch (entry->mode & S_IFMT) {
	case S_IFDIR: return make_dir(u, parent, name, path, entry, e);
	case S_IFREG: return make_file(u, parent, name, entry, e);
	case S_IFLNK: return make_symlink(u, parent, name, entry, e);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO: return make_node(u, parent, name, entry, e);
	default: return err_set(e, ERR_CONFIG, EINVAL, "%.*s: an entry of unknown type", 256, entry->path);
	}
}

int unpack_entry(struct unpack *u, const struct layer_entry *entry, bool *ret_wants_data, struct err *e)
{
	char path[PATH_MAX];
	const char *name;
	int parent;

	*ret_wants_data = false;
	if (close_file(u, e) < 0 || check_entry(entry, e) < 0 || count_entry(u, entry, e) < 0 ||
		clean(entry->path, "a name", path, e) < 0)
		return -e->num;
	parent = parent_of(u, path, &name, e);
	if (parent < 0 || make(u, parent, name, path, entry, e) < 0)
		return -e->num;
	*ret_wants_data = u->file_fd >= 0;
	return 0;
}

int unpack_data(struct unpack *u, uint64_t offset, const void *data, size_t n, struct err *e)
{
	const char *p = data;

	if (offset > u->file.size || n > u->file.size - offset)
		return err_set(e, ERR_CONFIG, EINVAL, "%.*s: more content than its %llu bytes", 256, u->file.path,
			(unsigned long long)u->file.size);
	while (n > 0) {
		ssize_t w = pwrite(u->file_fd, p, n, (off_t)offset);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return err_sys(e, "write %s", u->file.path);
		p += w;
		n -= (size_t)w;
		offset += (uint64_t)w;
	}
	u->written = offset;
	return 0;
}

int unpack_finish(struct unpack *u, uint64_t *ret_size, struct err *e)
{
	if (close_file(u, e) < 0)
		return -e->num;
	for (size_t i = u->n_late; i-- > 0;) {
		const struct timespec when[2] = { u->late[i].mtime, u->late[i].mtime };
		struct err ignored = ERR_NONE;
		/* Gone or replaced by a later entry: that one has its own times. */
		auto_fd int fd = path_open_nosym_in(u->walk.root_fd, u->late[i].path, O_RDONLY | O_DIRECTORY, &ignored);

		if (fd >= 0 && futimens(fd, when) < 0)
			return err_sys(e, "%s: set its times", u->late[i].path);
	}
	*ret_size = u->size;
	return 0;
}
