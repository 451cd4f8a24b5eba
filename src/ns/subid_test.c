#include "ns/subid.h"

#include <string.h>
#include "base/str.h"
#include "base/test.h"

static size_t ranges(const char *text, struct rc_id_map *v)
{
	static char copy[8192];
	struct rc_id_maps m = { .v = v };

	snprintf(copy, sizeof(copy), "%s", text);
	ns_subid_add(copy, "ann", 1000, &m);
	return m.n;
}

TEST(ranges_by_name_and_number)
{
	struct rc_id_map v[NS_SUBID_MAX + 1];

	CHECK(ranges("bob:1:2\nann:100000:65536\n1000:300000:10\n", v) == 2, "two lines are ours");
	CHECK(v[0].container == 1 && v[0].host == 100000 && v[0].size == 65536, "first");
	CHECK(v[1].container == 65537 && v[1].host == 300000 && v[1].size == 10, "second");
	CHECK(ranges("", v) == 0 && ranges("ann", v) == 0 && ranges("\n\n", v) == 0, "nothing");
}

TEST(malformed_lines_are_skipped)
{
	static const char *const lines[] = { "ann:", "ann:1", "ann:1:", "ann:-1:5", "ann:1:0", "ann:01:5", "ann:1:5:6",
		"ann: 1:5", "ann:4294967295:2", "ann:0:4294967295", "anna:1:5", "an:1:5", ":1:5", "ann:x:5" };
	struct rc_id_map v[NS_SUBID_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s\nann:7:8\n", lines[i]);
		CHECK(ranges(text, v) == 1 && v[0].host == 7, "\"%s\" counted", lines[i]);
	}
}

TEST(many_ranges_are_bounded)
{
	static char text[4096];
	struct rc_id_map v[NS_SUBID_MAX + 1];

	for (int i = 0; i < 200; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "ann:%d:5\n", 1000 + i * 10);
	CHECK(ranges(text, v) <= NS_SUBID_MAX + 1, "more than there is room for");
}

TEST(names)
{
	char text[] = "root:x:0:0:r:/root:/bin/sh\nbroken\n:x:5:5::/:\nann:x:1000:1000::/home/ann:/bin/"
		      "sh\nlater:x:1000:1::/:\n";

	CHECK(str_eq(ns_passwd_name(text, 1000), "ann"), "the first of two");
	char again[] = ":x:5:5::/:\nann:x:01000:1::/:\n";
	CHECK(!ns_passwd_name(again, 5) && !ns_passwd_name(again, 1000), "no name, no number");
}

TEST_MAIN(T(ranges_by_name_and_number), T(malformed_lines_are_skipped), T(many_ranges_are_bounded), T(names))
