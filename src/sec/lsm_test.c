#include "base/test.h"

#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "sec/lsm.h"

TEST(nothing_asked_is_nothing_done)
{
	struct lsm_exec x;
	struct err e = ERR_NONE;

	CHECK(lsm_prepare(NULL, NULL, false, &x, &e) == 0 && x.kind == LSM_NONE, "%s", e.msg);
	CHECK(lsm_prepare("", "", true, &x, &e) == 0 && x.kind == LSM_NONE, "%s", e.msg);
	CHECK(lsm_set_exec(FD_NONE, &x, &e) == 0, "%s", e.msg);
}

TEST(absent_is_an_error)
{
	struct lsm_exec x;
	struct err e = ERR_NONE;
	char opt[256];
	size_t n;

	if (lsm_apparmor_enabled() || lsm_selinux_enabled())
		SKIP("this kernel has one");
	CHECK(lsm_prepare("my-profile", NULL, false, &x, &e) < 0 && e.kind == ERR_UNSUPPORTED, "%s", e.msg);
	CHECK(strstr(e.msg, "my-profile") && strstr(e.msg, "/process/apparmorProfile"), "%s", e.msg);
	err_clear(&e);
	CHECK(lsm_prepare("unconfined", NULL, false, &x, &e) == 0 && x.kind == LSM_NONE, "%s", e.msg);
	CHECK(lsm_prepare(NULL, "system_u:system_r:t:s0", false, &x, &e) < 0 && e.kind == ERR_UNSUPPORTED, "%s", e.msg);
	err_clear(&e);
	CHECK(lsm_mount_context("system_u:object_r:t:s0", "", opt, sizeof(opt), &n, &e) < 0, "mount label");
	CHECK(e.kind == ERR_UNSUPPORTED && strstr(e.msg, "/linux/mountLabel"), "%s", e.msg);
}

TEST(mount_context_leaves_alone_what_has_one)
{
	struct err e = ERR_NONE;
	char opt[256];
	size_t n = 9;

	CHECK(lsm_mount_context("x", "size=1k,context=\"y\"", opt, sizeof(opt), &n, &e) == 0 && n == 0, "%s", e.msg);
	n = 9;
	CHECK(lsm_mount_context(NULL, NULL, opt, sizeof(opt), &n, &e) == 0 && n == 0, "%s", e.msg);
}

TEST(labels_are_checked)
{
	static const char *const bad[] = { "a\"b", "a\nb", "a\tb", "\x7f" };
	char big[5000];

	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_NONE;

		CHECK(lsm_label_check("label", bad[i], &e) < 0 && e.kind == ERR_CONFIG, "took %zu", i);
	}
	struct err e = ERR_NONE;

	CHECK(lsm_label_check("label", big, &e) < 0 && e.kind == ERR_CONFIG, "took %zu bytes", strlen(big));
	err_clear(&e);
	CHECK(lsm_label_check("label", "system_u:object_r:container_file_t:s0:c1,c2", &e) == 0, "%s", e.msg);
}

TEST_MAIN(T(nothing_asked_is_nothing_done), T(absent_is_an_error), T(mount_context_leaves_alone_what_has_one),
	T(labels_are_checked))
