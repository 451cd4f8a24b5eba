/* The walk of tarout_tree(): each directory sorted, hard links by the first of their names. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fmt.h"
#include "base/str.h"
#include "layer/tarout.h"
#include "layer/unpack_internal.h"
#include "sys/call.h"
#include "sys/dirnames.h"
#include "sys/path.h"

enum { COPY = 128 << 10, MAX_DEPTH = 1024 };

struct tar_link {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct tree {
	struct tarout *t;
	char path[PATH_MAX]; /* of what is being written, "a/b" */
	int depth;
	char *copy;
};

void tarout_done(struct tarout *t)
{
	for (size_t i = 0; i < t->n_links; i++)
		free(t->links[i].path);
	free(t->links);
	t->links = NULL;
	t->n_links = t->cap_links = 0;
}

/* --- hard links ---------------------------------------------------------------------------------------------- */

/* Sorted by device and inode. */
static size_t link_place(const struct tarout *t, const struct stat *st)
{
	size_t low = 0, high = t->n_links;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct tar_link *l = &t->links[mid];

		if (l->dev < st->st_dev || (l->dev == st->st_dev && l->ino < st->st_ino))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The name under which the file was written already, or NULL: then it is remembered as @path. */
static int link_seen(struct tarout *t, const struct stat *st, const char *path, const char **ret, struct err *e)
{
	size_t at = link_place(t, st);

	*ret = NULL;
	if (at < t->n_links && t->links[at].dev == st->st_dev && t->links[at].ino == st->st_ino) {
		*ret = t->links[at].path;
		return 0;
	}
	if (t->n_links == t->cap_links) {
		size_t cap = t->cap_links ? t->cap_links * 2 : 256;
		struct tar_link *v = realloc(t->links, cap * sizeof(*v));

		if (!v)
			return err_oom(e, "hard links");
		t->links = v;
		t->cap_links = cap;
	}
	char *copy = strdup(path);
	if (!copy)
		return err_oom(e, "hard links");
	memmove(&t->links[at + 1], &t->links[at], (t->n_links - at) * sizeof(*t->links));
	t->links[at] = (struct tar_link){ st->st_dev, st->st_ino, copy };
	t->n_links++;
	return 0;
}

/* --- content ------------------------------------------------------------------------------------------------- */

/* Exactly the size that the header says: a file that grows is cut, one that shrinks is filled with zeros. */
static int copy_content(struct tree *w, int fd, uint64_t size, struct err *e)
{
	while (size > 0) {
		size_t want = size < COPY ? (size_t)size : COPY;
		ssize_t n = read(fd, w->copy, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read %s", w->path);
		if (n == 0) {
			memset(w->copy, 0, want);
			n = (ssize_t)want;
		}
		if (tarout_data(w->t, w->copy, (size_t)n, e) < 0)
			return -e->num;
		size -= (uint64_t)n;
	}
	return tarout_pad(w->t, e);
}

static int write_file(struct tree *w, int parent, const char *name, struct err *e)
{
	struct tar_member m = { .path = w->path };
	/* O_NONBLOCK: a FIFO that took the file's place must not hold us up. */
	auto_fd int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : err_sys(e, "open %s", w->path); /* replaced meanwhile */
	if (fstat(fd, &m.st) < 0)
		return err_sys(e, "look at %s", w->path);
	if (!S_ISREG(m.st.st_mode))
		return 0;
	if (m.st.st_nlink > 1) {
		if (link_seen(w->t, &m.st, w->path, &m.link, e) < 0)
			return -e->num;
		m.hardlink = m.link != NULL;
	}
	m.xattr_fd = m.hardlink ? FD_NONE : fd;
	if (tarout_member(w->t, &m, e) < 0)
		return -e->num;
	return m.hardlink ? 0 : copy_content(w, fd, (uint64_t)m.st.st_size, e);
}

static int write_link(struct tree *w, int parent, const char *name, const struct stat *st, struct err *e)
{
	struct tar_member m = { .path = w->path, .st = *st, .xattr_fd = FD_NONE };
	char target[PATH_MAX];

	if (path_readlink(parent, name, target, sizeof(target), e) < 0)
		return err_wrap(e, "%s", w->path);
	m.link = target;
	return tarout_member(w->t, &m, e);
}

static int write_plain(struct tree *w, const char *path, const struct stat *st, struct err *e)
{
	struct tar_member m = { .path = path, .st = *st, .xattr_fd = FD_NONE };

	return tarout_member(w->t, &m, e);
}

/* A member ".wh.…" beside what is at w->path. */
static int write_whiteout(struct tree *w, const char *base, const struct stat *st, struct err *e)
{
	char path[PATH_MAX + 16];
	const char *slash = strrchr(w->path, '/');
	struct stat plain = { .st_mode = S_IFREG | 0600, .st_mtim = st->st_mtim };

	fmt_to(path, sizeof(path), "%.*s.wh.%s", (int)(slash ? slash - w->path + 1 : 0), w->path, base);
	return write_plain(w, path, &plain, e);
}

/* --- directories --------------------------------------------------------------------------------------------- */

static bool has_attr(const struct tarout *t, int fd, const char *what, char expect)
{
	char name[64], value[8];

	fmt_to(name, sizeof(name), "%s.overlay.%s", t->user_xattr ? "user" : "trusted", what);
	ssize_t n = fgetxattr(fd, name, value, sizeof(value));
	return n >= 0 && (!expect || (n == 1 && value[0] == expect));
}

static int write_entry(struct tree *w, int parent, const char *name, struct err *e);

static int write_children(struct tree *w, int fd, struct err *e)
{
	struct arena arena = ARENA_INIT;
	auto_free char **names = NULL;
	size_t n = 0, len = strlen(w->path);

	if (++w->depth > MAX_DEPTH)
		return err_set(e, ERR_UNSUPPORTED, ELOOP, "%.64s…: directories more than %d deep", w->path, MAX_DEPTH);
	int r = dir_names(fd, &arena, &names, &n, e);
	for (size_t i = 0; i < n && r == 0; i++) {
		if (!fmt_fits(w->path + len, sizeof(w->path) - len, "%s%s", len ? "/" : "", names[i]))
			r = err_num(e, ENAMETOOLONG, "%.64s…", w->path);
		else
			r = write_entry(w, fd, names[i], e);
		w->path[len] = '\0';
	}
	arena_done(&arena);
	w->depth--;
	return r;
}

static int write_dir(struct tree *w, int parent, const char *name, struct err *e)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	auto_fd int fd = sys_openat2(parent, name, &how);
	char path[PATH_MAX + 2];
	struct tar_member m = { .path = path };

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EXDEV))
		return 0; /* replaced meanwhile, or another file system */
	if (fd < 0 || fstat(fd, &m.st) < 0)
		return err_sys(e, "open directory %s", w->path);
	fmt_to(path, sizeof(path), "%s/", w->path[0] ? w->path : ".");
	m.xattr_fd = fd;
	if (w->t->overlay && has_attr(w->t, fd, "redirect", 0))
		return err_set(e, ERR_UNSUPPORTED, ENOTSUP, "%s: a renamed directory (overlay redirect)", w->path);
	if (tarout_member(w->t, &m, e) < 0)
		return -e->num;
	if (w->t->overlay && has_attr(w->t, fd, "opaque", 'y')) {
		size_t len = strlen(w->path);

		fmt_to(w->path + len, sizeof(w->path) - len, "%sx", len ? "/" : "");
		if (write_whiteout(w, ".wh..opq", &m.st, e) < 0)
			return -e->num;
		w->path[len] = '\0';
	}
	return write_children(w, fd, e);
}

static int write_entry(struct tree *w, int parent, const char *name, struct err *e)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "look at %s", w->path);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR: return write_dir(w, parent, name, e);
	case S_IFREG: return write_file(w, parent, name, e);
	case S_IFLNK: return write_link(w, parent, name, &st, e);
	case S_IFCHR:
		if (w->t->overlay && st.st_rdev == 0)
			return write_whiteout(w, name, &st, e);
		return write_plain(w, w->path, &st, e);
	case S_IFSOCK: /* tar has no word for it, and it is of no use without its process */ return 0;
	default: return write_plain(w, w->path, &st, e);
	}
}

int tarout_tree(struct tarout *t, int root_fd, struct err *e)
{
	auto_free struct tree *w = calloc(1, sizeof(*w));
	auto_free char *copy = malloc(COPY);

	if (!w || !copy)
		return err_oom(e, "an archive");
	w->t = t;
	w->copy = copy;
	return write_dir(w, root_fd, ".", e);
}
