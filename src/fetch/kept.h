#pragma once
/* The archive of a layer out of the store, whether a blob or a recipe keeps it; verified at its end. */
#include <stdbool.h>
#include <sys/types.h>
#include "base/err.h"
#include "store/store.h"

struct kept;

/* kept_open - the archive of @l as it came or, @unpack, without its compression. */
int kept_open(struct store *s, const struct store_layer *l, bool unpack, struct kept **ret, struct err *e) must_check;
/* kept_read - the next bytes, 0 at the end: then the digest was right. ERR_CORRUPT. */
ssize_t kept_read(struct kept *k, void *dst, size_t n, struct err *e) must_check;
void kept_free(struct kept *k);
static inline void kept_freep(struct kept **k)
{
	kept_free(*k);
}
#define auto_kept __attribute__((cleanup(kept_freep)))
