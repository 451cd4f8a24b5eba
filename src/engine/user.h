#pragma once
/* Who a container's program runs as: --user or the image's USER, looked up in the container's own
 * passwd and group files. Those belong to whoever made the image: they are opened inside the root
 * filesystem only, must be regular files of bounded size, and never make anybody root by a
 * malformed line. */
#include <stdint.h>
#include "base/err.h"
#include "spec/runtime_config.h"

struct user_ids {
	uint32_t uid, gid;
	uint32_t *gids; /* supplementary, without @gid; owned */
	size_t n_gids;
	char *home; /* of the passwd entry, "/" when there is none or it is no absolute path; owned
		     */
	char *name; /* of the passwd entry, or NULL; owned */
};

#define USER_IDS_INIT \
	{ \
		.gids = NULL \
	}

/* user_resolve - @user is NULL (root), NAME, UID, NAME:GROUP, UID:GID …: an all-digit string is
 * never a name. @root_fd is a directory descriptor of the root filesystem. @group_add: names or
 * ids. ERR_USAGE "no matching entries in passwd file", ERR_CORRUPT for files that cannot be used.
 * End with user_ids_done(), also after an error. */
int user_resolve(int root_fd, const char *user, const struct rc_str_list *group_add, struct user_ids *ret,
	struct err *e) must_check;
void user_ids_done(struct user_ids *u);
