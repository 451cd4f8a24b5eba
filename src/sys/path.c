/* Path resolution by descriptor. Nothing here looks at a path with string functions and then trusts the
 * answer: components are split only to create what is missing, and each is opened with openat2. */
#include "sys/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "sys/call.h"

enum {
	RETRIES = 128, /* EAGAIN: a rename raced with a "..", openat2(2) */
	MAX_SYMLINKS = 40 /* as the kernel's MAXSYMLINKS */
};

int path_open_host(const char *path, int flags, mode_t mode, struct err *e)
{
	int fd = open(path, flags | O_CLOEXEC, mode);

	return fd >= 0 ? fd : err_sys(e, "open %s", path);
}

int path_mkdir_host(const char *path, mode_t mode, struct err *e)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || !fmt_fits(part, sizeof(part), "%s", path))
		return err_num(e, len ? ENAMETOOLONG : ENOENT, "make directory %.*s", 64, path);
	for (size_t i = 1; i <= len; i++) {
		if ((part[i] != '/' && part[i] != '\0') || part[i - 1] == '/')
			continue;
		part[i] = '\0';
		if (mkdir(part, mode) == 0) {
			/* mkdir(2) takes the umask's bits away. */
			if (chmod(part, mode) < 0)
				return err_sys(e, "set the mode of directory %s", part);
		} else if (errno != EEXIST) {
			return err_sys(e, "make directory %s", part);
		}
		part[i] = path[i];
	}
	return path_open_host(path, O_RDONLY | O_DIRECTORY, 0, e);
}

static int resolve(int dirfd, const char *path, uint64_t flags, uint64_t how_to)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = how_to | RESOLVE_NO_MAGICLINKS };
	int fd = -1;

	for (int i = 0; i < RETRIES; i++) {
		fd = sys_openat2(dirfd, *path ? path : ".", &how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd >= 0 ? fd : -errno;
}

int path_try_in(int rootfd, const char *path, uint64_t flags)
{
	return resolve(rootfd, path, flags, RESOLVE_IN_ROOT);
}

int path_open_in(int rootfd, const char *path, uint64_t flags, struct err *e)
{
	int fd = path_try_in(rootfd, path, flags);

	return fd >= 0 ? fd : err_num(e, -fd, "open %s in the root", path);
}

int path_open_nosym_in(int rootfd, const char *path, uint64_t flags, struct err *e)
{
	int fd = resolve(rootfd, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

	return fd >= 0 ? fd : err_num(e, -fd, "open %s in the root, symlinks refused", path);
}

int path_open_below(int dirfd, const char *path, uint64_t flags, struct err *e)
{
	int fd = resolve(dirfd, path, flags, RESOLVE_BENEATH);

	return fd >= 0 ? fd : err_num(e, -fd, "open %s below its directory", path);
}

/* One step of a creating walk. The walk keeps its own position as text below the root because ".." must
 * not be able to climb over it; every prefix is re-opened from the root by the kernel. */
struct walk {
	int rootfd;
	mode_t mode;
	int n_links;
	char done[PATH_MAX]; /* resolved so far, no symlinks, relative to the root */
	char rest[PATH_MAX]; /* still to do */
};

static bool append(char *dst, const char *name, size_t n)
{
	size_t len = strlen(dst);

	if (len + n + 2 > PATH_MAX)
		return false;
	if (len)
		dst[len++] = '/';
	memcpy(dst + len, name, n);
	dst[len + n] = '\0';
	return true;
}

static void drop_last(char *path)
{
	char *slash = strrchr(path, '/');

	*(slash ? slash : path) = '\0';
}

static int expand_link(struct walk *w, int linkfd, struct err *e)
{
	char target[PATH_MAX], joined[PATH_MAX];
	int n = path_readlink(linkfd, "", target, sizeof(target), e);

	if (n < 0)
		return n;
	if (++w->n_links > MAX_SYMLINKS)
		return err_num(e, ELOOP, "resolve %s", target);
	if (target[0] == '/')
		w->done[0] = '\0';
	if (!fmt_fits(joined, sizeof(joined), "%s/%s", target, w->rest))
		return err_num(e, ENAMETOOLONG, "resolve %s", target);
	memcpy(w->rest, joined, sizeof(joined));
	return 0;
}

/* Enters one component, making it when absent. */
static int walk_into(struct walk *w, const char *name, size_t n, struct err *e)
{
	char leaf[NAME_MAX + 1];
	struct stat st;

	if (n > NAME_MAX)
		return err_num(e, ENAMETOOLONG, "make directory %.*s", 64, name);
	fmt_to(leaf, sizeof(leaf), "%.*s", (int)n, name);
	auto_fd int parent = path_open_nosym_in(w->rootfd, w->done, O_PATH | O_DIRECTORY, e);
	if (parent < 0)
		return parent;
	auto_fd int fd = openat(parent, leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(parent, leaf, w->mode) < 0 && errno != EEXIST)
			return err_sys(e, "make directory %s/%s", w->done, leaf);
		fd = openat(parent, leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open directory %s/%s", w->done, leaf);
	if (S_ISLNK(st.st_mode))
		return expand_link(w, fd, e);
	if (!S_ISDIR(st.st_mode))
		return err_num(e, ENOTDIR, "make directory %s/%s", w->done, leaf);
	if (!append(w->done, leaf, n))
		return err_num(e, ENAMETOOLONG, "make directory %s", w->done);
	return 0;
}

static int walk_all(struct walk *w, struct err *e)
{
	while (w->rest[0]) {
		char step[PATH_MAX], *s = w->rest;

		s += strspn(s, "/");
		size_t n = strcspn(s, "/");
		memcpy(step, s, n);
		memmove(w->rest, s + n, strlen(s + n) + 1);
		if (n == 0 || (n == 1 && step[0] == '.'))
			continue;
		if (n == 2 && step[0] == '.' && step[1] == '.') {
			drop_last(w->done);
			continue;
		}
		int r = walk_into(w, step, n, e);
		if (r < 0)
			return r;
	}
	return path_open_nosym_in(w->rootfd, w->done, O_PATH | O_DIRECTORY, e);
}

/* The directory @name, one component, new in @dirfd: its O_PATH descriptor or -errno. */
static int path_new_dir(int dirfd, const char *name, mode_t mode)
{
	if (mkdirat(dirfd, name, mode) < 0)
		return -errno;
	return resolve(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, RESOLVE_BENEATH);
}

/* The usual case of an absent directory: its parent is there. -ENOENT: the long way is needed. */
static int make_leaf(int rootfd, const char *path, mode_t mode)
{
	char parent[512]; /* longer ones go the long way */
	const char *slash = strrchr(path, '/');
	const char *leaf = slash ? slash + 1 : path;

	if (!slash || !*leaf || *leaf == '.' || !fmt_fits(parent, sizeof(parent), "%.*s", (int)(leaf - path), path))
		return -ENOENT;
	auto_fd int dir = path_try_in(rootfd, parent, O_PATH | O_DIRECTORY);
	int fd = dir < 0 ? dir : path_new_dir(dir, leaf, mode);
	return fd < 0 ? -ENOENT : fd;
}

/* Out of line: its buffers would make the usual way touch five pages of stack. */
__attribute__((noinline)) static int make_all(int rootfd, const char *path, mode_t mode, struct err *e)
{
	struct walk w = { .rootfd = rootfd, .mode = mode };

	if (!fmt_fits(w.rest, sizeof(w.rest), "%s", path))
		return err_num(e, ENAMETOOLONG, "make directory %.*s…", 64, path);
	return walk_all(&w, e);
}

int path_mkdir_in(int rootfd, const char *path, mode_t mode, struct err *e)
{
	/* Nearly always it is there already: one call. */
	int fd = path_try_in(rootfd, path, O_PATH | O_DIRECTORY);

	if (fd == -ENOENT)
		fd = make_leaf(rootfd, path, mode);
	if (fd == -ENOENT)
		return make_all(rootfd, path, mode, e);
	return fd >= 0 ? fd : err_num(e, -fd, "open directory %s in the root", path);
}

int path_parent_in(int rootfd, const char *path, char ret_name[static NAME_MAX + 1], struct err *e)
{
	char parent[PATH_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	const char *slash = memrchr(path, '/', len);
	const char *name = slash ? slash + 1 : path;
	size_t n = (size_t)(path + len - name);
	if (n == 0 || n > NAME_MAX || len >= PATH_MAX || (n == 1 && *name == '.') ||
		(n == 2 && name[0] == '.' && name[1] == '.'))
		return err_set(e, ERR_CONFIG, EINVAL, "path %.*s names no file", 256, path);
	fmt_to(parent, sizeof(parent), "%.*s", (int)(name - path), path);
	int fd = path_mkdir_in(rootfd, parent, 0755, e);
	if (fd >= 0)
		fmt_to(ret_name, NAME_MAX + 1, "%.*s", (int)n, name);
	return fd;
}

/* Where the dangling symlink @link, found as @path, leads: from the root if absolute, else from its directory. */
static int follow_text(int link, const char *path, char dst[static PATH_MAX], struct err *e)
{
	char target[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int r = path_readlink(link, "", target, sizeof(target), e);

	if (r < 0)
		return r;
	bool fits = target[0] == '/' || !slash ? fmt_fits(dst, PATH_MAX, "%s", target)
					       : fmt_fits(dst, PATH_MAX, "%.*s/%s", (int)(slash - path), path, target);
	return fits ? 0 : err_num(e, ENAMETOOLONG, "resolve %s", path);
}

static int create_file(int rootfd, const char *path, mode_t mode, int depth, struct err *e)
{
	char name[NAME_MAX + 1], target[PATH_MAX];
	struct stat st;
	auto_fd int parent = path_parent_in(rootfd, path, name, e);

	if (parent < 0)
		return parent;
	auto_fd int made = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, mode);
	if (made < 0 && errno != EEXIST)
		return err_sys(e, "create %s in the root", path);
	auto_fd int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s in the root", path);
	if (!S_ISLNK(st.st_mode))
		return fd_steal(&fd); /* ours, or somebody was faster */
	if (depth == MAX_SYMLINKS)
		return err_num(e, ELOOP, "create %s in the root", path);
	int r = follow_text(fd, path, target, e);
	return r < 0 ? r : create_file(rootfd, target, mode, depth + 1, e);
}

int path_create_in(int rootfd, const char *path, mode_t mode, struct err *e)
{
	int fd = path_try_in(rootfd, path, O_PATH);

	if (fd != -ENOENT)
		return fd >= 0 ? fd : err_num(e, -fd, "open %s in the root", path);
	return create_file(rootfd, path, mode, 0, e);
}

struct path_proc path_proc(int fd)
{
	struct path_proc p = { "" };

	fmt_to(p.text, sizeof(p.text), "/proc/self/fd/%d", fd);
	return p;
}

struct path_proc path_proc_rel(int fd)
{
	struct path_proc p = { "" };

	fmt_to(p.text, sizeof(p.text), "self/fd/%d", fd);
	return p;
}

bool path_is_dir(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

int path_readlink(int dirfd, const char *name, char *dst, size_t size, struct err *e)
{
	ssize_t n = readlinkat(dirfd, name, dst, size);

	if (n < 0)
		return err_sys(e, "read link %s", name);
	if ((size_t)n >= size)
		return err_num(e, ENAMETOOLONG, "read link %s", name);
	dst[n] = '\0';
	return (int)n;
}

int path_remove_tree(int dirfd, const char *name, struct err *e)
{
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTDIR)
		return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? err_sys(e, "remove %s", name) : 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return err_sys(e, "remove directory %s", name);
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS };
	int fd = sys_openat2(dirfd, name, &how);
	if (fd < 0)
		return err_sys(e, "open directory %s", name);
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_sys(e, "read directory %s", name);
	}
	int r = 0;
	struct dirent *d;
	while (r == 0 && (d = readdir(dir))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		/* What is known to be no directory takes one call. */
		if (d->d_type != DT_DIR && d->d_type != DT_UNKNOWN && unlinkat(fd, d->d_name, 0) == 0)
			continue;
		r = path_remove_tree(fd, d->d_name, e);
	}
	closedir(dir);
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = err_sys(e, "remove directory %s", name);
	return r < 0 && e->num ? err_wrap(e, "%s", name) : r;
}

/* Out of line, as make_all(). */
__attribute__((noinline)) static int below_cwd(const char *path, char dst[static PATH_MAX], struct err *e)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)))
		return err_sys(e, "find the working directory");
	if (strcmp(path, ".") == 0)
		path = "";
	if (!fmt_fits(dst, PATH_MAX, "%s%s%s", cwd, *path ? "/" : "", path))
		return err_num(e, ENAMETOOLONG, "%.*s…", 64, path);
	return 0;
}

int path_absolute(const char *path, char dst[static PATH_MAX], struct err *e)
{
	if (path[0] != '/')
		return below_cwd(path, dst, e);
	return fmt_fits(dst, PATH_MAX, "%s", path) ? 0 : err_num(e, ENAMETOOLONG, "%.*s…", 64, path);
}
