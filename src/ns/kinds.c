/* The eight namespaces. Guarantees: a descriptor returned for a kind is a namespace of that kind. */
#include "ns/kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include "base/fmt.h"
#include "sys/path.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

const struct ns_kind ns_kinds[RC_N_NS] = {
	[RC_NS_PID] = { "pid", "pid", CLONE_NEWPID },
	[RC_NS_NET] = { "network", "net", CLONE_NEWNET },
	[RC_NS_MNT] = { "mount", "mnt", CLONE_NEWNS },
	[RC_NS_IPC] = { "ipc", "ipc", CLONE_NEWIPC },
	[RC_NS_UTS] = { "uts", "uts", CLONE_NEWUTS },
	[RC_NS_USER] = { "user", "user", CLONE_NEWUSER },
	[RC_NS_CGROUP] = { "cgroup", "cgroup", CLONE_NEWCGROUP },
	[RC_NS_TIME] = { "time", "time", CLONE_NEWTIME },
};

static const char *word_of_flag(int flag)
{
	for (int i = 0; i < RC_N_NS; i++)
		if (ns_kinds[i].clone_flag == (uint64_t)flag)
			return ns_kinds[i].word;
	return "unknown";
}

static const char *file_type(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return "something unreadable";
	switch (st.st_mode & S_IFMT) {
	case S_IFREG: return "a regular file";
	case S_IFDIR: return "a directory";
	case S_IFCHR:
	case S_IFBLK: return "a device";
	default: return "no file of a namespace";
	}
}

int ns_open_checked(const char *path, enum rc_ns kind, struct err *e)
{
	/* O_NONBLOCK: the path may be a fifo. */
	auto_fd int fd = path_open_host(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	struct statfs fs;

	if (fd < 0)
		return err_wrap(e, "%s namespace", ns_kinds[kind].word);
	/* Only nsfs may see the ioctl: to a device the number could mean something else. */
	if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC)
		return err_set(e, ERR_CONFIG, EINVAL, "%s namespace: %s is %s, not a namespace", ns_kinds[kind].word,
			path, file_type(fd));
	int type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return err_sys(e, "ask for the kind of namespace %s", path);
	if ((uint64_t)type != ns_kinds[kind].clone_flag)
		return err_set(e, ERR_CONFIG, EINVAL, "%s namespace: %s is a %s namespace", ns_kinds[kind].word, path,
			word_of_flag(type));
	return fd_steal(&fd);
}

int ns_open_of(int procfd, pid_t pid, enum rc_ns kind, struct err *e)
{
	char name[48];

	fmt_to(name, sizeof(name), "%d/ns/%s", (int)pid, ns_kinds[kind].proc_name);
	int fd = openat(procfd, name, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : err_sys(e, "open the %s namespace of process %d", ns_kinds[kind].word, (int)pid);
}

int ns_same(int a, int b, struct err *e)
{
	struct stat sa, sb;

	if (fstat(a, &sa) < 0 || fstat(b, &sb) < 0)
		return err_sys(e, "compare namespaces");
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}
