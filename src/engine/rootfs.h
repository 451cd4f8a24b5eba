#pragma once
/* The root filesystem of a container: overlayfs over the layers of its image, a directory of the user, or this
 * machine's own root. Made as a detached mount, so nothing of it shows on the host. overlayfs.rst, Linux 6.1. */
#include "engine/engine.h"
#include "engine/record.h"

struct rootfs {
	const struct record *record;
	const char *data_path;
	int *layers; /* O_PATH directories, lowest first */
	size_t n_layers;
	int data_fd; /* borrowed */
	int clones[2]; /* idmapped copies of mounts: kept, because letting go of one waits for the kernel (0.08 ms) */
	bool volatile_; /* gone with the container: nothing needs to reach the disk */
	bool rootless; /* user.overlay.* in place of trusted.overlay.* */
};

#define ROOTFS_INIT \
	{ \
		.layers = NULL, .clones = { FD_NONE, FD_NONE } \
	}

/* rootfs_open - find what the root filesystem of @r stands on. ERR_CORRUPT names a layer that is missing. @r is
 * borrowed. End with rootfs_done(). */
int rootfs_open(const struct engine *en, const struct record *r, struct rootfs *ret, struct err *e) must_check;
void rootfs_done(struct rootfs *f);

/* rootfs_prepare - containers/ID/upper and work, once. */
int rootfs_prepare(const struct record *r, struct err *e) must_check;
/* rootfs_mount - the mount that the container gets: writable, its layers idmapped through @userns unless that is
 * FD_NONE. A detached tree, the caller's. */
int rootfs_mount(struct rootfs *f, int userns, struct err *e) must_check;
/* rootfs_view - what the container would see, read-only, with host ids: for looking up users, filling volumes, export.
 * Whether the container runs does not matter. A detached tree, the caller's. */
int rootfs_view(const struct rootfs *f, struct err *e) must_check;
/* rootfs_users - a directory whose etc/passwd and etc/group are the container's: the layer that has both, where that is
 * certain without a mount (an overlay costs as much as the rest of a start), else a view. The caller's. */
int rootfs_users(const struct rootfs *f, struct err *e) must_check;
