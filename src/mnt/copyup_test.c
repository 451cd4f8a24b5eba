#include "mnt/copyup.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include "base/str.h"
#include "base/test.h"
#include "sys/path.h"

static int new_tmpfs(void)
{
	auto_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	auto_fd int mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return mnt < 0 ? -1 : openat(mnt, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void put(int dir, const char *name, const char *text, mode_t mode, uid_t uid)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", name);
	CHECK(fchown(fd, uid, uid) == 0 && fchmod(fd, mode) == 0, "%s", name);
}

static void get(int dir, const char *name, char *dst, size_t size)
{
	auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, dst, size - 1);

	dst[n > 0 ? n : 0] = '\0';
}

TEST(everything_arrives)
{
	struct err e = ERR_NONE;
	struct stat st;
	char text[64];
	auto_fd int src = new_tmpfs();
	auto_fd int dst = new_tmpfs();

	if (src < 0)
		SKIP("cannot make a tmpfs");
	umask(077);
	CHECK(mkdirat(src, "d", 0700) == 0 && mkdirat(src, "d/deep", 01777) == 0, "mkdir");
	CHECK(fchmodat(src, "d/deep", 01777, 0) == 0 && fchownat(src, "d", 5, 6, 0) == 0, "chmod");
	put(src, "d/deep/file", "content", 04755, 1000);
	CHECK(symlinkat("/etc/passwd", src, "d/link") == 0, "symlink");
	CHECK(mknodat(src, "fifo", S_IFIFO | 0640, 0) == 0 && fchmodat(src, "fifo", 0666, 0) == 0, "fifo");
	CHECK(mknodat(src, "null", S_IFCHR | 0600, makedev(1, 3)) == 0, "null");
	auto_fd int sparse = openat(src, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	CHECK(pwrite(sparse, "end", 3, 1 << 26) == 3, "sparse");
	CHECK(futimens(sparse, (struct timespec[2]){ { 1, 0 }, { 2, 3 } }) == 0, "times");
	bool has_xattr = fsetxattr(sparse, "trusted.x", "y", 1, 0) == 0;
	CHECK(fchmod(src, 0711) == 0, "top");

	CHECK(mnt_copy_up(src, dst, &e) == 0, "%s", e.msg);
	CHECK(fstat(dst, &st) == 0 && (st.st_mode & 07777) == 0711, "top mode %o", st.st_mode);
	CHECK(fstatat(dst, "d", &st, 0) == 0 && st.st_uid == 5 && st.st_gid == 6, "owner of d");
	CHECK(fstatat(dst, "d/deep", &st, 0) == 0 && (st.st_mode & 07777) == 01777, "mode %o", st.st_mode);
	CHECK(fstatat(dst, "d/deep/file", &st, 0) == 0 && (st.st_mode & 07777) == 04755 && st.st_uid == 1000, "file");
	get(dst, "d/deep/file", text, sizeof(text));
	CHECK(strcmp(text, "content") == 0, "%s", text);
	CHECK(readlinkat(dst, "d/link", text, sizeof(text)) == 11, "link");
	CHECK(fstatat(dst, "fifo", &st, 0) == 0 && S_ISFIFO(st.st_mode) && (st.st_mode & 0777) == 0666, "fifo");
	CHECK(fstatat(dst, "null", &st, 0) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3), "null");
	CHECK(fstatat(dst, "sparse", &st, 0) == 0 && st.st_size == (1 << 26) + 3 && st.st_blocks < 1000, "holes stay");
	CHECK(st.st_mtim.tv_sec == 2 && st.st_mtim.tv_nsec == 3, "times");
	auto_fd int copy = openat(dst, "sparse", O_RDONLY | O_CLOEXEC);
	CHECK(!has_xattr || fgetxattr(copy, "trusted.x", text, sizeof(text)) == 1, "xattr");
	CHECK(pread(copy, text, 3, 1 << 26) == 3 && memcmp(text, "end", 3) == 0, "data after the hole");
}

TEST(too_deep_is_refused)
{
	struct err e = ERR_NONE;
	auto_fd int src = new_tmpfs();
	auto_fd int dst = new_tmpfs();
	auto_fd int at = src < 0 ? -1 : openat(src, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (src < 0)
		SKIP("cannot make a tmpfs");
	for (int i = 0; i < COPYUP_MAX_DEPTH + 1; i++) {
		CHECK(mkdirat(at, "d", 0700) == 0, "mkdir");
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	CHECK(mnt_copy_up(src, dst, &e) == -ELOOP && str_starts(e.msg, "d: d:"), "%s", e.msg);
}

TEST(a_full_tmpfs_names_the_file)
{
	struct err e = ERR_NONE;
	static char big[100000];
	auto_fd int src = new_tmpfs();
	auto_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (src < 0)
		SKIP("cannot make a tmpfs");
	memset(big, 'x', sizeof(big) - 1);
	put(src, "big", big, 0644, 0);
	CHECK(fsconfig(fs, FSCONFIG_SET_STRING, "size", "16k", 0) == 0, "size");
	CHECK(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0, "create");
	auto_fd int mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	auto_fd int dst = openat(mnt, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(mnt_copy_up(src, dst, &e) == -ENOSPC && str_starts(e.msg, "big: "), "%s", e.msg);
}

TEST_MAIN(T(everything_arrives), T(too_deep_is_refused), T(a_full_tmpfs_names_the_file))
