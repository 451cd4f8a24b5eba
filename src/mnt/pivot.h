#pragma once
/* A new root directory for the mount namespace. All CHILD. */
#include <stdbool.h>
#include "base/err.h"

/* mnt_isolate - set the propagation of every mount of this namespace (MS_PRIVATE, MS_SLAVE …), so that
 * nothing mounted from here reaches the host. mount_namespaces(7) */
int mnt_isolate(unsigned long propagation, struct err *e) must_check;
/* mnt_pivot - make the mount at the open directory @rootfd the root and detach the old one. The trick with "."
 * twice stacks the old root on the new one, so no directory is needed for it. pivot_root(2) */
int mnt_pivot(int rootfd, struct err *e) must_check;
/* mnt_move_root - without pivot_root(2) (the root of an initramfs cannot be pivoted): move over / and chroot. */
int mnt_move_root(int rootfd, struct err *e) must_check;
/* mnt_chroot - chroot(2) only, for a container that shares its mount namespace. */
int mnt_chroot(int rootfd, struct err *e) must_check;
