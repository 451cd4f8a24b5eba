#pragma once
/* gzip (ISA-L), zstd, xz or nothing: one way to read them. Concatenated members are one stream, as the formats say;
 * what follows the last one, or an end too early, is an error. */
#include <sys/types.h>
#include "base/err.h"
#include "spec/image_manifest.h"

/* Gives the next bytes of the input in *ret_data; 0 at its end. */
typedef ssize_t inflate_input(void *ctx, const void **ret_data, struct err *e);

struct inflate;

/* inflate_detect - by the first bytes of a stream. ERR_UNSUPPORTED names bzip2 and its kin. */
int inflate_detect(const void *data, size_t n, enum image_pack *ret, struct err *e) must_check;
int inflate_new(enum image_pack pack, inflate_input *input, void *ctx, struct inflate **ret, struct err *e) must_check;
/* inflate_read - up to @n bytes; 0 at the end. */
ssize_t inflate_read(struct inflate *z, void *dst, size_t n, struct err *e) must_check;
/* inflate_ratio - refuse more than @max bytes out of one byte in (400), once 256 MiB came: only a bomb does that. */
void inflate_ratio(struct inflate *z, uint64_t max);
void inflate_free(struct inflate *z);
static inline void inflate_freep(struct inflate **z)
{
	inflate_free(*z);
}
#define auto_inflate __attribute__((cleanup(inflate_freep)))
