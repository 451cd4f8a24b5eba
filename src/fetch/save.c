/* tare-fetch save: images of the store as docker save's archive, or as an OCI layout in an archive. Both hold what the
 * store holds, so configurations and layers keep their digests. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "fetch/fetch.h"
#include "fetch/hash.h"
#include "fetch/kept.h"
#include "layer/tarout.h"
#include "sys/io.h"
#include "sys/path.h"

enum { COPY = 256 << 10 };

struct save {
	struct fetch *f;
	struct tarout out;
	char **done; /* names of members that are in the archive */
	size_t n_done, cap_done;
	struct arena arena;
	struct buf index; /* entries of manifest.json or index.json */
	bool is_dir; /* members become files below file_fd */
	int member_fd; /* the one that is being written then */
	char *block;
};

static int sink(void *ctx, const void *data, size_t n, struct err *e)
{
	return io_write_all(*(int *)ctx, data, n, e) < 0 ? err_wrap(e, "write the archive") : 0;
}

/* --- members ------------------------------------------------------------------------------------------------- */

/* The folder is a user's: nothing is followed, nothing replaced. */
static int begin_file(struct save *s, const char *path, struct err *e)
{
	char name[NAME_MAX + 1];
	auto_fd int parent = path_parent_in(s->f->file_fd, path, name, e);

	if (parent < 0)
		return parent;
	s->member_fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return s->member_fd < 0 ? err_sys(e, "make %s", path) : 0;
}

/* A fixed time: equal images give equal archives. */
static int header(struct save *s, const char *path, uint64_t size, struct err *e)
{
	if (s->is_dir)
		return begin_file(s, path, e);
	struct tar_member m = {
		.path = path, .xattr_fd = FD_NONE, .st = { .st_mode = S_IFREG | 0644, .st_size = (off_t)size }
	};

	return tarout_member(&s->out, &m, e);
}

static int content(struct save *s, const void *data, size_t n, struct err *e)
{
	return s->is_dir ? io_write_all(s->member_fd, data, n, e) : tarout_data(&s->out, data, n, e);
}

static int end_member(struct save *s, struct err *e)
{
	if (!s->is_dir)
		return tarout_pad(&s->out, e);
	int r = fsync(s->member_fd) < 0 ? err_sys(e, "write a file of the layout") : 0;
	fd_close(&s->member_fd);
	return r;
}

static int put_text(struct save *s, const char *path, const char *text, size_t n, struct err *e)
{
	if (header(s, path, n, e) < 0 || content(s, text, n, e) < 0)
		return -e->num;
	return end_member(s, e);
}

/* Once only; *ret_new. */
static int once(struct save *s, const char *path, bool *ret_new, struct err *e)
{
	*ret_new = false;
	for (size_t i = 0; i < s->n_done; i++)
		if (str_eq(s->done[i], path))
			return 0;
	if (s->n_done == s->cap_done) {
		size_t cap = s->cap_done ? s->cap_done * 2 : 32;
		char **v = realloc(s->done, cap * sizeof(*v));

		if (!v)
			return err_oom(e, "an archive");
		s->done = v;
		s->cap_done = cap;
	}
	s->done[s->n_done] = arena_dup(&s->arena, path);
	if (!s->done[s->n_done])
		return err_oom(e, "an archive");
	s->n_done++;
	*ret_new = true;
	return 0;
}

/* The bytes of a layer, unpacked when @unpack, to the archive (@write) or only counted. The digest is verified. */
static int pump(struct save *s, const struct store_layer *l, bool unpack, bool write, uint64_t *ret_n, struct err *e)
{
	auto_kept struct kept *k = NULL;
	ssize_t n;

	if (kept_open(&s->f->store, l, unpack, &k, e) < 0)
		return -e->num;
	*ret_n = 0;
	while ((n = kept_read(k, s->block, COPY, e)) > 0) {
		*ret_n += (uint64_t)n;
		if (write && content(s, s->block, (size_t)n, e) < 0)
			return -e->num;
	}
	return (int)n;
}

static int put_layer(struct save *s, const char *path, const struct store_layer *l, bool unpack, struct err *e)
{
	uint64_t size = l->blob_size, got;
	bool is_new;

	if (!l->blob)
		return err_set(e, ERR_CORRUPT, ENOENT, "layer %.19s has no archive in the store", l->diff_id);
	if (once(s, path, &is_new, e) < 0 || !is_new)
		return -e->num;
	/* The size stands before the content, so a compressed layer is read twice. */
	if (unpack && !str_eq(l->blob, l->diff_id) && pump(s, l, true, false, &size, e) < 0)
		return -e->num;
	if (header(s, path, size, e) < 0 || pump(s, l, unpack, true, &got, e) < 0)
		return -e->num;
	if (got != size)
		return err_set(e, ERR_CORRUPT, EUCLEAN, "layer %.19s: expected %llu bytes, got %llu", l->diff_id,
			(unsigned long long)size, (unsigned long long)got);
	return end_member(s, e);
}

/* --- docker-archive ------------------------------------------------------------------------------------------ */

static int docker_image(
	struct save *s, const struct store_image *image, char *const *names, size_t n_names, struct err *e)
{
	AUTO(buf) struct buf config = BUF_INIT;
	const char *hex = image_digest_hex(image->id);
	char path[PATH_MAX];
	bool is_new;

	fmt_to(path, sizeof(path), "%s.json", hex);
	if (store_blob_read(&s->f->store, image->id, IMAGE_CONFIG_MAX, &config, e) < 0 ||
		once(s, path, &is_new, e) < 0 || (is_new && put_text(s, path, config.data, config.len, e) < 0))
		return -e->num;
	buf_printf(&s->index, "%s{\"Config\":\"%s\",\"RepoTags\":", s->index.len ? "," : "", path);
	for (size_t i = 0; i < n_names; i++) {
		buf_str(&s->index, i ? "," : "[");
		buf_json_str(&s->index, image_ref_familiar(names[i]));
	}
	buf_str(&s->index, n_names ? "],\"Layers\":[" : "null,\"Layers\":[");
	for (size_t i = 0; i < image->n_layers; i++) {
		fmt_to(path, sizeof(path), "%s/layer.tar", image_digest_hex(image->layers[i].diff_id));
		buf_printf(&s->index, "%s\"%s\"", i ? "," : "", path);
		if (put_layer(s, path, &image->layers[i], true, e) < 0)
			return -e->num;
	}
	buf_str(&s->index, "]}");
	return 0;
}

/* --- oci-archive --------------------------------------------------------------------------------------------- */

static int put_blob_text(struct save *s, const char *digest, const struct buf *text, struct err *e)
{
	char path[PATH_MAX];
	bool is_new;

	fmt_to(path, sizeof(path), "blobs/%.6s/%s", digest, image_digest_hex(digest));
	if (once(s, path, &is_new, e) < 0 || !is_new)
		return -e->num;
	return put_text(s, path, text->data, text->len, e);
}

/* The manifest the image came with; one of our own where it came without, or with other blobs. */
static int manifest_text(struct save *s, const struct store_image *image, struct buf *ret, struct err *e)
{
	struct image_desc d = {
		.media_type = (char *)(uintptr_t)IMAGE_TYPE_CONFIG, .digest = image->id, .size = image->config_size
	};

	if (image->manifest && store_has_blob(s->f->data_fd, image->manifest, UINT64_MAX))
		return store_blob_read(&s->f->store, image->manifest, IMAGE_MANIFEST_MAX, ret, e);
	buf_str(ret, "{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_MANIFEST "\",\"config\":");
	image_desc_write(&d, ret);
	buf_str(ret, ",\"layers\":[");
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct store_layer *l = &image->layers[i];

		buf_str(ret, i ? "," : "");
		d = (struct image_desc){ .media_type = l->media_type, .digest = l->blob, .size = l->blob_size };
		image_desc_write(&d, ret);
	}
	buf_str(ret, "]}");
	return buf_err(ret, e);
}

static void index_entry(struct save *s, const char *digest, size_t size, const char *name)
{
	struct rc_kv kv[2] = { { (char *)(uintptr_t) "io.containerd.image.name", (char *)(uintptr_t)name },
		{ (char *)(uintptr_t) "org.opencontainers.image.ref.name", (char *)(uintptr_t)name } };
	struct image_desc d = { .media_type = (char *)(uintptr_t)IMAGE_TYPE_MANIFEST,
		.digest = (char *)(uintptr_t)digest,
		.size = size,
		.annotations = { kv, name ? 2 : 0 } };

	buf_str(&s->index, s->index.len ? "," : "");
	image_desc_write(&d, &s->index);
}

static int oci_image(struct save *s, const struct store_image *image, char *const *names, size_t n_names, struct err *e)
{
	AUTO(buf) struct buf config = BUF_INIT;
	AUTO(buf) struct buf manifest = BUF_INIT;
	char digest[IMAGE_DIGEST_SIZE], path[PATH_MAX];

	if (store_blob_read(&s->f->store, image->id, IMAGE_CONFIG_MAX, &config, e) < 0 ||
		put_blob_text(s, image->id, &config, e) < 0 || manifest_text(s, image, &manifest, e) < 0 ||
		hash_bytes(manifest.data, manifest.len, image->manifest, digest, e) < 0 ||
		put_blob_text(s, digest, &manifest, e) < 0)
		return -e->num;
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct store_layer *l = &image->layers[i];

		if (!l->blob)
			return err_set(e, ERR_CORRUPT, ENOENT, "layer %.19s has no archive in the store", l->diff_id);
		fmt_to(path, sizeof(path), "blobs/%.6s/%s", l->blob, image_digest_hex(l->blob));
		if (put_layer(s, path, l, false, e) < 0)
			return -e->num;
	}
	for (size_t i = 0; i < n_names; i++)
		index_entry(s, digest, manifest.len, names[i]);
	if (n_names == 0)
		index_entry(s, digest, manifest.len, NULL);
	return 0;
}

/* --- the archive --------------------------------------------------------------------------------------------- */

/* The names under which the operand asks for it: itself, or, by id, none. */
static int put_image(struct save *s, const char *operand, bool oci, struct err *e)
{
	struct store_image image = STORE_IMAGE_INIT;
	char *names[1];
	bool found;

	if (store_image_find(&s->f->store, operand, &image, &found, e) < 0)
		return -e->num;
	if (!found)
		return err_set(e, ERR_NOT_FOUND, ENOENT, "No such image: %.300s", operand);
	names[0] = image.reference;
	size_t n = image.reference && !strchr(image.reference, '@');
	int r = oci ? oci_image(s, &image, names, n, e) : docker_image(s, &image, names, n, e);
	store_image_done(&image);
	return r;
}

static int put_index(struct save *s, bool oci, struct err *e)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

	buf_str(&s->index, oci ? "]}" : "]");
	if (buf_err(&s->index, e) < 0)
		return -e->num;
	if (!oci)
		return put_text(s, "manifest.json", s->index.data, s->index.len, e);
	if (put_text(s, "index.json", s->index.data, s->index.len, e) < 0)
		return -e->num;
	return put_text(s, "oci-layout", layout, sizeof(layout) - 1, e);
}

int fetch_save(struct fetch *f, struct err *e)
{
	bool is_dir = str_eq(f->format, "oci-dir"), oci = is_dir || str_eq(f->format, "oci-archive");
	struct save s = { .f = f,
		.out = { .sink = sink, .ctx = &f->file_fd },
		.block = malloc(COPY),
		.is_dir = is_dir,
		.member_fd = FD_NONE };
	AUTO(buf) struct buf entries = BUF_INIT;
	int r = s.block ? 0 : err_oom(e, "a buffer");

	for (size_t i = 0; i < f->n_operands && r == 0; i++)
		r = put_image(&s, f->operands[i], oci, e);
	if (r == 0) {
		buf_str(&entries,
			oci ? "{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_INDEX "\",\"manifests\":[" : "[");
		buf_add(&entries, s.index.data, s.index.len);
		buf_done(&s.index);
		s.index = entries;
		entries = (struct buf)BUF_INIT;
		r = put_index(&s, oci, e);
	}
	if (r == 0 && !is_dir)
		r = tarout_end(&s.out, e);
	fd_close(&s.member_fd);
	tarout_done(&s.out);
	buf_done(&s.index);
	free(s.done);
	free(s.block);
	arena_done(&s.arena);
	return r;
}
