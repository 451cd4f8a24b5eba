#pragma once
/* Places below DATA/volumes. */
#include "engine/volume.h"

/* volume_dir_all - DATA/volumes, made when @make; -ENOENT when absent and not. The caller's. */
int volume_dir_all(const struct engine *en, bool make, struct err *e) must_check;
/* volume_dir_locked - the directory of @name with its lock held (flock(2), with the descriptor),
 * certain to be what the name stands for then; FD_NONE (no error): there is no such volume. */
int volume_dir_locked(const struct engine *en, const char *name, struct err *e) must_check;
/* volume_unmount - what -o type=tmpfs mounted on _data in @dir_fd. */
int volume_unmount(int dir_fd, struct err *e) must_check;
/* volume_option - of -o, or NULL. */
const char *volume_option(const struct volume_record *r, const char *key);
/* volume_has_word - is @word among the words between commas in @list (may be NULL)? */
bool volume_has_word(const char *list, const char *word);
