/* BLAKE2b as in RFC 7693, for messages under 2^64 bytes. */
#include "base/blake2b.h"

#include <assert.h>
#include <string.h>

static const uint64_t iv[8] = {
	0x6a09e667f3bcc908,
	0xbb67ae8584caa73b,
	0x3c6ef372fe94f82b,
	0xa54ff53a5f1d36f1,
	0x510e527fade682d1,
	0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b,
	0x5be0cd19137e2179,
};

static const uint8_t sigma[12][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
};

static uint64_t load64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static inline uint64_t rotate(uint64_t v, unsigned n)
{
	return v >> n | v << (64 - n);
}

#define MIX(a, b, c, d, x, y) \
	do { \
		v[a] += v[b] + (x); \
		v[d] = rotate(v[d] ^ v[a], 32); \
		v[c] += v[d]; \
		v[b] = rotate(v[b] ^ v[c], 24); \
		v[a] += v[b] + (y); \
		v[d] = rotate(v[d] ^ v[a], 16); \
		v[c] += v[d]; \
		v[b] = rotate(v[b] ^ v[c], 63); \
	} while (0)

static void compress(struct blake2b *b, int last)
{
	uint64_t v[16], m[16] = { 0 };

	for (int i = 0; i < 16; i++)
		m[i] = load64(b->block + (size_t)8 * (size_t)i);
	for (int i = 0; i < 8; i++) {
		v[i] = b->h[i];
		v[i + 8] = iv[i];
	}
	v[12] ^= b->n_bytes;
	if (last)
		v[14] = ~v[14];
	for (int r = 0; r < 12; r++) {
		const uint8_t *s = sigma[r];

		MIX(0, 4, 8, 12, m[s[0]], m[s[1]]);
		MIX(1, 5, 9, 13, m[s[2]], m[s[3]]);
		MIX(2, 6, 10, 14, m[s[4]], m[s[5]]);
		MIX(3, 7, 11, 15, m[s[6]], m[s[7]]);
		MIX(0, 5, 10, 15, m[s[8]], m[s[9]]);
		MIX(1, 6, 11, 12, m[s[10]], m[s[11]]);
		MIX(2, 7, 8, 13, m[s[12]], m[s[13]]);
		MIX(3, 4, 9, 14, m[s[14]], m[s[15]]);
	}
	for (int i = 0; i < 8; i++)
		b->h[i] ^= v[i] ^ v[i + 8];
}

void blake2b_init(struct blake2b *b, size_t out_len)
{
	assert(out_len >= 1 && out_len <= 64);
	memset(b, 0, sizeof(*b));
	memcpy(b->h, iv, sizeof(iv));
	b->h[0] ^= 0x01010000 ^ out_len;
	b->out_len = out_len;
}

void blake2b_add(struct blake2b *b, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n > 0) {
		if (b->used == sizeof(b->block)) { /* only when more follows: the last block is marked */
			b->n_bytes += b->used;
			compress(b, 0);
			b->used = 0;
		}
		size_t room = sizeof(b->block) - b->used, take = n < room ? n : room;
		memcpy(b->block + b->used, p, take);
		b->used += take;
		p += take;
		n -= take;
	}
}

void blake2b_end(struct blake2b *b, uint8_t *ret)
{
	b->n_bytes += b->used;
	memset(b->block + b->used, 0, sizeof(b->block) - b->used);
	compress(b, 1);
	for (size_t i = 0; i < b->out_len; i++)
		ret[i] = (uint8_t)(b->h[i / 8] >> (i % 8 * 8));
}
