/* Streams made by the libraries themselves: whole, cut, joined, spoilt; and bombs. */
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <string.h>
#include <zstd.h>
#include "base/buf.h"
#include "base/test.h"
#include "fetch/inflate.h"

enum { PLAIN = 300000 };

static char plain[PLAIN];

struct feed {
	const char *data;
	size_t left, step;
	unsigned rounds; /* how often the data comes again */
	size_t size;
};

static ssize_t next(void *ctx, const void **ret, struct err *e)
{
	struct feed *f = ctx;

	if (f->left == 0 && f->rounds > 0) {
		f->rounds--;
		f->data -= f->size;
		f->left = f->size;
	}
	size_t n = f->left < f->step ? f->left : f->step;
	*ret = f->data;
	f->data += n;
	f->left -= n;
	return (ssize_t)n;
}

static size_t pack(enum image_pack how, const char *text, size_t n, char *dst, size_t size)
{
	struct isal_zstream z;
	size_t at = 0;

	if (how == IMAGE_PACK_ZSTD)
		return ZSTD_compress(dst, size, text, n, 1);
	if (how == IMAGE_PACK_XZ)
		return lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, (const uint8_t *)text, n, (uint8_t *)dst, &at,
			       size) == LZMA_OK
			? at
			: 0;
	isal_deflate_stateless_init(&z);
	z.gzip_flag = IGZIP_GZIP;
	z.end_of_stream = 1;
	z.next_in = (uint8_t *)(uintptr_t)text;
	z.avail_in = (uint32_t)n;
	z.next_out = (uint8_t *)dst;
	z.avail_out = (uint32_t)size;
	return isal_deflate_stateless(&z) == COMP_OK ? z.total_out : 0;
}

static int unpack(
	enum image_pack how, struct feed *f, size_t out_size, uint64_t max_ratio, struct buf *ret, struct err *e)
{
	auto_inflate struct inflate *z = NULL;
	char out[8192];
	ssize_t n;

	assert_int_equal(inflate_new(how, next, f, &z, e), 0);
	inflate_ratio(z, max_ratio);
	while ((n = inflate_read(z, out, out_size, e)) > 0)
		if (ret)
			buf_add(ret, out, (size_t)n);
	return (int)n;
}

static const enum image_pack packs[] = { IMAGE_PACK_GZIP, IMAGE_PACK_ZSTD, IMAGE_PACK_XZ };
static char packed[2 * PLAIN];

static void fill_plain(void)
{
	uint32_t x = 1;

	for (size_t i = 0; i < PLAIN; i++) {
		x = x * 1664525 + 1013904223;
		plain[i] = (char)('a' + (x >> 28));
	}
}

TEST(streams_come_out_as_they_went_in)
{
	static const size_t steps[] = { 1, 7, 4096, 1 << 20 };

	fill_plain();
	for (size_t p = 0; p < ARRAY_SIZE(packs); p++) {
		size_t n = pack(packs[p], plain, PLAIN, packed, sizeof(packed));
		enum image_pack found;
		struct err e = ERR_NONE;

		assert_int_equal(inflate_detect(packed, n, &found, &e), 0);
		assert_int_equal(found, packs[p]);
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
			AUTO(buf) struct buf out = BUF_INIT;
			struct feed f = { .data = packed, .left = n, .step = steps[i] };

			CHECK(unpack(packs[p], &f, 1000, 400, &out, &e) == 0, "%zu: %s", p, e.msg);
			CHECK(out.len == PLAIN && memcmp(out.data, plain, PLAIN) == 0, "pack %zu, step %zu", p,
				steps[i]);
		}
	}
}

TEST(joined_streams_are_one)
{
	fill_plain();
	for (size_t p = 0; p < ARRAY_SIZE(packs); p++) {
		size_t n = pack(packs[p], plain, 1000, packed, sizeof(packed));
		AUTO(buf) struct buf out = BUF_INIT;
		struct err e = ERR_NONE;

		memcpy(packed + n, packed, n);
		struct feed f = { .data = packed, .left = 2 * n, .step = 100 };
		CHECK(unpack(packs[p], &f, 500, 400, &out, &e) == 0, "%zu: %s", p, e.msg);
		assert_int_equal(out.len, 2000);
	}
}

TEST(cut_spoilt_and_followed_streams_are_errors)
{
	fill_plain();
	for (size_t p = 0; p < ARRAY_SIZE(packs); p++) {
		size_t n = pack(packs[p], plain, 5000, packed, sizeof(packed));

		for (size_t cut = 1; cut < n; cut += 1 + n / 50) {
			struct feed f = { .data = packed, .left = cut, .step = 64 };
			struct err e = ERR_NONE;

			CHECK(unpack(packs[p], &f, 1000, 400, NULL, &e) < 0, "pack %zu, %zu of %zu bytes", p, cut, n);
			CHECK(e.kind == ERR_CORRUPT, "%s", e.msg);
		}
		memcpy(packed + n, "garbage after the end", 21);
		struct feed f = { .data = packed, .left = n + 21, .step = 64 };
		struct err e = ERR_NONE;
		CHECK(unpack(packs[p], &f, 1000, 400, NULL, &e) < 0, "pack %zu with garbage behind it", p);
	}
	size_t n = pack(IMAGE_PACK_GZIP, plain, 5000, packed, sizeof(packed));
	struct feed f = { .data = packed, .left = n, .step = 64 };
	struct err e = ERR_NONE;
	packed[n / 2] ^= 0x10;
	CHECK(unpack(IMAGE_PACK_GZIP, &f, 1000, 400, NULL, &e) < 0, "a spoilt byte");
}

TEST(bombs_are_refused_at_the_ratio)
{
	static char zeros[1 << 20], small[1 << 16];

	for (size_t p = 0; p < 2; p++) { /* 300 members of a MiB of zeros */
		struct feed f = { .data = small, .step = sizeof(small), .rounds = 299 };
		struct err e = ERR_NONE;

		f.size = f.left = pack(packs[p], zeros, sizeof(zeros), small, sizeof(small));
		assert_true(f.size > 0 && f.size < sizeof(zeros) / 500);
		struct feed again = f;
		CHECK(unpack(packs[p], &f, 8192, 400, NULL, &e) < 0, "pack %zu", p);
		CHECK(strstr(e.msg, "bomb"), "%s", e.msg);
		err_clear(&e);
		CHECK(unpack(packs[p], &again, 8192, 1000000, NULL, &e) == 0, "%s", e.msg);
	}
}

TEST(other_compressors_are_named)
{
	enum image_pack found;
	struct err e = ERR_NONE;

	assert_true(inflate_detect("BZh91AY", 7, &found, &e) < 0);
	assert_non_null(strstr(e.msg, "bzip2"));
	err_clear(&e);
	assert_int_equal(inflate_detect("", 0, &found, &e), 0);
	assert_int_equal(found, IMAGE_PACK_NONE);
}

TEST_MAIN(T(streams_come_out_as_they_went_in), T(joined_streams_are_one), T(cut_spoilt_and_followed_streams_are_errors),
	T(bombs_are_refused_at_the_ratio), T(other_compressors_are_named))
