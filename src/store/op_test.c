/* Operations on a store in /tmp: publishing, leftovers, names, and what is known of layers. */
#include "store/op.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "base/test.h"
#include "store/layout.h"
#include "sys/path.h"

#define DIGEST(c) "sha256:" c c c c c c c c c c c c c c c c
#define A DIGEST("aaaa")
#define B DIGEST("bbbb")

struct box {
	char dir[64];
	int fd;
	struct store s;
};

static struct box box_new(void)
{
	struct box b = { .dir = "/tmp/tare-store-XXXXXX" };
	struct err e = ERR_NONE;

	assert_non_null(mkdtemp(b.dir));
	b.fd = open(b.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(store_open(b.fd, &b.s, &e), 0);
	return b;
}

static void box_done(struct box *b)
{
	struct err e = ERR_NONE;
	auto_fd int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	fd_close(&b->fd);
	assert_int_equal(path_remove_tree(tmp, b->dir + 5, &e), 0);
}

static size_t n_entries(int fd, const char *path)
{
	struct stat st;

	return fstatat(fd, path, &st, 0) == 0 ? (size_t)st.st_nlink - 2 : 99; /* of directories */
}

/* An image @id with one layer, by blob or by recipe. */
static int publish(struct box *b, const char *id, const char *layer, bool recipe, struct err *e)
{
	struct store_op op = STORE_OP_NONE;
	struct store_layer l = { .diff_id = (char *)(uintptr_t)layer, .blob = (char *)(uintptr_t)layer, .size = 7 };
	struct store_image image = { .arena = ARENA_INIT, .id = (char *)(uintptr_t)id, .layers = &l, .n_layers = 1 };

	assert_int_equal(store_op_begin(b->fd, &op, e), 0);
	fd_close(&(int){ store_op_dir(&op, "layer-0", e) });
	fd_close(&(int){ store_op_file(&op, "archive", e) });
	int r = store_op_layer(&op, "layer-0", layer, e);
	if (r == 0)
		r = recipe ? store_op_recipe(&op, "archive", layer, e) : store_op_blob(&op, "archive", layer, e);
	if (r == 0)
		r = store_op_image(&op, &image, e);
	store_op_done(&op);
	return r;
}

TEST(an_image_is_found_by_name_and_id)
{
	AUTO(box) struct box b = box_new();
	struct store_image image = STORE_IMAGE_INIT;
	struct err e = ERR_NONE;
	bool found;

	CHECK(publish(&b, A, B, true, &e) == 0, "%s", e.msg);
	assert_int_equal(store_tag(b.fd, "docker.io/library/x:latest", A, &e), 0);
	static const char *const names[] = { "x", "x:latest", "docker.io/x", A, "aaaa" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK(store_image_find(&b.s, names[i], &image, &found, &e) == 0 && found, "%s: %s", names[i], e.msg);
		assert_string_equal(image.id, A);
		store_image_done(&image);
	}
	assert_int_equal(store_image_find(&b.s, "y", &image, &found, &e), 0);
	assert_false(found);
	assert_int_equal(store_untag(b.fd, "docker.io/library/x:latest", &found, &e), 0);
	assert_true(found);
	assert_int_equal(store_image_find(&b.s, "x", &image, &found, &e), 0);
	assert_false(found);
	assert_int_equal(n_entries(b.fd, STORE_TMP), 0);
}

TEST(what_an_operation_did_not_publish_goes)
{
	AUTO(box) struct box b = box_new();
	struct store_op op = STORE_OP_NONE;
	struct err e = ERR_NONE;

	assert_int_equal(store_op_begin(b.fd, &op, &e), 0);
	fd_close(&(int){ store_op_dir(&op, "layer-0", &e) });
	assert_int_equal(n_entries(b.fd, STORE_TMP), 1);
	store_op_done(&op);
	assert_int_equal(n_entries(b.fd, STORE_TMP), 0);
}

TEST(leftovers_are_swept_and_those_at_work_are_not)
{
	AUTO(box) struct box b = box_new();
	struct store_op one = STORE_OP_NONE, two = STORE_OP_NONE;
	struct err e = ERR_NONE;

	assert_int_equal(store_op_begin(b.fd, &one, &e), 0);
	assert_int_equal(mkdirat(b.fd, "tmp/999.0", 0700), 0); /* nobody's */
	assert_int_equal(mkdirat(b.fd, "tmp/999.0/layer-0", 0700), 0);
	assert_int_equal(store_op_begin(b.fd, &two, &e), 0);
	assert_int_equal(n_entries(b.fd, STORE_TMP), 2);
	assert_int_equal(faccessat(b.fd, "tmp/999.0", F_OK, 0), -1);
	store_op_done(&one);
	store_op_done(&two);
}

TEST(an_image_whose_archive_is_gone_is_not_published)
{
	AUTO(box) struct box b = box_new();
	struct store_op op = STORE_OP_NONE;
	struct store_layer l = { .diff_id = (char *)(uintptr_t)B, .blob = (char *)(uintptr_t)B };
	struct store_image image = { .arena = ARENA_INIT, .id = (char *)(uintptr_t)A, .layers = &l, .n_layers = 1 };
	struct err e = ERR_NONE;

	assert_int_equal(store_op_begin(b.fd, &op, &e), 0);
	assert_true(store_op_image(&op, &image, &e) < 0);
	assert_int_equal(e.kind, ERR_CONFLICT);
	err_clear(&e);
	fd_close(&(int){ store_op_dir(&op, "layer-0", &e) });
	assert_int_equal(store_op_layer(&op, "layer-0", B, &e), 0);
	assert_true(store_op_image(&op, &image, &e) < 0); /* neither blob nor recipe */
	store_op_done(&op);
}

TEST(layers_are_known_by_blob_and_by_recipe)
{
	for (int recipe = 0; recipe < 2; recipe++) {
		AUTO(box) struct box b = box_new();
		struct store_layer l = { .diff_id = (char *)(uintptr_t)B };
		struct arena arena = ARENA_INIT;
		struct err e = ERR_NONE;
		bool known = false;

		assert_int_equal(publish(&b, A, B, recipe, &e), 0);
		assert_int_equal(store_layers_known(&b.s, &l, 1, &known, &arena, &e), 0);
		assert_true(known);
		assert_string_equal(l.blob, B);
		assert_int_equal(l.size, 7);
		arena_done(&arena);
	}
}

/* @fd and all below it: directories stay, and what they point to. */
static void no_files(int fd, const char *path)
{
	struct stat st;
	auto_fd int below = openat(fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	assert_true(below >= 0);
	for (unsigned i = 0; i < 50; i++) {
		char name[16];

		fmt_to(name, sizeof(name), "%u", i);
		CHECK(fstatat(below, name, &st, AT_SYMLINK_NOFOLLOW) < 0, "%s/%s is there", path, name);
	}
}

TEST(a_large_tree_goes_by_shares)
{
	static const char *const dirs[] = { "d", "d/e", "d/e/f" };
	struct box b = box_new();
	struct store_op op = STORE_OP_NONE;
	struct err e = ERR_NONE;
	char path[32];

	assert_int_equal(mkdirat(b.fd, "outside", 0700), 0);
	assert_int_equal(close(openat(b.fd, "outside/kept", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	assert_int_equal(store_op_begin(b.fd, &op, &e), 0);
	for (size_t k = 0; k < ARRAY_SIZE(dirs); k++) {
		assert_int_equal(mkdirat(op.dir_fd, dirs[k], 0700), 0);
		for (unsigned i = 0; i < 50; i++) {
			fmt_to(path, sizeof(path), "%s/%u", dirs[k], i);
			if (i % 5 == 0) {
				assert_int_equal(symlinkat(i % 2 ? "../../../outside" : "no such", op.dir_fd, path), 0);
				continue;
			}
			auto_fd int fd = openat(op.dir_fd, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
			assert_true(fd >= 0);
		}
	}
	store_op_empty(&op);
	for (size_t k = 0; k < ARRAY_SIZE(dirs); k++)
		no_files(op.dir_fd, dirs[k]);
	assert_int_equal(faccessat(b.fd, "outside/kept", F_OK, 0), 0);
	store_op_done(&op);
	assert_int_equal(n_entries(b.fd, "tmp"), 0);
	box_done(&b);
}

TEST_MAIN(T(an_image_is_found_by_name_and_id), T(what_an_operation_did_not_publish_goes),
	T(leftovers_are_swept_and_those_at_work_are_not), T(an_image_whose_archive_is_gone_is_not_published),
	T(layers_are_known_by_blob_and_by_recipe), T(a_large_tree_goes_by_shares))
