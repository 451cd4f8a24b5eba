#include "fetch/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include "base/str.h"

struct hash {
	EVP_MD_CTX *ctx;
	bool failed;
};

int hash_new(const char *digest, struct hash **ret, struct err *e)
{
	struct hash *h = calloc(1, sizeof(*h));
	const EVP_MD *md = digest && str_starts(digest, "sha512:") ? EVP_sha512() : EVP_sha256();

	if (!h)
		return err_oom(e, "a hash");
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, md, NULL) != 1) {
		hash_free(h);
		return err_set(e, ERR_SYSTEM, ENOMEM, "libcrypto gives no hash");
	}
	*ret = h;
	return 0;
}

void hash_add(struct hash *h, const void *data, size_t n)
{
	h->failed |= EVP_DigestUpdate(h->ctx, data, n) != 1;
}

int hash_end(struct hash *h, char dst[static IMAGE_DIGEST_SIZE], struct err *e)
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (h->failed || EVP_DigestFinal_ex(h->ctx, bytes, &n) != 1)
		return err_set(e, ERR_SYSTEM, EIO, "libcrypto failed to hash");
	image_digest_from(bytes, n, dst);
	return 0;
}

void hash_free(struct hash *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

int hash_bytes(const void *data, size_t n, const char *like, char dst[static IMAGE_DIGEST_SIZE], struct err *e)
{
	auto_hash struct hash *h = NULL;

	if (hash_new(like, &h, e) < 0)
		return -e->num;
	hash_add(h, data, n);
	return hash_end(h, dst, e);
}
