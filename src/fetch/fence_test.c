/* What Landlock leaves of the store. Each case runs in a child, as there is no way back. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/test.h"
#include "fetch/fetch.h"
#include "sys/call.h"
#include "sys/path.h"

static char dir[64];

static int store_new(void)
{
	struct err e = ERR_NONE;

	snprintf(dir, sizeof(dir), "/tmp/tare-fence-XXXXXX");
	assert_non_null(mkdtemp(dir));
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(store_make_dirs(fd, &e), 0);
	assert_int_equal(mkdirat(fd, "containers", 0700), 0);
	fd_close(&(int){ openat(fd, "containers/secret", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) });
	fd_close(&(int){ openat(fd, "blobs/sha256/old", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) });
	return fd;
}

/* The exit status of @body behind the fence; 0 is what is wished for. */
static int behind(bool writes, bool tree, int (*body)(int fd))
{
	struct err e = ERR_NONE;
	int fd = store_new(), status;
	pid_t pid = fork();

	if (pid == 0) {
		struct fetch f = { .file_fd = FD_NONE, .data_fd = fd, .tree_fd = FD_NONE, .writes = writes };

		if (tree)
			f.tree_fd = openat(fd, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || fence_enter(&f, &e) < 0 ? 99 : body(fd));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fd_close(&fd);
	auto_fd int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(path_remove_tree(tmp, dir + 5, &e), 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static bool opens(int fd, const char *path, int flags)
{
	auto_fd int got = openat(fd, path, flags | O_CLOEXEC, 0600);

	return got >= 0;
}

static int body_write(int fd)
{
	if (!opens(fd, "tmp/new", O_CREAT | O_WRONLY) || renameat(fd, "tmp/new", fd, "blobs/sha256/new") < 0)
		return 1;
	if (mkdirat(fd, "tmp/l", 0700) < 0 || mknodat(fd, "tmp/l/fifo", S_IFIFO | 0600, 0) < 0 ||
		symlinkat("x", fd, "tmp/l/link") < 0 || renameat(fd, "tmp/l", fd, "layers/l") < 0)
		return 2;
	if (opens(fd, "containers/secret", O_RDONLY) || opens(fd, "containers", O_RDONLY | O_DIRECTORY) ||
		opens(fd, "new", O_CREAT | O_WRONLY) || opens(fd, "/etc/passwd", O_RDONLY))
		return 3;
	if (unlinkat(fd, "containers/secret", 0) == 0 || renameat(fd, "blobs/sha256/old", fd, "containers/old") == 0)
		return 4;
	return 0;
}

static int body_read(int fd)
{
	if (!opens(fd, "blobs/sha256/old", O_RDONLY))
		return 1;
	if (opens(fd, "blobs/sha256/old", O_WRONLY) || opens(fd, "tmp/new", O_CREAT | O_WRONLY))
		return 2;
	return opens(fd, "containers/secret", O_RDONLY) ? 3 : 0;
}

static int body_tree(int fd)
{
	if (!opens(fd, "containers/secret", O_RDONLY))
		return 1;
	return opens(fd, "containers/secret", O_WRONLY) ? 2 : 0;
}

static int body_reach(int fd)
{
	if (fd < 0 || kill(getppid(), 0) == 0)
		return 1;
	execl("/bin/true", "true", NULL);
	return errno == EACCES ? 0 : 2;
}

#define NEED_LANDLOCK() \
	do { \
		if (sys_landlock_abi() < SYS_LANDLOCK_ABI_MIN) \
			SKIP("no Landlock in this kernel"); \
	} while (0)

TEST(load_changes_images_only)
{
	NEED_LANDLOCK();
	assert_int_equal(behind(true, false, body_write), 0);
}

TEST(save_only_reads)
{
	NEED_LANDLOCK();
	assert_int_equal(behind(false, false, body_read), 0);
}

TEST(commit_reads_its_tree)
{
	NEED_LANDLOCK();
	assert_int_equal(behind(true, true, body_tree), 0);
}

TEST(nothing_is_executed_or_signalled)
{
	NEED_LANDLOCK();
	if (sys_landlock_abi() < 6)
		SKIP("Landlock of this kernel does not govern signals");
	assert_int_equal(behind(true, false, body_reach), 0);
}

TEST_MAIN(
	T(load_changes_images_only), T(save_only_reads), T(commit_reads_its_tree), T(nothing_is_executed_or_signalled))
