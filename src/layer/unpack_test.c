/* Entries in orders that archives come in, and those that they should not: what is on the disk afterwards. */
#include "layer/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/str.h"
#include "base/fmt.h"
#include "base/test.h"
#include "sys/path.h"

struct box {
	char dir[64];
	int fd;
	struct unpack *u;
	struct layer_limits limits;
	struct layer_usage usage;
};

static void box_init(struct box *b)
{
	struct err e = ERR_NONE;

	*b = (struct box){ .dir = "/tmp/tare-unpack-XXXXXX", .limits = LAYER_LIMITS_DEFAULT };
	assert_non_null(mkdtemp(b->dir));
	b->fd = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct unpack_how how = {
		.limits = &b->limits, .usage = &b->usage, .user_xattr = true, .no_devices = true, .squash_ids = true
	};
	assert_int_equal(unpack_new(b->fd, &how, &b->u, &e), 0);
}

static void box_done(struct box *b)
{
	struct err e = ERR_NONE;
	auto_fd int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	unpack_free(b->u);
	fd_close(&b->fd);
	assert_int_equal(path_remove_tree(tmp, b->dir + 5, &e), 0);
}

static int put(struct box *b, const char *path, mode_t mode, const char *text, struct err *e)
{
	struct layer_entry entry = { .path = path,
		.mode = mode,
		.size = S_ISREG(mode) && text ? strlen(text) : 0,
		.link = S_ISLNK(mode) ? text : NULL };
	bool wants;

	if (unpack_entry(b->u, &entry, &wants, e) < 0)
		return -e->num;
	return wants && text ? unpack_data(b->u, 0, text, strlen(text), e) : 0;
}

static int put_link(struct box *b, const char *path, const char *to, struct err *e)
{
	struct layer_entry entry = { .path = path, .mode = S_IFREG | 0644, .link = to, .hardlink = true };
	bool wants;

	return unpack_entry(b->u, &entry, &wants, e);
}

static void end(struct box *b)
{
	struct err e = ERR_NONE;
	uint64_t size;

	CHECK(unpack_finish(b->u, &size, &e) == 0, "%s", e.msg);
}

static bool is_whiteout(const struct box *b, const char *path)
{
	struct stat st;

	return fstatat(b->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

static bool is_opaque(const struct box *b, const char *path)
{
	auto_fd int fd = openat(b->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char value;

	return fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static bool holds(const struct box *b, const char *path, const char *text)
{
	auto_fd int fd = openat(b->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char got[64];
	ssize_t n = read(fd, got, sizeof(got));

	return n == (ssize_t)strlen(text) && memcmp(got, text, (size_t)n) == 0;
}

TEST(whiteouts_hide_what_is_below_only)
{
	struct box b;
	struct err e = ERR_NONE;

	box_init(&b);
	assert_int_equal(put(&b, "d/.wh.gone", S_IFREG, NULL, &e), 0);
	assert_int_equal(put(&b, "d/here", S_IFREG | 0644, "new", &e), 0);
	assert_int_equal(put(&b, "d/.wh.here", S_IFREG, NULL, &e), 0); /* comes with the file: the file stays */
	assert_int_equal(put(&b, "o/f", S_IFREG | 0644, "f", &e), 0);
	assert_int_equal(put(&b, "o/.wh..wh..opq", S_IFREG, NULL, &e), 0);
	assert_int_equal(put(&b, "again/f", S_IFREG | 0644, "f", &e), 0);
	assert_int_equal(put(&b, ".wh.again", S_IFREG, NULL, &e), 0); /* a directory: deleted and made anew */
	assert_int_equal(put(&b, ".wh.anew", S_IFREG, NULL, &e), 0);
	assert_int_equal(put(&b, "anew", S_IFDIR | 0755, NULL, &e), 0);
	assert_int_equal(put(&b, "d/.wh..wh.plnk", S_IFREG, NULL, &e), 0); /* aufs' own */
	end(&b);
	assert_true(is_whiteout(&b, "d/gone"));
	assert_true(holds(&b, "d/here", "new"));
	assert_true(is_opaque(&b, "o") && holds(&b, "o/f", "f"));
	assert_true(is_opaque(&b, "again") && holds(&b, "again/f", "f"));
	assert_true(is_opaque(&b, "anew"));
	assert_int_equal(faccessat(b.fd, "d/.wh..wh.plnk", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	box_done(&b);
}

TEST(the_last_of_a_name_stays_and_is_told)
{
	struct box b;
	struct err e = ERR_NONE;

	box_init(&b);
	assert_int_equal(put(&b, "f", S_IFREG | 0644, "one", &e), 0);
	assert_false(unpack_replaced(b.u));
	assert_int_equal(put(&b, "./f", S_IFREG | 0644, "two", &e), 0);
	assert_true(unpack_replaced(b.u));
	assert_int_equal(put(&b, "d/f", S_IFREG | 0644, "x", &e), 0);
	assert_int_equal(put(&b, "d", S_IFLNK | 0777, "/etc", &e), 0);
	assert_int_equal(put(&b, "d/inside", S_IFREG | 0644, "y", &e), 0);
	end(&b);
	assert_true(holds(&b, "f", "two"));
	assert_true(holds(&b, "etc/inside", "y")); /* the layer's own /etc */
	box_done(&b);
}

TEST(hard_links_stay_in_the_layer)
{
	static const char *const bad[] = { "/etc/passwd", "../f", "none", "link/f", "dir", ".", "" };
	struct box b;
	struct stat st;

	box_init(&b);
	struct err e = ERR_NONE;
	assert_int_equal(put(&b, "f", S_IFREG | 0644, "one", &e), 0);
	assert_int_equal(put(&b, "dir/f", S_IFREG | 0644, "two", &e), 0);
	assert_int_equal(put(&b, "link", S_IFLNK | 0777, "dir", &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(put_link(&b, "h", bad[i], &e) < 0, "a hard link to %s", bad[i]);
		err_clear(&e);
	}
	assert_int_equal(put_link(&b, "h", "./f", &e), 0);
	assert_int_equal(put_link(&b, "f", "f", &e), 0); /* to itself */
	end(&b);
	assert_int_equal(fstatat(b.fd, "h", &st, 0), 0);
	assert_int_equal(st.st_nlink, 2);
	box_done(&b);
}

TEST(limits_count_over_the_image)
{
	static const struct {
		struct layer_limits max;
		const char *first, *second; /* contents of two files */
		const char *words;
	} cases[] = {
		{ { 10, 9, 9 }, "12345678", "123", "larger than" },
		{ { 10, 9, 1 }, "", "", "more than 1 empty files" },
		{ { 10, 1, 9 }, "a", "b", "more than 1 files" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = ERR_NONE;
		struct box b;

		box_init(&b);
		b.limits = cases[i].max;
		CHECK(put(&b, "a", S_IFREG | 0644, cases[i].first, &e) == 0, "%s", e.msg);
		CHECK(put(&b, "b", S_IFREG | 0644, cases[i].second, &e) < 0, "%s", cases[i].words);
		CHECK(strstr(e.msg, cases[i].words), "%s", e.msg);
		box_done(&b);
	}
}

/* What a large image of many packages has: an empty file for each few with content. */
TEST(an_empty_file_for_each_full_one_is_no_bomb)
{
	struct err e = ERR_NONE;
	char name[16];
	struct box b;

	box_init(&b);
	b.limits = (struct layer_limits){ 1000, 1000, 1 };
	for (unsigned i = 0; i < 20; i++) {
		fmt_to(name, sizeof(name), "%u", i);
		CHECK(put(&b, name, S_IFREG | 0644, i & 1 ? "" : "x", &e) == 0, "%s", e.msg);
	}
	CHECK(put(&b, "more", S_IFREG | 0644, "", &e) == 0, "%s", e.msg);
	CHECK(put(&b, "most", S_IFREG | 0644, "", &e) < 0, "taken");
	box_done(&b);
}

TEST(names_that_are_none_are_refused)
{
	static const char *const bad[] = { "../x", "a/../b", "/..", "d/.wh.", "d/.wh..", "d/.wh...", "", "." };
	struct box b;

	box_init(&b);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_NONE;

		CHECK(put(&b, bad[i], S_IFREG | 0644, "x", &e) < 0, "%s was taken", bad[i]);
	}
	box_done(&b);
}

TEST_MAIN(T(whiteouts_hide_what_is_below_only), T(the_last_of_a_name_stays_and_is_told),
	T(hard_links_stay_in_the_layer), T(limits_count_over_the_image), T(an_empty_file_for_each_full_one_is_no_bomb),
	T(names_that_are_none_are_refused))
