#include "rdt/rdt.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "base/str.h"
#include "base/test.h"
#include "sys/path.h"

/* Few machines have resctrl: a plain directory with its files stands in for it. */
static char dir_name[] = "/tmp/tare-rdt-XXXXXX";

static void put(int dir, const char *name, const char *text)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", name);
}

static const char *get(int dir, const char *name)
{
	static char text[256];
	auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void add_group(int root, const char *name)
{
	if (strcmp(name, ".") != 0)
		CHECK(mkdirat(root, name, 0755) == 0, "%s", name);
	auto_fd int g = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(g, "schemata", "    MB:0= 20;1= 70\n    L3:0=07f0;1=001f\n");
	put(g, "tasks", "");
	CHECK(mkdirat(g, "mon_groups", 0755) == 0, "mon_groups");
}

static int fake_root(void)
{
	CHECK(mkdtemp(dir_name), "mkdtemp");
	int root = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(root, "info", 0755) == 0, "info");
	put(root, "info/last_cmd_status", "mask f0f has non-consecutive 1-bits\n");
	add_group(root, ".");
	add_group(root, "gold");
	return root;
}

static void drop_root(void)
{
	struct err e = ERR_NONE;
	auto_fd int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(path_remove_tree(tmp, strrchr(dir_name, '/') + 1, &e) == 0, "%s", e.msg);
	memcpy(strrchr(dir_name, '-') + 1, "XXXXXX", 6);
}

static bool exists(int root, const char *path)
{
	return faccessat(root, path, F_OK, 0) == 0;
}

TEST(a_class_that_exists_must_agree)
{
	static const struct {
		const char *l3, *mb;
		int r;
	} rows[] = {
		{ NULL, NULL, 0 },
		{ "L3:0=7f0;1=1f", "MB:0=20;1=70", 0 },
		{ "L3:1=1F;0=07f0", NULL, 0 },
		{ "L3:1=1f", NULL, 0 },
		{ "L3:1=f", NULL, -EEXIST },
		{ NULL, "MB:0=30", -EEXIST },
		{ NULL, "MB:7=20", -EEXIST },
		{ "L2:0=f", NULL, -EEXIST },
		{ "nonsense", NULL, -EEXIST },
		{ NULL, "20", -EINVAL },
		{ "L3:0=1\nMB:0=1", NULL, -EINVAL },
	};
	auto_fd int root = fake_root();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = ERR_NONE;
		struct rc_intel_rdt c = {
			.clos_id = "gold", .l3_cache_schema = (char *)rows[i].l3, .mem_bw_schema = (char *)rows[i].mb
		};
		struct rdt_made made;
		auto_fd int gold = openat(root, "gold", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		put(gold, "schemata", "    MB:0= 20;1= 70\n    L3:0=07f0;1=001f\n");
		int r = rdt_create(root, &c, "web", &made, &e);
		CHECK(r == rows[i].r, "row %zu: %d %s", i, r, e.msg);
		CHECK(r < 0 || made.path[0] == '\0', "row %zu: nothing was made", i);
		CHECK(exists(root, "gold"), "it stays");
	}
	drop_root();
}

TEST(what_is_written_and_where)
{
	struct err e = ERR_NONE;
	auto_fd int root = fake_root();
	struct rdt_made made;
	char *lines[] = { "L2:0=f", "MB:0=40", NULL };
	struct rc_intel_rdt c = {
		.clos_id = "gold", .l3_cache_schema = "L3:0=7f0", .schemata = { lines, 2 }, .enable_monitoring = true
	};

	CHECK(rdt_create(root, &c, "web", &made, &e) == 0, "%s", e.msg);
	CHECK(str_eq(get(root, "gold/schemata"), "L3:0=7f0\nL2:0=f\nMB:0=40\n"), "%s", get(root, "gold/schemata"));
	CHECK(str_eq(made.path, "gold/mon_groups/web") && exists(root, made.path), "%s", made.path);
	auto_fd int mon = openat(root, made.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(mon, "tasks", "");
	CHECK(rdt_add_pid(root, &c, "web", 4711, &e) == 0, "%s", e.msg);
	CHECK(str_eq(get(root, "gold/tasks"), "4711") && str_eq(get(mon, "tasks"), "4711"), "tasks");
	unlinkat(mon, "tasks", 0); /* resctrl removes them with the directory */
	CHECK(rdt_remove(root, made.path, &e) == 0 && !exists(root, "gold/mon_groups/web"), "%s", e.msg);
	CHECK(rdt_remove(root, made.path, &e) == 0 && rdt_remove(root, "", &e) == 0, "%s", e.msg);
	struct rc_intel_rdt up = { .clos_id = "gold", .mem_bw_schema = "MB:0=50" };
	CHECK(rdt_update(root, &up, "web", &e) == 0, "%s", e.msg);
	CHECK(str_eq(get(root, "gold/schemata"), "MB:0=50\n"), "%s", get(root, "gold/schemata"));
	c = (struct rc_intel_rdt){ .clos_id = "/", .enable_monitoring = true };
	CHECK(rdt_create(root, &c, "web", &made, &e) == 0 && str_eq(made.path, "./mon_groups/web"), "%s", e.msg);
	drop_root();
}

TEST(new_classes)
{
	struct err e = ERR_NONE;
	auto_fd int root = fake_root();
	struct rdt_made made;
	struct rc_intel_rdt c = { 0 };

	CHECK(rdt_create(root, &c, "web", &made, &e) == 0 && str_eq(made.path, "web"), "%s", e.msg);
	CHECK(exists(root, "web") && rdt_remove(root, made.path, &e) == 0 && !exists(root, "web"), "%s", e.msg);
	/* The stand-in does not fill new directories, so the schemata cannot be written: nothing may stay. */
	c = (struct rc_intel_rdt){ .clos_id = "new", .l3_cache_schema = "L3:0=1" };
	CHECK(rdt_create(root, &c, "web", &made, &e) == -ENOENT && !exists(root, "new"), "%s", e.msg);
	err_clear(&e);
	c = (struct rc_intel_rdt){ .clos_id = "absent" };
	CHECK(rdt_create(root, &c, "web", &made, &e) == -ENOENT && strstr(e.hint, "must name a class"), "%s", e.msg);
	drop_root();
}

TEST(bad_names)
{
	static const char *const names[] = { "", "a/b", "..", "info", "mon_groups", "a\nb" };
	auto_fd int root = fake_root();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct err e = ERR_NONE;
		struct rdt_made made;
		struct rc_intel_rdt c = { .clos_id = (char *)names[i], .l3_cache_schema = "L3:0=1" };

		CHECK(rdt_create(root, &c, "web", &made, &e) == -EINVAL && e.kind == ERR_CONFIG, "\"%s\"", names[i]);
		CHECK(strstr(e.msg, "config.json: /linux/intelRdt/closID"), "%s", e.msg);
	}
	drop_root();
}

TEST(absent_is_said)
{
	struct err e = ERR_NONE;
	struct statfs fs;
	int fd = rdt_open_root(&e);

	if (statfs("/sys/fs/resctrl", &fs) == 0 && fs.f_type == 0x7655821)
		CHECK(fd >= 0, "%s", e.msg);
	else
		CHECK(fd == -ENOSYS && e.kind == ERR_UNSUPPORTED, "%s", e.msg);
	if (fd >= 0)
		close(fd);
}

TEST_MAIN(T(a_class_that_exists_must_agree), T(what_is_written_and_where), T(new_classes), T(bad_names),
	T(absent_is_said))
