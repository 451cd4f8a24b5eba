#pragma once
/* A user namespace made only to be referred to: for idmapped mounts. */
#include "base/err.h"
#include "ns/idmap.h"

/* ns_userns_new - a descriptor of a new user namespace with the maps @m. A child is cloned into it, holds it
 * while the maps are written, and is gone and reaped on return. @procfd as in ns_idmap_write. */
int ns_userns_new(const struct ns_idmap *m, int procfd, struct err *e) must_check;
