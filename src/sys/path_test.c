/* Paths that try to leave their root: absolute and relative symlinks, "..", magic links, dangling links, and creation
 * through all of them. Each test works in a directory of its own below a root that must stay untouched. */
#include "sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/test.h"
#include "sys/io.h"

struct tree {
	char dir[64];
	int top; /* what must not be reached: holds "root" and "secret" */
	int root; /* what paths are resolved in */
};

static void tree_done(struct tree *t)
{
	struct err e = ERR_NONE;
	auto_fd int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	fd_close(&t->root);
	fd_close(&t->top);
	if (path_remove_tree(tmp, strrchr(t->dir, '/') + 1, &e) < 0)
		print_error("%s\n", e.msg);
}

static struct tree tree_new(void)
{
	struct tree t = { .dir = "/tmp/tare-path-XXXXXX" };

	assert_non_null(mkdtemp(t.dir));
	t.top = open(t.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(t.top, "root", 0755), 0);
	t.root = openat(t.top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd_close(&(int){ openat(t.top, "secret", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) });
	assert_int_equal(mkdirat(t.root, "etc", 0755), 0);
	fd_close(&(int){ openat(t.root, "etc/ok", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) });
	assert_int_equal(symlinkat("/etc/ok", t.root, "absolute"), 0);
	assert_int_equal(symlinkat("../../../../etc/ok", t.root, "up"), 0);
	assert_int_equal(symlinkat("/proc/self/root/etc/passwd", t.root, "magic"), 0);
	assert_int_equal(symlinkat("loop", t.root, "loop"), 0);
	assert_int_equal(symlinkat("/new/../made/here", t.root, "dangling"), 0);
	assert_int_equal(symlinkat("../../../made-above", t.root, "dangling-up"), 0);
	return t;
}

static bool same_file(int fd, int dir, const char *name)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev &&
		a.st_ino == b.st_ino;
}

TEST(open_in_stays_inside)
{
	AUTO(tree) struct tree t = tree_new();
	static const char *const paths[] = { "etc/ok", "/etc/ok", "absolute", "up", "etc/../../../etc/ok" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct err e = ERR_NONE;
		auto_fd int fd = path_open_in(t.root, paths[i], O_RDONLY, &e);

		CHECK(fd >= 0, "%s: %s", paths[i], e.msg);
		CHECK(same_file(fd, t.root, "etc/ok"), "%s led elsewhere", paths[i]);
	}
}

TEST(open_in_refuses_what_leads_out)
{
	AUTO(tree) struct tree t = tree_new();
	static const struct {
		const char *path;
		int num;
	} cases[] = { { "../secret", ENOENT }, { "/secret", ENOENT }, { "loop", ELOOP }, { "absent", ENOENT },
		{ "etc/ok/below", ENOTDIR } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = ERR_NONE;
		auto_fd int fd = path_open_in(t.root, cases[i].path, O_RDONLY, &e);

		CHECK(fd == -cases[i].num, "%s: %d", cases[i].path, fd);
		CHECK(e.num == cases[i].num, "%s: %s", cases[i].path, e.msg);
	}
}

TEST(magic_links_are_refused)
{
	struct err e = ERR_NONE;
	auto_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int fd = path_open_in(proc, "self/root", O_PATH, &e);

	CHECK(fd == -ELOOP, "%d", fd);
}

TEST(open_below_refuses_to_leave)
{
	AUTO(tree) struct tree t = tree_new();
	static const char *const paths[] = { "..", "../secret", "/etc/ok", "absolute", "up" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct err e = ERR_NONE;
		auto_fd int fd = path_open_below(t.root, paths[i], O_PATH, &e);

		CHECK(fd == -EXDEV, "%s: %d", paths[i], fd);
	}
}

TEST(mkdir_in_makes_what_is_missing_inside)
{
	AUTO(tree) struct tree t = tree_new();
	static const struct {
		const char *path, *made;
	} cases[] = { { "a/b/c", "a/b/c" }, { "/d", "d" }, { "../../e/f", "e/f" }, { "dangling/x", "made/here/x" },
		{ "dangling-up", "made-above" }, { "a/./b//c/../g", "a/b/g" }, { "etc", "etc" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = ERR_NONE;
		auto_fd int fd = path_mkdir_in(t.root, cases[i].path, 0755, &e);

		CHECK(fd >= 0, "%s: %s", cases[i].path, e.msg);
		CHECK(same_file(fd, t.root, cases[i].made), "%s is not %s", cases[i].path, cases[i].made);
	}
	CHECK(faccessat(t.top, "made-above", F_OK, AT_SYMLINK_NOFOLLOW) < 0, "made above the root");
}

TEST(create_in_follows_dangling_links_inside)
{
	AUTO(tree) struct tree t = tree_new();
	static const struct {
		const char *path, *made;
	} cases[] = { { "x/y/file", "x/y/file" }, { "dangling", "made/here" }, { "dangling-up", "made-above" },
		{ "absolute", "etc/ok" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = ERR_NONE;
		auto_fd int fd = path_create_in(t.root, cases[i].path, 0644, &e);

		CHECK(fd >= 0, "%s: %s", cases[i].path, e.msg);
		CHECK(same_file(fd, t.root, cases[i].made), "%s is not %s", cases[i].path, cases[i].made);
	}
	CHECK(faccessat(t.top, "made-above", F_OK, AT_SYMLINK_NOFOLLOW) < 0, "made above the root");
}

TEST(create_in_refuses_loops_and_names_that_are_none)
{
	AUTO(tree) struct tree t = tree_new();
	static const char *const paths[] = { "loop", "etc/..", "." };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct err e = ERR_NONE;
		char name[NAME_MAX + 1];
		auto_fd int fd = i == 0 ? path_create_in(t.root, paths[i], 0644, &e)
					: path_parent_in(t.root, paths[i], name, &e);

		CHECK(fd < 0 && e.num, "%s was taken", paths[i]);
	}
}

TEST(remove_tree_does_not_follow_links)
{
	AUTO(tree) struct tree t = tree_new();
	struct err e = ERR_NONE;

	assert_int_equal(mkdirat(t.top, "kept", 0755), 0);
	fd_close(&(int){ openat(t.top, "kept/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) });
	assert_int_equal(mkdirat(t.root, "gone", 0755), 0);
	assert_int_equal(symlinkat("../../kept", t.root, "gone/link"), 0);
	CHECK(path_remove_tree(t.root, "gone", &e) == 0, "%s", e.msg);
	CHECK(faccessat(t.root, "gone", F_OK, AT_SYMLINK_NOFOLLOW) < 0, "still there");
	CHECK(faccessat(t.top, "kept/file", F_OK, AT_SYMLINK_NOFOLLOW) == 0, "a symlink was followed");
	CHECK(path_remove_tree(t.root, "gone", &e) == 0, "an absent one is fine");
}

TEST_MAIN(T(open_in_stays_inside), T(open_in_refuses_what_leads_out), T(magic_links_are_refused),
	T(open_below_refuses_to_leave), T(mkdir_in_makes_what_is_missing_inside),
	T(create_in_follows_dangling_links_inside), T(create_in_refuses_loops_and_names_that_are_none),
	T(remove_tree_does_not_follow_links))
