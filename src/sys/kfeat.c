/* The kernel features in use. Guarantees: the document and the code's knowledge are one table. */
#include "sys/kfeat.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/str.h"

#define NO_CALL (-1L)
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

/* Sorted by version. */
const struct kfeat kfeat_table[] = {
	{ "TIOCGPTPEER", 4013, NO_CALL, "opens the other end of a terminal without a path", NULL },
	{ "BPF_CGROUP_DEVICE", 4015, NO_CALL, "device rules on cgroup v2",
		"an error if the configuration has device rules" },
	{ "seccomp user notification", 5000, NO_CALL, "SCMP_ACT_NOTIFY with listenerPath", NULL },
	{ "pidfd_send_signal", 5001, SYS_pidfd_send_signal, "signals that cannot reach a reused pid", NULL },
	{ "fsopen, fsconfig, fsmount, move_mount, open_tree", 5002, SYS_fsopen,
		"mounts that are complete before they can be seen", "mount(2), when an outer filter answers ENOSYS" },
	{ "pidfd_open", 5003, SYS_pidfd_open, "holds a process while its pid is used", NULL },
	{ "clone3", 5003, SYS_clone3, "all namespaces, the cgroup and a pidfd in one call", NULL },
	{ "waitid P_PIDFD", 5004, NO_CALL, "waits for exactly the process that is held", NULL },
	{ "openat2", 5006, SYS_openat2, "resolves paths of images inside their root", NULL },
	{ "time namespaces", 5006, NO_CALL, "linux.timeOffsets", "an error if the configuration asks for one" },
	{ "CLONE_INTO_CGROUP", 5007, NO_CALL, "the container is born within its limits",
		"on cgroup v1 the process writes 0 into tasks itself" },
	{ "close_range", 5009, SYS_close_range, "no descriptor reaches a container by accident", NULL },
	{ "mount_setattr", 5012, SYS_mount_setattr, "recursive mount options, read-only paths", NULL },
	{ "MOUNT_ATTR_IDMAP", 5012, NO_CALL, "idmapped mounts",
		"an error naming the mount; each filesystem learned it at its own time" },
	{ "cgroup.kill", 5014, NO_CALL, "ends all processes of a container at once",
		"cgroup v1: freezes the cgroup and signals each process" },
	{ "MOUNT_ATTR_NOSYMFOLLOW", 5014, NO_CALL, "mount option nosymfollow", NULL },
	{ "MPOL_PREFERRED_MANY", 5015, NO_CALL, "linux.memoryPolicy of that mode", "an error naming the mode" },
	{ "Landlock, second version", 5019, SYS_landlock_create_ruleset,
		"tare-fetch reaches only the parts of the store that its task needs",
		"namespaces and the system call filter alone; `tare info` says so" },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 5019, NO_CALL, "the seccomp flag of that name",
		"an error naming the flag" },
	{ "idmapped tmpfs", 6003, NO_CALL, "idmap on tmpfs mounts", "an error naming the mount" },
	{ "overlay by fsconfig", 6005, NO_CALL, "overlay mounts by the new calls", "mount(2)" },
	{ "user.* attributes on tmpfs", 6006, NO_CALL, "tmpcopyup keeps them",
		"left out of the copy, as for any file on that tmpfs" },
	{ "MPOL_WEIGHTED_INTERLEAVE", 6009, NO_CALL, "linux.memoryPolicy of that mode", "an error naming the mode" },
	{ "open_tree_attr", 6015, SYS_open_tree_attr, "clones a mount with its new attributes",
		"open_tree and mount_setattr" },
};

const size_t kfeat_len = ARRAY_SIZE(kfeat_table);

unsigned kfeat_release_of(const char *text)
{
	static const char digits[] = "0123456789";
	size_t n = strspn(text, digits), m;
	uint64_t major, minor;

	if (text[n] != '.')
		return 0;
	m = strspn(text + n + 1, digits);
	if (!parse_u64_n(text, n, 9999, &major) || !parse_u64_n(text + n + 1, m, 999, &minor))
		return 0;
	return (unsigned)(major * 1000 + minor);
}

unsigned kfeat_release(void)
{
	struct utsname u;

	return uname(&u) < 0 ? 0 : kfeat_release_of(u.release);
}

bool kfeat_have(const struct kfeat *f)
{
	if (f->syscall == NO_CALL)
		return kfeat_release() >= f->since;
	/* No call of the table does anything with a bad descriptor or pointer and a size of 0. */
	return syscall(f->syscall, -1L, 0L, 0L, 0L, 0L, 0L) >= 0 || errno != ENOSYS;
}

void kfeat_document(struct buf *ret)
{
	buf_str(ret,
		"# Kernel features\n\n"
		"What tare uses of Linux, since when it exists, and what happens without it. Linux 6.1 is the oldest\n"
		"kernel that is tested; features without an entry in the last column are relied upon. A fallback is\n"
		"taken only when the kernel says that it does not know a call: a refusal is an answer.\n\n"
		"This page is made from `src/sys/kfeat.c`; the unit test `sys-kfeat` compares them.\n\n"
		"| feature | Linux | used for | without it |\n|---|---|---|---|\n");
	for (size_t i = 0; i < kfeat_len; i++) {
		const struct kfeat *f = &kfeat_table[i];

		buf_printf(ret, "| %s | %u.%u%s | %s | %s |\n", f->name, f->since / 1000, f->since % 1000,
			f->since > KFEAT_FLOOR ? " (beyond the floor)" : "", f->used_for, f->without ? f->without : "");
	}
}
