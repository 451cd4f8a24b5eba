#pragma once
/* What an image says about a container and what the command line says, made into one: docker's
 * rules. Pure. */
#include "spec/container.h"
#include "spec/image_config.h"

/* What struct ct_config has no place for. */
struct merge_ask {
	bool entrypoint_given; /* --entrypoint, also an empty one: neither entrypoint nor command of
				  the image count */
	bool no_healthcheck;
	bool unset_all; /* nothing of the image's environment */
	struct rc_str_list unset; /* names to leave out */
};

/* merge_image - complete @c, which holds what the user asked for, by @image (NULL: --rootfs, which
 * says nothing): program      --entrypoint replaces entrypoint and command of the image; a command
 * replaces the image's command env          the user's, then what the image has besides; "NAME"
 * without a value takes the image's variable away user, working directory, stop signal: the user's,
 * else the image's labels       both, the user's win; exposed ports: both volumes      each of the
 * image's becomes an anonymous volume (source NULL) where nothing else is mounted health       the
 * user's test replaces the image's; times that were not given are the image's ERR_USAGE when there
 * is nothing to run. What is new lives in c->arena; the strings of @image are borrowed. */
int merge_image(struct ct_config *c, const struct image_run *image, const struct merge_ask *ask, struct err *e)
	must_check;
