#pragma once
/* What `system prune` shares with the prune commands of single kinds. */
#include "cli/cli.h"

/* image_prune - images without a name that no container uses, with @all also those with one; each is told as it goes.
 * *freed grows by what the disk has got back. */
int image_prune(struct cli *c, bool all, uint64_t *freed, struct err *e) must_check;
