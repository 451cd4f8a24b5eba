#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include "cg/freeze.h"
#include "cg/limits.h"
#include "cg/mounts.h"
#include "cg/procs.h"
#include "cg/test_view.h"

static const enum view views[] = { VIEW_OWN, VIEW_V2, VIEW_V1 };

static void open_host(struct cg_host *h, enum cg_trust trust)
{
	struct err e = ERR_NONE;

	CHECK(cg_host_open(trust, h, &e) == 0, "%s", e.msg);
}

static void make(struct cg_host *h, const char *path, struct cg *c)
{
	struct cg_new n = { .path = path };
	struct err e = ERR_NONE;

	CHECK(cg_create(h, &n, c, &e) == 0, "%s: %s", path, e.msg);
}

static void drop(struct cg_host *h, const char *path, struct cg *c)
{
	struct err e = ERR_NONE;

	CHECK(cg_remove(h, path, &e) == 0, "%s", e.msg);
	CHECK(!cg_exists(h, path), "%s is still there", path);
	cg_done(c);
}

TEST(path_resolve_normalises)
{
	static const char *const good[][2] = { { "/a/b", "/a/b" }, { "//a///b/./", "/a/b" }, { "a/b", "/a/b" },
		{ NULL, "/id" }, { "", "/id" }, { "/a..b", "/a..b" }, { "/...", "/..." } };
	char got[CG_PATH_SIZE];
	bool move;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct err e = ERR_NONE;

		CHECK(cg_path_resolve(good[i][0], "id", got, &move, &e) == 0, "%s", e.msg);
		assert_string_equal(got, good[i][1]);
		CHECK(move == (!good[i][0] || good[i][0][0] != '/'), "%s", got);
	}
}

TEST(path_resolve_refuses)
{
	char longer[3000], part[400], got[CG_PATH_SIZE];
	bool move;

	memset(part, 'x', sizeof(part));
	part[0] = '/';
	part[300] = '\0';
	for (size_t i = 0; i + 1 < sizeof(longer); i++)
		longer[i] = i % 100 ? 'y' : '/';
	longer[sizeof(longer) - 1] = '\0';
	const char *const bad[] = { "/..", "../a", "/a/../b", "a/..", "/", "//.", "/a\nb", "/a\x7f", part, longer };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_NONE;

		CHECK(cg_path_resolve(bad[i], "id", got, &move, &e) < 0, "took %s", bad[i]);
		CHECK(e.kind == ERR_CONFIG && strstr(e.msg, "/linux/cgroupsPath"), "%s", e.msg);
	}
}

TEST(host_believes_only_mounts)
{
	struct cg_host usual, sure;

	if (!view_enter(VIEW_OWN))
		SKIP("needs root");
	open_host(&usual, CG_USUAL);
	open_host(&sure, CG_VERIFY);
	CHECK(usual.mode == sure.mode, "%d, %d", usual.mode, sure.mode);
	CHECK(usual.n_hier == sure.n_hier, "%d, %d", usual.n_hier, sure.n_hier);
	for (int i = 0; i < usual.n_hier; i++)
		assert_string_equal(usual.hier[i].dir, sure.hier[i].dir);
	cg_host_done(&usual);
	cg_host_done(&sure);
	if (view_enter(VIEW_V2)) {
		open_host(&usual, CG_USUAL);
		CHECK(usual.mode == CG_V2 && usual.n_hier == 1, "%d", usual.mode);
		cg_host_done(&usual);
	}
	if (view_enter(VIEW_V1)) {
		open_host(&usual, CG_USUAL);
		CHECK(usual.mode == CG_V1 && usual.unified < 0, "%d", usual.mode);
		cg_host_done(&usual);
	}
}

/* A hierarchy that is in the kernel's list and mounted somewhere unusual, with a fake at its usual place. */
TEST(create_finds_a_moved_hierarchy)
{
	char path[CG_PATH_SIZE], dir[] = "/tmp/tare-test-cg-XXXXXX";
	struct cg_host h;
	struct cg c;
	struct stat st;

	if (!view_enter(VIEW_OWN) || access("/sys/fs/cgroup/pids/cgroup.procs", F_OK) < 0)
		SKIP("needs root and a v1 pids hierarchy");
	CHECK(mkdtemp(dir) != NULL, "mkdtemp");
	CHECK(mount("/sys/fs/cgroup/pids", dir, NULL, MS_BIND, NULL) == 0, "bind");
	CHECK(umount2("/sys/fs/cgroup/pids", MNT_DETACH) == 0, "umount");
	open_host(&h, CG_USUAL);
	make(&h, view_path(path, "moved"), &c);
	CHECK(h.verified, "not noticed");
	assert_string_equal(h.hier[h.v1_of[CG_PIDS]].dir, dir);
	CHECK(stat("/sys/fs/cgroup/pids", &st) == 0 && st.st_nlink == 2, "left something in the tmpfs");
	drop(&h, path, &c);
	cg_host_done(&h);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

TEST(create_join_list_kill_remove)
{
	char path[CG_PATH_SIZE];

	for (size_t v = 0; v < ARRAY_SIZE(views); v++) {
		struct cg_host h;
		struct cg c;
		struct err e = ERR_NONE;
		auto_free pid_t *pids = NULL;
		size_t n;
		bool populated;

		if (!view_enter(views[v]))
			continue;
		open_host(&h, CG_USUAL);
		make(&h, view_path(path, "life/a"), &c);
		CHECK(c.in == (1u << h.n_hier) - 1 && c.made == c.in, "%x", c.in);
		CHECK(cg_exists(&h, path), "not there");
		pid_t pid = view_child(&c, NULL);
		CHECK(pid > 0, "child");
		CHECK(cg_pids(&h, path, &pids, &n, &e) == 0 && n == 1 && pids[0] == pid, "%zu %s", n, e.msg);
		CHECK(cg_populated(&h, path, &populated, &e) == 0 && populated, "%s", e.msg);
		CHECK(cg_wait_empty(&h, path, 1, &e) == -ETIMEDOUT, "%s", e.msg);
		err_clear(&e);
		CHECK(cg_kill_all(&h, path, SIGKILL, &e) == 0, "%s", e.msg);
		CHECK(cg_wait_empty(&h, path, 5000, &e) == 0, "%s", e.msg);
		view_reap(pid);
		drop(&h, path, &c);
		*strrchr(path, '/') = '\0';
		CHECK(cg_remove(&h, path, &e) == 0, "%s", e.msg);
		cg_host_done(&h);
	}
}

/* Sub-cgroups with processes in them, while frozen: the whole of "delete --force". */
TEST(remove_clears_a_busy_tree)
{
	char path[CG_PATH_SIZE], sub[CG_PATH_SIZE];

	for (size_t v = 0; v < ARRAY_SIZE(views); v++) {
		struct cg_host h;
		struct cg c, below, beside;
		struct err e = ERR_NONE;
		bool frozen;

		if (!view_enter(views[v]))
			continue;
		open_host(&h, CG_USUAL);
		make(&h, view_path(path, "busy"), &c);
		fmt_to(sub, sizeof(sub), "%s/x/y/z", path);
		make(&h, sub, &below);
		/* Not in the container's own: on v2 it gives controllers to those below and takes no processes. */
		fmt_to(sub, sizeof(sub), "%s/w", path);
		make(&h, sub, &beside);
		pid_t a = view_child(&below, NULL), b = view_child(&beside, NULL);
		CHECK(a > 0 && b > 0, "children");
		CHECK(cg_freeze(&h, path, true, 5000, &e) == 0, "%s", e.msg);
		CHECK(cg_frozen(&h, path, &frozen, &e) == 0 && frozen, "%s", e.msg);
		cg_done(&below);
		cg_done(&beside);
		drop(&h, path, &c);
		waitpid(a, NULL, 0);
		waitpid(b, NULL, 0);
		cg_host_done(&h);
	}
}

TEST(remove_walks_a_deep_tree)
{
	char path[CG_PATH_SIZE], full[4096];
	struct cg_host h;
	struct cg c;

	if (!view_enter(VIEW_V2))
		SKIP("needs root and cgroup2");
	open_host(&h, CG_USUAL);
	make(&h, view_path(path, "deep"), &c);
	fmt_to(full, sizeof(full), "/sys/fs/cgroup%s", path);
	auto_fd int fd = open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 100; i++) { /* longer in all than PATH_MAX */
		static const char name[] = "0123456789012345678901234567890123456789012345678901234567890";

		CHECK(mkdirat(fd, name, 0755) == 0, "level %d", i);
		int next = openat(fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd_close(&fd);
		fd = next;
	}
	drop(&h, path, &c);
	cg_host_done(&h);
}

TEST(existing_cgroups_are_told_apart)
{
	char path[CG_PATH_SIZE];

	for (size_t v = 0; v < ARRAY_SIZE(views); v++) {
		struct cg_host h;
		struct cg first, second;
		struct err e = ERR_NONE;
		struct cg_new n = { .path = path };

		if (!view_enter(views[v]))
			continue;
		open_host(&h, CG_USUAL);
		make(&h, view_path(path, "there"), &first);
		make(&h, path, &second);
		CHECK(!second.external && second.made == 0 && second.in == first.in, "leftover");
		cg_done(&second);
		pid_t pid = view_child(&first, NULL);
		make(&h, path, &second);
		CHECK(second.external, "populated");
		cg_done(&second);
		CHECK(cg_freeze(&h, path, true, 5000, &e) == 0, "%s", e.msg);
		CHECK(cg_create(&h, &n, &second, &e) < 0 && strstr(e.msg, "frozen"), "%s", e.msg);
		err_clear(&e);
		CHECK(cg_freeze(&h, path, false, 5000, &e) == 0, "%s", e.msg);
		view_reap(pid);
		drop(&h, path, &first);
		cg_host_done(&h);
	}
}

TEST(open_finds_it_again)
{
	char path[CG_PATH_SIZE];
	struct cg_host h;
	struct cg c, again;
	struct err e = ERR_NONE;

	if (!view_enter(VIEW_OWN))
		SKIP("needs root");
	open_host(&h, CG_VERIFY);
	CHECK(cg_open(&h, view_path(path, "open"), &again, &e) == -ENOENT, "%s", e.msg);
	err_clear(&e);
	make(&h, path, &c);
	CHECK(cg_open(&h, path, &again, &e) == 0 && again.in == c.in && again.join.n == c.join.n, "%s", e.msg);
	cg_done(&again);
	CHECK(cg_open_sub(&h, path, NULL, "/../x", &again, &e) < 0, "took ..");
	err_clear(&e);
	CHECK(cg_open_sub(&h, path, NULL, "/", &again, &e) == 0, "%s", e.msg);
	cg_done(&again);
	drop(&h, path, &c);
	cg_host_done(&h);
}

TEST(mounts_name_every_hierarchy)
{
	char path[CG_PATH_SIZE];

	for (size_t v = 0; v < ARRAY_SIZE(views); v++) {
		struct cg_host h;
		struct cg c;
		struct cg_mounts m;
		struct err e = ERR_NONE;

		if (!view_enter(views[v]))
			continue;
		open_host(&h, CG_USUAL);
		make(&h, view_path(path, "mounts"), &c);
		CHECK(cg_mounts_open(&h, path, &m, &e) == 0, "%s", e.msg);
		CHECK(m.single == (h.mode == CG_V2) && m.n >= h.n_hier, "%d", m.n);
		for (int i = 0; i < m.n; i++)
			CHECK(m.v[i].link[0] || m.v[i].fd >= 0, "%s", m.v[i].name);
		cg_mounts_done(&m);
		drop(&h, path, &c);
		cg_host_done(&h);
	}
}

static void fork_on(void)
{
	for (int i = 0; i < 20; i++)
		if (fork() < 0)
			break;
}

TEST(kill_ends_a_frozen_crowd)
{
	char path[CG_PATH_SIZE];

	for (size_t v = 0; v < ARRAY_SIZE(views); v++) {
		struct cg_host h;
		struct cg c;
		struct err e = ERR_NONE;
		struct rc_resources res = { .pids_limit = { .set = true, .v = 60 } };

		if (!view_enter(views[v]))
			continue;
		open_host(&h, CG_USUAL);
		if (h.v1_of[CG_PIDS] < 0) {
			cg_host_done(&h);
			continue; /* 2^20 processes would be too many */
		}
		make(&h, view_path(path, "crowd"), &c);
		CHECK(cg_limits_set(&h, path, &res, 0, &e) == 0, "%s", e.msg);
		pid_t pid = view_child(&c, fork_on);
		CHECK(pid > 0, "child");
		CHECK(cg_freeze(&h, path, true, 5000, &e) == 0, "%s", e.msg);
		CHECK(cg_kill_all(&h, path, SIGKILL, &e) == 0, "%s", e.msg);
		CHECK(cg_wait_empty(&h, path, 5000, &e) == 0, "%s", e.msg);
		waitpid(pid, NULL, 0);
		drop(&h, path, &c);
		cg_host_done(&h);
	}
}

/* What systemd gives a logged-in user: a cgroup of his own with his session's processes below it. */
static int as_user(const char *base)
{
	char path[CG_PATH_SIZE], want[CG_PATH_SIZE];
	struct cg_new n = { .path = path, .optional = true };
	struct cg_host h;
	struct cg c;
	struct err e = ERR_NONE;

	if (setgid(1000) < 0 || setuid(1000) < 0 || cg_host_open(CG_USUAL, &h, &e) < 0 ||
		cg_path_resolve(NULL, "tare-test-id", path, &n.may_move, &e) < 0)
		return 1;
	if (cg_create(&h, &n, &c, &e) < 0)
		err_print(2, "as_user", &e);
	fmt_to(want, sizeof(want), "%s/tare-test-id", base);
	if (strcmp(c.path, want) != 0)
		return 2;
	pid_t pid = view_child(&c, NULL);
	if (pid < 0 || cg_kill_all(&h, c.path, SIGKILL, &e) < 0 || cg_remove(&h, c.path, &e) < 0)
		return 3;
	cg_done(&c);
	n.path = "/absolute";
	n.may_move = n.optional = false;
	if (cg_create(&h, &n, &c, &e) == 0 || !e.hint[0])
		return 4;
	err_clear(&e);
	n.optional = true; /* and not moved: it stays where the user is */
	return cg_create(&h, &n, &c, &e) == 0 && c.path[0] == '\0' ? 0 : 5;
}

TEST(a_plain_user_has_his_delegated_cgroup)
{
	static const char *const give[] = { "", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads" };
	char base[CG_PATH_SIZE], session[CG_PATH_SIZE], full[4096];
	struct cg_host h;
	struct cg user, inner;
	struct err e = ERR_NONE;
	int status = -1;

	if (!view_enter(VIEW_V2))
		SKIP("needs root and cgroup2");
	open_host(&h, CG_USUAL);
	make(&h, view_path(base, "user"), &user);
	fmt_to(session, sizeof(session), "%s/session", base);
	make(&h, session, &inner);
	for (size_t i = 0; i < ARRAY_SIZE(give); i++) {
		fmt_to(full, sizeof(full), "/sys/fs/cgroup%s%s", base, give[i]);
		CHECK(chown(full, 1000, 1000) == 0, "chown %s", full);
	}
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP, .cgroup = (uint64_t)inner.dir_fd, .exit_signal = SIGCHLD
	};
	pid_t pid = sys_clone3(&args);
	if (pid == 0)
		_exit(as_user(base));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "step %d", WEXITSTATUS(status));
	cg_done(&inner);
	drop(&h, base, &user);
	CHECK(cg_remove(&h, base, &e) == 0, "%s", e.msg);
	cg_host_done(&h);
}

/* Below a cgroup with processes nothing may be turned on, or the one below would take none: seen where v2 has cpu
 * and pids. */
TEST(a_container_below_processes)
{
	char path[CG_PATH_SIZE], sub[CG_PATH_SIZE];
	struct cg_host h;
	struct cg outer, inner;
	struct err e = ERR_NONE;
	struct rc_resources res = { .pids_limit = { true, 5 } };

	if (!view_enter(VIEW_V2))
		SKIP("needs root and cgroup2");
	open_host(&h, CG_USUAL);
	make(&h, view_path(path, "outer"), &outer);
	pid_t a = view_child(&outer, NULL);
	fmt_to(sub, sizeof(sub), "%s/inner", path);
	make(&h, sub, &inner);
	pid_t b = view_child(&inner, NULL);
	CHECK(a > 0 && b > 0, "the inner one takes no process");
	CHECK(cg_enable(&h, sub, &res, &e) < 0 && strstr(e.msg, "/linux/resources/pids"), "%s", e.msg);
	view_reap(a);
	view_reap(b);
	cg_done(&inner);
	drop(&h, path, &outer);
	cg_host_done(&h);
}

/* A container that has given controllers to cgroups below its own. */
TEST(open_beside_finds_the_process)
{
	char path[CG_PATH_SIZE], sub[CG_PATH_SIZE];
	struct cg_host h;
	struct cg c, below;
	struct err e = ERR_NONE;

	if (!view_enter(VIEW_V2))
		SKIP("needs root and cgroup2");
	open_host(&h, CG_USUAL);
	make(&h, view_path(path, "beside"), &c);
	fmt_to(sub, sizeof(sub), "%s/init.scope", path);
	make(&h, sub, &below);
	pid_t pid = view_child(&below, NULL);
	auto_fd int fd = cg_open_beside(&h, pid, &e);
	struct stat a, b;
	CHECK(fd >= 0 && fstat(fd, &a) == 0 && fstat(below.dir_fd, &b) == 0 && a.st_ino == b.st_ino, "%s", e.msg);
	view_reap(pid);
	cg_done(&below);
	drop(&h, path, &c);
	cg_host_done(&h);
}

TEST_MAIN(T(path_resolve_normalises), T(path_resolve_refuses), T(host_believes_only_mounts),
	T(create_finds_a_moved_hierarchy), T(create_join_list_kill_remove), T(remove_clears_a_busy_tree),
	T(remove_walks_a_deep_tree), T(existing_cgroups_are_told_apart), T(open_finds_it_again),
	T(mounts_name_every_hierarchy), T(kill_ends_a_frozen_crowd), T(a_plain_user_has_his_delegated_cgroup),
	T(open_beside_finds_the_process), T(a_container_below_processes))
