/* From a configuration and the places of its layers to an image of the store. Nothing is visible before all of it was
 * verified and is on the disk. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "base/units.h"
#include "fetch/fetch.h"
#include "fetch/hash.h"

static unsigned n_threads(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 4 ? 4 : (unsigned)n;
}

/* --- layers -------------------------------------------------------------------------------------------------- */

/* What the store has already is read and verified, but not unpacked again. */
static int ask_store(struct fetch *f, struct incoming *in, struct arena *arena, struct err *e)
{
	struct store_layer *known = arena_array(arena, struct store_layer, in->n_jobs + 1);
	bool *is_known = arena_array(arena, bool, in->n_jobs + 1);

	if (!known || !is_known)
		return err_oom(e, "layers");
	for (size_t i = 0; i < in->n_jobs; i++)
		known[i].diff_id = (char *)(uintptr_t)(in->jobs[i].diff_id ? in->jobs[i].diff_id : "");
	if (store_layers_known(&f->store, known, in->n_jobs, is_known, arena, e) < 0)
		return -e->num;
	for (size_t i = 0; i < in->n_jobs; i++) {
		struct layer_job *job = &in->jobs[i];

		job->have_layer = is_known[i];
		job->size = known[i].size;
		if (is_known[i] && known[i].blob && !job->blob)
			job->reuse = known[i].blob; /* the same tar in another dress: one copy is enough */
	}
	return 0;
}

/* An image may have one layer several times (an empty one, mostly): it is brought in once. */
static size_t first_of(const struct incoming *in, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (in->jobs[i].diff_id && str_eq(in->jobs[k].diff_id, in->jobs[i].diff_id) &&
			(!in->jobs[i].blob || str_eq(in->jobs[k].blob, in->jobs[i].blob)))
			return k;
	return i;
}

int incoming_layers(struct fetch *f, struct store_op *op, struct incoming *in, struct err *e)
{
	const struct unpack_how how = { .limits = &f->limits,
		.usage = &f->usage,
		.user_xattr = f->rootless,
		.no_devices = f->rootless,
		.squash_ids = f->squash };
	const struct layer_run run = { op, &how, f->source_limits.max_ratio, &f->progress };
	struct arena arena = ARENA_INIT;
	auto_free struct layer_job *once = calloc(in->n_jobs + 1, sizeof(*once));
	size_t n = 0;

	if (!once)
		return err_oom(e, "layers");
	int r = ask_store(f, in, &arena, e);
	for (size_t i = 0; i < in->n_jobs; i++) {
		in->jobs[i].index = (int)i;
		if (first_of(in, i) == i) {
			f->total += in->jobs[i].span.size;
			once[n++] = in->jobs[i];
		}
	}
	progress_start(f);
	if (r == 0)
		r = layer_run_all(&run, once, n, n_threads(), e);
	progress_end();
	for (size_t i = 0, k = 0; i < in->n_jobs && r == 0; i++) {
		size_t first = first_of(in, i);

		in->jobs[i] = first == i ? once[k++] : in->jobs[first];
		if (first != i)
			in->jobs[i].new_layer = in->jobs[i].new_blob = in->jobs[i].new_recipe = false;
	}
	arena_done(&arena);
	return r;
}

static int publish_layers(struct store_op *op, const struct incoming *in, struct err *e)
{
	if (store_op_sync(op, e) < 0)
		return -e->num;
	for (size_t i = 0; i < in->n_jobs; i++) {
		const struct layer_job *job = &in->jobs[i];

		const struct layer_names names = layer_names(job);

		if ((job->new_blob && store_op_blob(op, names.blob, job->found_blob, e) < 0) ||
			(job->new_recipe && store_op_recipe(op, names.recipe, job->found_diff_id, e) < 0) ||
			(job->new_layer && store_op_layer(op, names.dir, job->found_diff_id, e) < 0))
			return -e->num;
	}
	return 0;
}

/* --- the image ----------------------------------------------------------------------------------------------- */

static char *pack_type(enum image_pack pack)
{
	static char none[] = IMAGE_TYPE_LAYER, gzip[] = IMAGE_TYPE_LAYER "+gzip", zstd[] = IMAGE_TYPE_LAYER "+zstd";
	/* There is no media type for xz: the archive stays as it is, its bytes say what it is. */

	return pack == IMAGE_PACK_GZIP ? gzip : pack == IMAGE_PACK_ZSTD ? zstd : none;
}

static void fill_layer(struct store_layer *l, struct layer_job *job)
{
	l->diff_id = job->found_diff_id;
	l->blob = job->reuse ? (char *)(uintptr_t)job->reuse : job->found_blob;
	l->media_type = pack_type(job->found_pack);
	l->blob_size = job->blob_size;
	l->size = job->size;
}

/* What the store says about layers that were not brought: those of the base, and blobs that stand in for what came. */
static int fill_known(struct fetch *f, struct store_image *image, const struct incoming *in, struct err *e)
{
	bool *known = arena_array(&image->arena, bool, image->n_layers + 1);
	struct store_layer *said = arena_array(&image->arena, struct store_layer, image->n_layers + 1);

	if (!known || !said)
		return err_oom(e, "layers");
	for (size_t i = 0; i < image->n_layers; i++)
		said[i].diff_id = image->layers[i].diff_id;
	if (store_layers_known(&f->store, said, image->n_layers, known, &image->arena, e) < 0)
		return -e->num;
	for (size_t i = 0; i < image->n_layers; i++) {
		bool base = i < in->base.n;

		if (base && !known[i])
			return err_set(e, ERR_CORRUPT, ENOENT, "layer %.19s is not in the store", said[i].diff_id);
		if (base || (in->jobs[i - in->base.n].reuse && said[i].blob))
			image->layers[i] = said[i];
	}
	return 0;
}

static int fill_layers(struct fetch *f, const struct incoming *in, struct store_image *image, struct err *e)
{
	image->n_layers = in->base.n + in->n_jobs;
	image->layers = arena_array(&image->arena, struct store_layer, image->n_layers + 1);
	if (!image->layers)
		return err_oom(e, "an image");
	for (size_t i = 0; i < in->base.n; i++)
		image->layers[i].diff_id = in->base.v[i];
	for (size_t i = 0; i < in->n_jobs; i++)
		fill_layer(&image->layers[in->base.n + i], &in->jobs[i]);
	return fill_known(f, image, in, e);
}

static int fill_image(struct fetch *f, const struct incoming *in, const struct image_config *c,
	struct store_image *image, struct err *e)
{
	struct timespec now;
	char loaded[RFC3339_SIZE];

	clock_gettime(CLOCK_REALTIME, &now);
	rfc3339_format(&now, loaded);
	image->loaded = arena_dup(&image->arena, loaded);
	if (!image->loaded)
		return err_oom(e, "an image");
	image->manifest = (char *)(uintptr_t)in->manifest_digest;
	image->architecture = c->architecture;
	image->os = c->os;
	image->variant = c->variant;
	image->created = c->created;
	image->author = c->author;
	image->comment = c->comment;
	image->docker_version = c->docker_version;
	image->parent = c->parent;
	image->run = c->run;
	image->config_size = in->config_len;
	return fill_layers(f, in, image, e);
}

static int store_documents(struct store_op *op, const struct incoming *in, const char *id, struct err *e)
{
	if (store_op_bytes(op, in->config, in->config_len, id, e) < 0)
		return -e->num;
	return in->manifest ? store_op_bytes(op, in->manifest, in->manifest_len, in->manifest_digest, e) : 0;
}

static int name_image(struct fetch *f, const struct incoming *in, const char *id, struct err *e)
{
	for (size_t i = 0; i < in->n_names; i++)
		if (store_tag(f->data_fd, in->names[i], id, e) < 0 || say_loaded(id, in->names[i], e) < 0)
			return -e->num;
	return in->n_names ? 0 : say_loaded(id, NULL, e);
}

int incoming_publish(struct fetch *f, struct store_op *op, struct incoming *in, struct err *e)
{
	struct store_image image = STORE_IMAGE_INIT;
	struct image_config c;
	char id[IMAGE_DIGEST_SIZE];

	if (image_config_read(in->config, in->config_len, &c, e) < 0)
		return -e->num;
	int r = hash_bytes(in->config, in->config_len, NULL, id, e);
	if (r == 0)
		r = publish_layers(op, in, e);
	if (r == 0)
		r = store_documents(op, in, id, e);
	image.id = id;
	if (r == 0)
		r = fill_image(f, in, &c, &image, e);
	if (r == 0)
		r = store_op_image(op, &image, e);
	if (r == 0)
		r = store_op_dirs(op, e);
	if (r == 0)
		r = name_image(f, in, id, e);
	store_image_done(&image);
	image_config_done(&c);
	return r;
}

int incoming_store(struct fetch *f, struct store_op *op, struct incoming *in, struct err *e)
{
	return incoming_layers(f, op, in, e) < 0 ? -e->num : incoming_publish(f, op, in, e);
}
