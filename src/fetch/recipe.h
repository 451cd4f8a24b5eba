#pragma once
/* How to make a layer's tar again from its unpacked tree: everything between the files' contents as it came, and the
 * files by name. It stands in for the archive of a layer that came uncompressed, so that its contents are kept once.
 *
 * A zstd stream of "tare recipe 1\n" and records: 'L', a length of 4 bytes, that many bytes of the tar; 'F', a size of
 * 8 bytes, a length of 2 bytes, the name of a file in the layer that has this size; 'E', the end. Little-endian. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

struct recipe;

/* recipe_new - to be written to @fd, borrowed. */
int recipe_new(int fd, struct recipe **ret, struct err *e) must_check;
/* recipe_chunk - the next bytes of the tar. They must stay where they are until the next call. */
int recipe_chunk(struct recipe *r, const void *data, size_t n, struct err *e) must_check;
/* recipe_file - the @size bytes of the tar from @offset on are the content of the layer's file @path (in PATH_MAX);
 * what was not said of any byte when its chunk goes is kept as it is. */
int recipe_file(struct recipe *r, uint64_t offset, uint64_t size, const char *path, struct err *e) must_check;
/* recipe_confirm - the reader of the tar took @data for what is at @offset; when that is not so, the recipe is void. */
void recipe_confirm(struct recipe *r, uint64_t offset, const void *data, size_t n);
/* recipe_finish - all is written. *ret_good false: this tar cannot be described, do not use the file. */
int recipe_finish(struct recipe *r, bool *ret_good, struct err *e) must_check;
void recipe_free(struct recipe *r);
static inline void recipe_freep(struct recipe **r)
{
	recipe_free(*r);
}
#define auto_recipe __attribute__((cleanup(recipe_freep)))

struct retar;

/* retar_new - the tar from the recipe @fd and the layer @layer_fd, both borrowed. */
int retar_new(int fd, int layer_fd, struct retar **ret, struct err *e) must_check;
/* retar_read - the next bytes, 0 at the end. ERR_CORRUPT. The caller verifies the digest. */
ssize_t retar_read(struct retar *t, void *dst, size_t n, struct err *e) must_check;
void retar_free(struct retar *t);
static inline void retar_freep(struct retar **t)
{
	retar_free(*t);
}
#define auto_retar __attribute__((cleanup(retar_freep)))
