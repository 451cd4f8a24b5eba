/* Theory of operation. There is no lock. A layer or blob is first moved to the operation's own directory (store/op.h),
 * then the images and containers are looked at once more: whoever came to use it in between is seen, and it is moved
 * back. Whoever publishes an image looks for its layers afterwards (store_op_image()), so one of both notices the
 * other. */
#include "engine/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/record.h"
#include "store/layout.h"
#include "store/op.h"
#include "sys/path.h"

/* --- who uses what ------------------------------------------------------------------------------------------- */

int image_users(struct engine *en, const char *id, char dst[static 13], bool *ret_running, struct err *e)
{
	struct record_ids ids = { .arena = ARENA_INIT };

	dst[0] = '\0';
	*ret_running = false;
	if (record_ids(en, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n && !*ret_running; i++) {
		struct record r = RECORD_INIT;
		struct err ignored = ERR_NONE; /* removed meanwhile */

		if (record_open_id(en, ids.v[i], true, &r, &ignored) == 0 && str_eq(r.config.image_id, id)) {
			fmt_to(dst, 13, "%.12s", r.id);
			*ret_running = r.status.state == CT_RUNNING || r.status.state == CT_PAUSED ||
				r.status.state == CT_RESTARTING;
		}
		record_done(&r);
	}
	record_ids_done(&ids);
	return 0;
}

/* Digests in use, as hex, sorted; layers and blobs cannot be mistaken for each other, they are asked for by folder. */
struct used {
	struct arena arena;
	char **v;
	size_t n, cap;
	bool failed;
};

static void use(struct used *u, const char *digest)
{
	if (!digest || u->failed)
		return;
	if (u->n == u->cap) {
		size_t cap = u->cap ? u->cap * 2 : 128;
		char **v = realloc(u->v, cap * sizeof(*v));

		if (!v) {
			u->failed = true;
			return;
		}
		u->v = v;
		u->cap = cap;
	}
	char *copy = arena_dup(&u->arena, image_digest_hex(digest));
	u->failed = !copy;
	if (copy)
		u->v[u->n++] = copy;
}

static bool is_used(const struct used *u, const char *hex)
{
	return u->n && bsearch(&hex, u->v, u->n, sizeof(*u->v), str_by_bytes);
}

static void used_done(struct used *u)
{
	free(u->v);
	arena_done(&u->arena);
}

static int used_by_images(struct engine *en, struct used *u, struct err *e)
{
	AUTO(store_ids) struct store_ids ids = { .arena = ARENA_INIT };
	struct store s;

	if (store_open(en->data_fd, &s, e) < 0 || store_ids_list(&s, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n; i++) {
		struct store_image image;
		bool found;

		/* One that cannot be read may use anything: nothing is removed. */
		if (store_image_load(&s, ids.v[i], &image, &found, e) < 0)
			return -e->num;
		if (!found)
			continue;
		use(u, image.id);
		use(u, image.manifest);
		for (size_t k = 0; k < image.n_layers; k++) {
			use(u, image.layers[k].diff_id);
			use(u, image.layers[k].blob);
		}
		store_image_done(&image);
	}
	return 0;
}

static int used_all(struct engine *en, struct used *u, struct err *e)
{
	struct record_ids ids = { .arena = ARENA_INIT };

	if (used_by_images(en, u, e) < 0 || record_ids(en, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n; i++) {
		struct record r = RECORD_INIT;
		struct err ignored = ERR_NONE; /* removed meanwhile, or never finished: `system check` names it */

		if (record_open_id(en, ids.v[i], true, &r, &ignored) == 0)
			for (size_t k = 0; k < r.config.layers.n; k++)
				use(u, r.config.layers.v[k]);
		record_done(&r);
	}
	record_ids_done(&ids);
	if (u->failed)
		return err_oom(e, "what is in use");
	if (u->n)
		qsort(u->v, u->n, sizeof(*u->v), str_by_bytes);
	return 0;
}

/* --- sweeping ------------------------------------------------------------------------------------------------ */

/* The unused entries of @folder move into the operation's directory. */
static int move_unused(struct engine *en, struct store_op *op, const char *folder, const struct used *u, struct err *e)
{
	int fd = path_open_below(en->data_fd, folder, O_RDONLY | O_DIRECTORY, e);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	char to[PATH_MAX];

	if (!dir)
		return fd < 0 ? fd : err_sys(e, "read %s", folder);
	for (const struct dirent *d; e->num == 0 && (d = readdir(dir));) {
		if (!image_is_hex(d->d_name) || is_used(u, d->d_name))
			continue;
		fmt_to(to, sizeof(to), "%c-%s", folder[0], d->d_name);
		if (renameat(fd, d->d_name, op->dir_fd, to) < 0 && errno != ENOENT)
			err_sys(e, "remove %s/%s", folder, d->d_name);
	}
	closedir(dir);
	return -e->num;
}

static const struct {
	char first;
	const char *folder;
} folders[] = { { 'l', STORE_LAYERS }, { 'r', STORE_RECIPES }, { 'b', STORE_BLOBS "/sha256" } };

/* What came into use since goes back to where it was. @bytes NULL: nobody wants to know, which spares a walk. */
static int settle(struct engine *en, struct store_op *op, const struct used *u, uint64_t *bytes, struct err *e)
{
	int again = openat(op->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again >= 0 ? fdopendir(again) : NULL;
	char back[PATH_MAX];

	if (!dir)
		return err_sys(e, "read a temporary directory of the store");
	for (const struct dirent *d; e->num == 0 && (d = readdir(dir));) {
		if (d->d_name[0] == '.' || d->d_name[1] != '-')
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
			if (d->d_name[0] != folders[i].first)
				continue;
			fmt_to(back, sizeof(back), "%s/%s", folders[i].folder, d->d_name + 2);
			if (!is_used(u, d->d_name + 2)) {
				if (bytes)
					store_tree_use(op->dir_fd, d->d_name, bytes);
				continue;
			}
			if (renameat2(op->dir_fd, d->d_name, en->data_fd, back, RENAME_NOREPLACE) < 0 &&
				errno != EEXIST)
				err_sys(e, "put back %s", back);
		}
	}
	closedir(dir);
	return -e->num;
}

static int count_unused(
	struct engine *en, const char *folder, const struct used *u, size_t *n, uint64_t *bytes, struct err *e)
{
	int fd = path_open_below(en->data_fd, folder, O_RDONLY | O_DIRECTORY, e);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd == -ENOENT) { /* never had an image */
		err_clear(e);
		return 0;
	}
	if (!dir)
		return fd < 0 ? fd : err_sys(e, "read %s", folder);
	for (const struct dirent *d; (d = readdir(dir));) {
		if (!image_is_hex(d->d_name) || is_used(u, d->d_name))
			continue;
		++*n;
		store_tree_use(fd, d->d_name, bytes);
	}
	closedir(dir);
	return 0;
}

int image_unused(struct engine *en, size_t *ret_n, uint64_t *ret_bytes, struct err *e)
{
	struct used u = { .arena = ARENA_INIT };
	uint64_t bytes = 0;
	size_t n = 0;
	int r = used_all(en, &u, e);

	for (size_t i = 0; i < ARRAY_SIZE(folders) && r == 0; i++)
		r = count_unused(en, folders[i].folder, &u, &n, &bytes, e);
	used_done(&u);
	*ret_n = n;
	*ret_bytes = bytes;
	return r;
}

int image_sweep(struct engine *en, uint64_t *ret_bytes, struct err *e)
{
	struct used before = { .arena = ARENA_INIT }, after = { .arena = ARENA_INIT };
	struct store_op op = STORE_OP_NONE;
	int r = store_op_begin(en->data_fd, &op, e);

	if (r == 0)
		r = used_all(en, &before, e);
	for (size_t i = 0; i < ARRAY_SIZE(folders) && r == 0; i++)
		r = move_unused(en, &op, folders[i].folder, &before, e);
	if (op.dir_fd >= 0) {
		struct err second = ERR_NONE; /* the first error counts, but what was moved is settled all the same */
		int s = used_all(en, &after, &second);

		if (s == 0)
			s = settle(en, &op, &after, ret_bytes, &second);
		if (s < 0 && r == 0)
			*e = second;
	}
	used_done(&before);
	used_done(&after);
	if (op.dir_fd >= 0)
		store_op_empty(&op);
	store_op_done(&op);
	return -e->num;
}

/* --- rmi ----------------------------------------------------------------------------------------------------- */

int image_delete(struct engine *en, const char *id, const struct image_removal *how, struct err *e)
{
	char path[PATH_MAX];

	fmt_to(path, sizeof(path), STORE_IDS "/%s", image_digest_hex(id));
	if (unlinkat(en->data_fd, path, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove image %.19s", id);
	if (how->deleted && how->deleted(how->ctx, id, NULL, e) < 0)
		return -e->num;
	return image_sweep(en, NULL, e);
}

static int untag(struct engine *en, const char *name, const struct image_removal *how, struct err *e)
{
	bool found;

	if (store_untag(en->data_fd, name, &found, e) < 0)
		return -e->num;
	return found && how->untagged ? how->untagged(how->ctx, NULL, name, e) : 0;
}

static int check_users(
	struct engine *en, const struct store_image *image, const struct image_removal *how, struct err *e)
{
	char user[13];
	bool running;

	if (image_users(en, image->id, user, &running, e) < 0)
		return -e->num;
	if (!user[0] || (how->force && !running))
		return 0;
	err_set(e, ERR_CONFLICT, EBUSY, "conflict: unable to remove image %.12s: container %s %s it",
		image_digest_hex(image->id), user, running ? "runs on" : "uses");
	return err_hint(e, running ? "stop the container first" : "\"tare rm\" the container first, or use --force");
}

static int remove_found(
	struct engine *en, const struct store_image *image, const struct image_removal *how, struct err *e)
{
	AUTO(store_refs) struct store_refs refs = { .arena = ARENA_INIT };
	struct store s;
	size_t names = 0;

	if (store_open(en->data_fd, &s, e) < 0 || store_refs_list(&s, &refs, e) < 0)
		return -e->num;
	for (size_t i = 0; i < refs.n; i++)
		names += str_eq(refs.v[i].id, image->id);
	if (image->reference && names > 1)
		return untag(en, image->reference, how, e);
	if (names > 1 && !how->force) {
		err_set(e, ERR_CONFLICT, EBUSY, "conflict: unable to delete %.12s: it has %zu names",
			image_digest_hex(image->id), names);
		return err_hint(e, "remove the names, or use --force");
	}
	if (check_users(en, image, how, e) < 0)
		return -e->num;
	for (size_t i = 0; i < refs.n; i++)
		if (str_eq(refs.v[i].id, image->id) && untag(en, refs.v[i].name, how, e) < 0)
			return -e->num;
	return image_delete(en, image->id, how, e);
}

int image_remove(struct engine *en, const char *name, const struct image_removal *how, struct err *e)
{
	struct store_image image = STORE_IMAGE_INIT;
	int r = image_need(en, name, &image, e);

	if (r == 0)
		r = remove_found(en, &image, how, e);
	store_image_done(&image);
	return r;
}
