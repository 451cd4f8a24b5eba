#pragma once
/* A layer's entries become a directory that overlayfs can use as a lower layer. Whoever made the archive is hostile:
 * every entry is resolved inside the layer by openat2(2), and what the rules below do not allow is refused.
 *
 *  - names: leading "/" and "./" are dropped, ".." is refused; a symlink on the way is followed inside the layer;
 *  - hard links: to what this layer brought, not through a symlink, not to a directory or a whiteout;
 *  - ".wh.NAME" becomes a character device 0:0, ".wh..wh..opq" the attribute overlay.opaque of its directory; other
 * names with ".wh..wh." are aufs' own and ignored; ".wh.", ".wh.." and ".wh..." are refused, and so is a device 0:0;
 *  - extended attributes: user.* but user.overlay.*, security.capability and POSIX ACLs; all others are dropped;
 *  - the last of several entries with one name stays. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include "base/err.h"

struct layer_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct layer_entry {
	const char *path;
	mode_t mode; /* type and permissions */
	int64_t uid, gid;
	uint64_t size;
	struct timespec mtime;
	const char *link; /* target of a symlink or hard link */
	bool hardlink;
	unsigned major, minor;
	const struct layer_xattr *xattrs;
	size_t n_xattrs;
};

/* What one image may take; the counters run over all its layers, so they are atomic. */
struct layer_limits {
	uint64_t max_bytes, max_inodes;
	uint64_t max_empty; /* files without content, cheap to ask for by the million: so many more than others */
};

#define LAYER_LIMITS_DEFAULT \
	{ \
		.max_bytes = 64ULL << 30, .max_inodes = 2000000, .max_empty = 32768 \
	}

struct layer_usage {
	_Atomic uint64_t bytes, inodes, empty, full;
};

struct unpack_how {
	const struct layer_limits *limits;
	struct layer_usage *usage;
	bool user_xattr; /* user.overlay.* in place of trusted.overlay.*: a user namespace may not set those */
	bool no_devices; /* device nodes are left out: a user namespace may not make them */
	bool squash_ids; /* only one id is mapped: everything belongs to it */
};

struct unpack;

/* unpack_new - into the empty directory @dir_fd, borrowed. */
int unpack_new(int dir_fd, const struct unpack_how *how, struct unpack **ret, struct err *e) must_check;
/* unpack_entry - make it. *ret_wants_data: a regular file, give its content with unpack_data(); it ends with the next
 * unpack_entry() or unpack_finish(). */
int unpack_entry(struct unpack *u, const struct layer_entry *entry, bool *ret_wants_data, struct err *e) must_check;
int unpack_data(struct unpack *u, uint64_t offset, const void *data, size_t n, struct err *e) must_check;
/* unpack_finish - directories get their times. *ret_size: bytes of all files. */
int unpack_finish(struct unpack *u, uint64_t *ret_size, struct err *e) must_check;
/* unpack_replaced - an entry took the place of an earlier one, whose content is gone. */
bool unpack_replaced(const struct unpack *u);
void unpack_free(struct unpack *u);
static inline void unpack_freep(struct unpack **u)
{
	unpack_free(*u);
}
#define auto_unpack __attribute__((cleanup(unpack_freep)))
