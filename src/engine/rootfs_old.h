#pragma once
/* Before Linux 6.15 overlayfs takes no layers from a mount that is attached nowhere (clone_private_mount(),
 * fs/namespace.c): so the idmapped clones are attached in a mount namespace that lives for the length of the overlay's
 * making. */
#include "engine/rootfs.h"

struct private_ns {
	int own; /* the namespace to return to */
	int here; /* the working directory there */
};

/* private_ns_enter - a copy of our mount namespace, cut off from it, with @f's clones attached. Ends with
 * private_ns_leave(), also after an error. */
int private_ns_enter(const struct rootfs *f, struct private_ns *ret, struct err *e) must_check;
/* private_ns_leave - back, whatever happened; an error here must end the process: it would go on elsewhere. */
int private_ns_leave(struct private_ns *p, struct err *e) must_check;
