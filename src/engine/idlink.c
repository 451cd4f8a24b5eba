#include "engine/idlink.h"

#include <string.h>
#include <unistd.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex[] = "0123456789abcdef";

/* Three hex digits are two of base64; the 64th stands alone in the 43rd. */
static void encode(const char *id, char dst[static IDLINK_LEN + 1])
{
	for (size_t i = 0; i < CT_ID_LEN; i += 3) {
		unsigned v = 0;

		for (size_t k = 0; k < 3; k++) {
			const char *h = i + k < CT_ID_LEN ? strchr(hex, id[i + k]) : hex;

			v = v << 4 | (h ? (unsigned)(h - hex) : 0);
		}
		dst[i / 3 * 2] = digits[v >> 6];
		if (i + 1 < CT_ID_LEN)
			dst[i / 3 * 2 + 1] = digits[v & 63];
	}
	dst[IDLINK_LEN] = '\0';
}

static bool decode(const char *text, char ret_id[static CT_ID_LEN + 1])
{
	for (size_t i = 0; i < CT_ID_LEN; i += 3) {
		const char *a = strchr(digits, text[i / 3 * 2]);
		const char *b = i + 1 < CT_ID_LEN ? strchr(digits, text[i / 3 * 2 + 1]) : digits;

		if (!a || !b)
			return false;
		unsigned v = (unsigned)(a - digits) << 6 | (unsigned)(b - digits);
		ret_id[i] = hex[v >> 8];
		if (i + 1 < CT_ID_LEN) {
			ret_id[i + 1] = hex[v >> 4 & 15];
			ret_id[i + 2] = hex[v & 15];
		} else if (v & 0xff) {
			return false; /* more than an id */
		}
	}
	ret_id[CT_ID_LEN] = '\0';
	return true;
}

int idlink_make(int dirfd, const char *name, const char *id)
{
	char text[IDLINK_LEN + 1];

	encode(id, text);
	return symlinkat(text, dirfd, name);
}

bool idlink_read(int dirfd, const char *name, char ret_id[static CT_ID_LEN + 1])
{
	char text[IDLINK_LEN + 1];

	if (readlinkat(dirfd, name, text, sizeof(text)) != IDLINK_LEN)
		return false;
	text[IDLINK_LEN] = '\0';
	return strlen(text) == IDLINK_LEN && decode(text, ret_id);
}

bool idlink_is(int dirfd, const char *name, const char *id)
{
	char found[CT_ID_LEN + 1];

	return idlink_read(dirfd, name, found) && strcmp(found, id) == 0;
}
