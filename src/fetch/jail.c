/* The walls around the parsers. What stays reachable after jail_enter(): descriptor 0, the JSON lines, and the store's
 * own directory, as the root of a mount namespace with nothing else in it; of that, the parts that Landlock leaves
 * (fence.c). Nothing can be executed, no socket made, no namespace entered, no memory made executable, no process
 * signalled: there is none but us (warden.c).
 *
 * Capabilities: only those that owners, modes, devices and attributes of unpacked files need; CAP_SYS_ADMIN is among
 * them for trusted.overlay.* alone, as the filter lets none of the other calls through that it opens. They are why
 * root's jail has no user namespace of its own: the kernel lets only the first one set trusted.* and make devices. A
 * plain user's jail is in the user namespace of his engine. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <openssl/evp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include "fetch/fetch.h"
#include "fetch/hash.h"
#include "sys/call.h"
#include "sys/path.h"

#ifdef __SANITIZE_ADDRESS__
/* Looking for leaks at the end takes /proc and ptrace(2), which the jail has not; all other findings of the sanitizer
 * stay. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}
#endif

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 }; /* the sanitizers need calls and memory that the walls refuse */
#else
enum { SANITIZED = 0 };
#endif

/* --- limits -------------------------------------------------------------------------------------------------- */

static int limit(int what, rlim_t most, const char *name, struct err *e)
{
	struct rlimit now, want;

	if (getrlimit((__rlimit_resource_t)what, &now) < 0)
		return err_sys(e, "read the limit %s", name);
	want.rlim_max = now.rlim_max < most ? now.rlim_max : most;
	want.rlim_cur = want.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &want) < 0 ? err_sys(e, "set the limit %s", name) : 0;
}

static int limits(const struct fetch *f, struct err *e)
{
	/* Nothing that is written is larger than an image may be: its archive, with headers. */
	rlim_t largest = f->limits.max_bytes + f->limits.max_bytes / 8 + (1U << 30);

	if (f->writes && limit(RLIMIT_FSIZE, largest, "fsize", e) < 0)
		return -e->num;
	if (limit(RLIMIT_CORE, 0, "core", e) < 0 || limit(RLIMIT_NOFILE, 1024, "nofile", e) < 0)
		return -e->num;
	return SANITIZED ? 0 : limit(RLIMIT_DATA, 1U << 30, "data", e);
}

/* --- names of files ------------------------------------------------------------------------------------------ */

/* The store as a mount of its own, so that ".." ends there, too. Before the mount namespace is left: a mount can only
 * be cloned in its own. The descriptor stays open, as the mount ends with it. */
static int clone_store(int *fd, struct err *e)
{
	int tree = open_tree(*fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (tree < 0)
		return err_sys(e, "clone the mount of the store");
	fd_close(fd);
	*fd = tree;
	return 0;
}

static int become_root(int fd, struct err *e)
{
	if (fchdir(fd) < 0)
		return err_sys(e, "enter the store");
	return chroot(".") < 0 ? err_sys(e, "make the store the root directory") : 0;
}

/* Without a store (export): an empty root. */
static int empty_root(struct err *e)
{
	auto_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, "make an empty root directory");
	auto_fd int mnt = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
	if (mnt < 0 || fchdir(mnt) < 0 || chroot(".") < 0)
		return err_sys(e, "enter an empty root directory");
	return 0;
}

static int open_tree_path(struct fetch *f, struct err *e)
{
	if (!f->tree_path)
		return 0;
	f->tree_fd = path_open_below(f->data_fd, f->tree_path, O_RDONLY | O_DIRECTORY, e);
	return f->tree_fd < 0 ? f->tree_fd : 0;
}

static int namespaces(struct fetch *f, struct err *e)
{
	if (f->data_fd >= 0 && clone_store(&f->data_fd, e) < 0)
		return -e->num;
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0) {
		err_sys(e, "make namespaces of its own");
		return err_hint(e, "tare-fetch needs the privileges that tare starts it with");
	}
	return f->data_fd >= 0 ? become_root(f->data_fd, e) : empty_root(e);
}

/* --- privileges ---------------------------------------------------------------------------------------------- */

static int capabilities(struct err *e)
{
	static const int kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_MKNOD,
		CAP_SETFCAP, CAP_SYS_ADMIN };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	uint64_t keep = 0;

	if (sys_capget(&header, data) < 0)
		return err_sys(e, "read capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		keep |= UINT64_C(1) << kept[i];
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(e, "clear ambient capabilities");
	if (sys_capset(&header, data) < 0)
		return err_sys(e, "drop capabilities");
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? err_sys(e, "set no_new_privs") : 0;
}

/* --- system calls -------------------------------------------------------------------------------------------- */

static const char *const allowed[] = {
	/* descriptors */
	"read",
	"write",
	"readv",
	"writev",
	"pread64",
	"pwrite64",
	"lseek",
	"close",
	"fcntl",
	"dup",
	"poll",
	"ppoll",
	"fadvise64",
	"ftruncate",
	"fallocate",
	"copy_file_range",
	"flock",
	"fsync",
	"fdatasync",
	"syncfs",
	/* names, all below the store */
	"openat",
	"openat2",
	"newfstatat",
	"fstat",
	"statx",
	"fstatfs",
	"getdents64",
	"readlinkat",
	"mkdirat",
	"mknodat",
	"symlinkat",
	"linkat",
	"unlinkat",
	"renameat",
	"renameat2",
	"fchmod",
	"fchmodat",
	"fchmodat2",
	"fchown",
	"fchownat",
	"utimensat",
	"fsetxattr",
	"fgetxattr",
	"flistxattr",
	"umask",
	/* memory and threads */
	"brk",
	"munmap",
	"mremap",
	"madvise",
	"futex",
	"futex_waitv",
	"set_robust_list",
	"get_robust_list",
	"rseq",
	"set_tid_address",
	"membarrier",
	"sched_yield",
	"sched_getaffinity",
	"exit",
	"exit_group",
	"getrandom",
	"sysinfo",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"restart_syscall",
	"getpid",
	"gettid",
	"tgkill",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"uname",
	"prlimit64",
	/* time */
	"clock_gettime",
	"clock_nanosleep",
	"nanosleep",
	"gettimeofday",
	"time",
};

static int allow_all(scmp_filter_ctx ctx)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(allowed) && r == 0; i++) {
		int nr = seccomp_syscall_resolve_name(allowed[i]);

		if (nr != __NR_SCMP_ERROR) /* a libseccomp that does not know it yet */
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	}
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* Threads, not processes. clone3 hides its flags in memory: "no such call" makes libc use clone. */
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_NEWUSER | CLONE_NEWNS, CLONE_THREAD));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (r == 0) /* isatty(3) */
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, TCGETS));
	return r;
}

static int filter(struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!ctx)
		return err_oom(e, "a seccomp filter");
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0); /* set already */
	if (r == 0)
		r = allow_all(ctx);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r < 0 ? err_num(e, -r, "load a seccomp filter") : 0;
}

int jail_enter(struct fetch *f, struct err *e)
{
	char digest[IMAGE_DIGEST_SIZE];

	/* libcrypto reads its configuration at its first use. */
	if (hash_bytes("", 0, NULL, digest, e) < 0 || open_tree_path(f, e) < 0)
		return -e->num;
	umask(022); /* a directory that an archive only implies is 0755: over that of a lower layer, nobody is kept out
		     */
	/* The store's folders are made here: behind the fence nothing can be made beside them. */
	if (f->writes && store_make_dirs(f->data_fd, e) < 0)
		return -e->num;
	if (limits(f, e) < 0 || namespaces(f, e) < 0 || capabilities(e) < 0 || fence_enter(f, e) < 0)
		return -e->num;
	return SANITIZED ? 0 : filter(e);
}
