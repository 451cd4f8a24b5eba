/* tare-fetch load: OCI layouts and what `docker save` wrote, as folders or archives. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "fetch/fetch.h"
#include "fetch/hash.h"
#include "sys/path.h"

enum { INDEX_DEPTH = 4 };

struct load {
	struct fetch *f;
	struct source source;
	struct store_op op;
	struct image_want want;
	struct arena arena;
	size_t n_loaded, n_skipped;
};

/* --- checks -------------------------------------------------------------------------------------------------- */

static int check_platform(struct load *l, const struct image_config *c, struct err *e)
{
	const struct image_platform p = { c->architecture, c->os, c->variant, NULL };

	if (!c->os || str_eq(c->os, ""))
		return err_set(e, ERR_CONFIG, EINVAL, "image config: /os: is missing and required");
	if (!str_eq(c->os, "linux"))
		return err_set(e, ERR_UNSUPPORTED, ENOTSUP, "it is an image for %.32s, only linux is run here", c->os);
	if (image_want_match(&l->want, &p))
		return 0;
	err_set(e, ERR_UNSUPPORTED, ENOTSUP, "it is an image for linux/%.32s%s%.32s, wanted is %s/%s%s%s",
		c->architecture ? c->architecture : "?", c->variant ? "/" : "", c->variant ? c->variant : "",
		l->want.os, l->want.architecture, l->want.variant[0] ? "/" : "", l->want.variant);
	return err_hint(e, "--platform linux/%.32s loads it all the same", c->architecture ? c->architecture : "ARCH");
}

static int store_image(struct load *l, struct incoming *in, size_t n_layers, struct err *e)
{
	struct image_config c;

	if (image_config_read(in->config, in->config_len, &c, e) < 0)
		return -e->num;
	int r = check_platform(l, &c, e);
	if (r == 0 && c.diff_ids.n != n_layers)
		r = err_set(e, ERR_CONFIG, EINVAL, "the manifest has %zu layers, the image config %zu diff_ids",
			n_layers, c.diff_ids.n);
	for (size_t i = 0; i < n_layers && r == 0; i++)
		in->jobs[i].diff_id = c.diff_ids.v[i];
	if (r == 0)
		r = incoming_store(l->f, &l->op, in, e);
	image_config_done(&c);
	l->n_loaded += r == 0;
	return r;
}

static int whole_name(struct load *l, const char *text, char **ret, struct err *e)
{
	struct image_ref ref;
	char full[IMAGE_REF_MAX + 1];

	if (image_ref_parse(text, &ref, e) < 0)
		return -e->num;
	image_ref_full(&ref, full);
	*ret = arena_dup(&l->arena, full);
	return *ret ? 0 : err_oom(e, "a name");
}

/* --- blobs of a layout --------------------------------------------------------------------------------------- */

static int find_blob(struct load *l, const struct image_desc *d, struct span *ret, struct err *e)
{
	char path[256];
	bool found;

	fmt_to(path, sizeof(path), "blobs/%.6s/%s", d->digest, image_digest_hex(d->digest));
	if (source_find(&l->source, path, ret, &found, e) < 0)
		return -e->num;
	if (!found)
		return err_set(e, ERR_CORRUPT, ENOENT, "blob %s is missing", d->digest);
	if (ret->size == d->size)
		return 0;
	uint64_t got = ret->size;
	span_done(&l->source, ret);
	return err_set(e, ERR_CORRUPT, EUCLEAN, "blob %s: expected %llu bytes, got %llu", d->digest,
		(unsigned long long)d->size, (unsigned long long)got);
}

/* A document, verified. */
static int read_blob(struct load *l, const struct image_desc *d, size_t max, struct buf *ret, struct err *e)
{
	char got[IMAGE_DIGEST_SIZE];
	struct span span;

	if (d->size > max)
		return err_set(e, ERR_CONFIG, EFBIG, "blob %.19s: %llu bytes, at most %zu are read", d->digest,
			(unsigned long long)d->size, max);
	if (find_blob(l, d, &span, e) < 0)
		return -e->num;
	int r = span_text(&span, d->digest, max, ret, e);
	span_done(&l->source, &span);
	if (r == 0)
		r = hash_bytes(ret->data ? ret->data : "", ret->len, d->digest, got, e);
	if (r == 0 && !str_eq(got, d->digest))
		r = err_set(
			e, ERR_CORRUPT, EUCLEAN, "the digest of a blob is wrong: expected %s, got %s", d->digest, got);
	return r;
}

/* --- OCI layout ---------------------------------------------------------------------------------------------- */

static int load_layers(struct load *l, const struct image_manifest *m, struct incoming *in, struct err *e)
{
	size_t opened = 0;
	int r = 0;

	in->jobs = calloc(m->n_layers + 1, sizeof(*in->jobs));
	in->n_jobs = m->n_layers;
	if (!in->jobs)
		return err_oom(e, "layers");
	for (; opened < m->n_layers && r == 0; opened++) {
		struct layer_job *job = &in->jobs[opened];

		job->blob = m->layers[opened].digest;
		image_media_of(m->layers[opened].media_type, &job->pack);
		r = find_blob(l, &m->layers[opened], &job->span, e);
		if (r < 0)
			break;
	}
	if (r == 0)
		r = store_image(l, in, m->n_layers, e);
	for (size_t i = 0; i < opened; i++)
		span_done(&l->source, &in->jobs[i].span);
	free(in->jobs);
	return r;
}

static int load_manifest(
	struct load *l, const struct image_desc *d, char **names, size_t n_names, const struct buf *text, struct err *e)
{
	AUTO(buf) struct buf config = BUF_INIT;
	struct image_manifest m;

	if (image_manifest_read(text->data ? text->data : "", text->len, &m, e) < 0)
		return -e->num;
	int r = read_blob(l, &m.config, IMAGE_CONFIG_MAX, &config, e);
	if (r == 0) {
		struct incoming in = { .config = config.data ? config.data : "",
			.config_len = config.len,
			.manifest = text->data,
			.manifest_len = text->len,
			.manifest_digest = d->digest,
			.names = names,
			.n_names = n_names };

		r = load_layers(l, &m, &in, e);
	}
	image_manifest_done(&m);
	return r;
}

static int load_desc(
	struct load *l, const struct image_desc *d, char **names, size_t n_names, int depth, struct err *e);

/* Of the manifests of an index the one that fits best. */
static int load_index(struct load *l, const struct buf *text, char **names, size_t n_names, int depth, struct err *e)
{
	const struct image_desc *best = NULL;
	struct image_manifest index;
	int best_match = 0;

	if (depth >= INDEX_DEPTH)
		return err_set(e, ERR_CONFIG, ELOOP, "indexes within indexes, more than %d deep", INDEX_DEPTH);
	if (image_manifest_read(text->data ? text->data : "", text->len, &index, e) < 0)
		return -e->num;
	for (size_t i = 0; i < index.n_manifests; i++) {
		const struct image_desc *d = &index.manifests[i];
		enum image_media media = image_media_of(d->media_type, NULL);
		int match = media == IMAGE_MEDIA_MANIFEST || media == IMAGE_MEDIA_INDEX
			? image_want_match(&l->want, &d->platform)
			: 0;

		if (match > best_match) {
			best = d;
			best_match = match;
		}
	}
	int r = best ? load_desc(l, best, names, n_names, depth + 1, e)
		     : err_set(e, ERR_NOT_FOUND, ENOENT, "the index has no image for %s/%s", l->want.os,
			       l->want.architecture);
	image_manifest_done(&index);
	return r;
}

static int load_desc(struct load *l, const struct image_desc *d, char **names, size_t n_names, int depth, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	enum image_media media = image_media_of(d->media_type, NULL);

	if (media != IMAGE_MEDIA_MANIFEST && media != IMAGE_MEDIA_INDEX)
		return err_set(e, ERR_CONFIG, EINVAL, "\"%.*s\" is not the media type of an image", 128,
			d->media_type ? d->media_type : "");
	if (read_blob(l, d, IMAGE_MANIFEST_MAX, &text, e) < 0)
		return -e->num;
	return media == IMAGE_MEDIA_INDEX ? load_index(l, &text, names, n_names, depth, e)
					  : load_manifest(l, d, names, n_names, &text, e);
}

/* A bare tag ("latest", as skopeo and umoci write it) names no image: the name of the archive does. */
static int name_by_file(struct load *l, const char *tag, char **ret)
{
	struct err no_name = ERR_NONE; /* then it has none */
	char text[IMAGE_REF_MAX + 1];

	if (!l->f->file_name || !fmt_fits(text, sizeof(text), "localhost/%s:%s", l->f->file_name, tag))
		return 0;
	return whole_name(l, text, ret, &no_name) == 0;
}

/* What an entry of index.json is called. */
static int layout_names(struct load *l, const struct image_desc *d, char *names[static 1], size_t *ret_n, struct err *e)
{
	const char *text = image_annotation(&d->annotations, "io.containerd.image.name");
	struct err no_name = ERR_NONE;

	*ret_n = 0;
	if (l->f->name)
		text = l->f->name;
	else if (!text)
		text = image_annotation(&d->annotations, "org.opencontainers.image.ref.name");
	if (text && !l->f->name && !strpbrk(text, ":/"))
		*ret_n = (size_t)name_by_file(l, text, &names[0]);
	if (!text || (!l->f->name && !strpbrk(text, ":/")))
		return 0;
	if (whole_name(l, text, &names[0], l->f->name ? e : &no_name) == 0)
		*ret_n = 1;
	return -e->num; /* an annotation that is no name is just data */
}

static int load_layout(struct load *l, const struct buf *text, struct err *e)
{
	struct image_manifest index;
	int r = image_manifest_read(text->data ? text->data : "", text->len, &index, e);

	if (r < 0)
		return err_wrap(e, "index.json");
	if (index.kind != IMAGE_MEDIA_INDEX)
		r = err_set(e, ERR_CONFIG, EINVAL, "index.json: is a manifest, must be an index");
	if (r == 0 && l->f->name && index.n_manifests > 1)
		r = err_set(e, ERR_USAGE, EINVAL, "the archive has %zu images, --name can name one", index.n_manifests);
	for (size_t i = 0; i < index.n_manifests && r == 0; i++) {
		const struct image_desc *d = &index.manifests[i];
		char *names[1];
		size_t n;

		if (index.n_manifests > 1 && !image_want_match(&l->want, &d->platform)) {
			l->n_skipped++;
			continue;
		}
		r = layout_names(l, d, names, &n, e);
		if (r == 0)
			r = load_desc(l, d, names, n, 0, e);
	}
	if (r == 0 && l->n_loaded == 0)
		r = err_set(e, ERR_NOT_FOUND, ENOENT, "there is no image for %s/%s in it", l->want.os,
			l->want.architecture);
	image_manifest_done(&index);
	return r;
}

/* --- docker save --------------------------------------------------------------------------------------------- */

/* "HEX.json" or "blobs/sha256/HEX": a name that promises a digest keeps the promise. */
static int check_config_name(const char *name, const struct buf *text, struct err *e)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	char got[IMAGE_DIGEST_SIZE], want[IMAGE_DIGEST_SIZE];

	if (!fmt_fits(want, sizeof(want), "sha256:%.*s", (int)strcspn(base, "."), base) || !image_digest_ok(want))
		return 0;
	if (hash_bytes(text->data ? text->data : "", text->len, NULL, got, e) < 0)
		return -e->num;
	if (str_eq(got, want))
		return 0;
	return err_set(e, ERR_CORRUPT, EUCLEAN, "%.*s: the digest is wrong: expected %s, got %s", 128, name, want, got);
}

static int archive_layers(struct load *l, const struct image_archive_entry *entry, struct incoming *in, struct err *e)
{
	size_t opened = 0;
	int r = 0;

	in->jobs = calloc(entry->layers.n + 1, sizeof(*in->jobs));
	in->n_jobs = entry->layers.n;
	if (!in->jobs)
		return err_oom(e, "layers");
	while (opened < entry->layers.n && r == 0) {
		const char *name = entry->layers.v[opened];
		bool found = false;

		r = source_find(&l->source, name, &in->jobs[opened].span, &found, e);
		if (r == 0 && !found)
			r = err_set(e, ERR_CORRUPT, ENOENT, "layer %.*s is missing", 128, name);
		opened += found;
	}
	if (r == 0)
		r = store_image(l, in, entry->layers.n, e);
	for (size_t i = 0; i < opened; i++)
		span_done(&l->source, &in->jobs[i].span);
	free(in->jobs);
	return r;
}

static int archive_names(struct load *l, const struct image_archive_entry *entry, struct incoming *in, struct err *e)
{
	in->names = arena_array(&l->arena, char *, entry->repo_tags.n + 1);
	if (!in->names)
		return err_oom(e, "names");
	if (l->f->name) {
		in->n_names = 1;
		return whole_name(l, l->f->name, &in->names[0], e);
	}
	for (size_t i = 0; i < entry->repo_tags.n; i++)
		if (whole_name(l, entry->repo_tags.v[i], &in->names[in->n_names++], e) < 0)
			return err_wrap(e, "manifest.json");
	return 0;
}

static int load_entry(struct load *l, const struct image_archive_entry *entry, struct err *e)
{
	AUTO(buf) struct buf config = BUF_INIT;
	struct incoming in = { 0 };
	bool found;

	if (source_text(&l->source, entry->config, IMAGE_CONFIG_MAX, &config, &found, e) < 0)
		return -e->num;
	if (!found)
		return err_set(e, ERR_CORRUPT, ENOENT, "the image config %.*s is missing", 128, entry->config);
	if (check_config_name(entry->config, &config, e) < 0 || archive_names(l, entry, &in, e) < 0)
		return -e->num;
	in.config = config.data ? config.data : "";
	in.config_len = config.len;
	return archive_layers(l, entry, &in, e);
}

static int load_archive(struct load *l, const struct buf *text, struct err *e)
{
	struct image_archive a;
	int r = image_archive_read(text->data ? text->data : "", text->len, &a, e);

	if (r < 0)
		return r;
	if (l->f->name && a.n > 1)
		r = err_set(e, ERR_USAGE, EINVAL, "the archive has %zu images, --name can name one", a.n);
	for (size_t i = 0; i < a.n && r == 0; i++)
		r = load_entry(l, &a.v[i], e);
	image_archive_done(&a);
	return r;
}

/* --- either -------------------------------------------------------------------------------------------------- */

/* Docker since 25 writes both documents; manifest.json has the names as docker means them. */
static int load_any(struct load *l, struct err *e)
{
	AUTO(buf) struct buf archive = BUF_INIT;
	AUTO(buf) struct buf index = BUF_INIT;
	AUTO(buf) struct buf old = BUF_INIT;
	bool found;

	if (source_text(&l->source, "manifest.json", IMAGE_MANIFEST_MAX, &archive, &found, e) < 0)
		return -e->num;
	if (found)
		return load_archive(l, &archive, e);
	if (source_text(&l->source, "index.json", IMAGE_MANIFEST_MAX, &index, &found, e) < 0)
		return -e->num;
	if (found)
		return load_layout(l, &index, e);
	if (source_text(&l->source, "repositories", IMAGE_MANIFEST_MAX, &old, &found, e) < 0)
		return -e->num;
	if (found)
		return err_set(
			e, ERR_UNSUPPORTED, ENOTSUP, "it was saved by docker before 1.10, which had no image configs");
	err_set(e, ERR_CONFIG, EINVAL, "it is no image: neither manifest.json nor index.json is in it");
	return err_hint(e, "\"tare import\" makes an image of a root filesystem");
}

int fetch_load(struct fetch *f, struct err *e)
{
	struct load l = { .f = f, .source = SOURCE_INIT, .op = STORE_OP_NONE };

	if (image_want_parse(f->platform, &l.want, e) < 0 || store_op_begin(f->data_fd, &l.op, e) < 0)
		return -e->num;
	int r = source_open(f->file_fd, l.op.dir_fd, &f->source_limits, &l.source, e);
	if (r == 0)
		r = load_any(&l, e);
	source_done(&l.source);
	store_op_done(&l.op);
	arena_done(&l.arena);
	return r;
}
