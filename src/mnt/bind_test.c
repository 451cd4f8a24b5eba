#include "mnt/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/test.h"
#include "sys/call.h"

enum { OPEN_TREE_ATTR = 467 };

/* From here on this process is on a kernel older than Linux 6.15. */
static int forget_open_tree_attr(void)
{
	struct sock_filter f[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OPEN_TREE_ATTR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog prog = { sizeof(f) / sizeof(f[0]), f };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -1 : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static bool is_read_only(int fd)
{
	struct statvfs s;

	return fstatvfs(fd, &s) == 0 && s.f_flag & ST_RDONLY;
}

/* Below @dir lies a tmpfs: what a tree of two mounts looks like after it was cloned with an attribute. */
static bool clones_read_only(int dir, bool recursive)
{
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	struct err e = ERR_NONE;
	auto_fd int mnt = mnt_clone_attr(dir, recursive, &ro, &e);
	auto_fd int below = mnt < 0 ? FD_NONE : openat(mnt, "sub", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st, root;

	if (mnt < 0 || below < 0 || fstat(below, &st) < 0 || fstat(mnt, &root) < 0) {
		print_error("%s\n", e.msg);
		return false;
	}
	bool mounted = st.st_dev != root.st_dev;
	return is_read_only(mnt) && is_read_only(below) && mounted == recursive && !is_read_only(dir);
}

static int in_private_namespace(bool old_kernel)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/mnt", "tmpfs", 0, NULL) < 0)
		return 1;
	auto_fd int dir = open("/mnt", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || mkdirat(dir, "sub", 0755) < 0 || mount("tmpfs", "/mnt/sub", "tmpfs", 0, NULL) < 0)
		return 2;
	if (old_kernel && forget_open_tree_attr() < 0)
		return 3;
	if (!clones_read_only(dir, true))
		return 4;
	return clones_read_only(dir, false) ? 0 : 5;
}

static void run(bool old_kernel)
{
	int status;

	if (geteuid() != 0)
		SKIP("needs root to mount");
	pid_t pid = fork();
	if (pid == 0)
		_exit(in_private_namespace(old_kernel));
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "status %#x", status);
	CHECK(WEXITSTATUS(status) == 0, "step %d", WEXITSTATUS(status));
}

TEST(clones_carry_their_attributes)
{
	run(false);
}

TEST(so_they_do_without_open_tree_attr)
{
	run(true);
}

/* What could not be finished is not left behind. */
TEST(a_refused_attribute_leaves_no_descriptor)
{
	struct mount_attr bad = { .attr_set = UINT64_C(1) << 63 };
	struct err e = ERR_NONE;
	auto_fd int before = open("/", O_PATH | O_CLOEXEC);
	int next = fcntl(before, F_DUPFD_CLOEXEC, 0);

	close(next);
	CHECK(mnt_clone_attr(before, false, &bad, &e) < 0 && e.num, "accepted");
	int after = fcntl(before, F_DUPFD_CLOEXEC, 0);
	CHECK(after == next, "%d, was %d", after, next);
	close(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = { T(clones_carry_their_attributes), T(so_they_do_without_open_tree_attr),
		T(a_refused_attribute_leaves_no_descriptor) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
