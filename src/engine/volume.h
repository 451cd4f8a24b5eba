#pragma once
/* Named volumes: DATA/volumes/NAME/{volume.json,_data}. A volume appears in one step (its directory
 * is made beside and renamed), so that of several commands that make one at once exactly one does
 * and the others find it. docs/state.md. */
#include <stdbool.h>
#include <stdint.h>
#include "engine/engine.h"
#include "spec/container.h"
#include "spec/volume_record.h"

enum { VOLUME_NAME_SIZE = 256 };

struct volume {
	struct arena arena;
	struct volume_record record;
	int dir_fd; /* DATA/volumes/NAME */
	char *mountpoint; /* host path of _data */
};

#define VOLUME_INIT \
	{ \
		.dir_fd = FD_NONE \
	}

/* volume_create - *ret_existed when it was there already with the same driver options (docker then
 * succeeds); ERR_CONFLICT with others. @name NULL: a random one of 64 hex digits. ERR_USAGE for a
 * bad name or option. The name is put into ret_name. */
struct volume_want {
	const char *name;
	const char *driver; /* NULL or "local" */
	struct rc_kv_list labels, options;
	bool anonymous;
};
int volume_create(const struct engine *en, const struct volume_want *w, char ret_name[static VOLUME_NAME_SIZE],
	bool *ret_existed, struct err *e) must_check;
/* volume_open - read it; ERR_NOT_FOUND "no such volume". End with volume_done(), also after an
 * error. */
int volume_open(const struct engine *en, const char *name, struct volume *ret, struct err *e) must_check;
void volume_done(struct volume *v);
/* volume_list - the names of all, sorted, into @a. */
int volume_list(const struct engine *en, struct arena *a, struct rc_str_list *ret, struct err *e) must_check;
/* volume_users - the ids of the containers that mount @name, into @a. */
int volume_users(const struct engine *en, const char *name, struct arena *a, struct rc_str_list *ret, struct err *e)
	must_check;
/* volume_remove - ERR_CONFLICT "volume is in use" with the containers' ids; ERR_NOT_FOUND unless
 * @force. */
int volume_remove(const struct engine *en, const char *name, bool force, struct err *e) must_check;
/* volume_sweep - what killed commands left: volumes that never appeared or were half removed; with @remove they go.
 * Cheap; `prune` and `system check` call it. *ret_n of them. */
int volume_sweep(const struct engine *en, bool remove, size_t *ret_n, struct err *e) must_check;
/* volume_size - bytes on disk of what is in it. */
int volume_size(const struct engine *en, const char *name, uint64_t *ret, struct err *e) must_check;

/* volume_use - for a start: make the volume of @m where it is absent, fill it from @image_fd (a
 * view of the root filesystem) if it is new and empty and @m does not say nocopy, mount what -o
 * asks for. *ret_path is its host path, in
 * @a. @m->type is CT_MOUNT_VOLUME. */
int volume_use(const struct engine *en, const struct ct_mount *m, int image_fd, struct arena *a, const char **ret_path,
	struct err *e) must_check;
/* volume_bind - for a start, of a mount of type CT_MOUNT_BIND: the source must be there (or is
 * made, @m->create_source); :z, :Z and :U are done here, after R2.12's refusals. @uid and @gid: who
 * the program runs as, for :U. */
int volume_bind(const struct engine *en, const struct ct_mount *m, uint32_t uid, uint32_t gid, struct err *e)
	must_check;
/* volume_populate - copy what is in the directory @image_dir_fd into the empty directory
 * @volume_fd, and its owner, mode and attributes: by descriptor, following no symlink, entering no
 * mount. */
int volume_populate(int image_dir_fd, int volume_fd, struct err *e) must_check;
/* volume_remove_anonymous - those of @c that no other container uses, for `rm -v` and --rm. */
int volume_remove_anonymous(const struct engine *en, const struct ct_config *c, struct err *e) must_check;
/* volume_random_name - 64 hex digits. */
int volume_random_name(char dst[static VOLUME_NAME_SIZE], struct err *e) must_check;
