/* Volumes at the start of a container.
 *
 * Filling: what the image has at the place is copied to DATA/volumes/NAME/fill, renamed to "filled"
 * when it is complete, and its entries are moved to _data, none of which may replace anything
 * (RENAME_NOREPLACE). All of it under the volume's lock. So a volume that a container has mounted
 * meanwhile sees whole files, the user's files are never overwritten, and what a killed command
 * began is begun anew ("fill") or finished ("filled") by the next start. */
#include "engine/volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/mountopt_words.h"
#include "engine/volume_dir.h"
#include "mnt/copyup.h"
#include "sys/path.h"

/* --- filling ------------------------------------------------------------------------------------------------- */

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static DIR *list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		fd_close(&fd);
	return d;
}

static bool is_dot(const char *name)
{
	return str_eq(name, ".") || str_eq(name, "..");
}

static int is_empty(int dir, bool *ret, struct err *e)
{
	DIR *d __attribute__((cleanup(close_dir))) = list(dir);
	struct dirent *x;

	if (!d)
		return err_sys(e, "list the volume");
	while ((x = readdir(d)) && is_dot(x->d_name))
		;
	*ret = !x;
	return 0;
}

int volume_populate(int image_dir_fd, int volume_fd, struct err *e)
{
	auto_fd int from = openat(image_dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (from < 0)
		return err_sys(e, "open the image's directory");
	return mnt_copy_up(from, volume_fd, e) < 0 ? err_wrap(e, "copy what the image has there") : 0;
}

static int open_part(int dir, const char *name, struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open %s of the volume", name) : fd;
}

/* Owner and mode of the image's directory: a server that drops its privileges expects to own it. */
static int take_owner(int filled, int data, struct err *e)
{
	struct stat st;

	if (fstat(filled, &st) < 0 || fchown(data, st.st_uid, st.st_gid) < 0 || fchmod(data, st.st_mode & 07777) < 0)
		return err_sys(e, "set the owner of the volume");
	return 0;
}

static int move_in(int dir, int data, struct err *e)
{
	auto_fd int filled = open_part(dir, "filled", e);
	DIR *d __attribute__((cleanup(close_dir))) = filled < 0 ? NULL : list(filled);

	if (!d)
		return e->num ? -e->num : err_sys(e, "list what the volume is filled with");
	if (take_owner(filled, data, e) < 0)
		return -e->num;
	for (struct dirent *x; (x = readdir(d));)
		if (!is_dot(x->d_name) && renameat2(filled, x->d_name, data, x->d_name, RENAME_NOREPLACE) < 0 &&
			errno != EEXIST)
			return err_sys(e, "move %s into the volume", x->d_name);
	return path_remove_tree(dir, "filled", e);
}

static int copy_beside(int dir, int image_dir, struct err *e)
{
	if (path_remove_tree(dir, "fill", e) < 0)
		return -e->num;
	if (mkdirat(dir, "fill", 0700) < 0)
		return err_sys(e, "make a directory for what the volume is filled with");
	auto_fd int fill = open_part(dir, "fill", e);
	if (fill < 0 || volume_populate(image_dir, fill, e) < 0)
		return -e->num;
	return renameat(dir, "fill", dir, "filled") < 0 ? err_sys(e, "finish filling the volume") : 0;
}

/* The image's directory at the mount's place: FD_NONE when it has none, or something else is there.
 */
static int image_dir_of(int image_fd, const char *place, struct err *e)
{
	int fd = image_fd < 0 ? FD_NONE : path_open_in(image_fd, place, O_RDONLY | O_DIRECTORY, e);

	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP) {
		err_clear(e);
		return FD_NONE;
	}
	return fd;
}

static int fill(int dir, const struct ct_mount *m, int image_fd, struct err *e)
{
	bool pending = faccessat(dir, "filled", F_OK, AT_SYMLINK_NOFOLLOW) == 0, empty = false;
	auto_fd int data = open_part(dir, "_data", e);

	if (data < 0 || is_empty(data, &empty, e) < 0)
		return -e->num;
	if (!pending && !empty)
		return 0;
	if (!pending) {
		auto_fd int image_dir = m->no_copy ? FD_NONE : image_dir_of(image_fd, m->destination, e);

		if (e->num)
			return -e->num;
		if (image_dir < 0)
			return 0;
		if (copy_beside(dir, image_dir, e) < 0)
			return -e->num;
	}
	return move_in(dir, data, e);
}

/* --- what -o asks for ---------------------------------------------------------------------------------------- */

static bool is_mounted(int dir)
{
	struct stat a, b;

	return fstat(dir, &a) == 0 && fstatat(dir, "_data", &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev != b.st_dev;
}

static int set_option(int fs, const char *word, struct err *e)
{
	char key[64];
	size_t n = strcspn(word, "=");

	if (!word[n])
		return fsconfig(fs, FSCONFIG_SET_FLAG, word, NULL, 0) < 0 ? err_sys(e, "tmpfs option %s", word) : 0;
	if (n >= sizeof(key))
		return err_set(e, ERR_CONFIG, EINVAL, "tmpfs option %s", word);
	memcpy(key, word, n);
	key[n] = '\0';
	return fsconfig(fs, FSCONFIG_SET_STRING, key, word + n + 1, 0) < 0 ? err_sys(e, "tmpfs option %s", word) : 0;
}

static int set_options(int fs, const char *o, struct arena *a, struct err *e)
{
	struct ct_mount m = { .type = CT_MOUNT_TMPFS };
	char *words = o ? arena_dup(a, o) : NULL;

	for (char *p = words, *next; p; p = next) {
		next = strchr(p, ',');
		if (next)
			*next++ = '\0';
		if (str_starts(p, "no") || str_starts(p, "exec") || str_starts(p, "suid") || str_starts(p, "dev") ||
			!*p)
			continue; /* of the mount, and those of a volume are always the strict ones
				   */
		if (mountopt_tmpfs_word(a, p, &m, e) < 0 ||
			(!str_eq(p, "rw") && !str_eq(p, "defaults") && set_option(fs, p, e) < 0))
			return -e->num;
	}
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? err_sys(e, "make the tmpfs") : 0;
}

/* Shared by all containers that mount it, so it has to be a mount of the host; it goes with the
 * volume. */
static int mount_tmpfs(const struct engine *en, int dir, const struct volume_record *r, struct err *e)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct mount_attr attr = { .propagation = MS_PRIVATE };

	if (is_mounted(dir))
		return 0;
	if (en->rootless) {
		err_set(e, ERR_UNSUPPORTED, ENOTSUP, "a volume of type tmpfs needs root");
		return err_hint(e, "--tmpfs and --mount type=tmpfs do not");
	}
	auto_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return err_sys(e, "fsopen tmpfs");
	if (set_options(fs, volume_option(r, "o"), &a, e) < 0)
		return -e->num;
	auto_fd int mnt = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
	if (mnt < 0 || mount_setattr(mnt, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_sys(e, "mount the tmpfs");
	if (move_mount(mnt, "", dir, "_data", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, "mount the tmpfs on the volume");
	return 0;
}

/* By descriptor: nobody else may write below DATA, but a path would be walked again. */
int volume_unmount(int dir, struct err *e)
{
	auto_fd int here = FD_NONE;
	int r = 0;

	if (!is_mounted(dir))
		return 0;
	here = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (here < 0 || fchdir(dir) < 0)
		return err_sys(e, "enter the volume");
	if (umount2("_data", MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		r = err_sys(e, "unmount the volume");
	if (fchdir(here) < 0 && r == 0)
		r = err_sys(e, "return to the working directory");
	return r;
}

/* --- use ----------------------------------------------------------------------------------------------------- */

static int prepare(
	const struct engine *en, const struct ct_mount *m, int image_fd, const struct volume *v, struct err *e)
{
	struct stat st;

	if (str_eq(volume_option(&v->record, "type"), "tmpfs")) {
		if (mount_tmpfs(en, v->dir_fd, &v->record, e) < 0)
			return -e->num;
	} else if (volume_option(&v->record, "device")) {
		auto_fd int fd = path_open_host(v->mountpoint, O_PATH, 0, e);

		if (fd < 0)
			return err_wrap(e, "the volume's device");
		if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
			return err_set(e, ERR_CONFIG, ENOTDIR, "the volume's device %s is no directory", v->mountpoint);
		return 0;
	}
	return fill(v->dir_fd, m, image_fd, e);
}

static int lock_existing(
	const struct engine *en, const struct ct_mount *m, int image_fd, struct volume *v, struct err *e)
{
	auto_fd int dir = volume_dir_locked(en, m->source, e);

	if (dir < 0)
		return e->num ? -e->num : -ENOENT;
	if (volume_open(en, m->source, v, e) < 0)
		return -e->num;
	return prepare(en, m, image_fd, v, e);
}

int volume_use(const struct engine *en, const struct ct_mount *m, int image_fd, struct arena *a, const char **ret_path,
	struct err *e)
{
	struct volume_want want = { .name = m->source, .anonymous = m->anonymous };
	char name[VOLUME_NAME_SIZE];
	enum { TRIES = 100 };
	bool existed;

	for (int i = 0; i < TRIES; i++) {
		AUTO(volume) struct volume v = VOLUME_INIT;
		int r = lock_existing(en, m, image_fd, &v, e);

		if (r == 0) {
			*ret_path = arena_dup(a, v.mountpoint);
			return *ret_path ? 0 : err_oom(e, "a volume");
		}
		if (e->num)
			return r;
		if (volume_create(en, &want, name, &existed, e) < 0)
			return -e->num;
	}
	return err_set(e, ERR_CONFLICT, EBUSY, "it is made and removed all the time");
}

/* --- size ---------------------------------------------------------------------------------------------------- */

enum { MAX_DEPTH = 512 };

/* Blocks of everything below @dir; of hard links each name counts, as nobody else pays for them. */
static int add_size(int dir, int depth, uint64_t *n, struct err *e)
{
	DIR *d __attribute__((cleanup(close_dir))) = list(dir);

	if (!d)
		return err_sys(e, "list a directory of the volume");
	for (struct dirent *x; (x = readdir(d));) {
		struct stat st;

		if (is_dot(x->d_name) || fstatat(dir, x->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		*n += (uint64_t)st.st_blocks * 512;
		if (!S_ISDIR(st.st_mode) || depth == MAX_DEPTH)
			continue;
		auto_fd int sub = openat(dir, x->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0 && add_size(sub, depth + 1, n, e) < 0)
			return -e->num;
	}
	return 0;
}

int volume_size(const struct engine *en, const char *name, uint64_t *ret, struct err *e)
{
	AUTO(volume) struct volume v = VOLUME_INIT;
	uint64_t n = 0;

	if (volume_open(en, name, &v, e) < 0)
		return -e->num;
	auto_fd int data = open_part(v.dir_fd, "_data", e);
	if (data < 0 || add_size(data, 0, &n, e) < 0)
		return -e->num;
	*ret = n;
	return 0;
}
