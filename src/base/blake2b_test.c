#include "base/blake2b.h"

#include <string.h>
#include "base/test.h"

static void digest(const void *data, size_t n, size_t step, size_t out_len, char hex[129])
{
	struct blake2b b;
	uint8_t out[64];

	blake2b_init(&b, out_len);
	for (size_t i = 0; i < n; i += step)
		blake2b_add(&b, (const char *)data + i, n - i < step ? n - i : step);
	blake2b_end(&b, out);
	for (size_t i = 0; i < out_len; i++)
		snprintf(hex + 2 * i, 3, "%02x", out[i]);
}

TEST(blake2b_known_answers)
{
	static char ramp[257];
	static const struct {
		const char *data;
		size_t n, out_len;
		const char *hex;
	} cases[] = {
		{ "abc", 3, 64,
			"ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392a"
			"ab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923" },
		{ "", 0, 64,
			"786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031af"
			"ee585313896444934eb04b903a685b1448b755d56f701afe9be2ce" },
		{ "abc", 3, 16, "cf4ab791c62b8d2b2109c90275287816" },
		{ NULL, 127, 16, "28b1296c7d4807883de6ee4ec04dcc0a" },
		{ NULL, 128, 16, "a74787004ef589e31149183900d0294a" },
		{ NULL, 129, 32, "f7f3c46ba2564ff4c4c162da1f5b605f9f1c4aa6a20652a9f9a337c1a2f5b9c9" },
		{ NULL, 256, 16, "c2472c0ac37a8dbdb25f05ada0d82643" },
		{ NULL, 257, 64,
			"d8bfe068de0b4f9fa876a3f8024eb9f7b0029fd5dcf251199e065cee89e1a282c8dbf0442f"
			"2ade7294ac1c6be19b388dc990c34d8cb79f5f10c54fa813834fda" },
	};

	for (size_t i = 0; i < sizeof(ramp); i++)
		ramp[i] = (char)i;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (size_t step = 1; step < 300; step += 31) {
			char hex[129];

			digest(cases[i].data ? cases[i].data : ramp, cases[i].n, step, cases[i].out_len, hex);
			CHECK(strcmp(hex, cases[i].hex) == 0, "case %zu in steps of %zu: %s", i, step, hex);
		}
}

TEST_MAIN(T(blake2b_known_answers))
