/* What crashes leave in the store of images. */
#include "engine/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/image.h"
#include "engine/record.h"
#include "store/layout.h"
#include "store/op.h"

struct check {
	struct engine *en;
	struct store store;
	bool repair;
	check_tell tell;
	void *arg;
	size_t left;
	bool at_work; /* somebody loads or removes just now */
	bool unreadable; /* an image whose file cannot be read: it may use anything */
};

static void told(struct check *c, bool mended, const char *format, ...) printf_like(3, 4);
static void told(struct check *c, bool mended, const char *format, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, format);
	fmt_v(line, sizeof(line), format, ap);
	va_end(ap);
	c->left += !mended;
	c->tell(c->arg, line, mended);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* --- what killed operations left ----------------------------------------------------------------------------- */

/* Beginning an operation sweeps them away (store/op.h). */
static int check_operations(struct check *c, struct err *e)
{
	auto_fd int fd = openat(c->en->data_fd, STORE_TMP, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir __attribute__((cleanup(close_dir))) = fd < 0 ? NULL : fdopendir(fd);
	struct store_op op = STORE_OP_NONE;
	size_t n = 0;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(e, "list " STORE_TMP);
	(void)fd_steal(&fd);
	for (struct dirent *d; (d = readdir(dir));) {
		auto_fd int one = d->d_name[0] == '.'
			? FD_NONE
			: openat(dirfd(dir), d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

		if (one < 0)
			continue;
		bool free_ = flock(one, LOCK_SH | LOCK_NB) == 0;
		c->at_work |= !free_;
		n += free_;
	}
	if (n == 0)
		return 0;
	if (c->repair && store_op_begin(c->en->data_fd, &op, e) < 0)
		return -e->num;
	store_op_done(&op);
	told(c, c->repair, "%zu operation(s) on images were interrupted: what they had made lies in " STORE_TMP, n);
	return 0;
}

/* --- names and images ---------------------------------------------------------------------------------------- */

static int check_names(struct check *c, struct err *e)
{
	AUTO(store_refs) struct store_refs refs = { .arena = ARENA_INIT };

	if (store_refs_list(&c->store, &refs, e) < 0)
		return -e->num;
	for (size_t i = 0; i < refs.n; i++) {
		struct store_image image = STORE_IMAGE_INIT;
		struct err one = ERR_NONE;
		bool found = true, mended = false;

		err_told(store_image_load(&c->store, refs.v[i].id, &image, &found, &one));
		store_image_done(&image);
		if (found || one.num)
			continue;
		mended = c->repair && store_untag(c->en->data_fd, refs.v[i].name, &found, &one) == 0;
		told(c, mended, "the name %.200s belongs to an image that is gone", image_ref_familiar(refs.v[i].name));
	}
	return 0;
}

static bool lacks_parts(const struct check *c, const struct store_image *image)
{
	for (size_t i = 0; i < image->n_layers; i++)
		if (!store_has_layer(c->en->data_fd, image->layers[i].diff_id))
			return true;
	return !store_has_blob(c->en->data_fd, image->id, image->config_size);
}

/* Who makes an image looks once more for its parts when its file is there, and gives it its name last. Killed in
 * between, while somebody else removed a part, it leaves what was never acknowledged. */
static bool is_unfinished(struct check *c, const struct store_image *image, struct err *e)
{
	AUTO(store_refs) struct store_refs refs = { .arena = ARENA_INIT };
	char user[13];
	bool running;

	if (c->at_work || !lacks_parts(c, image) || store_refs_list(&c->store, &refs, e) < 0)
		return false;
	for (size_t i = 0; i < refs.n; i++)
		if (str_eq(refs.v[i].id, image->id))
			return false;
	return image_users(c->en, image->id, user, &running, e) == 0 && !user[0];
}

static bool remove_unfinished(const struct check *c, const struct store_image *image)
{
	char path[PATH_MAX];

	fmt_to(path, sizeof(path), STORE_IDS "/%s", image_digest_hex(image->id));
	return c->repair && unlinkat(c->en->data_fd, path, 0) == 0;
}

/* What is missing nobody can make again: it is told, and what helps. */
static void check_parts(struct check *c, const struct store_image *image)
{
	const char *id = image_digest_hex(image->id);
	struct err ignored = ERR_NONE; /* then it is told as any other */

	if (is_unfinished(c, image, &ignored)) {
		told(c, remove_unfinished(c, image), "image %.12s: its making was interrupted", id);
		return;
	}
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct store_layer *l = &image->layers[i];

		if (!store_has_layer(c->en->data_fd, l->diff_id))
			told(c, false, "image %.12s: layer %.19s is missing: remove the image and load it again", id,
				l->diff_id);
		else if (l->blob && !store_has_archive(c->en->data_fd, l))
			told(c, false,
				"image %.12s: the archive of layer %.19s is missing: it runs, but cannot be saved", id,
				l->diff_id);
	}
	if (image->manifest && !store_has_blob(c->en->data_fd, image->manifest, UINT64_MAX))
		told(c, false, "image %.12s: its manifest is missing: remove the image and load it again", id);
	if (!store_has_blob(c->en->data_fd, image->id, image->config_size))
		told(c, false, "image %.12s: its configuration is missing: remove the image and load it again", id);
}

static int check_images(struct check *c, struct err *e)
{
	AUTO(store_ids) struct store_ids ids = { .arena = ARENA_INIT };

	if (store_ids_list(&c->store, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n; i++) {
		struct store_image image = STORE_IMAGE_INIT;
		struct err one = ERR_NONE;
		bool found = false;

		if (store_image_load(&c->store, ids.v[i], &image, &found, &one) < 0) {
			c->unreadable = true;
			told(c, false, "image %.12s: %s", image_digest_hex(ids.v[i]), one.msg);
		} else if (found && !str_eq(image.id, ids.v[i])) {
			c->unreadable = true;
			told(c, false, "image %.12s: its file is that of %.12s: remove the image and load it again",
				image_digest_hex(ids.v[i]), image_digest_hex(image.id));
		} else if (found) {
			check_parts(c, &image);
		}
		store_image_done(&image);
	}
	return 0;
}

/* --- containers on layers ------------------------------------------------------------------------------------ */

static int check_bases(struct check *c, struct err *e)
{
	struct record_ids ids;

	if (record_ids(c->en, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n; i++) {
		struct record r = RECORD_INIT;
		struct err ignored = ERR_NONE; /* check_containers() names it */
		int n = record_open_id(c->en, ids.v[i], true, &r, &ignored);

		for (size_t k = 0; n == 0 && k < r.config.layers.n; k++)
			if (!store_has_layer(c->en->data_fd, r.config.layers.v[k]))
				told(c, false, "container %s: layer %.19s that it stands on is missing", r.config.name,
					r.config.layers.v[k]);
		record_done(&r);
	}
	record_ids_done(&ids);
	return 0;
}

/* --- layers and blobs that nothing uses ---------------------------------------------------------------------- */

static int check_unused(struct check *c, struct err *e)
{
	uint64_t bytes = 0, swept = 0;
	size_t n = 0;

	/* Whoever loads an image makes its layers first. */
	if (c->at_work || c->unreadable)
		return 0;
	if (image_unused(c->en, &n, &bytes, e) < 0 || n == 0)
		return -e->num;
	if (c->repair && image_sweep(c->en, &swept, e) < 0)
		return -e->num;
	told(c, c->repair, "%zu layer(s) and archives, %llu bytes, are used by no image and no container", n,
		(unsigned long long)bytes);
	return 0;
}

int check_store(struct engine *en, bool repair, check_tell tell, void *arg, size_t *ret_left, struct err *e)
{
	struct check c = { .en = en, .repair = repair, .tell = tell, .arg = arg };

	if (store_open(en->data_fd, &c.store, e) < 0 || check_operations(&c, e) < 0 || check_names(&c, e) < 0 ||
		check_images(&c, e) < 0 || check_bases(&c, e) < 0 || check_unused(&c, e) < 0)
		return -e->num;
	*ret_left = c.left;
	return 0;
}
