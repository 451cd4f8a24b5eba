#pragma once
/* Live tests of cg/: the machine's own view, and private ones of pure v2 and pure v1, in a mount namespace of
 * the test process. Needs root; tests skip what the machine cannot show. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/test.h"
#include "cg/tree.h"
#include "sys/call.h"

enum view { VIEW_OWN, VIEW_V2, VIEW_V1 };

static int view_home = FD_NONE;

/* view_enter - false: this machine cannot show it. */
static inline bool view_enter(enum view v)
{
	if (geteuid() != 0)
		return false;
	if (view_home < 0)
		view_home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (setns(view_home, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	if (v == VIEW_V2)
		return umount2("/sys/fs/cgroup", MNT_DETACH) == 0 &&
			mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) == 0;
	if (v == VIEW_V1)
		return umount2("/sys/fs/cgroup/unified", MNT_DETACH) == 0;
	return true;
}

/* A path nobody else uses: "/tare-test-PID/NAME" or without the parent. */
static inline const char *view_path(char dst[CG_PATH_SIZE], const char *name)
{
	fmt_to(dst, CG_PATH_SIZE, "/tare-test-%d-%s", (int)getpid(), name);
	return dst;
}

/* view_child - a process in @c that runs @body until it is killed. The caller waits for it. */
static inline pid_t view_child(const struct cg *c, void (*body)(void))
{
	int ready[2];
	char byte = 0;
	struct clone_args args = { .exit_signal = SIGCHLD };

	if (pipe(ready) < 0)
		return -1;
	if (c->dir_fd >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)c->dir_fd;
	}
	pid_t pid = sys_clone3(&args);
	if (pid == 0) {
		struct err e = ERR_NONE;

		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing behind */
		if (cg_join_self(&c->join, &e) < 0) {
			err_print(2, "view_child", &e);
			_exit(1);
		}
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		if (body)
			body();
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

static inline void view_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
