/* Reading the store. Names and ids were checked by their grammar before they become parts of paths; the files are ours
 * alone (0700), and everything is resolved below DATA. */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "store/layout.h"
#include "sys/io.h"
#include "sys/path.h"

int store_open(int data_fd, struct store *ret, struct err *e)
{
	*ret = (struct store){ .data_fd = data_fd };
	return 0;
}

/* --- paths --------------------------------------------------------------------------------------------------- */

void store_ref_file(const char *full, char dst[static IMAGE_REF_MAX + 1])
{
	size_t n = 0;

	for (; n < IMAGE_REF_MAX && full[n]; n++)
		dst[n] = full[n] == '/' ? '%' : full[n];
	dst[n] = '\0';
}

void store_blob_path(const char *digest, char dst[static PATH_MAX])
{
	fmt_to(dst, PATH_MAX, STORE_BLOBS "/%.6s/%s", digest, image_digest_hex(digest));
}

void store_layer_path(const char *diff_id, char dst[static PATH_MAX])
{
	fmt_to(dst, PATH_MAX, STORE_LAYERS "/%s", image_digest_hex(diff_id));
}

void store_recipe_path(const char *diff_id, char dst[static PATH_MAX])
{
	fmt_to(dst, PATH_MAX, STORE_RECIPES "/%s", image_digest_hex(diff_id));
}

/* --- one image ----------------------------------------------------------------------------------------------- */

void store_image_done(struct store_image *image)
{
	arena_done(&image->arena);
	*image = (struct store_image)STORE_IMAGE_INIT;
}

uint64_t store_image_size(const struct store_image *image)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < image->n_layers; i++)
		sum += image->layers[i].size;
	return sum;
}

static int read_record(struct store *s, const char *path, struct store_image *ret, bool *ret_found, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	auto_fd int fd = path_open_below(s->data_fd, path, O_RDONLY, e);

	*ret_found = fd >= 0;
	if (fd == -ENOENT || fd == -ENAMETOOLONG) {
		err_clear(e);
		return 0;
	}
	if (fd < 0)
		return fd;
	if (io_read_all(fd, STORE_IMAGE_MAX, &text, e) < 0 || store_record_read(text.data, text.len, ret, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

static int by_reference(
	struct store *s, const struct image_ref *ref, struct store_image *ret, bool *ret_found, struct err *e)
{
	char full[IMAGE_REF_MAX + 1], file[IMAGE_REF_MAX + 1], path[PATH_MAX];

	image_ref_full(ref, full);
	store_ref_file(full, file);
	fmt_to(path, sizeof(path), STORE_REFS "/%s", file);
	if (read_record(s, path, ret, ret_found, e) < 0 || !*ret_found)
		return e->num ? -e->num : 0;
	ret->reference = arena_dup(&ret->arena, full);
	if (ret->reference)
		return 0;
	store_image_done(ret);
	return err_oom(e, "an image");
}

int store_image_load(struct store *s, const char *id, struct store_image *ret, bool *ret_found, struct err *e)
{
	char path[PATH_MAX];

	fmt_to(path, sizeof(path), STORE_IDS "/%s", image_digest_hex(id));
	return read_record(s, path, ret, ret_found, e);
}

/* NAME@DIGEST where no pull left that name: any image called NAME whose id or manifest it is. */
static int by_digest(
	struct store *s, const struct image_ref *ref, struct store_image *ret, bool *ret_found, struct err *e)
{
	AUTO(store_refs) struct store_refs refs = { .arena = ARENA_INIT };
	size_t n = strlen(ref->name);

	*ret_found = false;
	if (store_refs_list(s, &refs, e) < 0)
		return -e->num;
	for (size_t i = 0; i < refs.n; i++) {
		if (strncmp(refs.v[i].name, ref->name, n) != 0 ||
			(refs.v[i].name[n] != ':' && refs.v[i].name[n] != '@'))
			continue;
		if (store_image_load(s, refs.v[i].id, ret, ret_found, e) < 0)
			return -e->num;
		if (*ret_found && (str_eq(ret->id, ref->digest) || str_eq(ret->manifest, ref->digest)))
			return 0;
		if (*ret_found)
			store_image_done(ret);
		*ret_found = false;
	}
	return 0;
}

static int by_prefix(struct store *s, const char *prefix, struct store_image *ret, bool *ret_found, struct err *e)
{
	AUTO(store_ids) struct store_ids ids = { .arena = ARENA_INIT };
	const char *hit = NULL;

	if (store_ids_list(s, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n; i++) {
		if (!str_starts(image_digest_hex(ids.v[i]), prefix))
			continue;
		if (hit)
			return err_set(e, ERR_CONFLICT, EEXIST,
				"image id %s is ambiguous: both %.19s and %.19s begin so", prefix, hit, ids.v[i]);
		hit = ids.v[i];
	}
	*ret_found = false;
	return hit ? store_image_load(s, hit, ret, ret_found, e) : 0;
}

int store_image_find(struct store *s, const char *name, struct store_image *ret, bool *ret_found, struct err *e)
{
	const char *hex = str_after(name, "sha256:");
	struct image_ref ref, local;
	bool id = image_is_hex(hex ? hex : name);

	*ret_found = false;
	if (hex && !id)
		return image_digest_check("image id", name, e);
	if (id && (hex || strlen(name) == 64)) /* docker lets nothing be called like this */
		return by_prefix(s, hex ? hex : name, ret, ret_found, e);
	if (image_ref_parse(name, &ref, e) < 0)
		return -e->num;
	if (by_reference(s, &ref, ret, ret_found, e) < 0 || *ret_found)
		return e->num ? -e->num : 0;
	if (ref.digest[0])
		return by_digest(s, &ref, ret, ret_found, e);
	if (image_ref_localhost(&ref, &local) && (by_reference(s, &local, ret, ret_found, e) < 0 || *ret_found))
		return e->num ? -e->num : 0;
	return id ? by_prefix(s, name, ret, ret_found, e) : 0;
}

/* --- layers and blobs ---------------------------------------------------------------------------------------- */

int store_layer_open_at(int data_fd, const char *diff_id, struct err *e)
{
	char path[PATH_MAX];
	int fd;

	if (image_digest_check("layer", diff_id, e) < 0)
		return -e->num;
	store_layer_path(diff_id, path);
	fd = path_open_below(data_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, e);
	if (fd == -ENOENT) {
		err_clear(e);
		err_set(e, ERR_CORRUPT, ENOENT, "layer %.19s is not in the store", diff_id);
		return err_hint(e, "load the image again, \"tare system check\" tells what else is missing");
	}
	return fd;
}

int store_layer_open(struct store *s, const char *diff_id, struct err *e)
{
	return store_layer_open_at(s->data_fd, diff_id, e);
}

int store_blob_open(struct store *s, const char *digest, struct err *e)
{
	char path[PATH_MAX];
	int fd;

	if (image_digest_check("blob", digest, e) < 0)
		return -e->num;
	store_blob_path(digest, path);
	fd = path_open_below(s->data_fd, path, O_RDONLY | O_NOFOLLOW, e);
	if (fd == -ENOENT) {
		err_clear(e);
		return err_set(e, ERR_CORRUPT, ENOENT, "blob %.19s is not in the store", digest);
	}
	return fd;
}

int store_recipe_open(struct store *s, const char *diff_id, struct err *e)
{
	char path[PATH_MAX];
	int fd;

	if (image_digest_check("layer", diff_id, e) < 0)
		return -e->num;
	store_recipe_path(diff_id, path);
	fd = path_open_below(s->data_fd, path, O_RDONLY | O_NOFOLLOW, e);
	if (fd == -ENOENT) {
		err_clear(e);
		return err_set(e, ERR_CORRUPT, ENOENT, "the archive of layer %.19s is not in the store", diff_id);
	}
	return fd;
}

int store_blob_read(struct store *s, const char *digest, size_t max, struct buf *ret, struct err *e)
{
	auto_fd int fd = store_blob_open(s, digest, e);

	if (fd < 0)
		return fd;
	return io_read_all(fd, max, ret, e) < 0 ? err_wrap(e, "blob %.19s", digest) : 0;
}

/* --- lists --------------------------------------------------------------------------------------------------- */

static DIR *open_list(struct store *s, const char *path, struct err *e)
{
	int fd = path_open_below(s->data_fd, path, O_RDONLY | O_DIRECTORY, e);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd == -ENOENT)
		err_clear(e); /* no image ever came in */
	else if (fd >= 0 && !dir) {
		err_sys(e, "read %s", path);
		close(fd);
	}
	return dir;
}

/* Room for one more element of @size bytes in the list @v. */
static bool grow(void *v, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 64;
	void *bigger;

	if (n < *cap)
		return true;
	bigger = realloc(*(void **)v, want * size);
	if (!bigger)
		return false;
	*(void **)v = bigger;
	*cap = want;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct store_ref *)a)->name, ((const struct store_ref *)b)->name);
}

static bool add_ref(struct store_refs *l, const char *file, const char *hex)
{
	struct store_ref r = { .name = arena_dup(&l->arena, file), .id = arena_printf(&l->arena, "sha256:%s", hex) };

	if (!r.name || !r.id || !grow(&l->v, l->n, &l->cap, sizeof(*l->v)))
		return false;
	for (char *c = r.name; *c; c++)
		if (*c == '%')
			*c = '/';
	l->v[l->n++] = r;
	return true;
}

int store_refs_list(struct store *s, struct store_refs *ret, struct err *e)
{
	struct store_refs l = { .arena = ARENA_INIT };
	DIR *dir = open_list(s, STORE_REFS, e);
	const struct dirent *d;
	char target[128];

	while (dir && e->num == 0 && (d = readdir(dir))) {
		ssize_t n = d->d_name[0] == '.' ? -1 : readlinkat(dirfd(dir), d->d_name, target, sizeof(target) - 1);

		if (n < 0)
			continue; /* removed meanwhile */
		target[n] = '\0';
		const char *hex = str_after(target, "../id/");
		if (hex && image_is_hex(hex) && strlen(hex) == 64 && !add_ref(&l, d->d_name, hex))
			err_oom(e, "the list of images");
	}
	if (dir)
		closedir(dir);
	if (e->num) {
		store_refs_done(&l);
		return -e->num;
	}
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_name);
	*ret = l;
	return 0;
}

void store_refs_done(struct store_refs *l)
{
	free(l->v);
	arena_done(&l->arena);
	*l = (struct store_refs){ .arena = ARENA_INIT };
}

int store_ids_list(struct store *s, struct store_ids *ret, struct err *e)
{
	struct store_ids l = { .arena = ARENA_INIT };
	DIR *dir = open_list(s, STORE_IDS, e);
	const struct dirent *d;

	while (dir && e->num == 0 && (d = readdir(dir))) {
		if (!image_is_hex(d->d_name) || strlen(d->d_name) != 64)
			continue;
		char *id = arena_printf(&l.arena, "sha256:%s", d->d_name);
		if (!id || !grow(&l.v, l.n, &l.cap, sizeof(*l.v)))
			err_oom(e, "the list of images");
		else
			l.v[l.n++] = id;
	}
	if (dir)
		closedir(dir);
	if (e->num) {
		store_ids_done(&l);
		return -e->num;
	}
	*ret = l;
	return 0;
}

void store_ids_done(struct store_ids *l)
{
	free(l->v);
	arena_done(&l->arena);
	*l = (struct store_ids){ .arena = ARENA_INIT };
}
