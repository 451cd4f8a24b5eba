#include "cmdline/utf8.h"

#include "base/cleanup.h"

enum { REPLACEMENT = 0xfffd };

static uint32_t decode(const unsigned char *s, size_t *ret_len)
{
	size_t n = s[0] < 0x80		      ? 1
		: s[0] >= 0xc2 && s[0] < 0xe0 ? 2
		: s[0] >= 0xe0 && s[0] < 0xf0 ? 3
		: s[0] >= 0xf0 && s[0] < 0xf5 ? 4
					      : 0;
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t cp;

	*ret_len = 1;
	if (!n)
		return REPLACEMENT;
	cp = s[0] & mask[n];
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	if (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return REPLACEMENT;
	*ret_len = n;
	return cp;
}

uint32_t utf8_next(const char **s)
{
	size_t n;
	uint32_t cp;

	if (!**s)
		return 0;
	cp = decode((const unsigned char *)*s, &n);
	*s += n;
	return cp;
}

bool utf8_valid(const char *s)
{
	while (*s) {
		size_t n;
		uint32_t cp = decode((const unsigned char *)s, &n);

		if (cp == REPLACEMENT && n == 1)
			return false;
		s += n;
	}
	return true;
}

struct range {
	uint32_t first, last;
};

static bool among(const struct range *r, size_t n, uint32_t cp)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= r[i].first && cp <= r[i].last)
			return true;
	return false;
}

/* Unicode 15: the blocks that hold nothing but marks and format characters, and those of
 * East_Asian_Width W and F. */
static size_t width(uint32_t cp)
{
	static const struct range none[] = { { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd },
		{ 0x064b, 0x065f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f }, { 0x202a, 0x202e },
		{ 0x2060, 0x2064 }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
		{ 0xe0100, 0xe01ef } };
	static const struct range wide[] = { { 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x23e9, 0x23ec },
		{ 0x2614, 0x2615 }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf }, { 0x4e00, 0x9fff },
		{ 0xa000, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
		{ 0x20000, 0x3fffd } };

	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		return 0;
	if (cp < 0x300)
		return 1;
	if (among(none, ARRAY_SIZE(none), cp))
		return 0;
	return among(wide, ARRAY_SIZE(wide), cp) ? 2 : 1;
}

size_t utf8_columns(const char *s)
{
	size_t n = 0;

	while (*s)
		n += width(utf8_next(&s));
	return n;
}

size_t utf8_prefix(const char *s, size_t columns)
{
	const char *at = s;

	while (*at) {
		const char *next = at;
		size_t w = width(utf8_next(&next));

		if (w > columns)
			break;
		columns -= w;
		at = next;
	}
	return (size_t)(at - s);
}
