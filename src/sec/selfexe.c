/* Guarantees: when selfexe_protect() returns 0, nobody who can name our executable through /proc/PID/exe can open
 * it for writing: not now, and not later by keeping a descriptor until we have executed something else
 * (CVE-2019-5736, SECURITY R1.1).
 *
 * Theory of operation: a process's /proc/PID/exe leads to the file on the mount it was executed from. We execute
 * ourselves once more from a private clone of that mount which is read-only and belongs to no namespace, so that
 * nobody can remount or clone it. In that second round statfs(2) shows the read-only flag and nothing is done. A
 * read-only mount of the host is not enough: it may be made writable later (apt's remount of /usr), and a descriptor
 * that a container kept would follow. Who may not clone mounts executes a sealed copy in memory instead, unless the
 * file is out of its reach anyway. */
#include "sec/selfexe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/str.h"
#include "sys/call.h"

static const char self[] = "/proc/self/exe";

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3; before, memory files are executable without it */
#endif

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* A copy made by sealed_copy(). */
static bool is_sealed(void)
{
	auto_fd int fd = openat(AT_FDCWD, self, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && (fcntl(fd, F_GET_SEALS) & SEALS) == SEALS;
}

/* The name that ps(1) shows: executing a descriptor leaves its number there. */
static void restore_name(char *const argv[])
{
	const char *slash = argv[0] ? strrchr(argv[0], '/') : NULL;

	if (argv[0])
		(void)prctl(PR_SET_NAME, slash ? slash + 1 : argv[0], 0, 0, 0); /* cosmetic */
}

/* A descriptor of our file on a read-only mount that only it holds. */
static int read_only_clone(struct err *e)
{
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_fd int fd = open_tree(AT_FDCWD, self, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open_tree %s", self);
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &ro, sizeof(ro)) < 0)
		return err_sys(e, "mount_setattr %s", self);
	return fd_steal(&fd);
}

static int copy_all(int from, int to, off_t size, struct err *e)
{
	for (off_t done = 0; done < size;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)(size - done));

		if (n < 0)
			return err_sys(e, "copy %s", self);
		if (n == 0)
			return err_num(e, EIO, "copy %s: it shrank", self);
		done += n;
	}
	return 0;
}

static int sealed_copy(int exe, off_t size, struct err *e)
{
	auto_fd int fd = memfd_create("tare", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("tare", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_sys(e, "memfd_create");
	if (copy_all(exe, fd, size, e) < 0)
		return -e->num;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return err_sys(e, "seal the copy of %s", self);
	return fd_steal(&fd);
}

/* Root's file that nobody else may write, and we are a plain user: neither we nor any id that we could map (subuid
 * ranges never hold 0) can open it for writing or change its mode. */
static bool out_of_reach(const struct stat *st)
{
	return geteuid() != 0 && st->st_uid == 0 && (st->st_mode & 022) == 0;
}

static int copy_unless_safe(bool *ret_safe, struct err *e)
{
	struct stat st;
	auto_fd int exe = openat(AT_FDCWD, self, O_RDONLY | O_CLOEXEC);

	*ret_safe = false;
	if (exe < 0)
		return err_sys(e, "open %s", self);
	if (fstat(exe, &st) < 0)
		return err_sys(e, "stat %s", self);
	if (out_of_reach(&st)) {
		*ret_safe = true;
		return FD_NONE;
	}
	return sealed_copy(exe, st.st_size, e);
}

/* The second round, or a program executed by descriptor on a read-only mount. execveat(2), getauxval(3). */
static bool by_descriptor(void)
{
	const char *name = (const char *)getauxval(AT_EXECFN);

	return name && str_starts(name, "/dev/fd/");
}

int selfexe_protect(char *const argv[], char *const envp[], struct err *e)
{
	struct statfs s;
	bool second = by_descriptor(), safe = false;

	if (statfs(self, &s) < 0)
		return err_sys(e, "statfs %s", self);
	bool read_only = s.f_flags & ST_RDONLY;

	if ((read_only && second) || ((unsigned long)s.f_type == TMPFS_MAGIC && is_sealed())) {
		if (second)
			restore_name(argv);
		return 0;
	}
	/* A clone that did not turn out read-only must not be tried for ever. */
	auto_fd int fd = second ? FD_NONE : read_only_clone(e);

	/* A mount that is not in our namespace: the private clone, seen by a process inside a container. */
	if (fd < 0 && read_only && e->num == EINVAL) {
		err_clear(e);
		return 0;
	}
	if (fd < 0) {
		err_clear(e);
		fd = copy_unless_safe(&safe, e);
		if (safe)
			return 0;
	}
	if (fd < 0)
		return err_wrap(e, "protect our own executable");
	sys_execveat(fd, "", argv, envp, AT_EMPTY_PATH);
	return err_sys(e, "execute our own protected copy");
}
