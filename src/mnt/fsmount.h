#pragma once
/* New filesystems, and mounts moved to their place. All CHILD: plan data and descriptors only. mount(2) takes
 * paths only: where it is used, the working directory must be a procfs of the host (mnt_work_in_proc), so that
 * self/fd/N names a descriptor whatever the root directory is by then. */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "mnt/flags.h"

struct mnt_fs {
	const char *type, *source;
	const struct mnt_opts *opts;
	unsigned long ms_flags; /* of mnt_opts_ms_flags() */
	const char *ms_data; /* of mnt_opts_ms_data() */
};

/* Where a mount goes: the open directory or file @dir itself, or, with @name, what is called that in it. @name may have
 * several components only where nobody but the kernel or ourselves can have made them: in a procfs, sysfs or tmpfs that
 * we have just mounted in a mount namespace of our own. */
struct mnt_at {
	int dir;
	const char *name; /* or NULL */
};

/* mnt_work_in_proc - make the procfs @proc the working directory. */
int mnt_work_in_proc(int proc, struct err *e) must_check;
/* mnt_fs_attach - create filesystem @fs and mount it at @at. One mount(2) where its option text fits into a page (half
 * the system calls of fsopen(2) and kin), else the new calls. *ret_mnt, where that is not NULL: the mount's descriptor,
 * or FD_NONE where it has none. */
int mnt_fs_attach(const struct mnt_fs *fs, struct mnt_at at, int *ret_mnt, struct err *e) must_check;
/* mnt_fs_detached - the same, not attached anywhere: a mount descriptor (fsmount(2)), the caller's. Errors
 * carry the kernel's own words when it has any. */
int mnt_fs_detached(const struct mnt_fs *fs, struct err *e) must_check;
/* mnt_move - attach the detached mount @mntfd on @target. move_mount(2) */
int mnt_move(int mntfd, int target, struct err *e) must_check;
/* mnt_move_at - the same with a name. A symbolic link there is not followed. */
int mnt_move_at(int mntfd, struct mnt_at at, struct err *e) must_check;
/* mnt_bind_at - bind the mount @source, which is attached in our mount namespace, at @at; what is mounted below @source
 * does not come along. A symbolic link there is followed. mount(2) */
int mnt_bind_at(int source, struct mnt_at at, struct err *e) must_check;
/* mnt_propagate - propagation words in their order. mount_setattr(2), mount_namespaces(7) */
int mnt_propagate(int mntfd, const struct mnt_opts *o, struct err *e) must_check;
/* mnt_set_attrs - the attributes of @o on mount @mntfd. */
int mnt_set_attrs(int mntfd, const struct mnt_opts *o, struct err *e) must_check;
