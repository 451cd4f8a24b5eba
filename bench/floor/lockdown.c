/* What the container's first process gives up: resource limits, capabilities, new privileges, system calls. */
#include "floor.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEPT (1ull << CAP_AUDIT_WRITE | 1ull << CAP_KILL | 1ull << CAP_NET_BIND_SERVICE)

void set_uts(struct floor *f)
{
	if ((f->o.ns & CLONE_NEWUTS) && sethostname(f->o.hostname, strlen(f->o.hostname)) < 0)
		die("sethostname");
}

void set_keyring(struct floor *f)
{
	if (f->o.keyring && syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "_floor") < 0)
		die("new session keyring");
}

void set_rlimits(struct floor *f)
{
	struct rlimit files = { 1024, 1024 };

	(void)f;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		die("setrlimit");
}

void drop_caps(struct floor *f)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (!f->o.caps)
		return;
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(KEPT >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			die("drop capability %d", cap);
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = data[i].inheritable = (unsigned)(KEPT >> 32 * i);
	if (syscall(SYS_capset, &head, data) < 0)
		die("capset");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if ((KEPT >> cap & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			die("raise ambient capability %d", cap);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("no_new_privs");
}

void read_seccomp(struct floor *f)
{
	struct stat st;
	int fd;

	if (!f->o.seccomp)
		return;
	fd = open(f->o.seccomp, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		die("open %s", f->o.seccomp);
	f->filter = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (f->filter == MAP_FAILED)
		die("map %s", f->o.seccomp);
	f->filter_len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
	close(fd);
}

void load_seccomp(struct floor *f)
{
	struct sock_fprog prog = { f->filter_len, f->filter };

	if (f->o.seccomp && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog) < 0)
		die("load the seccomp filter");
}
