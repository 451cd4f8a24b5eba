#pragma once
/* SHA-256 and SHA-512 by libcrypto, as digests of images are written. */
#include "base/err.h"
#include "spec/image_ref.h"

struct hash;

/* hash_new - of the kind that @digest (a checked one, or NULL: SHA-256) is. */
int hash_new(const char *digest, struct hash **ret, struct err *e) must_check;
void hash_add(struct hash *h, const void *data, size_t n);
/* hash_end - the digest; @h takes no more. */
int hash_end(struct hash *h, char dst[static IMAGE_DIGEST_SIZE], struct err *e) must_check;
void hash_free(struct hash *h);
static inline void hash_freep(struct hash **h)
{
	hash_free(*h);
}
#define auto_hash __attribute__((cleanup(hash_freep)))
/* hash_bytes - of a whole text at once. */
int hash_bytes(const void *data, size_t n, const char *like, char dst[static IMAGE_DIGEST_SIZE], struct err *e)
	must_check;
