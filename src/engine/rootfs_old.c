#include "engine/rootfs_old.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>
#include "base/fmt.h"
#include "engine/initlayer.h"

static int attach(const struct rootfs *f, struct err *e)
{
	/* Any two directories do; nobody else sees this namespace. */
	static const char *const places[] = { INITLAYER_NAME "/proc", INITLAYER_NAME "/sys" };
	char at[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(f->clones); i++) {
		if (f->clones[i] < 0)
			continue;
		if (!fmt_fits(at, sizeof(at), "%s/%s", f->data_path, places[i]))
			return err_num(e, ENAMETOOLONG, "attach the layers");
		if (move_mount(f->clones[i], "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return err_sys(e, "attach the layers");
	}
	return 0;
}

int private_ns_enter(const struct rootfs *f, struct private_ns *ret, struct err *e)
{
	*ret = (struct private_ns){ FD_NONE, FD_NONE };
	ret->here = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ret->own = openat(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (ret->here < 0 || ret->own < 0)
		return err_sys(e, "keep the way back to our mount namespace");
	auto_fd int init = initlayer_open(f->data_fd, e); /* for its directories */
	if (init < 0)
		return init;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(e, "make a mount namespace for the overlay");
	return attach(f, e);
}

int private_ns_leave(struct private_ns *p, struct err *e)
{
	int r = 0;

	if (p->own >= 0 && p->here >= 0 && (setns(p->own, CLONE_NEWNS) < 0 || fchdir(p->here) < 0))
		r = err_sys(e, "return to our mount namespace");
	fd_close(&p->own);
	fd_close(&p->here);
	return r;
}
