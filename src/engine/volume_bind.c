/* Directories of the host as mounts. :U and :z change what belongs to the host, for good: only
 * below directories that are nobody's home or system, following no symlink, entering no other
 * mount, and never a file that also has a name outside. */
#include "engine/volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/str.h"
#include "sys/call.h"
#include "sys/path.h"

enum { MAX_DEPTH = 256, MAX_LINKED = 1 << 20, CREATED_MODE = 0755 };

/* --- where it is refused -------------------------------------------------------------------------------------- */

static const char *const precious[] = { "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64",
	"/libx32", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr",
	"/usr/bin", "/usr/lib", "/usr/local", "/usr/sbin", "/usr/share", "/var", "/var/lib", "/var/log", "/var/tmp" };

/* By inode: no spelling of the path, no symlink and no bind mount hides which directory it is. */
static bool is_place(const struct stat *st, const char *path)
{
	struct err ignored = ERR_NONE;
	struct stat at;
	auto_fd int fd = path_open_host(path, O_PATH, 0, &ignored);

	return fd >= 0 && fstat(fd, &at) == 0 && at.st_dev == st->st_dev && at.st_ino == st->st_ino;
}

/* Is @st the directory @fd or above it? */
static bool is_above(const struct stat *st, int fd)
{
	auto_fd int at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat here = { 0 }, last;

	do {
		last = here;
		if (at < 0 || fstat(at, &here) < 0)
			return false;
		if (here.st_dev == st->st_dev && here.st_ino == st->st_ino)
			return true;
		int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd_close(&at);
		at = up;
	} while (here.st_dev != last.st_dev || here.st_ino != last.st_ino);
	return false;
}

static int refuse_precious(const struct engine *en, const struct ct_mount *m, int fd, const char *option, struct err *e)
{
	struct stat st, store;
	const char *home = getenv("HOME");
	bool bad = false;

	if (fstat(fd, &st) < 0 || fstat(en->data_fd, &store) < 0)
		return err_sys(e, "look at %s", m->source);
	for (size_t i = 0; i < ARRAY_SIZE(precious); i++)
		bad = bad || is_place(&st, precious[i]);
	bad = bad || (home && *home == '/' && is_place(&st, home));
	if (bad) {
		err_set(e, ERR_USAGE, EPERM, "-v %s:%s:%s: would change a directory of the system", m->source,
			m->destination, option);
		return err_hint(e, "give a directory of its own below it, or leave the option away");
	}
	if (is_above(&st, en->data_fd) || (S_ISDIR(st.st_mode) && is_above(&store, fd)))
		return err_set(e, ERR_USAGE, EPERM, "-v %s:%s:%s: would change tare's own files in %s", m->source,
			m->destination, option, en->data_path);
	return 0;
}

/* --- the walk ------------------------------------------------------------------------------------------------- */

/* A file with several names, and how many of them were met. */
struct linked {
	ino_t inode;
	uint64_t met, names;
};

struct walk {
	const char *option;
	uint32_t uid, gid;
	const char *label; /* NULL: owners are changed */
	dev_t device;
	struct linked *linked; /* sorted by inode when complete */
	size_t n, cap;
	bool change;
};

static int open_entry(int dir, const char *name, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS };

	return sys_openat2(dir, name, &how);
}

static int note_linked(struct walk *w, const struct stat *st, struct err *e)
{
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return 0;
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 64;
		struct linked *v = w->n < MAX_LINKED ? reallocarray(w->linked, cap, sizeof(*v)) : NULL;

		if (!v)
			return err_oom(e, "the files with several names");
		w->linked = v;
		w->cap = cap;
	}
	w->linked[w->n++] = (struct linked){ st->st_ino, 1, st->st_nlink };
	return 0;
}

/* O_PATH descriptors: a device, fifo or socket is not opened, a symlink is changed itself. */
static int change(const struct walk *w, int fd, const struct stat *st, struct err *e)
{
	if (w->label) {
		if (S_ISLNK(st->st_mode))
			return 0; /* an O_PATH descriptor of a symlink cannot carry it, and
				     following it is out of the question */
		return setxattr(path_proc(fd).text, "security.selinux", w->label, strlen(w->label) + 1, 0) < 0
			? err_sys(e, "label it")
			: 0;
	}
	if (st->st_uid == w->uid && st->st_gid == w->gid)
		return 0;
	return fchownat(fd, "", w->uid, w->gid, AT_EMPTY_PATH) < 0 ? err_sys(e, "change its owner") : 0;
}

static int visit(struct walk *w, int fd, int depth, struct err *e);

static int visit_entries(struct walk *w, int fd, int depth, struct err *e)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	int r = 0;

	if (!d) {
		fd_close(&again);
		return err_sys(e, "list it");
	}
	for (struct dirent *x; r == 0 && (x = readdir(d));) {
		if (str_eq(x->d_name, ".") || str_eq(x->d_name, ".."))
			continue;
		auto_fd int sub = open_entry(fd, x->d_name, O_PATH);
		if (sub >= 0)
			r = visit(w, sub, depth + 1, e);
		else if (errno != ENOENT && errno != EXDEV) /* removed meanwhile; another mount: not ours to change */
			r = err_sys(e, "open it");
		if (r < 0)
			err_wrap(e, "%s", x->d_name);
	}
	closedir(d);
	return r;
}

static int visit(struct walk *w, int fd, int depth, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at it");
	if (st.st_dev != w->device)
		return 0;
	if (depth > MAX_DEPTH)
		return err_set(e, ERR_CONFIG, ELOOP, "deeper than %d directories", MAX_DEPTH);
	if (!w->change && note_linked(w, &st, e) < 0)
		return -e->num;
	if (S_ISDIR(st.st_mode) && visit_entries(w, fd, depth, e) < 0)
		return -e->num;
	return w->change ? change(w, fd, &st, e) : 0;
}

static int by_inode(const void *a, const void *b)
{
	const struct linked *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static int refuse_linked(struct walk *w, struct err *e)
{
	if (w->n)
		qsort(w->linked, w->n, sizeof(*w->linked), by_inode);
	for (size_t i = 0, k; i < w->n; i = k) {
		for (k = i + 1; k < w->n && w->linked[k].inode == w->linked[i].inode; k++)
			;
		if (k - i < w->linked[i].names)
			return err_set(e, ERR_CONFLICT, EMLINK,
				"a file in it (inode %llu) has another name outside (hard link), "
				":%s would change that too",
				(unsigned long long)w->linked[i].inode, w->option);
	}
	return 0;
}

static int walk(struct walk *w, int fd, const char *source, struct err *e)
{
	struct stat st;
	int r = fstat(fd, &st) < 0 ? err_sys(e, "look at it") : 0;

	w->device = st.st_dev;
	if (r == 0)
		r = visit(w, fd, 0, e);
	if (r == 0)
		r = refuse_linked(w, e);
	w->change = true;
	if (r == 0)
		r = visit(w, fd, 0, e);
	free(w->linked);
	return r < 0 ? err_wrap(e, "-v %s: :%s", source, w->option) : 0;
}

/* --- use ------------------------------------------------------------------------------------------------------ */

static int relabel(const struct engine *en, const struct ct_mount *m, int fd, struct err *e)
{
	const char option[] = { m->relabel, '\0' };
	struct walk w = { .option = option, .label = "system_u:object_r:container_file_t:s0" };

	if (refuse_precious(en, m, fd, option, e) < 0)
		return -e->num;
	/* As docker: nothing to do where SELinux is off. */
	struct err ignored = ERR_NONE;
	auto_fd int selinux = path_open_host("/sys/fs/selinux/enforce", O_PATH, 0, &ignored);
	if (selinux < 0)
		return 0;
	if (m->relabel == 'Z')
		return err_set(
			e, ERR_UNSUPPORTED, ENOTSUP, "-v %s: :Z: private labels are not supported, :z is", m->source);
	return walk(&w, fd, m->source, e);
}

int volume_bind(const struct engine *en, const struct ct_mount *m, uint32_t uid, uint32_t gid, struct err *e)
{
	auto_fd int fd = path_open_host(m->source, O_PATH, 0, e);

	if (fd == -ENOENT && m->create_source) {
		err_clear(e);
		fd = path_mkdir_host(m->source, CREATED_MODE, e);
	}
	if (fd == -ENOENT) {
		err_clear(e);
		err_set(e, ERR_USAGE, ENOENT,
			"invalid mount config for type \"bind\": bind source path does not exist: "
			"%s",
			m->source);
		return err_hint(e, "make it first, or use -v, which makes it");
	}
	if (fd < 0)
		return err_wrap(e, "-v %s", m->source);
	if (m->relabel && relabel(en, m, fd, e) < 0)
		return -e->num;
	if (!m->chown)
		return 0;
	struct walk w = { .option = "U", .uid = uid, .gid = gid };
	return refuse_precious(en, m, fd, "U", e) < 0 ? -e->num : walk(&w, fd, m->source, e);
}
