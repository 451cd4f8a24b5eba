#pragma once
/* BLAKE2b (RFC 7693) without key: for cache keys and content names of our own making, where a
 * collision would do harm and a digest has to cost less than the work it saves. Names that others
 * define (image digests) are SHA-256. */
#include <stddef.h>
#include <stdint.h>

struct blake2b {
	uint64_t h[8], n_bytes;
	uint8_t block[128];
	size_t used, out_len;
};

/* blake2b_init - for a digest of @out_len bytes, 1 to 64. */
void blake2b_init(struct blake2b *b, size_t out_len);
void blake2b_add(struct blake2b *b, const void *data, size_t n);
/* blake2b_end - the digest, out_len bytes, to @ret; @b must be initialised again before further
 * use. */
void blake2b_end(struct blake2b *b, uint8_t *ret);
