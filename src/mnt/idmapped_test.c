#include "mnt/idmapped.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/test.h"
#include "ns/userns.h"

#define MAPS(...) \
	{ \
		(struct rc_id_map[]){ __VA_ARGS__ }, \
			sizeof((struct rc_id_map[]){ __VA_ARGS__ }) / sizeof(struct rc_id_map) \
	}

TEST(relative_ranges_follow_the_container)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct err e = ERR_NONE;
	struct rc_id_maps container = MAPS({ 0, 1000, 1 }, { 1, 100000, 10 }), m;
	struct mnt_id_range ranges[] = { { 0, 0, 5, true }, { 50, 7, 2, false } };

	CHECK(mnt_idmap_resolve(ranges, 2, &container, &arena, &m, &e) == 0, "%s", e.msg);
	CHECK(m.n == 3, "%zu ranges", m.n);
	CHECK(m.v[0].container == 0 && m.v[0].host == 1000 && m.v[0].size == 1, "first");
	CHECK(m.v[1].container == 1 && m.v[1].host == 100000 && m.v[1].size == 4, "second");
	CHECK(m.v[2].container == 50 && m.v[2].host == 7 && m.v[2].size == 2, "absolute");
	ranges[0].size = 12;
	CHECK(mnt_idmap_resolve(ranges, 1, &container, &arena, &m, &e) < 0 && strstr(e.msg, "id 11 of"), "%s", e.msg);
}

TEST(same_whatever_the_form)
{
	struct rc_id_maps a = MAPS({ 0, 1000, 10 }, { 10, 5000, 5 });
	struct rc_id_maps b = MAPS({ 10, 5000, 5 }, { 0, 1000, 3 }, { 3, 1003, 7 });
	struct rc_id_maps c = MAPS({ 0, 1000, 10 });

	CHECK(mnt_idmap_same(&a, &b) && mnt_idmap_same(&b, &a), "split and turned around");
	CHECK(!mnt_idmap_same(&a, &c) && !mnt_idmap_same(&c, &a), "a part is not the whole");
	c.v[0].host = 1001;
	CHECK(!mnt_idmap_same(&c, &a), "other hosts");
}

static int new_tmpfs(void)
{
	auto_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, 0);
}

/* Of a mount that is nowhere: before Linux 6.15 only one that is somewhere can be cloned. */
static int clone_of(int mnt)
{
	char at[] = "/tmp/tare-idmapped-XXXXXX";

	CHECK(mkdtemp(at), "mkdtemp");
	int copy = -1;
	if (move_mount(mnt, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH) == 0) {
		copy = open_tree(mnt, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		CHECK(umount2(at, MNT_DETACH) == 0, "umount");
	}
	CHECK(rmdir(at) == 0, "rmdir");
	return copy;
}

TEST(owners_are_shown_through_the_map)
{
	struct err e = ERR_NONE;
	static struct ns_idmap p;
	struct rc_id_maps m = MAPS({ 0, 100000, 1000 });
	struct stat st;
	auto_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int mnt = new_tmpfs();

	if (mnt < 0)
		SKIP("cannot make a tmpfs");
	CHECK(mkdirat(mnt, "d", 0755) == 0 && fchownat(mnt, "d", 7, 8, 0) == 0, "prepare");
	CHECK(ns_idmap_prepare(&m, &m, &p, &e) == 0, "%s", e.msg);
	auto_fd int ns = ns_userns_new(&p, proc, &e);
	CHECK(ns >= 0, "%s", e.msg);
	auto_fd int copy = clone_of(mnt);
	CHECK(copy >= 0, "clone: %s", strerror(errno));
	int r = mnt_idmap_apply(copy, ns, false, &e);
	if (r == -EINVAL)
		SKIP("tmpfs cannot be idmapped here (Linux 6.3)");
	CHECK(r == 0, "%s", e.msg);
	CHECK(fstatat(copy, "d", &st, 0) == 0 && st.st_uid == 100007 && st.st_gid == 100008, "%u %u", st.st_uid,
		st.st_gid);
	CHECK(fstatat(mnt, "d", &st, 0) == 0 && st.st_uid == 7, "the original keeps its owners");
	CHECK(mnt_idmap_apply(copy, ns, false, &e) < 0, "a mount is mapped once");
}

TEST_MAIN(T(relative_ranges_follow_the_container), T(same_whatever_the_form), T(owners_are_shown_through_the_map))
