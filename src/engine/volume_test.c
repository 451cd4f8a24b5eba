#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "base/test.h"
#include "sys/path.h"

/* An engine of the test's own, and a directory that stands for an image. */
struct world {
	struct engine en;
	char path[64];
	int fd, image;
};

static void world_done(struct world *w)
{
	struct err e = ERR_NONE;

	engine_done(&w->en);
	fd_close(&w->fd);
	fd_close(&w->image);
	auto_fd int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(path_remove_tree(tmp, w->path + strlen("/tmp/"), &e) == 0, "%s", e.msg);
}

static void world_init(struct world *w)
{
	char data[80], run[80];
	struct err e = ERR_NONE;

	fmt_to(w->path, sizeof(w->path), "/tmp/tare-volume-XXXXXX");
	CHECK(mkdtemp(w->path), "mkdtemp");
	fmt_to(data, sizeof(data), "%s/data", w->path);
	fmt_to(run, sizeof(run), "%s/run", w->path);
	CHECK(engine_open(&(struct engine_where){ data, run }, &w->en, &e) == 0, "%s", e.msg);
	w->fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(w->fd >= 0 && mkdirat(w->fd, "image", 0755) == 0 && mkdirat(w->fd, "image/data", 0750) == 0, "image");
	w->image = openat(w->fd, "image", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(w->image >= 0, "image");
}

static void put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0640);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "write %s: %s", name, strerror(errno));
	close(fd);
}

static bool holds(int dir, const char *name, const char *text)
{
	char got[64] = "";
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);

	fd_close(&fd);
	return n == (ssize_t)strlen(text) && memcmp(got, text, (size_t)n) == 0;
}

static int create(struct world *w, const char *name, bool *existed, struct err *e)
{
	char got[VOLUME_NAME_SIZE];

	return volume_create(&w->en, &(struct volume_want){ .name = name }, got, existed, e);
}

static const char *use(struct world *w, const struct ct_mount *m, struct arena *a)
{
	const char *path = NULL;
	struct err e = ERR_NONE;

	CHECK(volume_use(&w->en, m, w->image, a, &path, &e) == 0, "%s", e.msg);
	return path;
}

static struct ct_mount mount_of(const char *name)
{
	return (struct ct_mount){
		.type = CT_MOUNT_VOLUME, .source = (char *)(uintptr_t)name, .destination = (char *)(uintptr_t) "/data"
	};
}

static int data_of(struct world *w, const char *name)
{
	char path[VOLUME_NAME_SIZE + 32];

	fmt_to(path, sizeof(path), "volumes/%s/_data", name);
	return openat(w->en.data_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

TEST(is_made_listed_and_removed)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct rc_kv label = { (char *)(uintptr_t) "a", (char *)(uintptr_t) "b\"c" };
	struct rc_str_list l;
	struct world w;
	struct volume v;
	struct err e = ERR_NONE;
	char name[VOLUME_NAME_SIZE];
	bool existed;

	world_init(&w);
	CHECK(volume_list(&w.en, &a, &l, &e) == 0 && l.n == 0, "%s", e.msg);
	CHECK(volume_create(
		      &w.en, &(struct volume_want){ .name = "db", .labels = { &label, 1 } }, name, &existed, &e) == 0,
		"%s", e.msg);
	CHECK(!existed && str_eq(name, "db"), "%s", name);
	CHECK(create(&w, "db", &existed, &e) == 0 && existed, "again: %s", e.msg);
	CHECK(volume_create(&w.en, &(struct volume_want){ .name = NULL }, name, &existed, &e) == 0 &&
			strlen(name) == 64,
		"%s", name);
	CHECK(volume_list(&w.en, &a, &l, &e) == 0 && l.n == 2, "%zu", l.n);
	CHECK(volume_open(&w.en, "db", &v, &e) == 0, "%s", e.msg);
	CHECK(str_eq(volume_record_label(&v.record, "a"), "b\"c") && str_ends(v.mountpoint, "/volumes/db/_data"), "%s",
		v.mountpoint);
	volume_done(&v);
	CHECK(volume_open(&w.en, name, &v, &e) == 0 && volume_record_label(&v.record, VOLUME_ANONYMOUS_LABEL), "%s",
		e.msg);
	volume_done(&v);
	CHECK(volume_remove(&w.en, "db", false, &e) == 0 && volume_remove(&w.en, name, false, &e) == 0, "%s", e.msg);
	CHECK(volume_remove(&w.en, "db", false, &e) < 0 && e.kind == ERR_NOT_FOUND, "%s", e.msg);
	err_clear(&e);
	CHECK(volume_remove(&w.en, "db", true, &e) == 0, "%s", e.msg);
	CHECK(volume_list(&w.en, &a, &l, &e) == 0 && l.n == 0, "%zu left", l.n);
	world_done(&w);
}

TEST(names_cannot_lead_elsewhere)
{
	static const char *const bad[] = { "", ".", "..", "a", "../x", "a/b", "/etc", ".tmp-x", "-v", "a b", "a\n" };
	struct world w;
	bool existed;

	world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_NONE;
		struct volume v;

		CHECK(create(&w, bad[i], &existed, &e) < 0 && e.kind == ERR_USAGE, "\"%s\" was made", bad[i]);
		err_clear(&e);
		CHECK(volume_open(&w.en, bad[i], &v, &e) < 0 && e.kind == ERR_NOT_FOUND, "\"%s\" was opened", bad[i]);
		volume_done(&v);
		err_clear(&e);
		CHECK(volume_remove(&w.en, bad[i], false, &e) < 0, "\"%s\" was removed", bad[i]);
	}
	world_done(&w);
}

TEST(options_are_a_bind_or_a_tmpfs)
{
	static const struct {
		const char *type, *device, *o;
		bool good;
	} cases[] = {
		{ "none", "/tmp", "bind", true },
		{ NULL, "/tmp", "bind", true },
		{ "tmpfs", "tmpfs", "size=1m,mode=700", true },
		{ "tmpfs", NULL, NULL, true },
		{ "none", NULL, "bind", false },
		{ "none", "tmp", "bind", false },
		{ "none", "/tmp", "bind,ro", false },
		{ "tmpfs", NULL, "sizes=1", false },
		{ "nfs", ":/x", "addr=1.2.3.4", false },
		{ "ext4", "/dev/sda", NULL, false },
		{ NULL, NULL, "size=1", false },
	};
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const text[3] = { cases[i].type, cases[i].device, cases[i].o };
		static const char *const keys[3] = { "type", "device", "o" };
		struct rc_kv kv[3];
		struct rc_kv_list l = { kv, 0 };
		char name[VOLUME_NAME_SIZE];
		struct err e = ERR_NONE;
		bool existed;

		for (size_t k = 0; k < 3; k++)
			if (text[k])
				kv[l.n++] = (struct rc_kv){ (char *)(uintptr_t)keys[k], (char *)(uintptr_t)text[k] };
		int r = volume_create(&w.en, &(struct volume_want){ .name = NULL, .options = l }, name, &existed, &e);
		CHECK((r == 0) == cases[i].good, "case %zu: %s", i, e.msg);
		CHECK(r == 0 || e.hint[0], "case %zu: no hint", i);
	}
	world_done(&w);
}

TEST(one_of_many_makers_wins)
{
	enum { MAKERS = 8, ROUNDS = 20 };
	struct world w;

	world_init(&w);
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid[MAKERS];
		int made = 0;
		char name[32];

		fmt_to(name, sizeof(name), "race%d", round);
		for (int i = 0; i < MAKERS; i++) {
			pid[i] = fork();
			if (pid[i] == 0) {
				struct err e = ERR_NONE;
				bool existed = false;

				int r = create(&w, name, &existed, &e);
				_exit(r < 0 ? 2 : existed ? 0 : 1);
			}
		}
		for (int i = 0; i < MAKERS; i++) {
			int status;

			CHECK(waitpid(pid[i], &status, 0) == pid[i] && WIFEXITED(status) && WEXITSTATUS(status) < 2,
				"maker %d", i);
			made += WEXITSTATUS(status);
		}
		CHECK(made == 1, "%d made %s", made, name);
	}
	size_t swept;
	struct err e = ERR_NONE;
	CHECK(volume_sweep(&w.en, true, &swept, &e) == 0 && swept == 0, "%zu left over", swept);
	world_done(&w);
}

/* --- filling ------------------------------------------------------------------------------------------------- */

TEST(is_filled_once_with_owner_and_mode)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct ct_mount m = mount_of("db");
	struct world w;
	struct stat st;

	if (geteuid() != 0)
		SKIP("needs root");
	world_init(&w);
	put(w.image, "data/conf", "image");
	CHECK(fchownat(w.image, "data", 12, 34, 0) == 0 && fchownat(w.image, "data/conf", 56, 78, 0) == 0, "chown");
	CHECK(symlinkat("/etc/passwd", w.image, "data/link") == 0 && mkdirat(w.image, "data/sub", 0700) == 0, "link");
	use(&w, &m, &a);
	auto_fd int data = data_of(&w, "db");
	CHECK(holds(data, "conf", "image"), "content");
	CHECK(fstat(data, &st) == 0 && st.st_uid == 12 && st.st_gid == 34 && (st.st_mode & 07777) == 0750,
		"owner of the top");
	CHECK(fstatat(data, "conf", &st, 0) == 0 && st.st_uid == 56 && (st.st_mode & 07777) == 0640, "owner");
	CHECK(fstatat(data, "link", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode), "a link stays one");
	put(data, "conf", "user");
	CHECK(unlinkat(data, "sub", AT_REMOVEDIR) == 0, "rmdir");
	use(&w, &m, &a);
	CHECK(holds(data, "conf", "user") && faccessat(data, "sub", F_OK, 0) < 0, "a second start leaves it alone");
	world_done(&w);
}

TEST(nocopy_and_absent_places_leave_it_empty)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct ct_mount m = mount_of("one"), n = mount_of("two");
	struct world w;

	world_init(&w);
	put(w.image, "data/conf", "image");
	m.no_copy = true;
	use(&w, &m, &a);
	n.destination = (char *)(uintptr_t) "/none/there";
	use(&w, &n, &a);
	auto_fd int one = data_of(&w, "one"), two = data_of(&w, "two");
	CHECK(one >= 0 && faccessat(one, "conf", F_OK, 0) < 0, "nocopy");
	CHECK(two >= 0 && faccessat(two, "conf", F_OK, 0) < 0, "absent");
	world_done(&w);
}

/* R2.11: links in image and volume lead nowhere. */
TEST(links_are_not_followed)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct ct_mount m = mount_of("db");
	struct world w;
	char secret[96];

	world_init(&w);
	put(w.fd, "secret", "host");
	fmt_to(secret, sizeof(secret), "%s/secret", w.path);
	CHECK(unlinkat(w.image, "data", AT_REMOVEDIR) == 0 && symlinkat(w.path, w.image, "data") == 0, "link");
	use(&w, &m, &a);
	auto_fd int data = data_of(&w, "db");
	CHECK(faccessat(data, "secret", F_OK, 0) < 0, "the image's directory was a link out");
	/* Now the volume is the trap: it is not empty, so nothing is copied at all. */
	CHECK(unlinkat(w.image, "data", 0) == 0 && mkdirat(w.image, "data", 0755) == 0, "dir");
	put(w.image, "data/conf", "image");
	CHECK(symlinkat(secret, data, "conf") == 0, "trap");
	use(&w, &m, &a);
	CHECK(holds(w.fd, "secret", "host"), "the host's file was written");
	world_done(&w);
}

/* What a command that was killed in the middle left behind. */
TEST(filling_is_taken_up_again)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct ct_mount m = mount_of("db");
	struct world w;
	struct err e = ERR_NONE;
	bool existed;

	world_init(&w);
	put(w.image, "data/conf", "image");
	put(w.image, "data/more", "image");
	CHECK(create(&w, "db", &existed, &e) == 0, "%s", e.msg);
	auto_fd int vol = openat(w.en.data_fd, "volumes/db", O_RDONLY | O_DIRECTORY);
	auto_fd int data = data_of(&w, "db");
	CHECK(mkdirat(vol, "fill", 0700) == 0, "fill");
	put(vol, "fill/half", "half");
	use(&w, &m, &a);
	CHECK(holds(data, "conf", "image") && faccessat(data, "half", F_OK, 0) < 0, "begun anew");
	/* Killed while it moved: one file is there and was changed by the user, one is to come. */
	put(data, "conf", "user");
	CHECK(unlinkat(data, "more", 0) == 0 && mkdirat(vol, "filled", 0700) == 0, "filled");
	put(vol, "filled/conf", "image");
	put(vol, "filled/more", "image");
	use(&w, &m, &a);
	CHECK(holds(data, "conf", "user") && holds(data, "more", "image"), "finished");
	CHECK(faccessat(vol, "filled", F_OK, 0) < 0 && faccessat(vol, "fill", F_OK, 0) < 0, "cleared");
	world_done(&w);
}

/* --- users, left-overs --------------------------------------------------------------------------------------- */

static void fake_container(struct world *w, const char *id, const char *volume, bool anonymous)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct ct_config c;
	struct ct_mount m = mount_of(volume);
	int dir;

	ct_default_config(&c);
	c.id = (char *)(uintptr_t)id;
	c.name = (char *)(uintptr_t) "name";
	c.created = (char *)(uintptr_t) "2026-01-01T00:00:00Z";
	m.anonymous = anonymous;
	c.mounts = &m;
	c.n_mounts = 1;
	ct_config_write(&c, &b);
	CHECK(mkdirat(w->en.containers_fd, id, 0700) == 0 || errno == EEXIST, "container");
	dir = openat(w->en.containers_fd, id, O_RDONLY | O_DIRECTORY);
	put(dir, "config.json", b.data);
	close(dir);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(what_is_used_stays)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct rc_str_list users;
	struct world w;
	struct err e = ERR_NONE;
	bool existed;

	world_init(&w);
	CHECK(create(&w, "db", &existed, &e) == 0 && create(&w, "db2", &existed, &e) == 0, "%s", e.msg);
	fake_container(&w, ID, "db", false);
	CHECK(volume_users(&w.en, "db", &a, &users, &e) == 0 && users.n == 1 && str_eq(users.v[0], ID), "%zu", users.n);
	CHECK(volume_remove(&w.en, "db", true, &e) < 0 && e.kind == ERR_CONFLICT &&
			strstr(e.msg, "volume is in use - [0123456789ab]"),
		"%s", e.msg);
	err_clear(&e);
	CHECK(volume_remove(&w.en, "db2", false, &e) == 0, "%s", e.msg);
	world_done(&w);
}

TEST(anonymous_ones_go_with_their_container)
{
	struct world w;
	struct err e = ERR_NONE;
	struct ct_mount m = mount_of("anon1");
	struct ct_config c = { .id = (char *)(uintptr_t)ID, .mounts = &m, .n_mounts = 1 };
	bool existed;

	world_init(&w);
	CHECK(create(&w, "anon1", &existed, &e) == 0, "%s", e.msg);
	fake_container(&w, ID, "anon1", true);
	CHECK(volume_remove_anonymous(&w.en, &c, &e) == 0, "%s", e.msg);
	auto_fd int named = data_of(&w, "anon1");
	CHECK(named >= 0, "a named one went");
	m.anonymous = true;
	CHECK(volume_remove_anonymous(&w.en, &c, &e) == 0, "%s", e.msg);
	auto_fd int gone = data_of(&w, "anon1");
	CHECK(gone < 0, "an anonymous one stayed");
	world_done(&w);
}

TEST(left_overs_are_swept)
{
	struct world w;
	struct err e = ERR_NONE;
	bool existed;
	size_t n;

	world_init(&w);
	CHECK(create(&w, "db", &existed, &e) == 0, "%s", e.msg);
	CHECK(mkdirat(w.en.data_fd, "volumes/.tmp-1", 0700) == 0 && mkdirat(w.en.data_fd, "volumes/.del-2", 0700) == 0,
		"mkdir");
	CHECK(mkdirat(w.en.data_fd, "volumes/.del-2/_data", 0700) == 0, "mkdir");
	CHECK(volume_sweep(&w.en, false, &n, &e) == 0 && n == 2, "only looked at: %zu: %s", n, e.msg);
	CHECK(volume_sweep(&w.en, true, &n, &e) == 0 && n == 2, "%zu: %s", n, e.msg);
	auto_fd int data = data_of(&w, "db");
	CHECK(data >= 0, "the volume went");
	world_done(&w);
}

/* --- binds --------------------------------------------------------------------------------------------------- */

TEST(changing_owners_stops_at_places_of_the_system)
{
	static const char *const places[] = { "/", "/etc", "/etc/.", "/usr", "/home", "/var", "/root", "/tmp",
		"/etc/../etc", "/dev" };
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (const char *o = "UzZ"; *o; o++) {
			struct ct_mount m = { .type = CT_MOUNT_BIND,
				.source = (char *)(uintptr_t)places[i],
				.destination = (char *)(uintptr_t) "/x",
				.chown = *o == 'U',
				.relabel = *o == 'U' ? 0 : *o };
			struct err e = ERR_NONE;

			CHECK(volume_bind(&w.en, &m, 5, 6, &e) < 0 && e.kind == ERR_USAGE, "%s:%c was taken", places[i],
				*o);
		}
	const char *const own[] = { w.path, w.en.data_path };
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		struct ct_mount m = {
			.source = (char *)(uintptr_t)own[i], .destination = (char *)(uintptr_t) "/x", .chown = true
		};
		struct err e = ERR_NONE;

		CHECK(volume_bind(&w.en, &m, 5, 6, &e) < 0 && strstr(e.msg, "tare's own files"), "%s: %s", own[i],
			e.msg);
	}
	world_done(&w);
}

TEST(changing_owners_follows_no_link_and_heeds_hard_links)
{
	struct world w;
	struct stat st;
	char path[96];

	if (geteuid() != 0)
		SKIP("needs root");
	world_init(&w);
	fmt_to(path, sizeof(path), "%s/tree", w.path);
	put(w.fd, "outside", "host");
	CHECK(mkdirat(w.fd, "tree", 0755) == 0 && mkdirat(w.fd, "tree/sub", 0755) == 0, "tree");
	put(w.fd, "tree/sub/file", "x");
	CHECK(linkat(w.fd, "tree/sub/file", w.fd, "tree/twin", 0) == 0, "twin");
	CHECK(symlinkat("../outside", w.fd, "tree/link") == 0 && mknodat(w.fd, "tree/fifo", S_IFIFO | 0600, 0) == 0,
		"link");
	struct ct_mount m = { .source = path, .destination = (char *)(uintptr_t) "/x", .chown = true };
	struct err e = ERR_NONE;
	CHECK(volume_bind(&w.en, &m, 5, 6, &e) == 0, "%s", e.msg);
	CHECK(fstatat(w.fd, "tree/sub/file", &st, 0) == 0 && st.st_uid == 5 && st.st_gid == 6, "file");
	CHECK(fstatat(w.fd, "tree/fifo", &st, 0) == 0 && st.st_uid == 5, "fifo");
	CHECK(fstatat(w.fd, "tree/link", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == 5, "the link itself");
	CHECK(fstatat(w.fd, "outside", &st, 0) == 0 && st.st_uid == 0, "what a link names");
	CHECK(linkat(w.fd, "outside", w.fd, "tree/sub/evil", 0) == 0, "hard link");
	m.chown = true;
	CHECK(volume_bind(&w.en, &m, 7, 8, &e) < 0 && strstr(e.msg, "hard link"), "%s", e.msg);
	CHECK(fstatat(w.fd, "tree/sub/file", &st, 0) == 0 && st.st_uid == 5, "nothing was changed before the refusal");
	world_done(&w);
}

TEST(absent_sources_are_made_or_named)
{
	struct world w;
	struct stat st;
	char path[96];
	struct err e = ERR_NONE;

	world_init(&w);
	fmt_to(path, sizeof(path), "%s/new/deep", w.path);
	struct ct_mount m = { .source = path, .destination = (char *)(uintptr_t) "/x" };
	CHECK(volume_bind(&w.en, &m, 0, 0, &e) < 0 && strstr(e.msg, "bind source path does not exist"), "%s", e.msg);
	err_clear(&e);
	m.create_source = true;
	CHECK(volume_bind(&w.en, &m, 0, 0, &e) == 0, "%s", e.msg);
	CHECK(fstatat(w.fd, "new/deep", &st, 0) == 0 && (st.st_mode & 07777) == 0755, "mode");
	world_done(&w);
}

TEST_MAIN(T(is_made_listed_and_removed), T(names_cannot_lead_elsewhere), T(options_are_a_bind_or_a_tmpfs),
	T(one_of_many_makers_wins), T(is_filled_once_with_owner_and_mode), T(nocopy_and_absent_places_leave_it_empty),
	T(links_are_not_followed), T(filling_is_taken_up_again), T(what_is_used_stays),
	T(anonymous_ones_go_with_their_container), T(left_overs_are_swept),
	T(changing_owners_stops_at_places_of_the_system), T(changing_owners_follows_no_link_and_heeds_hard_links),
	T(absent_sources_are_made_or_named))
