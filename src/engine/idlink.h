#pragma once
/* A container's id as the target of a symlink: claiming a name or a slot is one symlinkat(2). In base64 (RFC 4648
 * section 5, without padding), because ext4 and kin keep a target below 60 bytes in the inode; 64 hex digits take a
 * block of the disk, and ten times as long to make and remove. */
#include <stdbool.h>
#include "spec/container.h"

enum { IDLINK_LEN = 43 };

/* idlink_make - @dirfd/@name leads to @id: symlinkat(2), its result and errno. */
int idlink_make(int dirfd, const char *name, const char *id);
/* idlink_read - false: there is none, or it is something else. */
bool idlink_read(int dirfd, const char *name, char ret_id[static CT_ID_LEN + 1]);
/* idlink_is - does it lead to @id? */
bool idlink_is(int dirfd, const char *name, const char *id);
