#pragma once
/* Names of files below DATA; docs/state.md "Images". */
#include <limits.h>
#include "base/buf.h"
#include "spec/image_ref.h"
#include "store/store.h"

#define STORE_REFS "images/ref"
#define STORE_IDS "images/id"
#define STORE_LAYERS "layers"
#define STORE_BLOBS "blobs"
#define STORE_RECIPES "recipes"
#define STORE_TMP "tmp"

/* store_ref_file - the name of the link for the whole name @full: "/" is written "%", which no name has. */
void store_ref_file(const char *full, char dst[static IMAGE_REF_MAX + 1]);
/* store_blob_path - "blobs/sha256/HEX". */
void store_blob_path(const char *digest, char dst[static PATH_MAX]);
void store_layer_path(const char *diff_id, char dst[static PATH_MAX]);
void store_recipe_path(const char *diff_id, char dst[static PATH_MAX]);

/* store_record_write, store_record_read - the file of an image. */
void store_record_write(const struct store_image *image, struct buf *ret);
int store_record_read(const char *text, size_t len, struct store_image *ret, struct err *e) must_check;

/* store_tree_use - add the bytes that @parent/@name and all below it take on the disk; what cannot be read counts
 * nothing. */
void store_tree_use(int parent, const char *name, uint64_t *bytes);
