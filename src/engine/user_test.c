#include "engine/user.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "base/test.h"
#include "sys/path.h"

/* A root filesystem with etc/passwd and etc/group. */
struct root {
	char path[64];
	int fd;
};

static void put(const struct root *r, const char *name, const char *text)
{
	int fd = openat(r->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "write %s", name);
	close(fd);
}

static void root_done(struct root *r)
{
	struct err e = ERR_NONE;

	close(r->fd);
	auto_fd int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(path_remove_tree(tmp, r->path + strlen("/tmp/"), &e) == 0, "%s", e.msg);
}

static void root_init(struct root *r, const char *passwd, const char *group)
{
	fmt_to(r->path, sizeof(r->path), "/tmp/tare-user-XXXXXX");
	CHECK(mkdtemp(r->path), "mkdtemp");
	r->fd = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(r->fd >= 0 && mkdirat(r->fd, "etc", 0755) == 0, "etc");
	if (passwd)
		put(r, "etc/passwd", passwd);
	if (group)
		put(r, "etc/group", group);
}

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "bad-uid:x::0::/:/bin/sh\n"
			     "bad-gid:x:7:::/:/bin/sh\n"
			     "short:x:8\n"
			     "hex:x:0x10:0::/:/bin/sh\n"
			     "lead:x:010:0::/:/bin/sh\n"
			     "neg:x:-1:0::/:/bin/sh\n"
			     "big:x:4294967296:0::/:/bin/sh\n"
			     "last:x:4294967295:0::/:/bin/sh\n"
			     "1000:x:0:0::/:/bin/sh\n"
			     "user:x:1000:100::/home/user:/bin/sh\n"
			     "nohome:x:1001:101:::\n"
			     "odd:x:1002:102::relative:/bin/sh\n"
			     "#c:x:1003:0::/:/bin/sh\n"
			     "x:y:1004:0::/:/bin/sh:more\n"
			     "tail:x:1005:105::/t:/bin/sh";
static const char group[] = "root:x:0:\nusers:x:100:user,other\nextra:x:200:other,user\nempty:x::user\nnope:x:2x:user\n"
			    "zeros:x:00:user\ndocker:x:300:userx,xuser\n1000:x:0:user\n";

static const char *show(const struct user_ids *u)
{
	static char text[256];
	size_t n = fmt_to(text, sizeof(text), "%u:%u %s", u->uid, u->gid, u->home);

	for (size_t i = 0; i < u->n_gids; i++)
		n += fmt_to(text + n, sizeof(text) - n, " %u", u->gids[i]);
	return text;
}

TEST(finds_users_as_docker_does)
{
	static const struct {
		const char *user, *add[4], *want;
	} cases[] = {
		{ NULL, { NULL }, "0:0 /root 0" },
		{ "", { NULL }, "0:0 /root 0" },
		{ "root", { NULL }, "0:0 /root 0" },
		{ "user", { NULL }, "1000:100 /home/user 100 200 0" }, /* the group called 1000 has the id 0 */
		{ "1000", { NULL }, "1000:100 /home/user 100 200 0" },
		{ "user:extra", { NULL }, "1000:200 /home/user 200" },
		{ "user:7", { NULL }, "1000:7 /home/user 7" },
		{ "77", { NULL }, "77:0 / 0" },
		{ "77:88", { NULL }, "77:88 / 88" },
		{ "77:users", { NULL }, "77:100 / 100" },
		{ ":users", { NULL }, "0:100 /root 100" },
		{ "nohome", { NULL }, "1001:101 / 101" },
		{ "odd", { NULL }, "1002:102 / 102" },
		{ "tail", { NULL }, "1005:105 /t 105" },
		{ "root", { "extra", "5", "extra", NULL }, "0:0 /root 0 200 5" },
		{ "4294967294", { NULL }, "4294967294:0 / 0" },
	};
	struct root root;

	root_init(&root, passwd, group);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(user_ids) struct user_ids u = USER_IDS_INIT;
		struct rc_str_list add = { (char **)(uintptr_t)cases[i].add, 0 };
		struct err e = ERR_NONE;

		for (; cases[i].add[add.n]; add.n++)
			;
		CHECK(user_resolve(root.fd, cases[i].user, &add, &u, &e) == 0, "%s: %s", cases[i].user, e.msg);
		CHECK(str_eq(show(&u), cases[i].want), "%s is %s", cases[i].user, show(&u));
	}
	root_done(&root);
}

/* R1.8: none of these may become root. */
TEST(refuses_strange_ids_and_entries)
{
	static const char *const bad[] = { "bad-uid", "bad-gid", "short", "hex", "lead", "neg", "big", "last", "#c",
		"nobody", "-1", "+1", " 1", "1 ", "0x0", "01", "00", "4294967295", "4294967296", "99999999999999999999",
		"root:nope", "root:-1", "root:4294967295", "root:00", "root:empty", "user:zeros", "x" };
	struct root root;

	root_init(&root, passwd, group);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(user_ids) struct user_ids u = USER_IDS_INIT;
		struct err e = ERR_NONE;

		CHECK(user_resolve(root.fd, bad[i], NULL, &u, &e) < 0, "\"%s\" is %s", bad[i],
			u.home ? show(&u) : "taken");
		CHECK(e.kind == ERR_USAGE, "\"%s\": kind %d", bad[i], e.kind);
	}
	root_done(&root);
}

TEST(absent_files_are_empty_ones)
{
	AUTO(user_ids) struct user_ids u = USER_IDS_INIT;
	struct err e = ERR_NONE;
	struct root root;

	root_init(&root, NULL, NULL);
	CHECK(user_resolve(root.fd, NULL, NULL, &u, &e) == 0 && str_eq(show(&u), "0:0 / 0"), "%s", e.msg);
	user_ids_done(&u);
	CHECK(user_resolve(root.fd, "5:6", NULL, &u, &e) == 0 && str_eq(show(&u), "5:6 / 6"), "%s", e.msg);
	user_ids_done(&u);
	CHECK(user_resolve(root.fd, "user", NULL, &u, &e) < 0 && strstr(e.msg, "no matching entries in passwd file"),
		"%s", e.msg);
	root_done(&root);
}

/* R2.9: refused at once, by what it is. */
static void check_hostile(const struct root *root, const char *what, const char *says)
{
	AUTO(user_ids) struct user_ids u = USER_IDS_INIT;
	struct err e = ERR_NONE;

	CHECK(user_resolve(root->fd, "user", NULL, &u, &e) < 0, "%s was taken", what);
	CHECK(strstr(e.msg, says), "%s: %s", what, e.msg);
	(void)unlinkat(root->fd, "etc/passwd", 0);
}

TEST(hostile_files_are_refused_at_once)
{
	struct root root;

	root_init(&root, NULL, NULL);
	CHECK(mkfifoat(root.fd, "etc/passwd", 0644) == 0, "fifo");
	check_hostile(&root, "a fifo", "no regular file");
	CHECK(mkdirat(root.fd, "etc/passwd", 0755) == 0, "directory");
	check_hostile(&root, "a directory", "no regular file");
	CHECK(unlinkat(root.fd, "etc/passwd", AT_REMOVEDIR) == 0, "rmdir");
	put(&root, "etc/passwd", "");
	int fd = openat(root.fd, "etc/passwd", O_WRONLY);
	CHECK(ftruncate(fd, (off_t)1 << 40) == 0, "sparse");
	close(fd);
	check_hostile(&root, "a sparse giant", "bytes");
	CHECK(symlinkat("/etc/passwd.host", root.fd, "etc/passwd") == 0, "link");
	check_hostile(&root, "a dangling link", "no matching entries");
	CHECK(symlinkat("../../../../../../etc/shadow", root.fd, "etc/passwd") == 0, "link");
	check_hostile(&root, "a link out", "no matching entries");
	CHECK(symlinkat("/proc/self/fd/0", root.fd, "etc/passwd") == 0, "link");
	check_hostile(&root, "a magic link", "no matching entries");
	CHECK(symlinkat("passwd", root.fd, "etc/passwd") == 0, "link");
	check_hostile(&root, "a loop", "etc/passwd");
	root_done(&root);
}

/* A link inside the root is followed there. */
TEST(links_stay_in_the_root)
{
	AUTO(user_ids) struct user_ids u = USER_IDS_INIT;
	struct err e = ERR_NONE;
	struct root root;

	root_init(&root, NULL, NULL);
	put(&root, "etc/mine", "user:x:4242:1::/:/bin/sh\n");
	CHECK(symlinkat("/etc/mine", root.fd, "etc/passwd") == 0, "link");
	CHECK(user_resolve(root.fd, "user", NULL, &u, &e) == 0 && u.uid == 4242, "%s", e.msg);
	root_done(&root);
}

TEST(lines_without_end_are_passed_over)
{
	enum { LONG = 80000 };
	AUTO(user_ids) struct user_ids u = USER_IDS_INIT;
	struct err e = ERR_NONE;
	struct root root;
	char *text = calloc(1, LONG + 64);

	CHECK(text, "memory");
	memset(text, 'a', LONG);
	memcpy(text + LONG, ":x:0:0::/:/bin/sh\nuser:x:5:6::/h:/s\n", 36);
	root_init(&root, text, NULL);
	free(text);
	CHECK(user_resolve(root.fd, "user", NULL, &u, &e) == 0 && u.uid == 5, "%s", e.msg);
	root_done(&root);
}

TEST_MAIN(T(finds_users_as_docker_does), T(refuses_strange_ids_and_entries), T(absent_files_are_empty_ones),
	T(hostile_files_are_refused_at_once), T(links_stay_in_the_root), T(lines_without_end_are_passed_over))
