#pragma once
/* Images as docker's inspect shows them. */
#include "cli/cli.h"

/* inspect_image - append the object for the image @ref; *ret_found false when there is none. */
int inspect_image(struct cli *c, const char *ref, struct buf *ret, bool *ret_found, struct err *e) must_check;
