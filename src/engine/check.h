#pragma once
/* What a crash may have left, found and mended; docs/state.md "After SIGKILL". And what a boot has to start. */
#include "base/buf.h"
#include "engine/engine.h"

/* Called with each finding: @what is one line for people. @repaired: it is gone now. */
typedef void (*check_tell)(void *arg, const char *what, bool repaired);

/* check_containers - records without an end, names without a container, id ranges and runtime states without an owner,
 * monitors that were killed, volumes half made or half removed. With @repair each is mended. *ret_left: how many
 * findings are still there. */
int check_containers(struct engine *en, bool repair, check_tell tell, void *arg, size_t *ret_left, struct err *e)
	must_check;

/* check_store - of images: what interrupted operations left, names and layers without an image, layers that an image or
 * a container lacks. Layers that are missing are told and stay: @repair cannot make them again. */
int check_store(struct engine *en, bool repair, check_tell tell, void *arg, size_t *ret_left, struct err *e) must_check;

/* boot_start - start what its restart policy wants running: always; unless-stopped when nobody stopped it; on-failure
 * when it was cut off by the end of the machine. Each that cannot be started is told to @tell, and the rest goes on. */
int boot_start(struct engine *en, check_tell tell, void *arg, size_t *ret_failed, struct err *e) must_check;
