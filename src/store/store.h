#pragma once
/* The content store of one engine: images, their layers and the blobs they came from, below DATA. docs/state.md
 * "Images" has the layout and the crash rules. Reading takes no lock: every file appears whole, by rename. */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "spec/image_config.h"
#include "spec/image_ref.h"

enum { STORE_FORMAT = 1, STORE_IMAGE_MAX = 16 << 20 /* bytes of an image's file */ };

struct store {
	int data_fd; /* borrowed */
};

/* store_open - costs no system call: what is missing is found when it is asked for. */
int store_open(int data_fd, struct store *ret, struct err *e) must_check;

struct store_layer {
	char *diff_id; /* of the unpacked tar; names the layer */
	char *blob; /* the archive as it was received; when it is diff_id, a recipe may stand in for it */
	char *media_type; /* of the blob */
	uint64_t blob_size;
	uint64_t size; /* bytes of its files */
};

/* Everything about an image that `run` and `images` need: one file, one read. */
struct store_image {
	struct arena arena;
	char *id; /* "sha256:…": digest of the configuration */
	char *manifest; /* digest of the manifest it came with, or NULL */
	char *reference; /* the whole name it was found by, or NULL: by id */
	char *architecture, *os, *variant, *created, *author, *comment, *docker_version, *parent;
	char *loaded; /* when it came here, RFC 3339 */
	struct image_run run;
	struct store_layer *layers; /* lowest first */
	size_t n_layers;
	uint64_t config_size;
};

#define STORE_IMAGE_INIT \
	{ \
		.arena = ARENA_INIT \
	}

/* store_image_find - the image that NAME[:TAG], NAME@DIGEST, an id or the beginning of one means. *ret_found false when
 * there is none. ERR_USAGE for what no image can be called, ERR_CONFLICT when several ids begin so, ERR_CORRUPT. A name
 * without a domain is looked for in docker.io/library, then in localhost. End with store_image_done(). */
int store_image_find(struct store *s, const char *name, struct store_image *ret, bool *ret_found, struct err *e)
	must_check;
void store_image_done(struct store_image *image);
uint64_t store_image_size(const struct store_image *image);

/* store_layer_open - an O_PATH descriptor of the unpacked layer, to become an overlay lower directory. ERR_CORRUPT when
 * it is not there. store_layer_open_at is the same without a store. */
int store_layer_open(struct store *s, const char *diff_id, struct err *e) must_check;
int store_layer_open_at(int data_fd, const char *diff_id, struct err *e) must_check;

/* store_blob_open - for reading. ERR_CORRUPT when it is not there. */
int store_blob_open(struct store *s, const char *digest, struct err *e) must_check;
/* store_recipe_open - how to make the archive of a layer again (fetch/recipe.h), where there is no blob of it. */
int store_recipe_open(struct store *s, const char *diff_id, struct err *e) must_check;
/* store_blob_read - a small one (a manifest, a configuration) as a whole. */
int store_blob_read(struct store *s, const char *digest, size_t max, struct buf *ret, struct err *e) must_check;

/* --- lists --------------------------------------------------------------------------------------------------- */

struct store_ref {
	char *name; /* whole */
	char *id;
};

struct store_refs {
	struct arena arena;
	struct store_ref *v; /* by name */
	size_t n, cap;
};

int store_refs_list(struct store *s, struct store_refs *ret, struct err *e) must_check;
void store_refs_done(struct store_refs *l);

struct store_ids {
	struct arena arena;
	char **v; /* "sha256:…" */
	size_t n, cap;
};

int store_ids_list(struct store *s, struct store_ids *ret, struct err *e) must_check;
void store_ids_done(struct store_ids *l);

/* store_image_load - by whole id. *ret_found false when it is gone. */
int store_image_load(struct store *s, const char *id, struct store_image *ret, bool *ret_found, struct err *e)
	must_check;

/* store_layers_known - what the images here say about the layers whose diff_id is set in @v: the other members, copied
 * into @arena. A layer whose directory is missing counts as unknown, a blob that is missing stays NULL. */
int store_layers_known(struct store *s, struct store_layer *v, size_t n, bool *ret_known, struct arena *arena,
	struct err *e) must_check;

/* store_disk_use - bytes of all layers and blobs on the disk. */
int store_disk_use(struct store *s, uint64_t *ret_bytes, struct err *e) must_check;
