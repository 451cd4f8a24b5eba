#pragma once
/* A mount namespace to begin from that holds next to nothing. */
#include "base/err.h"

/* mnt_small_ns - a descriptor of the mount namespace of the kernel's devtmpfs thread (kdevtmpfs: one mount, there as
 * long as the machine runs; CONFIG_DEVTMPFS), or -ENOENT where it cannot be found or entered:
 * in a container, as a plain user. No message: there is always the other way.
 * @cache_dir keeps its place from call to call (a symlink "@mntns", which is no container id: "PID INODE"), so that
 * finding it costs three system calls; @proc is the host's /proc. setns(2) CLONE_NEWNS. */
int mnt_small_ns(int cache_dir, int proc) must_check;
