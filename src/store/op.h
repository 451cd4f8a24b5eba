#pragma once
/* Writing to the store. Everything is made in a directory of the operation's own below tmp/, synced, and then renamed
 * to where it is found. A directory whose lock nobody holds was left by a killed operation; the next one removes it. */
#include "base/buf.h"
#include "store/store.h"

struct store_op {
	int data_fd; /* borrowed */
	int dir_fd; /* tmp/NAME, locked */
	char name[32];
};

#define STORE_OP_NONE \
	{ \
		.dir_fd = FD_NONE \
	}

/* store_make_dirs - what is missing of the store's directories. */
int store_make_dirs(int data_fd, struct err *e) must_check;
/* store_op_begin - make what is missing of the store's directories, sweep what killed operations left, open a new one.
 */
int store_op_begin(int data_fd, struct store_op *ret, struct err *e) must_check;
/* store_op_done - everything that was not published goes. */
void store_op_done(struct store_op *op);
/* store_op_empty - before store_op_done(): most of what is in the operation's directory goes, quickly, by processes of
 * our own; not for tare-fetch, which may make none. */
void store_op_empty(struct store_op *op);

/* store_op_dir, store_op_file - a new directory (0755, for a layer) or file of the operation: its descriptor. */
int store_op_dir(struct store_op *op, const char *name, struct err *e) must_check;
int store_op_file(struct store_op *op, const char *name, struct err *e) must_check;
/* store_op_drop - one of them goes early. */
void store_op_drop(struct store_op *op, const char *name);
/* store_op_sync - all of them reach the disk, in one go. */
int store_op_sync(struct store_op *op, struct err *e) must_check;

/* store_op_blob, store_op_layer - publish: @name becomes the blob @digest, the layer @diff_id. When it is there
 * already, the one that is there stays. */
int store_op_blob(struct store_op *op, const char *name, const char *digest, struct err *e) must_check;
int store_op_layer(struct store_op *op, const char *name, const char *diff_id, struct err *e) must_check;
/* store_op_recipe - @name becomes the recipe for the archive of @diff_id. */
int store_op_recipe(struct store_op *op, const char *name, const char *diff_id, struct err *e) must_check;
/* store_op_bytes - a small blob, whole and synced. */
int store_op_bytes(struct store_op *op, const void *data, size_t n, const char *digest, struct err *e) must_check;
/* store_op_image - publish the file of an image; then the layers it names must still be there (ERR_CONFLICT: somebody
 * removed one meanwhile, do it again). */
int store_op_image(struct store_op *op, const struct store_image *image, struct err *e) must_check;
/* store_op_dirs - the directories that things were published in reach the disk: now it is acknowledged. */
int store_op_dirs(struct store_op *op, struct err *e) must_check;

/* store_tag - @full names @id from now on, durably. store_untag - no longer; *ret_found. */
int store_tag(int data_fd, const char *full, const char *id, struct err *e) must_check;
int store_untag(int data_fd, const char *full, bool *ret_found, struct err *e) must_check;

/* store_has_archive - the archive of @l: its blob, or the recipe of a layer that came uncompressed. */
bool store_has_archive(int data_fd, const struct store_layer *l);
bool store_has_recipe(int data_fd, const char *diff_id);
bool store_has_layer(int data_fd, const char *diff_id);
/* store_has_blob - with @size bytes (UINT64_MAX: any number). */
bool store_has_blob(int data_fd, const char *digest, uint64_t size);
