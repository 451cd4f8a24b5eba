/* The mount namespace of kdevtmpfs. Trusting the cache is safe: a number that came to mean something else fails the
 * inode check, and whatever namespace it is, the container pivots away from it. */
#include "mnt/smallns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"

static const char cache_name[] = "@mntns";

static int open_of(int proc, const char *pid, struct stat *ret)
{
	char path[48];

	fmt_to(path, sizeof(path), "%s/ns/mnt", pid);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, ret) < 0)
		fd_close(&fd);
	return fd;
}

static int open_cached(int cache_dir, int proc)
{
	char text[64], *space;
	struct stat st;
	uint64_t inode;
	ssize_t n = readlinkat(cache_dir, cache_name, text, sizeof(text) - 1);

	if (n <= 0)
		return -ENOENT;
	text[n] = '\0';
	space = strchr(text, ' ');
	if (!space || !parse_u64(space + 1, UINT64_MAX, &inode))
		return -ENOENT;
	*space = '\0';
	auto_fd int fd = open_of(proc, text, &st);
	return fd >= 0 && st.st_ino == inode ? fd_steal(&fd) : -ENOENT;
}

static ssize_t read_small(int proc, const char *path, char *dst, size_t size)
{
	auto_fd int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, dst, size - 1);

	dst[n > 0 ? n : 0] = '\0';
	return n;
}

static bool is_kdevtmpfs(int proc, const char *pid)
{
	char path[48], comm[32];

	fmt_to(path, sizeof(path), "%s/comm", pid);
	return read_small(proc, path, comm, sizeof(comm)) > 0 && str_eq(comm, "kdevtmpfs\n");
}

/* Kernel threads are children of process 2 (kthreadd); this one is among the first. */
static int find(int proc, char *ret_pid, size_t size)
{
	char list[4096], *save;

	if (read_small(proc, "2/task/2/children", list, sizeof(list)) <= 0)
		return -ENOENT;
	for (char *pid = strtok_r(list, " ", &save); pid; pid = strtok_r(NULL, " ", &save)) {
		if (!is_kdevtmpfs(proc, pid))
			continue;
		fmt_to(ret_pid, size, "%s", pid);
		return 0;
	}
	return -ENOENT;
}

int mnt_small_ns(int cache_dir, int proc)
{
	char pid[16], text[64];
	struct stat st, own;
	int fd = open_cached(cache_dir, proc);

	if (fd >= 0 || find(proc, pid, sizeof(pid)) < 0)
		return fd;
	auto_fd int found = open_of(proc, pid, &st);
	auto_fd int ours = open_of(proc, "self", &own);
	if (found < 0 || ours < 0 || st.st_ino == own.st_ino)
		return -ENOENT;
	fmt_to(text, sizeof(text), "%s %llu", pid, (unsigned long long)st.st_ino);
	(void)unlinkat(cache_dir, cache_name, 0); /* a stale one of an earlier boot */
	if (symlinkat(text, cache_dir, cache_name) < 0 && errno != EEXIST)
		return -ENOENT; /* without a cache it would cost more than it saves */
	return fd_steal(&found);
}
