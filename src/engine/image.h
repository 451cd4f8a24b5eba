#pragma once
/* What the engine does with images: names and removal itself, archives through tare-fetch. */
#include "engine/engine.h"
#include "spec/image_config.h"
#include "store/store.h"

/* Called for each image that came in; @name is whole, or NULL. */
typedef int (*image_told)(void *ctx, const char *id, const char *name, struct err *e);

struct image_call {
	const char *verb;
	const char *const *args; /* further options, NULL-terminated; may be NULL */
	int file_fd; /* descriptor 0 of tare-fetch */
	int keep_fd; /* --data or --tree, by @keep_is */
	const char *keep_is;
	image_told told;
	void *ctx;
};

/* image_call - run tare-fetch and pass on what it says. */
int image_call(struct engine *en, const struct image_call *call, struct err *e) must_check;

/* image_need - the image that @name means. ERR_NOT_FOUND "No such image". End with store_image_done(). */
int image_need(struct engine *en, const char *name, struct store_image *ret, struct err *e) must_check;

/* --- removal ------------------------------------------------------------------------------------------------- */

struct image_removal {
	bool force;
	image_told untagged, deleted; /* @name or @id is what went */
	void *ctx;
};

/* image_remove - `rmi NAME`: the name goes, and with its last name the image and what only it used. An image by id must
 * have one name at most, or be forced. ERR_CONFLICT while a container uses it. */
int image_remove(struct engine *en, const char *name, const struct image_removal *how, struct err *e) must_check;
/* image_delete - an image without names. */
int image_delete(struct engine *en, const char *id, const struct image_removal *how, struct err *e) must_check;
/* image_users - the first container that uses image @id, as a short id in @dst; "" when none does. */
int image_users(struct engine *en, const char *id, char dst[static 13], bool *ret_running, struct err *e) must_check;
/* image_unused - how many there are that image_sweep() would remove, and their size. */
int image_unused(struct engine *en, size_t *ret_n, uint64_t *ret_bytes, struct err *e) must_check;
/* image_sweep - layers and blobs that no image and no container uses go; their size is added to *ret_bytes (may be
 * NULL). */
int image_sweep(struct engine *en, uint64_t *ret_bytes, struct err *e) must_check;

/* --- changes (-c, --change) ---------------------------------------------------------------------------------- */

/* image_change - one instruction of `import -c` and `commit -c`: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, USER,
 * VOLUME, WORKDIR, STOPSIGNAL. ERR_USAGE. What it makes lives in @a. */
int image_change(struct image_run *run, const char *text, struct arena *a, struct err *e) must_check;
