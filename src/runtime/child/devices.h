#pragma once
/* The default devices and links of a container's /dev: runtime-spec config-linux.md "Default Devices". */
#include <stdbool.h>
#include "base/err.h"

struct dev_default {
	const char *name;
	unsigned major, minor;
};
enum { DEV_N_DEFAULTS = 6 };
extern const struct dev_default dev_defaults[DEV_N_DEFAULTS];

/* dev_make_links - fd, stdin, stdout and stderr in @dev; one that is there already stays as it is. CHILD */
int dev_make_links(int dev, struct err *e) must_check;
/* dev_make_ptmx - ptmx in @dev, leading to the container's own terminals, also where an image brought a node of that
 * name. CHILD */
int dev_make_ptmx(int dev, struct err *e) must_check;
