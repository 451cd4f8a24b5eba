#include <string.h>
#include "base/str.h"
#include "base/test.h"
#include "spec/image_ref.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(names_become_whole)
{
	static const struct {
		const char *text, *full, *familiar;
		bool bare;
	} cases[] = {
		{ "debian", "docker.io/library/debian:latest", "debian:latest", true },
		{ "debian:12", "docker.io/library/debian:12", "debian:12", true },
		{ "docker.io/debian:12", "docker.io/library/debian:12", "debian:12", false },
		{ "index.docker.io/debian", "docker.io/library/debian:latest", "debian:latest", false },
		{ "docker.io/library/debian:12", "docker.io/library/debian:12", "debian:12", false },
		{ "me/app:1.0-rc_1", "docker.io/me/app:1.0-rc_1", "me/app:1.0-rc_1", true },
		{ "library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest", true },
		{ "localhost/debian", "localhost/debian:latest", "localhost/debian:latest", false },
		{ "localhost:5000/a", "localhost:5000/a:latest", "localhost:5000/a:latest", false },
		{ "quay.io/a/b__c--d.e:X", "quay.io/a/b__c--d.e:X", "quay.io/a/b__c--d.e:X", false },
		{ "[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest", false },
		{ "a@sha256:" HEX64, "docker.io/library/a@sha256:" HEX64, "a@sha256:" HEX64, true },
		{ "a:1@sha256:" HEX64, "docker.io/library/a@sha256:" HEX64, "a@sha256:" HEX64, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_ref r;
		struct err e = ERR_NONE;
		char full[IMAGE_REF_MAX + 1];

		CHECK(image_ref_parse(cases[i].text, &r, &e) == 0, "%s: %s", cases[i].text, e.msg);
		image_ref_full(&r, full);
		CHECK(str_eq(full, cases[i].full), "%s became %s", cases[i].text, full);
		CHECK(str_eq(image_ref_familiar(full), cases[i].familiar), "%s", image_ref_familiar(full));
		CHECK(r.bare == cases[i].bare, "%s", cases[i].text);
	}
}

TEST(broken_names_show_the_column)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "empty" },
		{ "Debian", "column 1: repository name must be lowercase" },
		{ "a/B", "column 3: repository name must be lowercase" },
		{ "a:", "column 3: a tag begins" },
		{ "a:b:c", "column 2: a name" },
		{ "a:-x", "column 3" },
		{ "a:b c", "column 4" },
		{ "a/../b", "column 3" },
		{ "a//b", "column 3" },
		{ "/a", "column 1" },
		{ "a/", "column 3: a name ends" },
		{ "a.", "column 3: a name ends" },
		{ "a___b", "column 4" },
		{ "-a", "column 1" },
		{ "a\x1b[31m", "column 2" },
		{ "a@sha256:abcd", "column 3: a digest" },
		{ "a@sha256:" HEX64 "0", "column 3: a digest" },
		{ "a@md5:" HEX64, "column 3: a digest" },
		{ "host.example:99999/a", "column 14: a port" },
		{ "host.example:x/a", "column 14: a port" },
		{ "-host.example/a", "column 1: a registry" },
		{ "host..example/a", "column 6: a registry" },
		{ "[zz]/a", "column 1" },
		{ "sha256:" HEX64, "column 1: it would be taken" },
		{ "sha256", "column 1: it would be taken" },
		{ HEX64, "column 1: it would be taken" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_ref r;
		struct err e = ERR_NONE;

		CHECK(image_ref_parse(cases[i].text, &r, &e) < 0, "took %s", cases[i].text);
		CHECK(strstr(e.msg, cases[i].words) && strstr(e.msg, "invalid reference format"), "%s: %s",
			cases[i].text, e.msg);
	}
}

TEST(long_names_are_refused)
{
	char text[400];
	struct image_ref r;
	struct err e = ERR_NONE, f = ERR_NONE, g = ERR_NONE;

	memset(text, 'a', sizeof(text));
	text[300] = '\0';
	CHECK(image_ref_parse(text, &r, &e) < 0 && strstr(e.msg, "too long"), "%s", e.msg);
	text[1] = ':';
	text[131] = '\0';
	CHECK(image_ref_parse(text, &r, &f) < 0 && strstr(f.msg, "128"), "%s", f.msg);
	memset(text, 'a', sizeof(text));
	text[150] = ':';
	text[250] = '\0';
	CHECK(image_ref_parse(text, &r, &g) < 0 && strstr(g.msg, "255"), "%s", g.msg);
}

TEST(digests)
{
	char text[IMAGE_DIGEST_SIZE];
	const uint8_t bytes[32] = { 0x01, 0xff };
	struct err e = ERR_NONE;

	CHECK(image_digest_ok("sha256:" HEX64) && image_digest_ok("sha512:" HEX64 HEX64), "refused a digest");
	CHECK(!image_digest_ok("sha256:" HEX64 HEX64) && !image_digest_ok("sha512:" HEX64) && !image_digest_ok(NULL) &&
			!image_digest_ok("sha256:../../etc/passwd") && !image_digest_ok(HEX64) &&
			!image_digest_ok("sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"),
		"took what is no digest");
	image_digest_from(bytes, 32, text);
	CHECK(str_starts(text, "sha256:01ff0000") && image_digest_ok(text), "%s", text);
	CHECK(image_digest_check("layer", "nonsense", &e) < 0 && strstr(e.msg, "nonsense"), "%s", e.msg);
}

TEST(localhost_is_where_podman_keeps_them)
{
	struct image_ref r, l;
	struct err e = ERR_NONE;
	char full[IMAGE_REF_MAX + 1];

	CHECK(image_ref_parse("a/b:1", &r, &e) == 0 && image_ref_localhost(&r, &l), "%s", e.msg);
	image_ref_full(&l, full);
	CHECK(str_eq(full, "localhost/a/b:1"), "%s", full);
	CHECK(image_ref_parse("docker.io/a/b:1", &r, &e) == 0 && !image_ref_localhost(&r, &l),
		"a whole name is meant so");
}

TEST_MAIN(T(names_become_whole), T(broken_names_show_the_column), T(long_names_are_refused), T(digests),
	T(localhost_is_where_podman_keeps_them))
