/* A new root directory for the mount namespace. */
#include "mnt/pivot.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>
#include "sys/call.h"

int mnt_isolate(unsigned long propagation, struct err *e)
{
	return mount(NULL, "/", NULL, propagation | MS_REC, NULL) < 0 ? err_sys(e, "set the propagation of every mount")
								      : 0;
}

int mnt_pivot(int rootfd, struct err *e)
{
	if (fchdir(rootfd) < 0)
		return err_sys(e, "enter the root filesystem");
	if (sys_pivot_root(".", ".") < 0) {
		err_sys(e, "pivot_root");
		return err_hint(e, "on a root that cannot be pivoted (initramfs) use --no-pivot");
	}
	/* The old root now lies on top at ".". */
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "detach the old root");
	return 0;
}

int mnt_chroot(int rootfd, struct err *e)
{
	if (fchdir(rootfd) < 0 || chroot(".") < 0)
		return err_sys(e, "chroot to the root filesystem");
	return 0;
}

int mnt_move_root(int rootfd, struct err *e)
{
	if (fchdir(rootfd) < 0)
		return err_sys(e, "enter the root filesystem");
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_sys(e, "move the root filesystem to /");
	return chroot(".") < 0 ? err_sys(e, "chroot to the root filesystem") : 0;
}
