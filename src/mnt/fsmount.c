/* New filesystems by mount(2) or, with more options than fit into its page, by the calls of Linux 5.2.
 * Targets are always descriptors: mount(2) gets them as self/fd/N of the host's procfs. */
#include "mnt/fsmount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/path.h"

enum { MOUNT_DATA_MAX = 4000, AT_TEXT = 32 + NAME_MAX };

/* The kernel explains a refused fsconfig(2) in a message queue read from the descriptor: "e tmpfs: Bad …". */
static int err_fs(struct err *e, int fs, const char *what, const char *type)
{
	char words[256];
	int num = errno;
	ssize_t n = read(fs, words, sizeof(words) - 1);

	if (n <= 2) {
		errno = num;
		return err_sys(e, "%s %s", what, type);
	}
	words[n] = '\0';
	words[strcspn(words, "\n")] = '\0';
	return err_num(e, num, "%s %s: %s", what, type, words + 2);
}

/* The superblock of these belongs to a namespace, not to the mount: MS_RDONLY of mount(2) would also make it
 * read-only for the next container that shares the namespace (a pod). */
static bool shares_superblock(const char *type)
{
	return str_eq(type, "sysfs") || str_eq(type, "mqueue");
}

static int configure(int fs, const struct mnt_fs *f, struct err *e)
{
	if (f->source && fsconfig(fs, FSCONFIG_SET_STRING, "source", f->source, 0) < 0)
		return err_fs(e, fs, "set the source of", f->type);
	for (size_t i = 0; i < f->opts->n_data; i++) {
		const struct mnt_data *d = &f->opts->data[i];
		unsigned cmd = d->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

		if (fsconfig(fs, cmd, d->key, d->value, 0) < 0)
			return err_fs(e, fs, d->key, f->type);
	}
	unsigned sb_set = f->opts->sb_set & ~(shares_superblock(f->type) ? MS_RDONLY : 0U);
	for (unsigned bit = 1; bit && bit <= sb_set; bit <<= 1) {
		const char *word = sb_set & bit ? mnt_sb_word(bit) : NULL;

		if (word && fsconfig(fs, FSCONFIG_SET_FLAG, word, NULL, 0) < 0)
			return err_fs(e, fs, word, f->type);
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_fs(e, fs, "create", f->type);
	return 0;
}

int mnt_fs_detached(const struct mnt_fs *f, struct err *e)
{
	int fs = fsopen(f->type, FSOPEN_CLOEXEC);

	if (fs < 0)
		return err_sys(e, "open filesystem %s", f->type);
	int r = configure(fs, f, e);
	if (r < 0)
		return r;
	int mnt = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)f->opts->attr_set);
	return mnt >= 0 ? mnt : err_fs(e, fs, "mount", f->type);
}

int mnt_work_in_proc(int proc, struct err *e)
{
	return fchdir(proc) < 0 ? err_sys(e, "work in /proc") : 0;
}

int mnt_move_at(int mntfd, struct mnt_at at, struct err *e)
{
	unsigned how = MOVE_MOUNT_F_EMPTY_PATH | (at.name ? 0 : MOVE_MOUNT_T_EMPTY_PATH);

	return move_mount(mntfd, "", at.dir, at.name ? at.name : "", how) < 0 ? err_sys(e, "attach the mount") : 0;
}

int mnt_move(int mntfd, int target, struct err *e)
{
	return mnt_move_at(mntfd, (struct mnt_at){ target, NULL }, e);
}

/* "self/fd/N" or "self/fd/N/NAME" */
static bool text_of(struct mnt_at at, char *dst, size_t size)
{
	return fmt_fits(dst, size, "%s%s%s", path_proc_rel(at.dir).text, at.name ? "/" : "", at.name ? at.name : "");
}

int mnt_bind_at(int source, struct mnt_at at, struct err *e)
{
	char path[AT_TEXT];

	if (!text_of(at, path, sizeof(path)))
		return err_num(e, ENAMETOOLONG, "bind a mount");
	return mount(path_proc_rel(source).text, path, NULL, MS_BIND, NULL) < 0 ? err_sys(e, "bind a mount") : 0;
}

static int attach_new_calls(const struct mnt_fs *f, struct mnt_at at, int *ret_mnt, struct err *e)
{
	int mnt = mnt_fs_detached(f, e);

	if (mnt >= 0 && ret_mnt)
		*ret_mnt = mnt;
	return mnt < 0 ? mnt : mnt_move_at(mnt, at, e);
}

int mnt_fs_attach(const struct mnt_fs *f, struct mnt_at at, int *ret_mnt, struct err *e)
{
	char path[AT_TEXT];

	if (ret_mnt)
		*ret_mnt = FD_NONE;
	if (str_len(f->ms_data) > MOUNT_DATA_MAX || (f->ms_flags & MS_RDONLY && shares_superblock(f->type)))
		return attach_new_calls(f, at, ret_mnt, e);
	if (!text_of(at, path, sizeof(path)))
		return err_num(e, ENAMETOOLONG, "mount %s", f->type);
	if (mount(f->source ? f->source : f->type, path, f->type, f->ms_flags, f->ms_data) < 0)
		return err_sys(e, "mount %s", f->type);
	return 0;
}

int mnt_propagate(int mntfd, const struct mnt_opts *o, struct err *e)
{
	for (size_t i = 0; i < o->n_propagation; i++) {
		struct mount_attr a = { .propagation = o->propagation[i] & ~(unsigned)MS_REC };
		unsigned flags = AT_EMPTY_PATH | (o->propagation[i] & MS_REC ? AT_RECURSIVE : 0);

		if (mount_setattr(mntfd, "", flags, &a, sizeof(a)) < 0)
			return err_sys(e, "set the propagation");
	}
	return 0;
}

int mnt_set_attrs(int mntfd, const struct mnt_opts *o, struct err *e)
{
	struct mount_attr one = { .attr_set = o->attr_set, .attr_clr = o->attr_clr };
	struct mount_attr all = { .attr_set = o->rec_attr_set, .attr_clr = o->rec_attr_clr };

	if ((one.attr_set | one.attr_clr) && mount_setattr(mntfd, "", AT_EMPTY_PATH, &one, sizeof(one)) < 0)
		return err_sys(e, "set the mount's attributes");
	if ((all.attr_set | all.attr_clr) &&
		mount_setattr(mntfd, "", AT_EMPTY_PATH | AT_RECURSIVE, &all, sizeof(all)) < 0)
		return err_sys(e, "set the attributes of the mount and those below it");
	return 0;
}
