#pragma once
/* Compiled filters on disk, so that starting (and exec into) a container reads its filter instead of building it.
 * A file per profile in the directory "@seccomp" of the state root (0700, ours); losing it costs one compilation.
 * The name is made of the profile's digest, libseccomp's version, the machine and the format. */
#include <stdbool.h>
#include "base/err.h"
#include "sec/seccomp.h"

enum { SECCOMP_CACHE_MAX = 64 }; /* files kept; the oldest goes */

/* seccomp_cache_get - *ret_found false: nothing usable there (absent, damaged, not ours). */
int seccomp_cache_get(int root_fd, const uint8_t digest[static 16], bool *ret_found, struct seccomp_filter *ret,
	struct err *e) must_check;
/* seccomp_cache_put - store @f; an error is for a debug line only. */
int seccomp_cache_put(int root_fd, const uint8_t digest[static 16], const struct seccomp_filter *f, struct err *e)
	must_check;
/* seccomp_cache_unpack - the same from the bytes of a file, aligned for any type. Pure. */
int seccomp_cache_unpack(const void *data, size_t size, const uint8_t digest[static 16], bool *ret_found,
	struct seccomp_filter *ret, struct err *e) must_check;
