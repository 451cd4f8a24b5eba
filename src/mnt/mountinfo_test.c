#include "mnt/mountinfo.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include "base/str.h"
#include "base/test.h"

static bool parse(const char *text, struct mountinfo *m)
{
	static char line[1024];

	snprintf(line, sizeof(line), "%s", text);
	return mountinfo_parse(line, m);
}

TEST(lines)
{
	struct mountinfo m;

	CHECK(parse("36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 master:2 propagate_from:3 - ext3 /dev/root "
		    "rw,errors=continue",
		      &m),
		"full");
	CHECK(m.id == 36 && m.parent == 35 && m.major == 98 && m.minor == 0, "numbers");
	CHECK(m.shared == 1 && m.master == 2 && m.propagate_from == 3 && !m.unbindable, "groups");
	CHECK(str_eq(m.root, "/mnt1") && str_eq(m.mountpoint, "/mnt2") && str_eq(m.options, "rw,noatime"), "paths");
	CHECK(str_eq(m.fstype, "ext3") && str_eq(m.source, "/dev/root") &&
			str_eq(m.super_options, "rw,errors=continue"),
		"fs");
	CHECK(parse("1 2 0:5 / /a\\040b\\134\\012\\043c rw unbindable future:9 - tmpfs a\\011b rw", &m), "escapes");
	CHECK(str_eq(m.mountpoint, "/a b\\\n#c") && str_eq(m.source, "a\tb") && m.unbindable, "%s", m.mountpoint);
	CHECK(parse("1 2 0:5 / /x\\000y\\9\\04 rw - tmpfs none rw", &m), "odd escapes");
	CHECK(str_eq(m.mountpoint, "/x\\000y\\9\\04"), "%s", m.mountpoint);
	CHECK(parse("1 2 0:5 / / rw - tmpfs  rw", &m) && str_eq(m.source, ""), "an empty source");
}

TEST(other_lines_are_refused)
{
	static const char *const lines[] = { "", "36", "36 35 98 / / rw - ext3 a rw", "36 35 98:0 / / rw ext3 a rw",
		"a 35 98:0 / / rw - ext3 a rw", "36 35 98:0 / / rw shared:x - ext3 a rw", "36 35 98:0 / / rw - ext3",
		"36 35 98:0 / / rw - ext3 a", "36 -1 98:0 / / rw - ext3 a rw" };
	struct mountinfo m;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		CHECK(!parse(lines[i], &m), "took \"%s\"", lines[i]);
}

static bool count(const struct mountinfo *m, void *arg)
{
	size_t *n = arg;

	return ++*n < 3000 || m->id == 0;
}

TEST(tables)
{
	struct err e = ERR_NONE;
	size_t n = 0;
	auto_fd int own = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	auto_fd int big = memfd_create("mountinfo", MFD_CLOEXEC);

	CHECK(mountinfo_each(own, count, &n, &e) == 0 && n > 0, "%s", e.msg);
	for (unsigned i = 1; i <= 5000; i++)
		dprintf(big, "%u 35 98:0 / /a/rather/long/mount/point rw,noatime master:1 - ext3 /dev/root rw\n", i);
	dprintf(big, "torn");
	lseek(big, 0, SEEK_SET);
	n = 0;
	CHECK(mountinfo_each(big, count, &n, &e) == 0 && n == 3000, "stops when told: %zu", n);
	lseek(big, -4, SEEK_END);
	CHECK(mountinfo_each(big, count, &n, &e) == -EPROTO, "torn line");
}

TEST_MAIN(T(lines), T(other_lines_are_refused), T(tables))
