#pragma once
/* Idmapped mounts: ids of a filesystem shown through the maps of a user namespace. The user namespace comes
 * from ns/userns.h or is the container's own. mount_setattr(2) MOUNT_ATTR_IDMAP, Linux 5.12. */
#include <stdbool.h>
#include "base/arena.h"
#include "base/err.h"
#include "mnt/flags.h"
#include "spec/runtime_config.h"

/* mnt_idmap_apply - map the detached mount @mntfd (open_tree OPEN_TREE_CLONE or fsmount) by @userns_fd, with
 * @recursive all mounts of its tree. CHILD. -EINVAL: the filesystem cannot (or the map is the initial one). */
int mnt_idmap_apply(int mntfd, int userns_fd, bool recursive, struct err *e) must_check;

/* mnt_idmap_resolve - the ranges of one `idmap=` option as the maps of a user namespace to make; relative
 * ones are looked up in @container (ERR_CONFIG when not covered by it). Lists go into @arena. Pure. */
int mnt_idmap_resolve(const struct mnt_id_range *ranges, size_t n, const struct rc_id_maps *container,
	struct arena *arena, struct rc_id_maps *ret, struct err *e) must_check;

/* mnt_idmap_same - whether both maps translate every id alike, whatever their order and splitting: then the
 * container's own user namespace serves for the mount. */
bool mnt_idmap_same(const struct rc_id_maps *a, const struct rc_id_maps *b);
