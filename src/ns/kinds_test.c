#include "ns/kinds.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/test.h"

TEST(own_namespaces_are_of_their_kind)
{
	for (int i = 0; i < RC_N_NS; i++) {
		struct err e = ERR_NONE;
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_kinds[i].proc_name);
		auto_fd int fd = ns_open_checked(path, (enum rc_ns)i, &e);
		CHECK(fd >= 0, "%s", e.msg);
		auto_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		auto_fd int again = ns_open_of(proc, getpid(), (enum rc_ns)i, &e);
		CHECK(again >= 0 && ns_same(fd, again, &e) == 1, "%s: %s", path, e.msg);
	}
}

TEST(others_are_refused_by_name)
{
	static const struct {
		const char *path, *says;
		int num;
	} rows[] = {
		{ "/proc/self/ns/net", "uts namespace: /proc/self/ns/net is a network namespace", EINVAL },
		{ "/proc/self/ns/pid_for_children", "is a pid namespace", EINVAL },
		{ "/etc/passwd", "is a regular file, not a namespace", EINVAL },
		{ "/", "is a directory, not a namespace", EINVAL },
		{ "/dev/null", "is a device, not a namespace", EINVAL },
		{ "/nonexistent", "open /nonexistent", ENOENT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = ERR_NONE;
		int r = ns_open_checked(rows[i].path, RC_NS_UTS, &e);

		CHECK(r == -rows[i].num && strstr(e.msg, rows[i].says), "%s: \"%s\"", rows[i].path, e.msg);
	}
}

TEST(a_fifo_does_not_hang)
{
	struct err e = ERR_NONE;
	char path[64];

	snprintf(path, sizeof(path), "/tmp/tare-fifo-%d", (int)getpid());
	CHECK(mkfifo(path, 0600) == 0, "mkfifo");
	int r = ns_open_checked(path, RC_NS_NET, &e);
	unlink(path);
	CHECK(r == -EINVAL && strstr(e.msg, "no file of a namespace"), "%s", e.msg);
}

TEST_MAIN(T(own_namespaces_are_of_their_kind), T(others_are_refused_by_name), T(a_fifo_does_not_hang))
