#pragma once
/* `mounts add|remove`: change what is mounted in a running container. */
#include "runtime/statedir.h"

/* rt_mounts_add - make each mount of @list here on the host (a copy of a host directory or file, or a new
 * filesystem) and attach it at its destination in the container's mount namespace, made when absent. All or
 * none: when one fails those before it are taken away again. Nothing is ever mounted inside a procfs.
 * Needs CAP_SYS_ADMIN in the runtime's mount namespace. open_tree(2), move_mount(2) */
int rt_mounts_add(struct rt_context *c, const char *id, const struct rc_mount *list, size_t n, struct err *e)
	must_check;
/* rt_mounts_remove - detach the topmost mount at each destination, last one first. A destination that is reached
 * over a symlink or is no mount point is an error. */
int rt_mounts_remove(struct rt_context *c, const char *id, const struct rc_mount *list, size_t n, struct err *e)
	must_check;
