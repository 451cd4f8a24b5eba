/* Theory of operation. The writer sees the tar chunk by chunk, and learns of a file's content while the chunk with its
 * header is at hand. "settled" is the place in the tar up to which everything is said; it runs ahead of the chunk while
 * a file's content passes. What nobody spoke of is written out when its chunk goes: so a wrong guess about the format
 * costs bytes, never truth. */
#include "fetch/recipe.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include "base/cleanup.h"
#include "base/str.h"
#include "fetch/recipe_internal.h"
#include "sys/io.h"

enum { OUT = 64 << 10, LEVEL = 1 };

struct recipe {
	int fd;
	ZSTD_CCtx *zstd;
	char *out;
	const char *chunk;
	size_t n_chunk;
	uint64_t chunk_at, settled; /* places in the tar */
	bool bad;
};

/* --- writing ------------------------------------------------------------------------------------------------- */

static int press(struct recipe *r, const void *data, size_t n, ZSTD_EndDirective how, struct err *e)
{
	ZSTD_inBuffer in = { data, n, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { r->out, OUT, 0 };

		left = ZSTD_compressStream2(r->zstd, &out, &in, how);
		if (ZSTD_isError(left))
			return err_set(e, ERR_SYSTEM, EIO, "zstd: %s", ZSTD_getErrorName(left));
		if (out.pos > 0 && io_write_all(r->fd, r->out, out.pos, e) < 0)
			return err_wrap(e, "write the recipe of a layer");
	} while (how == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return 0;
}

static void put_number(uint8_t *dst, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		dst[i] = (uint8_t)(value >> (8 * i));
}

/* The tar's bytes as they are, up to @end. They lie in the present chunk. */
static int settle(struct recipe *r, uint64_t end, struct err *e)
{
	while (r->settled < end) {
		size_t n = end - r->settled < RECIPE_LITERAL ? (size_t)(end - r->settled) : RECIPE_LITERAL;
		uint8_t head[5] = { 'L' };

		put_number(head + 1, n, 4);
		if (press(r, head, sizeof(head), ZSTD_e_continue, e) < 0 ||
			press(r, r->chunk + (r->settled - r->chunk_at), n, ZSTD_e_continue, e) < 0)
			return -e->num;
		r->settled += n;
	}
	return 0;
}

int recipe_chunk(struct recipe *r, const void *data, size_t n, struct err *e)
{
	if (settle(r, r->chunk_at + r->n_chunk, e) < 0)
		return -e->num;
	r->chunk_at += r->n_chunk;
	r->chunk = data;
	r->n_chunk = n;
	return 0;
}

int recipe_file(struct recipe *r, uint64_t offset, uint64_t size, const char *path, struct err *e)
{
	size_t len = strlen(path);
	uint8_t head[11] = { 'F' };

	/* Content that was written out already, or too little to be worth a name. */
	if (offset < r->settled || offset > r->chunk_at + r->n_chunk || size <= len + sizeof(head) || len >= PATH_MAX)
		return 0;
	put_number(head + 1, size, 8);
	put_number(head + 9, len, 2);
	if (settle(r, offset, e) < 0 || press(r, head, sizeof(head), ZSTD_e_continue, e) < 0 ||
		press(r, path, len, ZSTD_e_continue, e) < 0)
		return -e->num;
	r->settled = offset + size;
	return 0;
}

void recipe_confirm(struct recipe *r, uint64_t offset, const void *data, size_t n)
{
	uint64_t end = r->chunk_at + r->n_chunk;
	const char *p = data;

	if (offset < r->chunk_at) { /* it began in the chunk before */
		uint64_t gone = r->chunk_at - offset;

		if (gone >= n)
			return;
		p += gone;
		n -= (size_t)gone;
		offset = r->chunk_at;
	}
	if (offset >= end || n > end - offset)
		r->bad = true; /* more than it can have seen */
	else if (p != r->chunk + (offset - r->chunk_at))
		r->bad |= memcmp(p, r->chunk + (offset - r->chunk_at), n) != 0;
}

int recipe_finish(struct recipe *r, bool *ret_good, struct err *e)
{
	if (recipe_chunk(r, NULL, 0, e) < 0 || press(r, "E", 1, ZSTD_e_end, e) < 0)
		return -e->num;
	*ret_good = !r->bad && r->settled == r->chunk_at;
	return 0;
}

int recipe_new(int fd, struct recipe **ret, struct err *e)
{
	auto_recipe struct recipe *r = calloc(1, sizeof(*r));

	if (!r)
		return err_oom(e, "the recipe of a layer");
	r->fd = fd;
	r->out = malloc(OUT);
	r->zstd = ZSTD_createCCtx();
	if (!r->out || !r->zstd || ZSTD_isError(ZSTD_CCtx_setParameter(r->zstd, ZSTD_c_compressionLevel, LEVEL)))
		return err_oom(e, "the recipe of a layer");
	if (press(r, RECIPE_MAGIC, sizeof(RECIPE_MAGIC) - 1, ZSTD_e_continue, e) < 0)
		return -e->num;
	*ret = ptr_steal(r);
	return 0;
}

void recipe_free(struct recipe *r)
{
	if (!r)
		return;
	ZSTD_freeCCtx(r->zstd);
	free(r->out);
	free(r);
}
