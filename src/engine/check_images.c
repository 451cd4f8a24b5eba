/* The store: whether each image has all it needs, and what nothing needs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/check.h"
#include "engine/image.h"
#include "store/layout.h"
#include "store/op.h"
#include "sys/path.h"

struct image_check {
	struct engine *en;
	struct store store;
	bool repair;
	check_tell tell;
	void *arg;
	size_t left;
};

static void told(struct image_check *c, bool mended, const char *format, ...) printf_like(3, 4);
static void told(struct image_check *c, bool mended, const char *format, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, format);
	fmt_v(line, sizeof(line), format, ap);
	va_end(ap);
	c->left += !mended;
	c->tell(c->arg, line, mended);
}

/* --- images -------------------------------------------------------------------------------------------------- */

/* A container can still use what an image lacks, and a load brings it back: nothing is removed for it. */
static void check_parts(struct image_check *c, const struct store_image *image)
{
	const char *hex = image_digest_hex(image->id);

	if (!store_has_blob(c->en->data_fd, image->id, image->config_size))
		told(c, false, "image %.12s: its config is missing or cut; load it again", hex);
	if (image->manifest && !store_has_blob(c->en->data_fd, image->manifest, UINT64_MAX))
		told(c, false, "image %.12s: its manifest is missing; load it again", hex);
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct store_layer *l = &image->layers[i];

		if (!store_has_layer(c->en->data_fd, l->diff_id))
			told(c, false, "image %.12s: layer %.19s is missing; load it again", hex, l->diff_id);
		else if (l->blob && !store_has_archive(c->en->data_fd, l))
			told(c, false, "image %.12s: the archive of layer %.19s is missing or cut; load it again", hex,
				l->diff_id);
	}
}

static int check_each(struct image_check *c, struct err *e)
{
	AUTO(store_ids) struct store_ids ids = { .arena = ARENA_INIT };

	if (store_ids_list(&c->store, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n; i++) {
		struct store_image image = STORE_IMAGE_INIT;
		struct err why = ERR_NONE;
		bool found = false;

		if (store_image_load(&c->store, ids.v[i], &image, &found, &why) < 0)
			told(c, false, "image %.19s: %s; load it again", ids.v[i], why.msg);
		else if (found && !str_eq(image.id, ids.v[i]))
			told(c, false, "image %.19s: its file is that of %.19s; load it again", ids.v[i], image.id);
		else if (found)
			check_parts(c, &image);
		store_image_done(&image);
	}
	return 0;
}

static int check_names(struct image_check *c, struct err *e)
{
	AUTO(store_refs) struct store_refs refs = { .arena = ARENA_INIT };
	char path[PATH_MAX];

	if (store_refs_list(&c->store, &refs, e) < 0)
		return -e->num;
	for (size_t i = 0; i < refs.n; i++) {
		struct err why = ERR_NONE;
		bool found = false;

		fmt_to(path, sizeof(path), STORE_IDS "/%s", image_digest_hex(refs.v[i].id));
		if (faccessat(c->en->data_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		bool mended = c->repair && store_untag(c->en->data_fd, refs.v[i].name, &found, &why) == 0;
		told(c, mended, "the name %.200s is that of an image that is gone", image_ref_familiar(refs.v[i].name));
	}
	return 0;
}

/* --- what nothing needs -------------------------------------------------------------------------------------- */

/* Directories of operations: *ret_dead have nobody who holds their lock, *ret_busy have. */
static int count_operations(struct image_check *c, size_t *ret_dead, size_t *ret_busy, struct err *e)
{
	int at = path_open_below(c->en->data_fd, STORE_TMP, O_RDONLY | O_DIRECTORY, e);
	DIR *dir = at >= 0 ? fdopendir(at) : NULL;

	*ret_dead = *ret_busy = 0;
	if (at == -ENOENT) { /* no image ever came in */
		err_clear(e);
		return 0;
	}
	if (!dir)
		return at < 0 ? at : err_sys(e, "read " STORE_TMP);
	for (const struct dirent *d; (d = readdir(dir));) {
		if (d->d_name[0] == '.')
			continue;
		auto_fd int fd = openat(at, d->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0)
			(*ret_dead)++;
		else
			*ret_busy += fd >= 0;
	}
	closedir(dir);
	return 0;
}

static int check_leftovers(struct image_check *c, struct err *e)
{
	struct store_op op = STORE_OP_NONE;
	struct err why = ERR_NONE;
	size_t dead, busy, unused;
	uint64_t bytes = 0;

	if (count_operations(c, &dead, &busy, e) < 0)
		return -e->num;
	if (dead > 0) {
		bool mended = c->repair && store_op_begin(c->en->data_fd, &op, &why) == 0; /* it sweeps */

		store_op_done(&op);
		told(c, mended, "%zu interrupted operation%s left temporary files", dead, dead == 1 ? "" : "s");
	}
	/* What is being brought in has no image yet: only a store at rest can be judged. */
	if (busy > 0 || image_unused(c->en, &unused, e) < 0 || unused == 0)
		return -e->num;
	bool mended = c->repair && image_sweep(c->en, &bytes, &why) == 0;
	told(c, mended, "%zu layer%s or blob%s that no image and no container uses%s%s", unused, unused == 1 ? "" : "s",
		unused == 1 ? "" : "s", why.num ? ": " : "", why.msg);
	return 0;
}

int check_images(struct engine *en, bool repair, check_tell tell, void *arg, size_t *ret_left, struct err *e)
{
	struct image_check c = { .en = en, .repair = repair, .tell = tell, .arg = arg };

	if (store_open(en->data_fd, &c.store, e) < 0 || check_each(&c, e) < 0 || check_names(&c, e) < 0 ||
		check_leftovers(&c, e) < 0)
		return -e->num;
	*ret_left = c.left;
	return 0;
}
