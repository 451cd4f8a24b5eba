#pragma once
/* The image `host` for a plain user, to whom the kernel refuses an overlay over / because of what is mounted below it,
 * but not one over each of its folders. */
#include "engine/rootfs.h"

/* rootfs_host_folders - a tmpfs with an overlay for each top-level folder of this machine; what cannot be had that way
 * is shown read-only. Writes go to upper/FOLDER, so `diff` sees them where it expects them. A detached tree, the
 * caller's. Needs a mount namespace of our own. @writable false: a view. */
int rootfs_host_folders(const struct rootfs *f, bool writable, struct err *e) must_check;
