/* What is written is read, and nothing else is taken for an id. */
#include "engine/idlink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/str.h"
#include "base/test.h"

static char where[] = "/tmp/tare-idlink.XXXXXX";

static int scratch(void)
{
	memcpy(where + sizeof(where) - 7, "XXXXXX", 6);
	CHECK(mkdtemp(where), "mkdtemp");
	int fd = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0, "%s", where);
	return fd;
}

static void clean(int dir)
{
	(void)unlinkat(dir, "x", 0); /* where a test leaves it */
	close(dir);
	CHECK(rmdir(where) == 0, "%s", where);
}

TEST(every_id_comes_back)
{
	int dir = scratch();
	char id[CT_ID_LEN + 1] = "", found[CT_ID_LEN + 1];

	for (int n = 0; n < 200; n++) {
		for (size_t i = 0; i < CT_ID_LEN; i++)
			id[i] = n == 0 ? '0' : n == 1 ? 'f' : "0123456789abcdef"[random() % 16];
		CHECK(idlink_make(dir, "x", id) == 0, "%s", strerror(errno));
		CHECK(idlink_read(dir, "x", found) && str_eq(found, id), "%s is %s", id, found);
		CHECK(idlink_is(dir, "x", id), "%s", id);
		id[random() % CT_ID_LEN] ^= 1; /* another hex digit, or none */
		CHECK(!idlink_is(dir, "x", id), "%s", id);
		CHECK(idlink_make(dir, "x", id) < 0 && errno == EEXIST, "made twice");
		CHECK(unlinkat(dir, "x", 0) == 0, "unlink");
	}
	clean(dir);
}

TEST(fits_into_the_inode)
{
	char text[128];
	int dir = scratch();
	char id[CT_ID_LEN + 1];

	memset(id, 'e', CT_ID_LEN);
	id[CT_ID_LEN] = '\0';
	CHECK(idlink_make(dir, "x", id) == 0, "%s", strerror(errno));
	CHECK(readlinkat(dir, "x", text, sizeof(text)) == IDLINK_LEN && IDLINK_LEN < 60, "length");
	clean(dir);
}

TEST(anything_else_is_none)
{
	static const char *const texts[] = { "a", "../x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/A" };
	char found[CT_ID_LEN + 1];
	int dir = scratch();

	CHECK(!idlink_read(dir, "x", found), "nothing");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CHECK(symlinkat(texts[i], dir, "x") == 0, "symlink");
		CHECK(!idlink_read(dir, "x", found), "%s is %s", texts[i], found);
		CHECK(unlinkat(dir, "x", 0) == 0, "unlink");
	}
	clean(dir);
}

TEST_MAIN(T(every_id_comes_back), T(fits_into_the_inode), T(anything_else_is_none))
