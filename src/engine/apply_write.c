/* Writing the changes of a container to the host, one path after the other.
 *
 * Each is made in a directory `.tare-apply.ID` beside its place, which has mode 0700 and is ours: in a directory that a
 * user of the host may write, nobody can put something else under the name that we are about to give an owner or a
 * mode. From there it is renamed to its place. One such directory serves for all items that follow one another in one
 * directory; what a killed apply left of it is removed by the next one that comes there. */
#include "engine/apply_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/path.h"

static const char temp_name[] = "new"; /* in .tare-apply.ID */

/* A file of the container with several names, written already. */
struct link {
	dev_t dev;
	ino_t ino; /* in the container */
	const char *path; /* its first name, on the host */
	struct stat host;
};

struct writer {
	struct apply *a;
	int parent, temp; /* where the current item goes, and .tare-apply.ID in it; FD_NONE: not made */
	char temp_dir[32];
	char at[PATH_MAX]; /* path of parent, "" for / */
	struct link *links;
	size_t n_links, cap_links;
	size_t n_done;
	struct apply_attrs attrs;
};

static void progress(const struct writer *w)
{
	if (w->a->how->progress)
		w->a->how->progress(w->a->how->ctx, &w->a->total, w->a->n_write);
}

/* --- where --------------------------------------------------------------------------------------------------- */

static void leave(struct writer *w)
{
	if (w->temp >= 0)
		(void)unlinkat(w->parent, w->temp_dir, AT_REMOVEDIR); /* not empty: the next apply removes it */
	fd_close(&w->temp);
	fd_close(&w->parent);
}

/* The directory of @path becomes w->parent. */
static int enter(struct writer *w, const char *path, const char **ret_name, struct err *e)
{
	size_t n = (size_t)(strrchr(path, '/') - path);

	*ret_name = path + n + 1;
	if (w->parent >= 0 && strlen(w->at) == n && memcmp(w->at, path, n) == 0)
		return 0;
	leave(w);
	int fd = host_parent(w->a, path, ret_name);
	if (fd < 0)
		return err_num(e, -fd, "open its directory");
	w->parent = fd;
	memcpy(w->at, path, n);
	w->at[n] = '\0';
	return 0;
}

static int open_temp(struct writer *w, struct err *e)
{
	struct stat st;

	if (w->temp >= 0)
		return 0;
	if (mkdirat(w->parent, w->temp_dir, 0700) < 0) {
		if (errno != EEXIST)
			return err_sys(e, "make a directory beside it");
		if (path_remove_tree(w->parent, w->temp_dir, e) < 0)
			return -e->num;
		if (mkdirat(w->parent, w->temp_dir, 0700) < 0)
			return err_sys(e, "make a directory beside it");
	}
	auto_fd int fd = openat(w->parent, w->temp_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open the directory %s beside it", w->temp_dir);
	/* An access list that the parent hands down would let others in, and would be handed down to what is made
	 * here: the container's own are copied. */
	if (st.st_uid != geteuid())
		return err_set(e, ERR_CONFLICT, EEXIST, "somebody else makes %s there", w->temp_dir);
	(void)fremovexattr(fd, "system.posix_acl_access"); /* most have none */
	(void)fremovexattr(fd, "system.posix_acl_default");
	if (fchmod(fd, 0700) < 0)
		return err_sys(e, "close the directory %s to others", w->temp_dir);
	w->temp = fd_steal(&fd);
	return 0;
}

/* --- into place ---------------------------------------------------------------------------------------------- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode &&
		a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_uid == b->st_uid;
}

/* Is there what was there when it was judged? A directory's size and times move while we write into it. */
static int check_unchanged(const struct writer *w, const struct apply_item *item, const char *name, struct err *e)
{
	struct stat st;
	bool there = fstatat(w->parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (!there && errno != ENOENT)
		return err_sys(e, "look at it");
	if (there != (item->host == HOST_THERE))
		there = false;
	else if (!there || (S_ISDIR(st.st_mode) && st.st_ino == item->seen.st_ino) || same_file(&st, &item->seen))
		return 0;
	err_set(e, ERR_CONFLICT, EEXIST, "the host changed it this very moment");
	return err_hint(e, "apply again");
}

/* The new one is a directory, or the old one is: they change places, and the old one goes. */
static int exchange(struct writer *w, const char *name, struct err *e)
{
	if (renameat2(w->temp, temp_name, w->parent, name, RENAME_EXCHANGE) == 0)
		return path_remove_tree(w->temp, temp_name, e);
	if (errno != EINVAL && errno != EXDEV)
		return err_sys(e, "put it into its place");
	/* A file system that cannot (or an overlay, which renames no old directory). */
	if (path_remove_tree(w->parent, name, e) < 0)
		return -e->num;
	return renameat(w->temp, temp_name, w->parent, name) < 0 ? err_sys(e, "put it into its place") : 0;
}

static int put(struct writer *w, const struct apply_item *item, const char *name, struct err *e)
{
	if (check_unchanged(w, item, name, e) < 0)
		return -e->num;
	if (item->host == HOST_THERE && (S_ISDIR(item->mode) || S_ISDIR(item->seen.st_mode)))
		return exchange(w, name, e);
	unsigned flags = item->host == HOST_THERE ? 0 : RENAME_NOREPLACE;
	if (renameat2(w->temp, temp_name, w->parent, name, flags) < 0 &&
		(errno != EINVAL || renameat(w->temp, temp_name, w->parent, name) < 0))
		return err_sys(e, "put it into its place");
	return 0;
}

static int delete (struct writer *w, const struct apply_item *item, const char *name, struct err *e)
{
	if (check_unchanged(w, item, name, e) < 0)
		return -e->num;
	if (!S_ISDIR(item->seen.st_mode))
		return unlinkat(w->parent, name, 0) < 0 && errno != ENOENT ? err_sys(e, "delete it") : 0;
	if (open_temp(w, e) < 0)
		return -e->num;
	/* Away as a whole first, then bit by bit. */
	if (renameat(w->parent, name, w->temp, temp_name) == 0)
		return path_remove_tree(w->temp, temp_name, e);
	return errno == EXDEV ? path_remove_tree(w->parent, name, e) : err_sys(e, "delete it");
}

/* --- owner, mode, attributes --------------------------------------------------------------------------------- */

static int drop_attrs(struct writer *w, int from, int to, struct err *e)
{
	ssize_t n = flistxattr(to, w->attrs.names, sizeof(w->attrs.names));

	for (const char *name = w->attrs.names; n > 0 && name < w->attrs.names + n; name += strlen(name) + 1)
		if (apply_attr_wanted(w->a, name) && fgetxattr(from, name, NULL, 0) < 0 && errno == ENODATA &&
			fremovexattr(to, name) < 0 && errno != ENODATA)
			return err_sys(e, "remove the attribute %.64s", name);
	return 0;
}

static int copy_attrs(struct writer *w, int from, int to, struct err *e)
{
	struct apply_attrs *x = &w->attrs;

	if (drop_attrs(w, from, to, e) < 0)
		return -e->num;
	ssize_t n = flistxattr(from, x->names, sizeof(x->names));
	if (n < 0 && errno != ENOTSUP)
		return err_sys(e, "list its attributes");
	for (const char *name = x->names; n > 0 && name < x->names + n; name += strlen(name) + 1) {
		if (!apply_attr_wanted(w->a, name))
			continue;
		ssize_t len = fgetxattr(from, name, x->value, sizeof(x->value));
		if (len < 0 && errno == ENODATA)
			continue;
		if (len < 0 || fsetxattr(to, name, x->value, (size_t)len, 0) < 0)
			return err_sys(e, "copy its attribute %.64s", name);
	}
	return 0;
}

/* The label that a security module of the host gave the file in whose place the new one comes. */
static void keep_label(struct writer *w, const char *name, int to)
{
	static const char *const labels[] = { "security.selinux", "security.SMACK64", "security.SMACK64EXEC" };
	auto_fd int old = openat(w->parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(labels) && old >= 0; i++) {
		ssize_t n = fgetxattr(old, labels[i], w->attrs.value, sizeof(w->attrs.value));

		if (n >= 0)
			(void)!fsetxattr(to, labels[i], w->attrs.value, (size_t)n, 0); /* the module's own otherwise */
	}
}

/* Owner first: chown(2) clears set-id bits and capabilities. The mode last: an access list changes it. */
static int copy_head(struct writer *w, int from, int to, const struct stat *st, struct err *e)
{
	if (fchown(to, st->st_uid, st->st_gid) < 0)
		return err_sys(e, "give it to %u:%u", st->st_uid, st->st_gid);
	if (copy_attrs(w, from, to, e) < 0)
		return -e->num;
	return fchmod(to, st->st_mode & 07777) < 0 ? err_sys(e, "set its mode") : 0;
}

/* --- files --------------------------------------------------------------------------------------------------- */

static int copy_range(struct writer *w, int from, int to, off_t at, off_t end, struct err *e)
{
	enum { PART = 8 << 20 };

	if (lseek(to, at, SEEK_SET) < 0)
		return err_sys(e, "write it");
	while (at < end) {
		ssize_t n = sendfile(to, from, &at, (size_t)(end - at < PART ? end - at : PART));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "write it");
		if (n == 0)
			break; /* a running container made it shorter */
		w->a->total.bytes += (uint64_t)n;
		progress(w);
	}
	return 0;
}

/* Holes stay holes; a file system that shares blocks shares them. */
static int copy_content(struct writer *w, int from, int to, off_t size, struct err *e)
{
	if (ioctl(to, FICLONE, from) == 0) {
		w->a->total.bytes += (uint64_t)size;
		return 0;
	}
	if (ftruncate(to, size) < 0)
		return err_sys(e, "write it");
	for (off_t at = 0, end; at < size; at = end) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0 && errno == ENXIO)
			return 0;
		end = at < 0 ? -1 : lseek(from, at, SEEK_HOLE);
		if (end < 0)
			return err_sys(e, "read it in the container");
		end = end < size ? end : size;
		if (copy_range(w, from, to, at, end, e) < 0)
			return -e->num;
	}
	return 0;
}

static int remember_link(
	struct writer *w, const struct stat *st, const char *path, const struct stat *host, struct err *e)
{
	if (w->n_links == w->cap_links) {
		size_t cap = w->cap_links ? w->cap_links * 2 : 64;
		struct link *v = realloc(w->links, cap * sizeof(*v));

		if (!v)
			return err_oom(e, "hard links");
		w->links = v;
		w->cap_links = cap;
	}
	w->links[w->n_links++] = (struct link){ st->st_dev, st->st_ino, path, *host };
	return 0;
}

/* Another name of the file @l: in our directory. False when it is not there any more, or something else is. */
static bool make_link(struct writer *w, const struct link *l)
{
	const char *name;
	struct stat st;
	auto_fd int parent = host_parent(w->a, l->path, &name);

	if (parent < 0 || linkat(parent, name, w->temp, temp_name, 0) < 0)
		return false;
	if (fstatat(w->temp, temp_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && same_file(&st, &l->host))
		return true;
	(void)unlinkat(w->temp, temp_name, 0); /* if it cannot be removed, it cannot be made either, and that is told */
	return false;
}

static bool link_known(struct writer *w, const struct stat *st)
{
	for (size_t i = 0; i < w->n_links; i++)
		if (w->links[i].dev == st->st_dev && w->links[i].ino == st->st_ino)
			return make_link(w, &w->links[i]);
	return false;
}

static int make_file(struct writer *w, int from, const struct stat *st, const char *name, int *ret, struct err *e)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	auto_fd int to = openat(w->temp, temp_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (to < 0)
		return err_sys(e, "make it");
	if (copy_content(w, from, to, st->st_size, e) < 0)
		return -e->num;
	keep_label(w, name, to);
	if (copy_head(w, from, to, st, e) < 0)
		return -e->num;
	if (futimens(to, times) < 0)
		return err_sys(e, "set its times");
	*ret = fd_steal(&to);
	return 0;
}

static int write_file(struct writer *w, const struct apply_item *item, const char *name, struct err *e)
{
	auto_fd int from = upper_open(w->a, item->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, e);
	auto_fd int to = FD_NONE;
	struct stat st, made;

	if (from < 0)
		return from;
	if (fstat(from, &st) < 0)
		return err_sys(e, "look at it in the container");
	const char *why = S_ISREG(st.st_mode) ? apply_special_file(w->a, from, &st) : "the container replaced it";
	if (why)
		return err_set(e, ERR_CONFLICT, EBUSY, "%s now", why);
	if (st.st_nlink > 1 && link_known(w, &st))
		return put(w, item, name, e);
	if (make_file(w, from, &st, name, &to, e) < 0)
		return -e->num;
	/* What is replaced must not be lost to a power cut; new files are synced together at the end. */
	if (item->host == HOST_THERE && fsync(to) < 0)
		return err_sys(e, "write it to the disk");
	if (put(w, item, name, e) < 0)
		return -e->num;
	if (st.st_nlink == 1)
		return 0;
	return fstat(to, &made) < 0 ? err_sys(e, "look at it") : remember_link(w, &st, item->path, &made, e);
}

/* It is as it should be, but another name of it may follow. */
static int note_same(struct writer *w, const struct apply_item *item, struct err *e)
{
	struct stat st;

	if (!S_ISREG(item->mode) || item->host != HOST_THERE)
		return 0;
	auto_fd int from = upper_open(w->a, item->path, O_PATH, e);
	if (from < 0)
		return from;
	if (fstat(from, &st) < 0)
		return err_sys(e, "look at it in the container");
	return st.st_nlink > 1 ? remember_link(w, &st, item->path, &item->seen, e) : 0;
}

/* --- other kinds --------------------------------------------------------------------------------------------- */

static int write_symlink(struct writer *w, const struct apply_item *item, const char *name, struct err *e)
{
	auto_fd int from = upper_open(w->a, item->path, O_PATH, e);
	char target[PATH_MAX];
	struct stat st;

	if (from < 0 || path_readlink(from, "", target, sizeof(target), e) < 0)
		return -e->num;
	if (fstat(from, &st) < 0)
		return err_sys(e, "look at it in the container");
	const struct timespec times[2] = { st.st_atim, st.st_mtim };
	if (symlinkat(target, w->temp, temp_name) < 0 ||
		fchownat(w->temp, temp_name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		utimensat(w->temp, temp_name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "make the symlink");
	return put(w, item, name, e);
}

/* A FIFO or a device. Our directory is closed to others: the name is what we made. */
static int write_node(struct writer *w, const struct apply_item *item, const char *name, struct err *e)
{
	auto_fd int from = upper_open(w->a, item->path, O_PATH, e);
	struct stat st;

	if (from < 0)
		return from;
	if (fstat(from, &st) < 0)
		return err_sys(e, "look at it in the container");
	if ((st.st_mode & S_IFMT) != (item->mode & S_IFMT))
		return err_set(e, ERR_CONFLICT, EBUSY, "the container replaced it now");
	const struct timespec times[2] = { st.st_atim, st.st_mtim };
	if (mknodat(w->temp, temp_name, st.st_mode & (S_IFMT | 0777), st.st_rdev) < 0 ||
		fchownat(w->temp, temp_name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		fchmodat(w->temp, temp_name, st.st_mode & 07777, 0) < 0 ||
		utimensat(w->temp, temp_name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "make it");
	return put(w, item, name, e);
}

/* An old one gets owner, mode and attributes; a new one is filled by the items that follow, and gets its times last. */
static int write_dir(struct writer *w, struct apply_item *item, const char *name, struct err *e)
{
	bool stays = item->host == HOST_THERE && S_ISDIR(item->seen.st_mode);
	auto_fd int from = upper_open(w->a, item->path, O_RDONLY | O_DIRECTORY, e);
	struct stat st, now;

	if (from < 0)
		return from;
	if (fstat(from, &st) < 0)
		return err_sys(e, "look at it in the container");
	if (!stays && open_temp(w, e) < 0)
		return -e->num;
	if (!stays && mkdirat(w->temp, temp_name, 0700) < 0)
		return err_sys(e, "make it");
	auto_fd int to = openat(
		stays ? w->parent : w->temp, stays ? name : temp_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0 || fstat(to, &now) < 0)
		return err_sys(e, "open it");
	if (stays && (now.st_dev != item->seen.st_dev || now.st_ino != item->seen.st_ino))
		return err_set(e, ERR_CONFLICT, EEXIST, "the host changed it this very moment");
	if (copy_head(w, from, to, &st, e) < 0)
		return -e->num;
	return stays ? 0 : put(w, item, name, e);
}

/* --- all ----------------------------------------------------------------------------------------------------- */

static int write_item(struct writer *w, struct apply_item *item, struct err *e)
{
	const char *name;

	if (enter(w, item->path, &name, e) < 0)
		return -e->num;
	if (!item->mode)
		return delete (w, item, name, e);
	if (S_ISDIR(item->mode))
		return write_dir(w, item, name, e);
	if (open_temp(w, e) < 0)
		return -e->num;
	switch (item->mode & S_IFMT) {
	case S_IFREG: return write_file(w, item, name, e);
	case S_IFLNK: return write_symlink(w, item, name, e);
	default: return write_node(w, item, name, e);
	}
}

static int tell_done(struct writer *w, const struct apply_item *item, struct err *e)
{
	const struct apply_how *how = w->a->how;
	bool there = item->host == HOST_THERE;
	const struct apply_change change = { .kind = !item->mode ? DIFF_DELETED
			: there					 ? DIFF_CHANGED
								 : DIFF_ADDED,
		.path = item->path };
	struct apply_total *t = &w->a->total;

	(*(!item->mode ? &t->deleted : there ? &t->changed : &t->added))++;
	progress(w);
	return how->told ? how->told(how->ctx, &change, e) : 0;
}

/* New directories have got everything: now their times. Those that were there keep the time of what we did. */
static void set_dir_times(struct writer *w)
{
	for (size_t i = w->a->n; i-- > 0;) {
		const struct apply_item *item = &w->a->v[i];
		struct err ignored = ERR_NONE; /* a time that cannot be set is no reason to fail after all was done */
		const char *name;
		struct stat st;

		if (item->same || item->verdict != APPLY_WRITE || !S_ISDIR(item->mode) ||
			(item->host == HOST_THERE && S_ISDIR(item->seen.st_mode)))
			continue;
		auto_fd int from = upper_open(w->a, item->path, O_PATH, &ignored);
		auto_fd int parent = host_parent(w->a, item->path, &name);
		if (from < 0 || parent < 0 || fstat(from, &st) < 0)
			continue;
		const struct timespec times[2] = { st.st_atim, st.st_mtim };
		auto_fd int to = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (to >= 0)
			(void)futimens(to, times);
	}
}

static int write_all(struct writer *w, struct err *e)
{
	for (size_t i = 0; i < w->a->n; i++) {
		struct apply_item *item = &w->a->v[i];
		int r = 0;

		if (item->same)
			r = item->wanted ? note_same(w, item, e) : 0;
		else if (item->verdict == APPLY_WRITE)
			r = write_item(w, item, e) < 0 ? -e->num : tell_done(w, item, e);
		if (r < 0)
			return err_wrap(e, "%s", item->path);
	}
	return 0;
}

int apply_write(struct apply *a, struct err *e)
{
	auto_free struct writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_oom(e, "applying changes");
	w->a = a;
	w->parent = w->temp = FD_NONE;
	fmt_to(w->temp_dir, sizeof(w->temp_dir), ".tare-apply.%.12s", a->r->id);
	int r = write_all(w, e);
	if (w->temp >= 0 && r < 0) {
		struct err ignored = ERR_NONE; /* the first one is told */

		(void)!path_remove_tree(w->temp, temp_name, &ignored);
	}
	leave(w);
	if (r == 0)
		set_dir_times(w);
	free(w->links);
	auto_fd int root = openat(a->host_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && a->n_write && root >= 0 && syncfs(root) < 0)
		return err_sys(e, "write the changes to the disk");
	return r;
}
