/* Any bytes as a compressed stream: the first chooses how much comes at a time in and out. */
#include <stdlib.h>
#include <string.h>
#include "fetch/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct feed {
	const uint8_t *data;
	size_t left, step;
	char *piece; /* of exactly the size that is given: a sanitizer sees a read beyond it */
};

static ssize_t next(void *ctx, const void **ret, struct err *e)
{
	struct feed *f = ctx;
	size_t n = f->left < f->step ? f->left : f->step;

	free(f->piece);
	f->piece = malloc(n + !n);
	if (!f->piece)
		return err_oom(e, "a piece");
	memcpy(f->piece, f->data, n);
	f->data += n;
	f->left -= n;
	*ret = f->piece;
	return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_inflate struct inflate *z = NULL;
	struct err e = ERR_NONE;
	enum image_pack pack;
	char out[4096];
	size_t total = 0;
	ssize_t n;

	if (size < 2)
		return 0;
	struct feed f = { .data = data + 1, .left = size - 1, .step = 1 + (data[0] & 15) * 61U };
	size_t want = 1 + (data[0] >> 4) * 273U;
	if (inflate_detect(f.data, f.left, &pack, &e) == 0 && inflate_new(pack, next, &f, &z, &e) == 0) {
		while ((n = inflate_read(z, out, want, &e)) > 0 && total < 4 << 20) {
			if ((size_t)n > want)
				abort();
			total += (size_t)n;
		}
		if (n < 0 && e.num == 0)
			abort();
	}
	free(f.piece);
	return 0;
}
