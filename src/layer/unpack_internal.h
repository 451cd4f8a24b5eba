#pragma once
/* What the files of the unpacker share. */
#include <limits.h>
#include "base/arena.h"
#include "layer/unpack.h"

enum { WALK_DEPTH = 48 /* directories kept open on the way to the present entry */ };

/* The way to the directory of the last entry, each part open. Entries come sorted by directory, so most need no lookup.
 */
struct walk {
	int root_fd;
	char path[PATH_MAX]; /* of the deepest open one, "a/b/c" */
	size_t end[WALK_DEPTH]; /* where the part of each ends in path */
	int fd[WALK_DEPTH];
	size_t depth;
};

struct late_times { /* of a directory: set last, as making its entries changes them */
	char *path;
	struct timespec mtime;
};

struct unpack {
	struct unpack_how how;
	struct walk walk;
	struct arena arena;
	struct late_times *late;
	size_t n_late, cap_late;
	int file_fd; /* the regular file being written, or FD_NONE */
	struct layer_entry file; /* its attributes */
	struct layer_xattr *file_xattrs;
	struct arena file_arena;
	uint64_t written, size;
	bool replaced; /* an entry took the place of an earlier one */
};

/* walk_to - the O_PATH directory of @path (its n bytes; 0: the root), made where absent. Borrowed until the next call.
 */
int walk_to(struct walk *w, const char *path, size_t n, struct err *e) must_check;
/* walk_forget - a directory was replaced: open nothing by its memory. */
void walk_forget(struct walk *w);

/* attr_set - owner, mode, extended attributes and times of the open file @fd (not O_PATH). */
int attr_set(const struct unpack *u, int fd, const struct layer_entry *entry, bool times, struct err *e) must_check;
/* attr_set_at - owner and times of what has no content: @parent/@name, not followed. */
int attr_set_at(const struct unpack *u, int parent, const char *name, const struct layer_entry *entry, struct err *e)
	must_check;
int attr_opaque(const struct unpack *u, int parent, struct err *e) must_check;
bool attr_wanted(const char *name);
