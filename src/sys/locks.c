/* Lines are "7: FLOCK  ADVISORY  WRITE 860 fe:00:1591737 0 EOF"; one that waits has "->" after the number. */
#include "sys/locks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "base/str.h"
#include "sys/io.h"

enum { LOCKS_MAX = 64 << 20 };

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Up to ':', where *text is afterwards. */
static bool parse_hex(const char **text, unsigned *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *c = *text, *d;

	for (*ret = 0; *c && (d = strchr(digits, *c)); c++)
		*ret = *ret << 4 | (unsigned)(d - digits);
	bool good = c > *text && *c == ':';
	*text = c + (*c == ':');
	return good;
}

/* "fe:00:1591737" */
static bool parse_place(const char *text, dev_t dev, uint64_t *ret)
{
	unsigned major, minor;

	return parse_hex(&text, &major) && parse_hex(&text, &minor) && makedev(major, minor) == dev &&
		parse_u64(text, UINT64_MAX, ret);
}

static bool parse_line(char *line, dev_t dev, uint64_t *ret)
{
	enum { KIND = 1, TYPE = 3, PLACE = 5 };
	char *save, *word = strtok_r(line, " ", &save);

	for (int i = 0; word; i++, word = strtok_r(NULL, " ", &save)) {
		if ((i == KIND && !str_eq(word, "FLOCK")) || (i == TYPE && !str_eq(word, "WRITE")))
			return false;
		if (i == PLACE)
			return parse_place(word, dev, ret);
	}
	return false;
}

int locks_parse(char *text, dev_t dev, uint64_t **ret, size_t *ret_n, struct err *e)
{
	size_t cap = 0;
	char *save;

	*ret = NULL;
	*ret_n = 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t inode;

		if (!parse_line(line, dev, &inode))
			continue;
		if (*ret_n == cap) {
			uint64_t *v = reallocarray(*ret, cap = cap ? 2 * cap : 64, sizeof(*v));

			if (!v)
				return err_oom(e, "the list of locks");
			*ret = v;
		}
		(*ret)[(*ret_n)++] = inode;
	}
	if (*ret_n)
		qsort(*ret, *ret_n, sizeof(**ret), by_number);
	return 0;
}

int locks_of(dev_t dev, uint64_t **ret, size_t *ret_n, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;

	*ret = NULL;
	*ret_n = 0;
	if (io_read_file_at(AT_FDCWD, "/proc/locks", LOCKS_MAX, &text, e) < 0)
		return -e->num;
	return text.data ? locks_parse(text.data, dev, ret, ret_n, e) : 0;
}
