#pragma once
/* How much of the disk things take. */
#include "cli/cli.h"

struct container_sizes {
	uint64_t written; /* by the container: its upper layer */
	uint64_t image; /* the layers below it */
};

/* sizes_of_container - what cannot be found out counts as nothing. @image_id may be NULL. */
struct container_sizes sizes_of_container(struct cli *c, const char *id, const char *image_id);
/* sizes_of_tree - bytes of the files below @name in @dirfd, each inode once per name; symlinks are
 * not followed. */
uint64_t sizes_of_tree(int dirfd, const char *name);
