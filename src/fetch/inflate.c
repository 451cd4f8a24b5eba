/* The decompressors. Bombs: more than max_ratio bytes out of one byte in, once RATIO_FREE bytes came, is refused;
 * gzip's best is 1 : 1032, and what real layers reach is below 100. Windows are bounded, so memory is, too. */
#include "fetch/inflate.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum {
	RATIO_FREE = 256 << 20,
	XZ_MEMORY = 96 << 20, /* xz -9 needs 65 MiB */
	ZSTD_WINDOW_LOG = 27, /* 128 MiB: zstd's own limit without --long=31 */
};

struct inflate {
	enum image_pack pack;
	inflate_input *input;
	void *ctx;
	const uint8_t *in; /* not yet used input */
	size_t n_in;
	uint64_t total_in, total_out, max_ratio;
	bool input_ended, in_member;
	struct inflate_state gz;
	ZSTD_DStream *zstd;
	lzma_stream xz;
};

int inflate_detect(const void *data, size_t n, enum image_pack *ret, struct err *e)
{
	static const struct {
		const char *magic;
		size_t n;
		enum image_pack pack;
		const char *other;
	} known[] = {
		{ "\x1f\x8b", 2, IMAGE_PACK_GZIP, NULL },
		{ "\x28\xb5\x2f\xfd", 4, IMAGE_PACK_ZSTD, NULL },
		{ "\x50\x2a\x4d\x18", 4, IMAGE_PACK_ZSTD, NULL }, /* a skippable frame first: zstd:chunked, pzstd */
		{ "\xfd\x37zXZ\0", 6, IMAGE_PACK_XZ, NULL },
		{ "BZh", 3, IMAGE_PACK_ANY, "bzip2" },
		{ "\x1f\x9d", 2, IMAGE_PACK_ANY, "compress (.Z)" },
		{ "\x04\x22\x4d\x18", 4, IMAGE_PACK_ANY, "lz4" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (n < known[i].n || memcmp(data, known[i].magic, known[i].n) != 0)
			continue;
		if (known[i].other)
			return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
				"compressed with %s; gzip, zstd, xz and none are read", known[i].other);
		*ret = known[i].pack;
		return 0;
	}
	*ret = IMAGE_PACK_NONE;
	return 0;
}

static int fill(struct inflate *z, struct err *e)
{
	const void *data;
	ssize_t n;

	if (z->n_in > 0 || z->input_ended)
		return 0;
	n = z->input(z->ctx, &data, e);
	if (n < 0)
		return (int)n;
	z->in = data;
	z->n_in = (size_t)n;
	z->total_in += (uint64_t)n;
	z->input_ended = n == 0;
	return 0;
}

static int damaged(const struct inflate *z, const char *why, struct err *e)
{
	return err_set(e, ERR_CORRUPT, EUCLEAN, "the %s stream is damaged: %s", image_pack_name(z->pack), why);
}

/* --- one step of each: takes input, gives output, tells whether a member ended ------------------------------- */

static int step_gzip(struct inflate *z, uint8_t *dst, size_t n, size_t *ret_n, bool *ret_end, struct err *e)
{
	int r;

	if (!z->in_member) {
		isal_inflate_init(&z->gz);
		z->gz.crc_flag = ISAL_GZIP;
	}
	z->gz.next_in = (uint8_t *)(uintptr_t)z->in;
	z->gz.avail_in = (uint32_t)z->n_in;
	z->gz.next_out = dst;
	z->gz.avail_out = (uint32_t)n;
	r = isal_inflate(&z->gz);
	if (r != ISAL_DECOMP_OK)
		return damaged(z, r == ISAL_INCORRECT_CHECKSUM ? "its checksum is wrong" : "bytes that are no gzip", e);
	z->in += z->n_in - z->gz.avail_in;
	z->n_in = z->gz.avail_in;
	*ret_n = n - z->gz.avail_out;
	*ret_end = z->gz.block_state == ISAL_BLOCK_FINISH;
	return 0;
}

static int step_zstd(struct inflate *z, uint8_t *dst, size_t n, size_t *ret_n, bool *ret_end, struct err *e)
{
	ZSTD_inBuffer in = { z->in, z->n_in, 0 };
	ZSTD_outBuffer out = { dst, n, 0 };
	size_t r = ZSTD_decompressStream(z->zstd, &out, &in);

	if (ZSTD_isError(r))
		return damaged(z, ZSTD_getErrorName(r), e);
	z->in += in.pos;
	z->n_in -= in.pos;
	*ret_n = out.pos;
	*ret_end = r == 0;
	return 0;
}

static int step_xz(struct inflate *z, uint8_t *dst, size_t n, size_t *ret_n, bool *ret_end, struct err *e)
{
	lzma_ret r;

	z->xz.next_in = z->in;
	z->xz.avail_in = z->n_in;
	z->xz.next_out = dst;
	z->xz.avail_out = n;
	r = lzma_code(&z->xz, z->input_ended ? LZMA_FINISH : LZMA_RUN);
	z->in = z->xz.next_in;
	z->n_in = z->xz.avail_in;
	*ret_n = n - z->xz.avail_out;
	*ret_end = r == LZMA_STREAM_END;
	if (r == LZMA_MEMLIMIT_ERROR)
		return err_set(e, ERR_CONFIG, EFBIG, "the xz stream wants more than %d MiB of memory", XZ_MEMORY >> 20);
	if (r != LZMA_OK && r != LZMA_STREAM_END && !(r == LZMA_BUF_ERROR && !z->input_ended))
		return damaged(z, r == LZMA_BUF_ERROR ? "it ends too early" : "bytes that are no xz", e);
	return 0;
}

static int step(struct inflate *z, uint8_t *dst, size_t n, size_t *ret_n, bool *ret_end, struct err *e)
{
	switch (z->pack) {
	case IMAGE_PACK_GZIP: return step_gzip(z, dst, n, ret_n, ret_end, e);
	case IMAGE_PACK_ZSTD: return step_zstd(z, dst, n, ret_n, ret_end, e);
	default: return step_xz(z, dst, n, ret_n, ret_end, e);
	}
}

/* --- reading ------------------------------------------------------------------------------------------------- */

static ssize_t read_plain(struct inflate *z, void *dst, size_t n)
{
	size_t take = z->n_in < n ? z->n_in : n;

	if (take) /* at the end there may be no buffer */
		memcpy(dst, z->in, take);
	z->in += take;
	z->n_in -= take;
	return (ssize_t)take;
}

ssize_t inflate_read(struct inflate *z, void *dst, size_t n, struct err *e)
{
	size_t got = 0;

	while (got == 0) {
		bool end = false, had_input;

		if (fill(z, e) < 0)
			return -e->num;
		if (z->pack == IMAGE_PACK_NONE)
			return read_plain(z, dst, n);
		had_input = z->n_in > 0;
		if (!had_input && !z->in_member && z->pack != IMAGE_PACK_XZ)
			return 0; /* between members: a whole stream */
		size_t before = z->n_in;
		if (step(z, dst, n, &got, &end, e) < 0)
			return -e->num;
		z->in_member = !end;
		if (end && z->pack == IMAGE_PACK_XZ && got == 0)
			return 0;
		if (got == 0 && !end && z->input_ended && z->n_in == before)
			return damaged(z, "it ends too early", e);
	}
	z->total_out += got;
	if (z->total_out > RATIO_FREE && z->total_out / z->max_ratio > z->total_in)
		return err_set(e, ERR_CONFIG, EFBIG,
			"%llu bytes become more than %llu, as only a decompression bomb does",
			(unsigned long long)z->total_in, (unsigned long long)z->total_out);
	return (ssize_t)got;
}

static int start(struct inflate *z, struct err *e)
{
	if (z->pack == IMAGE_PACK_ZSTD) {
		z->zstd = ZSTD_createDStream();
		if (!z->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(z->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
			return err_oom(e, "zstd");
	}
	if (z->pack == IMAGE_PACK_XZ && lzma_stream_decoder(&z->xz, XZ_MEMORY, LZMA_CONCATENATED) != LZMA_OK)
		return err_oom(e, "xz");
	return 0;
}

int inflate_new(enum image_pack pack, inflate_input *input, void *ctx, struct inflate **ret, struct err *e)
{
	struct inflate *z = calloc(1, sizeof(*z));

	if (!z)
		return err_oom(e, "a decompressor");
	z->pack = pack;
	z->input = input;
	z->max_ratio = 400;
	z->ctx = ctx;
	z->in_member = true;
	if (pack == IMAGE_PACK_GZIP)
		z->in_member = false;
	if (start(z, e) < 0) {
		inflate_free(z);
		return -e->num;
	}
	*ret = z;
	return 0;
}

void inflate_ratio(struct inflate *z, uint64_t max)
{
	z->max_ratio = max;
}

void inflate_free(struct inflate *z)
{
	if (!z)
		return;
	ZSTD_freeDStream(z->zstd);
	if (z->pack == IMAGE_PACK_XZ)
		lzma_end(&z->xz);
	free(z);
}
