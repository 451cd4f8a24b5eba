/* The test runs itself as a child that protects its executable and then tells what can be done to it. */
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sec/selfexe.h"
#include "sys/call.h"

/* What the child found: bits of its exit status. */
enum { PROBE_FAILED = 1, READ_ONLY_MOUNT = 2, SEALED = 4, WRITABLE = 8, NAME_LOST = 16, PRIVATE = 32 };

static int probe(char **argv, char **envp)
{
	struct err e = ERR_NONE;
	struct statvfs s;
	char name[64] = "", link[256] = "";
	int found = 0;

	if (selfexe_protect(argv, envp, &e) < 0) {
		print_error("%s\n", e.msg);
		return PROBE_FAILED;
	}
	auto_fd int exe = openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd int comm = openat(AT_FDCWD, "/proc/self/comm", O_RDONLY | O_CLOEXEC);

	if (exe < 0 || fstatvfs(exe, &s) < 0 || comm < 0 || read(comm, name, sizeof(name) - 1) <= 0)
		return PROBE_FAILED;
	/* The clone's root is the file itself, and it hangs nowhere. */
	if (readlink("/proc/self/exe", link, sizeof(link) - 1) > 0 && str_eq(link, "/"))
		found |= PRIVATE;
	if (s.f_flag & ST_RDONLY)
		found |= READ_ONLY_MOUNT;
	if (fcntl(exe, F_GET_SEALS) > F_SEAL_SEAL) /* every file of a tmpfs has that one */
		found |= SEALED;
	/* While it runs every file answers ETXTBSY: ask for permission instead. */
	if (faccessat(AT_FDCWD, "/proc/self/exe", W_OK, AT_EACCESS) == 0)
		found |= WRITABLE;
	if (!str_starts(name, "probe-name"))
		found |= NAME_LOST;
	return found;
}

/* Run @exe as @uid with the probe's argument; its findings. */
static int run_probe(const char *exe, uid_t uid)
{
	char *const argv[] = { (char *)"/some/where/probe-name", (char *)"--probe", NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (uid &&
			(sys_setgroups(0, NULL) < 0 || sys_setresgid(uid, uid, uid) < 0 ||
				sys_setresuid(uid, uid, uid) < 0))
			_exit(PROBE_FAILED);
		execve(exe, argv, environ);
		_exit(PROBE_FAILED);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "status %#x", status);
	return WEXITSTATUS(status);
}

static void copy_self(const char *to, uid_t owner, mode_t mode)
{
	static char block[1 << 16];
	auto_fd int from = openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd int fd = openat(AT_FDCWD, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	for (ssize_t n; (n = read(from, block, sizeof(block))) > 0;)
		CHECK(write(fd, block, (size_t)n) == n, "copy");
	CHECK(fchown(fd, owner, owner) == 0 && fchmod(fd, mode) == 0, "chown %s", to);
}

TEST(root_runs_from_a_read_only_mount)
{
	int r;

	if (geteuid() != 0)
		SKIP("needs root");
	r = run_probe("/proc/self/exe", 0);
	CHECK(r == (READ_ONLY_MOUNT | PRIVATE), "%#x", r);
}

/* On a read-only mount of the host, which may be remounted writable later. */
TEST(a_read_only_host_is_not_enough)
{
	char dir[] = "/tmp/tare-selfexe-XXXXXX", file[64];
	int status;

	if (geteuid() != 0)
		SKIP("needs root");
	CHECK(mkdtemp(dir), "mkdtemp");
	fmt_to(file, sizeof(file), "%s/roots", dir);
	copy_self(file, 0, 0755);
	pid_t pid = fork();

	if (pid == 0) { /* the mount goes with this process's namespace */
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount(dir, dir, NULL, MS_BIND, NULL) < 0 ||
			mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
			_exit(PROBE_FAILED);
		_exit(run_probe(file, 0));
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "status %#x", status);
	(void)unlinkat(AT_FDCWD, file, 0);
	(void)unlinkat(AT_FDCWD, dir, AT_REMOVEDIR);
	CHECK(WEXITSTATUS(status) == (READ_ONLY_MOUNT | PRIVATE), "%#x", WEXITSTATUS(status));
}

TEST(plain_users_run_what_they_cannot_reach)
{
	char dir[] = "/tmp/tare-selfexe-XXXXXX", own[64], roots[64];
	int r, q, w;

	if (geteuid() != 0)
		SKIP("needs root to become a plain user");
	CHECK(mkdtemp(dir) && fchmodat(AT_FDCWD, dir, 0755, 0) == 0, "mkdtemp");
	fmt_to(own, sizeof(own), "%s/own", dir);
	fmt_to(roots, sizeof(roots), "%s/roots", dir);
	copy_self(own, 65534, 0755);
	copy_self(roots, 0, 0755);
	r = run_probe(own, 65534);
	q = run_probe(roots, 65534);
	copy_self(roots, 0, 0777);
	w = run_probe(roots, 65534);
	(void)unlinkat(AT_FDCWD, own, 0);
	(void)unlinkat(AT_FDCWD, roots, 0);
	(void)unlinkat(AT_FDCWD, dir, AT_REMOVEDIR);
	CHECK((r & SEALED) && !(r & (PROBE_FAILED | NAME_LOST)), "one's own file is copied and sealed: %#x", r);
	CHECK((q & ~NAME_LOST) == 0, "root's file needs nothing: %#x", q);
	CHECK((w & SEALED) && !(w & PROBE_FAILED), "root's file that all may write: %#x", w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { T(root_runs_from_a_read_only_mount), T(a_read_only_host_is_not_enough),
		T(plain_users_run_what_they_cannot_reach) };

	if (argc == 2 && str_eq(argv[1], "--probe"))
		return probe(argv, environ);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
