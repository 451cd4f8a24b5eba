/* Tars in pieces of all sizes through a recipe and back; recipes and layers that were changed. */
#include "fetch/recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/str.h"
#include "base/test.h"
#include "sys/io.h"
#include "sys/path.h"

enum { HEAD = 512, CONTENT = 5000, TAIL = 1144, ALL = HEAD + CONTENT + TAIL };

static char tar[ALL];

struct box {
	char dir[64];
	int layer, recipe;
};

static struct box box_new(void)
{
	struct box b = { .dir = "/tmp/tare-recipe-XXXXXX" };
	struct err e = ERR_NONE;

	for (size_t i = 0; i < ALL; i++)
		tar[i] = (char)(i * 7 + i / 256);
	assert_non_null(mkdtemp(b.dir));
	b.layer = open(b.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b.recipe = openat(b.layer, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	auto_fd int f = openat(b.layer, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(io_write_all(f, tar + HEAD, CONTENT, &e), 0);
	return b;
}

static void box_done(struct box *b)
{
	struct err e = ERR_NONE;
	auto_fd int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	fd_close(&b->layer);
	fd_close(&b->recipe);
	assert_int_equal(path_remove_tree(tmp, b->dir + 5, &e), 0);
}

/* The tar in chunks of @step bytes; the file is told when the chunk with the end of its header is there. */
static bool describe(struct box *b, size_t step, const char *path)
{
	auto_recipe struct recipe *r = NULL;
	struct err e = ERR_NONE;
	bool good = false, told = false;

	assert_int_equal(recipe_new(b->recipe, &r, &e), 0);
	for (size_t at = 0; at < ALL; at += step) {
		size_t n = ALL - at < step ? ALL - at : step;

		assert_int_equal(recipe_chunk(r, NULL, 0, &e), 0);
		assert_int_equal(recipe_chunk(r, tar + at, n, &e), 0);
		if (!told && at + n >= HEAD) {
			assert_int_equal(recipe_file(r, HEAD, CONTENT, path, &e), 0);
			told = true;
		}
	}
	assert_int_equal(recipe_finish(r, &good, &e), 0);
	return good;
}

static int make_again(struct box *b, char *dst, size_t size, size_t *ret, struct err *e)
{
	auto_retar struct retar *t = NULL;
	ssize_t n;

	*ret = 0;
	assert_int_equal(lseek(b->recipe, 0, SEEK_SET), 0);
	if (retar_new(b->recipe, b->layer, &t, e) < 0)
		return -e->num;
	while ((n = retar_read(t, dst + *ret, size - *ret < 777 ? size - *ret : 777, e)) > 0)
		*ret += (size_t)n;
	return (int)n;
}

TEST(the_same_bytes_come_again)
{
	static const size_t steps[] = { 1, 100, 511, 512, 513, 4096, ALL };
	char got[ALL + 1];
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		AUTO(box) struct box b = box_new();
		struct err e = ERR_NONE;
		struct stat st;

		assert_true(describe(&b, steps[i], "./file"));
		CHECK(make_again(&b, got, sizeof(got), &n, &e) == 0, "step %zu: %s", steps[i], e.msg);
		CHECK(n == ALL && memcmp(got, tar, ALL) == 0, "step %zu: %zu bytes", steps[i], n);
		assert_int_equal(fstat(b.recipe, &st), 0);
		CHECK(st.st_size < HEAD + TAIL + 200, "the content was kept twice: %lld bytes", (long long)st.st_size);
	}
}

TEST(a_reader_that_saw_other_bytes_makes_it_void)
{
	AUTO(box) struct box b = box_new();
	auto_recipe struct recipe *r = NULL;
	struct err e = ERR_NONE;
	bool good = true;

	assert_int_equal(recipe_new(b.recipe, &r, &e), 0);
	assert_int_equal(recipe_chunk(r, tar, ALL, &e), 0);
	assert_int_equal(recipe_file(r, HEAD, CONTENT, "file", &e), 0);
	recipe_confirm(r, HEAD, tar + HEAD + 1, 100);
	assert_int_equal(recipe_finish(r, &good, &e), 0);
	assert_false(good);
}

TEST(content_beyond_the_end_makes_it_void)
{
	AUTO(box) struct box b = box_new();
	auto_recipe struct recipe *r = NULL;
	struct err e = ERR_NONE;
	bool good = true;

	assert_int_equal(recipe_new(b.recipe, &r, &e), 0);
	assert_int_equal(recipe_chunk(r, tar, ALL, &e), 0);
	assert_int_equal(recipe_file(r, HEAD, ALL, "file", &e), 0);
	assert_int_equal(recipe_finish(r, &good, &e), 0);
	assert_false(good);
}

TEST(a_changed_layer_is_an_error)
{
	static const char *const what[] = { "gone", "cut", "a FIFO", "a link out" };
	char got[ALL + 1];
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(what); i++) {
		AUTO(box) struct box b = box_new();
		struct err e = ERR_NONE;

		assert_true(describe(&b, ALL, "file"));
		if (i == 1)
			fd_close(&(int){ openat(b.layer, "file", O_WRONLY | O_TRUNC | O_CLOEXEC) });
		else
			assert_int_equal(unlinkat(b.layer, "file", 0), 0);
		if (i == 2)
			assert_int_equal(mknodat(b.layer, "file", S_IFIFO | 0600, 0), 0);
		if (i == 3)
			assert_int_equal(symlinkat("/etc/passwd", b.layer, "file"), 0);
		CHECK(make_again(&b, got, sizeof(got), &n, &e) < 0, "%s", what[i]);
		CHECK(e.kind == ERR_CORRUPT, "%s: %s", what[i], e.msg);
	}
}

TEST(a_cut_recipe_is_an_error)
{
	char got[ALL + 1];
	size_t n;

	for (off_t size = 0; size < 200; size += 13) {
		AUTO(box) struct box b = box_new();
		struct err e = ERR_NONE;

		assert_true(describe(&b, 512, "file"));
		assert_int_equal(ftruncate(b.recipe, size), 0);
		CHECK(make_again(&b, got, sizeof(got), &n, &e) < 0, "%lld bytes", (long long)size);
		CHECK(e.kind == ERR_CORRUPT, "%s", e.msg);
	}
}

TEST_MAIN(T(the_same_bytes_come_again), T(a_reader_that_saw_other_bytes_makes_it_void),
	T(content_beyond_the_end_makes_it_void), T(a_changed_layer_is_an_error), T(a_cut_recipe_is_an_error))
