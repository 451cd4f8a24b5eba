#pragma once
/* One layer on its way into the store: read, hash, decompress, hash again in one thread; make files in another. */
#include "base/err.h"
#include "fetch/source.h"
#include "layer/unpack.h"
#include "spec/image_manifest.h"
#include "store/op.h"

struct layer_job {
	/* asked for */
	struct span span;
	const char *blob; /* digest of the archive as it lies there, or NULL: not known */
	const char *diff_id; /* digest of the plain tar, or NULL: not known (import) */
	enum image_pack pack; /* what its media type says; ANY: whatever it is */
	int index; /* of the layer; names its temporary files */
	const char *reuse; /* a blob that the store has for this diff_id, or NULL */
	/* found */
	char found_blob[IMAGE_DIGEST_SIZE], found_diff_id[IMAGE_DIGEST_SIZE];
	enum image_pack found_pack;
	uint64_t blob_size, size; /* size: of its files */
	bool have_layer; /* in the store already, and so is its size */
	bool new_layer, new_blob, new_recipe; /* to be published */
	struct err error;
};

struct layer_run {
	struct store_op *op;
	const struct unpack_how *how;
	uint64_t max_ratio;
	_Atomic uint64_t *progress; /* bytes read */
};

/* layer_run_all - all of @jobs, @n_threads at a time; the first error ends the others. What is new lies in @run->op,
 * unpublished. */
int layer_run_all(const struct layer_run *run, struct layer_job *jobs, size_t n, unsigned n_threads, struct err *e)
	must_check;
/* layer_names - of the temporary files of a job. */
struct layer_names {
	char dir[32], blob[32], recipe[32];
};
struct layer_names layer_names(const struct layer_job *job);
