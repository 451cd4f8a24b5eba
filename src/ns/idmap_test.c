#include "ns/idmap.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "base/test.h"
#include "ns/kinds.h"
#include "ns/userns.h"
#include "sys/io.h"

#define MAPS(...) \
	{ \
		(struct rc_id_map[]){ __VA_ARGS__ }, \
			sizeof((struct rc_id_map[]){ __VA_ARGS__ }) / sizeof(struct rc_id_map) \
	}

static const struct rc_id_maps simple = MAPS({ 0, 100000, 65536 });

TEST(bad_maps_name_their_entries)
{
	const struct {
		struct rc_id_maps m;
		const char *says;
	} rows[] = {
		{ { NULL, 0 }, "no entry" },
		{ MAPS({ 0, 5, 0 }), "entry 0 has size 0" },
		{ MAPS({ 0, 4294967290, 10 }), "goes beyond id" },
		{ MAPS({ 4294967295, 0, 1 }), "goes beyond id" },
		{ MAPS({ 0, 1000, 10 }, { 9, 2000, 1 }),
			"entries 0 (0 1000 10) and 1 (9 2000 1) overlap in container" },
		{ MAPS({ 0, 1000, 10 }, { 20, 3000, 1 }, { 10, 1009, 1 }),
			"entries 0 (0 1000 10) and 2 (10 1009 1) overlap in host" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = ERR_NONE;

		CHECK(ns_idmap_check(&rows[i].m, "uidMappings", &e) < 0 && e.kind == ERR_CONFIG, "row %zu", i);
		CHECK(strstr(e.msg, rows[i].says), "\"%s\" lacks \"%s\"", e.msg, rows[i].says);
	}
}

TEST(text_joins_neighbours)
{
	struct err e = ERR_NONE;
	struct rc_id_maps m = MAPS({ 0, 1000, 1 }, { 1, 1001, 9 }, { 10, 5000, 5 });
	static struct ns_idmap p;

	CHECK(ns_idmap_prepare(&m, &simple, &p, &e) == 0, "%s", e.msg);
	CHECK(strcmp(p.uid.text, "0 1000 10\n10 5000 5\n") == 0 && p.uid.len == 20, "%s", p.uid.text);
	CHECK(strcmp(p.gid.text, "0 100000 65536\n") == 0, "%s", p.gid.text);
}

TEST(large_maps_work_or_are_refused)
{
	static struct rc_id_map v[10001];
	static struct ns_idmap p;
	struct rc_id_maps m = { v, 5000 };
	struct err e = ERR_NONE;

	for (uint32_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = (struct rc_id_map){ i, 100000 + i, 1 };
	CHECK(ns_idmap_prepare(&m, &simple, &p, &e) == 0, "%s", e.msg);
	CHECK(strcmp(p.uid.text, "0 100000 5000\n") == 0, "%s", p.uid.text);
	for (uint32_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i].host = 100000 + 2 * i;
	CHECK(ns_idmap_prepare(&m, &simple, &p, &e) == -E2BIG, "5000 separate ranges");
	err_clear(&e);
	m.n = ARRAY_SIZE(v);
	CHECK(ns_idmap_check(&m, "uidMappings", &e) == -E2BIG && strstr(e.msg, "10001"), "%s", e.msg);
}

TEST(host_ids)
{
	struct rc_id_maps m = MAPS({ 0, 1000, 1 }, { 1, 100000, 10 });
	uint32_t id = 0;

	CHECK(ns_idmap_to_host(&m, 0, &id) && id == 1000, "%u", id);
	CHECK(ns_idmap_to_host(&m, 10, &id) && id == 100009, "%u", id);
	CHECK(!ns_idmap_to_host(&m, 11, &id), "11 is not mapped");
}

/* The uid_map of the namespace @ns as read by a process inside. */
static void read_map(int ns, const char *file, char *dst, size_t size)
{
	int fds[2];

	CHECK(pipe(fds) == 0, "pipe");
	pid_t pid = fork();
	if (pid == 0) {
		char text[256];

		if (setns(ns, CLONE_NEWUSER) < 0)
			_exit(1);
		int fd = open(file, O_RDONLY);
		ssize_t n = read(fd, text, sizeof(text));
		_exit(n > 0 && write(fds[1], text, (size_t)n) == n ? 0 : 1);
	}
	close(fds[1]);
	ssize_t n = read(fds[0], dst, size - 1);
	dst[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	waitpid(pid, NULL, 0);
}

TEST(a_namespace_gets_its_maps)
{
	struct err e = ERR_NONE;
	static struct ns_idmap p;
	char text[256];
	unsigned a, b, c;
	auto_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (geteuid() != 0)
		SKIP("needs root");
	CHECK(ns_idmap_prepare(&simple, &simple, &p, &e) == 0 && p.uid.direct && !p.deny_setgroups, "%s", e.msg);
	auto_fd int ns = ns_userns_new(&p, proc, &e);
	CHECK(ns >= 0, "%s", e.msg);
	read_map(ns, "/proc/self/uid_map", text, sizeof(text));
	CHECK(sscanf(text, "%u %u %u", &a, &b, &c) == 3 && a == 0 && b == 100000 && c == 65536, "%s", text);
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD, "a child is left");
}

/* --- as a plain user ------------------------------------------------------------------------------------- */

static int as_nobody(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 &&
			(setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
				setresuid(65534, 65534, 65534) < 0))
			_exit(98);
		prctl(PR_SET_DUMPABLE, 1); /* changing ids took it, and with it the files in /proc */
		_exit(fn());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int own_id(void)
{
	struct err e = ERR_NONE;
	static struct ns_idmap p;
	struct rc_id_maps u = MAPS({ 0, (uint32_t)geteuid(), 1 }), g = MAPS({ 0, (uint32_t)getegid(), 1 });
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (ns_idmap_prepare(&u, &g, &p, &e) < 0 || !p.uid.direct || !p.gid.direct || !p.deny_setgroups)
		return 1;
	int ns = ns_userns_new(&p, proc, &e);
	if (ns < 0)
		print_error("%s\n", e.msg);
	return ns < 0 ? 2 : 0;
}

TEST(a_plain_user_maps_himself)
{
	int r = as_nobody(own_id);

	if (r == 98)
		SKIP("cannot become another user");
	CHECK(r == 0, "%d", r);
}

static int foreign_ids(void)
{
	struct err e = ERR_NONE;
	static struct ns_idmap p;
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (ns_idmap_prepare(&simple, &simple, &p, &e) < 0 || p.uid.direct || p.gid.direct)
		return 1;
	int r = ns_userns_new(&p, proc, &e);
	print_message("says: %s (%s)\n", e.msg, e.hint);
	if (r != -EPERM && r != -ENOSYS)
		return 2;
	return strstr(e.hint, "/etc/subgid") || strstr(e.hint, "uidmap") ? 0 : 3;
}

TEST(a_plain_user_learns_what_is_missing)
{
	int r = as_nobody(foreign_ids);

	if (r == 98)
		SKIP("cannot become another user");
	CHECK(r == 0, "%d", r);
}

TEST(default_map_begins_with_the_caller)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct err e = ERR_NONE;
	struct rc_id_maps u, g;

	CHECK(ns_idmap_default(&arena, &u, &g, &e) == 0, "%s", e.msg);
	CHECK(u.n >= 1 && u.v[0].container == 0 && u.v[0].host == geteuid() && u.v[0].size == 1, "uid");
	CHECK(g.n >= 1 && g.v[0].host == getegid(), "gid");
	CHECK(u.n < 2 || u.v[1].container == 1, "ranges follow");
}

TEST(identity_map_holds_our_own_ids)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct err e = ERR_NONE;
	struct rc_id_maps u, g;
	uint32_t host;

	CHECK(ns_idmap_identity(&arena, &u, &g, &e) == 0, "%s", e.msg);
	CHECK(ns_idmap_to_host(&u, geteuid(), &host) && host == geteuid(), "uid");
	CHECK(ns_idmap_to_host(&g, getegid(), &host) && host == getegid(), "gid");
}

TEST_MAIN(T(bad_maps_name_their_entries), T(text_joins_neighbours), T(large_maps_work_or_are_refused), T(host_ids),
	T(a_namespace_gets_its_maps), T(a_plain_user_maps_himself), T(a_plain_user_learns_what_is_missing),
	T(default_map_begins_with_the_caller), T(identity_map_holds_our_own_ids))
