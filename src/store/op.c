/* Theory of operation. An operation's directory is created, opened, locked (flock), and then looked at again: a sweeper
 * that took it for a leftover in between has unlinked it, and another one is made. A sweeper removes only what it could
 * lock. Publishing is rename(2) without replacement; what is there already has the same content, its name says so. */
#include "store/op.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "store/layout.h"
#include "sys/atomic_file.h"
#include "sys/path.h"

int store_make_dirs(int data_fd, struct err *e)
{
	static const char *const dirs[] = { STORE_BLOBS, STORE_BLOBS "/sha256", STORE_BLOBS "/sha512", "images",
		STORE_REFS, STORE_IDS, STORE_LAYERS, STORE_RECIPES, STORE_TMP };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(data_fd, dirs[i], 0700) < 0 && errno != EEXIST)
			return err_sys(e, "make directory %s of the store", dirs[i]);
	return 0;
}

/* --- leftovers ----------------------------------------------------------------------------------------------- */

static void sweep(int tmp_fd)
{
	int again = openat(tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again >= 0 ? fdopendir(again) : NULL;
	const struct dirent *d;

	if (!dir) {
		fd_close(&again);
		return;
	}
	while ((d = readdir(dir))) {
		struct err ignored = ERR_NONE; /* what cannot be swept stays for `tare system check` */

		if (d->d_name[0] == '.')
			continue;
		auto_fd int fd = openat(tmp_fd, d->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			err_told(path_remove_tree(tmp_fd, d->d_name, &ignored));
	}
	closedir(dir);
}

static int open_own(int tmp_fd, struct store_op *op, struct err *e)
{
	for (int i = 0; i < 1000; i++) {
		struct stat st;

		fmt_to(op->name, sizeof(op->name), "%d.%d", (int)getpid(), i);
		if (mkdirat(tmp_fd, op->name, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			return err_sys(e, "make a directory for temporary files of the store");
		}
		auto_fd int fd = openat(tmp_fd, op->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0) {
			op->dir_fd = fd_steal(&fd);
			return 0;
		}
		/* A sweeper was between mkdir and flock: it removes that one. */
	}
	return err_set(e, ERR_CONFLICT, EBUSY, "temporary files of the store: others are too quick");
}

int store_op_begin(int data_fd, struct store_op *ret, struct err *e)
{
	struct store_op op = { .data_fd = data_fd, .dir_fd = FD_NONE };

	if (store_make_dirs(data_fd, e) < 0)
		return -e->num;
	auto_fd int tmp = path_open_below(data_fd, STORE_TMP, O_RDONLY | O_DIRECTORY, e);
	if (tmp < 0)
		return tmp;
	sweep(tmp);
	if (open_own(tmp, &op, e) < 0)
		return -e->num;
	*ret = op;
	return 0;
}

void store_op_done(struct store_op *op)
{
	struct err ignored = ERR_NONE; /* the lock ends with us: the next operation sweeps what stays */
	char path[64];

	if (op->dir_fd < 0)
		return;
	fmt_to(path, sizeof(path), STORE_TMP "/%s", op->name);
	err_told(path_remove_tree(op->data_fd, path, &ignored));
	fd_close(&op->dir_fd);
}

/* --- making -------------------------------------------------------------------------------------------------- */

int store_op_dir(struct store_op *op, const char *name, struct err *e)
{
	int fd = -1;

	if (mkdirat(op->dir_fd, name, 0755) == 0)
		fd = openat(op->dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* mkdir(2) takes the umask's bits away, and this is the root directory of containers. */
	if (fd < 0 || fchmod(fd, 0755) < 0) {
		err_sys(e, "make the directory of a layer");
		fd_close(&fd);
		return -e->num;
	}
	return fd;
}

int store_op_file(struct store_op *op, const char *name, struct err *e)
{
	int fd = openat(op->dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, "create a temporary file in the store") : fd;
}

void store_op_drop(struct store_op *op, const char *name)
{
	struct err ignored = ERR_NONE; /* store_op_done() tries again */

	err_told(path_remove_tree(op->dir_fd, name, &ignored));
}

int store_op_sync(struct store_op *op, struct err *e)
{
	return syncfs(op->dir_fd) < 0 ? err_sys(e, "write the image to the disk") : 0;
}

/* --- publishing ---------------------------------------------------------------------------------------------- */

static int publish(struct store_op *op, const char *name, const char *path, struct err *e)
{
	if (renameat2(op->dir_fd, name, op->data_fd, path, RENAME_NOREPLACE) == 0 || errno == EEXIST)
		return 0;
	return err_sys(e, "store %s", path);
}

int store_op_blob(struct store_op *op, const char *name, const char *digest, struct err *e)
{
	char path[PATH_MAX];

	store_blob_path(digest, path);
	return publish(op, name, path, e);
}

int store_op_layer(struct store_op *op, const char *name, const char *diff_id, struct err *e)
{
	char path[PATH_MAX];

	store_layer_path(diff_id, path);
	return publish(op, name, path, e);
}

int store_op_recipe(struct store_op *op, const char *name, const char *diff_id, struct err *e)
{
	char path[PATH_MAX];

	store_recipe_path(diff_id, path);
	return publish(op, name, path, e);
}

int store_op_bytes(struct store_op *op, const void *data, size_t n, const char *digest, struct err *e)
{
	const struct atomic_how how = { .mode = 0600, .sync = ATOMIC_VOLATILE };
	char path[PATH_MAX];
	auto_fd int fd = FD_NONE;

	if (store_has_blob(op->data_fd, digest, n))
		return 0;
	if (atomic_write(op->dir_fd, image_digest_hex(digest), data, n, how, e) < 0)
		return -e->num;
	fd = openat(op->dir_fd, image_digest_hex(digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, "write a blob to the disk");
	store_blob_path(digest, path);
	return renameat(op->dir_fd, image_digest_hex(digest), op->data_fd, path) < 0 ? err_sys(e, "store %s", path) : 0;
}

int store_op_image(struct store_op *op, const struct store_image *image, struct err *e)
{
	const struct atomic_how how = { .mode = 0600, .sync = ATOMIC_DURABLE };
	AUTO(buf) struct buf text = BUF_INIT;
	char path[PATH_MAX];

	store_record_write(image, &text);
	if (buf_err(&text, e) < 0 || atomic_write(op->dir_fd, "image", text.data, text.len, how, e) < 0)
		return -e->num;
	fmt_to(path, sizeof(path), STORE_IDS "/%s", image_digest_hex(image->id));
	if (renameat(op->dir_fd, "image", op->data_fd, path) < 0)
		return err_sys(e, "store %s", path);
	/* A removal that ran beside us looks at the images after it moved a layer away; we look at the layers after the
	 * image is there: one of both sees the other. */
	for (size_t i = 0; i < image->n_layers; i++)
		if (!store_has_layer(op->data_fd, image->layers[i].diff_id) ||
			(image->layers[i].blob && !store_has_archive(op->data_fd, &image->layers[i])))
			return err_set(e, ERR_CONFLICT, EAGAIN, "layer %.19s was removed meanwhile, try again",
				image->layers[i].diff_id);
	return 0;
}

int store_op_dirs(struct store_op *op, struct err *e)
{
	static const char *const dirs[] = { STORE_BLOBS "/sha256", STORE_LAYERS, STORE_RECIPES, STORE_IDS };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_fd int fd = path_open_below(op->data_fd, dirs[i], O_RDONLY | O_DIRECTORY, e);

		if (fd < 0)
			return fd;
		if (fsync(fd) < 0)
			return err_sys(e, "write %s to the disk", dirs[i]);
	}
	return 0;
}

bool store_has_layer(int data_fd, const char *diff_id)
{
	struct stat st;
	char path[PATH_MAX];

	store_layer_path(diff_id, path);
	return fstatat(data_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

bool store_has_recipe(int data_fd, const char *diff_id)
{
	struct stat st;
	char path[PATH_MAX];

	store_recipe_path(diff_id, path);
	return fstatat(data_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

bool store_has_archive(int data_fd, const struct store_layer *l)
{
	return l->blob &&
		(store_has_blob(data_fd, l->blob, l->blob_size) ||
			(str_eq(l->blob, l->diff_id) && store_has_recipe(data_fd, l->diff_id)));
}

bool store_has_blob(int data_fd, const char *digest, uint64_t size)
{
	struct stat st;
	char path[PATH_MAX];

	store_blob_path(digest, path);
	return fstatat(data_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		(size == UINT64_MAX || (uint64_t)st.st_size == size);
}

/* --- names --------------------------------------------------------------------------------------------------- */

static int sync_refs(int data_fd, struct err *e)
{
	auto_fd int fd = path_open_below(data_fd, STORE_REFS, O_RDONLY | O_DIRECTORY, e);

	if (fd < 0)
		return fd;
	return fsync(fd) < 0 ? err_sys(e, "write the names of images to the disk") : 0;
}

int store_tag(int data_fd, const char *full, const char *id, struct err *e)
{
	char file[IMAGE_REF_MAX + 1], path[PATH_MAX], target[128];
	struct store_op op = STORE_OP_NONE;

	store_ref_file(full, file);
	fmt_to(target, sizeof(target), "../id/%s", image_digest_hex(id));
	fmt_to(path, sizeof(path), STORE_REFS "/%s", file);
	if (store_op_begin(data_fd, &op, e) < 0)
		return -e->num;
	if (symlinkat(target, op.dir_fd, "ref") < 0 || renameat(op.dir_fd, "ref", data_fd, path) < 0)
		err_sys(e, "name an image %s", image_ref_familiar(full));
	else
		err_told(sync_refs(data_fd, e));
	store_op_done(&op);
	return -e->num;
}

int store_untag(int data_fd, const char *full, bool *ret_found, struct err *e)
{
	char file[IMAGE_REF_MAX + 1], path[PATH_MAX];

	store_ref_file(full, file);
	fmt_to(path, sizeof(path), STORE_REFS "/%s", file);
	*ret_found = unlinkat(data_fd, path, 0) == 0;
	if (!*ret_found)
		return errno == ENOENT ? 0 : err_sys(e, "remove the name %s", image_ref_familiar(full));
	return sync_refs(data_fd, e);
}
