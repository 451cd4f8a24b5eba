#include "sys/locks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/str.h"
#include "base/test.h"

TEST(only_exclusive_flocks_of_the_device)
{
	char text[] = "1: FLOCK  ADVISORY  WRITE 860 fe:00:17 0 EOF\n"
		      "2: POSIX  ADVISORY  WRITE 861 fe:00:18 0 EOF\n"
		      "3: FLOCK  ADVISORY  READ  862 fe:00:19 0 EOF\n"
		      "4: FLOCK  ADVISORY  WRITE 863 fe:01:20 0 EOF\n"
		      "5: -> FLOCK  ADVISORY  WRITE 864 fe:00:21 0 EOF\n"
		      "6: FLOCK  ADVISORY  WRITE 865 fe:00:5 0 EOF\n"
		      "7: FLOCK  ADVISORY  WRITE 866 fe:00:x 0 EOF\n"
		      "8: FLOCK\n"
		      "nonsense\n";
	struct err e = ERR_NONE;
	uint64_t *v;
	size_t n;

	CHECK(locks_parse(text, makedev(0xfe, 0), &v, &n, &e) == 0, "%s", e.msg);
	CHECK(n == 2 && v[0] == 5 && v[1] == 17, "%zu", n);
	free(v);
}

static bool holds(dev_t dev, uint64_t inode)
{
	struct err e = ERR_NONE;
	uint64_t *v;
	size_t n;
	bool found = false;

	CHECK(locks_of(dev, &v, &n, &e) == 0, "%s", e.msg);
	for (size_t i = 0; i < n; i++)
		found = found || v[i] == inode;
	free(v);
	return found;
}

TEST(a_lock_is_seen_while_it_is_held)
{
	char path[] = "/tmp/tare-locks.XXXXXX";
	auto_fd int fd = mkstemp(path);
	struct stat st;

	CHECK(fd >= 0 && unlink(path) == 0 && fstat(fd, &st) == 0, "%s", path);
	CHECK(!holds(st.st_dev, st.st_ino), "before");
	CHECK(flock(fd, LOCK_EX) == 0, "flock");
	CHECK(holds(st.st_dev, st.st_ino), "held");
	CHECK(flock(fd, LOCK_SH) == 0, "flock");
	CHECK(!holds(st.st_dev, st.st_ino), "shared");
}

TEST_MAIN(T(only_exclusive_flocks_of_the_device), T(a_lock_is_seen_while_it_is_held))
