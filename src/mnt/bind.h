#pragma once
/* Bind mounts as detached trees. */
#include <stdbool.h>
#include <sys/mount.h>
#include "base/err.h"
#include "mnt/flags.h"

/* mnt_open_source - host path @source, once and for all: as O_PATH, but an automount there is triggered. @follow: a
 * symlink there is followed. open_tree(2). */
int mnt_open_source(const char *source, bool follow, struct err *e) must_check;
/* mnt_clone - a detached copy of the mount at @source_fd, or at host path @source if that is FD_NONE (else @source is
 * for messages only), with everything mounted below it if @o->rbind, with @o's attributes set and its propagation.
 * Without a propagation word the copy is made private, or a slave if @slave. Needs CAP_SYS_ADMIN over the mount
 * namespace, which must be the source's. CHILD. open_tree(2), mount_setattr(2). */
int mnt_clone(int source_fd, const char *source, const struct mnt_opts *o, bool slave, struct err *e) must_check;
/* mnt_clone_attr - a detached copy of the mount behind @source with @a set on it, with @recursive also of and on all
 * below it. The caller's to close. */
int mnt_clone_attr(int source, bool recursive, struct mount_attr *a, struct err *e) must_check;
/* mnt_bind_on - copy the mount behind @source onto the open file or directory @target, attributes unchanged.
 * CHILD: the clone's descriptor stays open, as all of the child's do until one close_range(2) before execve. */
int mnt_bind_on(int source, int target, bool recursive, struct err *e) must_check;
/* mnt_clone_device - a detached mount of the device node @path, which needs neither set-user-ID nor execution. CHILD.
 * The caller looks whether it is the device that it should be. Returns a descriptor. */
int mnt_clone_device(const char *path, struct err *e) must_check;
/* mnt_readonly_on - make what is at @target a read-only mount of its own, with everything below it.
 * CHILD: leaves a descriptor open, see mnt_bind_on(). */
int mnt_readonly_on(int target, struct err *e) must_check;
