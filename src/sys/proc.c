/* /proc by pid, guarded by start time and pidfd against pid reuse. */
#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/call.h"
#include "sys/io.h"

/* The command name in parentheses may hold anything, so fields are counted from the last ')'. */
static bool parse_stat(char *text, struct proc_stat *ret)
{
	enum { FIELD_STATE = 3, FIELD_PPID = 4, FIELD_SESSION = 6, FIELD_FLAGS = 9, FIELD_START = 22 };
	enum { PF_FORKNOEXEC = 0x40 }; /* linux/sched.h; the same since 2.6 */
	char *p = strrchr(text, ')'), *save;
	uint64_t v;

	if (!p)
		return false;
	char *word = strtok_r(p + 1, " \n", &save);
	for (int field = FIELD_STATE; word; field++, word = strtok_r(NULL, " \n", &save)) {
		if (field == FIELD_STATE)
			ret->state = word[0];
		if (field == FIELD_PPID && parse_u64(word, INT32_MAX, &v))
			ret->ppid = (pid_t)v;
		if (field == FIELD_SESSION && parse_u64(word, INT32_MAX, &v))
			ret->session = (pid_t)v;
		if (field == FIELD_FLAGS && parse_u64(word, UINT32_MAX, &v))
			ret->forked = v & PF_FORKNOEXEC;
		if (field == FIELD_START)
			return parse_u64(word, UINT64_MAX, &ret->start_ticks);
	}
	return false;
}

int proc_stat(pid_t pid, bool *ret_found, struct proc_stat *ret, struct err *e)
{
	char path[32], text[1024];

	fmt_to(path, sizeof(path), "/proc/%d/stat", (int)pid);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0 && (errno == ENOENT || errno == ESRCH)) {
		*ret_found = false;
		return 0;
	}
	if (n < 0)
		return err_sys(e, "read %s", path);
	text[n] = '\0';
	struct proc_stat got = { 0 };
	if (!parse_stat(text, &got))
		return err_set(e, ERR_CORRUPT, EPROTO, "%s has an unknown format", path);
	*ret = got;
	*ret_found = true;
	return 0;
}

static uint64_t status_mask(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	uint64_t mask = 0;

	for (const char *c = at ? at + strlen(name) : ""; *c && *c != '\n'; c++)
		mask = mask << 4 | (uint64_t)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
	return mask;
}

int proc_self(struct proc_self *ret, struct err *e)
{
	static const char path[] = "/proc/self/status", after[] = "\nCapAmb:";
	char text[2048]; /* the lines are the last of the first 1.2 KiB; supplementary groups before them can be many */
	AUTO(buf) struct buf whole = BUF_INIT;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *t = text;

	if (n < 0)
		return err_sys(e, "read %s", path);
	text[n] = '\0';
	if (!strstr(text, after)) {
		if (io_read_file_at(AT_FDCWD, path, 1 << 22, &whole, e) < 0)
			return -e->num;
		t = whole.data;
	}
	*ret = (struct proc_self){ status_mask(t, "\nSigIgn:\t"), status_mask(t, "\nCapPrm:\t"),
		status_mask(t, "\nCapBnd:\t") };
	return 0;
}

int proc_boot_id(char dst[static PROC_BOOT_ID_SIZE], struct err *e)
{
	auto_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, dst, PROC_BOOT_ID_SIZE - 1);

	if (n < 0)
		return err_sys(e, "read the boot id");
	dst[n] = '\0';
	return 0;
}

int proc_open_same_stat(
	pid_t pid, uint64_t start_ticks, bool *ret_found, int *ret_pidfd, struct proc_stat *ret, struct err *e)
{
	*ret_found = false;
	auto_fd int pidfd = sys_pidfd_open(pid, 0);
	/* Of a thread, and of a process that is just being reaped: EINVAL, since Linux 6.14 ENOENT. */
	if (pidfd < 0)
		return errno == ESRCH || errno == EINVAL || errno == ENOENT
			? 0
			: err_sys(e, "open a pidfd of process %d", (int)pid);
	bool found = false;
	int r = proc_stat(pid, &found, ret, e);
	if (r < 0)
		return r;
	if (!found || ret->start_ticks != start_ticks || ret->state == 'Z' || ret->state == 'X')
		return 0;
	*ret_pidfd = fd_steal(&pidfd);
	*ret_found = true;
	return 0;
}

int proc_open_same(pid_t pid, uint64_t start_ticks, bool *ret_found, int *ret_pidfd, struct err *e)
{
	struct proc_stat st = { 0 };

	return proc_open_same_stat(pid, start_ticks, ret_found, ret_pidfd, &st, e);
}

int proc_signal(int pidfd, int sig, bool *ret_found, struct err *e)
{
	if (sys_pidfd_send_signal(pidfd, sig) == 0) {
		*ret_found = true;
		return 0;
	}
	if (errno != ESRCH)
		return err_sys(e, "send signal %d", sig);
	*ret_found = false;
	return 0;
}

int proc_wait_gone(int pidfd, int timeout_ms, struct err *e)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int r;

	do
		r = poll(&p, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(e, "wait for a process to end");
	return r ? 0 : err_num(e, ETIMEDOUT, "wait for a process to end");
}

int proc_list_add(struct proc_list *l, pid_t pid, struct err *e)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		pid_t *v = reallocarray(l->v, cap, sizeof(*v));

		if (!v)
			return err_oom(e, "a list of processes");
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = pid;
	return 0;
}

int proc_of_pidfd(int pidfd, pid_t *ret, struct err *e)
{
	char path[48], text[512];
	uint64_t pid;

	fmt_to(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return err_sys(e, "read %s", path);
	text[n] = '\0';
	const char *line = strstr(text, "\nPid:\t");
	if (!line)
		return err_set(e, ERR_CORRUPT, EPROTO, "%s is not of a pidfd", path);
	line += 6;
	if (!parse_u64_n(line, strcspn(line, "\n"), INT32_MAX, &pid) || pid == 0) /* -1: reaped */
		return err_num(e, ESRCH, "look for the process behind a pidfd");
	*ret = (pid_t)pid;
	return 0;
}

/* linux/pidfd.h of Linux 6.15. */
struct pidfd_info_exit {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid, ids[8];
	int32_t exit_code;
};
#define PIDFD_GET_INFO_EXIT _IOWR(0xFF, 11, struct pidfd_info_exit)
enum { PIDFD_MASK_EXIT = 1 << 3 };

static bool told_by_kernel(int pidfd, int *ret)
{
	struct pidfd_info_exit info = { .mask = PIDFD_MASK_EXIT };

	if (ioctl(pidfd, PIDFD_GET_INFO_EXIT, &info) < 0 || !(info.mask & PIDFD_MASK_EXIT))
		return false;
	*ret = info.exit_code;
	return true;
}

/* Who may not look at a process reads 0 there. The name of a namespace is under the same rule, and that of the user
 * namespace is kept until the process is reaped: PTRACE_MODE_READ_FSCREDS, fs/proc. */
static bool may_look_at(pid_t pid)
{
	char path[40], text[40];

	fmt_to(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return readlink(path, text, sizeof(text)) > 0;
}

/* Field 52 of proc_pid_stat(5), which is the last one. */
static bool told_by_zombie(int pidfd, int *ret)
{
	struct err ignored = ERR_NONE;
	char path[32], text[1024];
	uint64_t code;
	pid_t pid;

	if (proc_of_pidfd(pidfd, &pid, &ignored) < 0)
		return false;
	fmt_to(path, sizeof(path), "/proc/%d/stat", (int)pid);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 2 || !may_look_at(pid) || proc_of_pidfd(pidfd, &pid, &ignored) < 0) /* reaped meanwhile */
		return false;
	text[n - 1] = '\0';
	const char *state = strrchr(text, ')'), *last = strrchr(text, ' ');
	if (!state || !last || strncmp(state, ") Z ", 4) != 0 || !parse_u64(last + 1, UINT16_MAX, &code))
		return false;
	*ret = (int)code;
	return true;
}

bool proc_exit_status(int pidfd, int *ret)
{
	return told_by_kernel(pidfd, ret) || told_by_zombie(pidfd, ret);
}
