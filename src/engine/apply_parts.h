#pragma once
/* Between apply.c (what is to be done), apply_host.c (what the host has there) and apply_write.c (doing it). */
#include <sys/stat.h>
#include "engine/apply.h"

enum { APPLY_NO_ITEM = -1 };

/* What the host has at a path. */
enum host_state {
	HOST_ABSENT,
	HOST_THERE,
	HOST_MOUNT, /* it is a mount point, or lies below one */
};

struct apply_item {
	char *path; /* "/a/b" */
	enum diff_kind kind;
	mode_t mode; /* of what the container has; 0: nothing, it is to be deleted */
	bool fresh; /* a directory that hides what the host has in it */
	bool wanted; /* by the user */
	bool needed; /* a directory that something wanted lies in */
	bool own; /* the engine's own directory, or below it */
	bool same; /* nothing to do */
	enum apply_verdict verdict;
	const char *why;
	enum host_state host;
	struct stat seen; /* with HOST_THERE */
	int parent; /* index of the directory's item, or APPLY_NO_ITEM */
};

struct apply {
	struct engine *en;
	const struct record *r;
	const struct apply_how *how;
	int host_fd, upper_fd;
	bool rootless;
	struct timespec since; /* changes of the host after this are news to the container */
	struct stat own[2]; /* the engine's directories */
	struct arena arena;
	struct apply_item *v;
	size_t n, cap;
	struct apply_total total;
	size_t n_write;
};

/* --- apply_host.c -------------------------------------------------------------------------------------------- */

/* host_parent - the directory that @path lies in and its last component. -errno without a message: -EXDEV a mount point
 * is on the way; -ENOENT, -ENOTDIR, -ELOOP there is no such directory. */
int host_parent(const struct apply *a, const char *path, const char **ret_name);
/* upper_open - what the container has at @path, never through a symlink. */
int upper_open(const struct apply *a, const char *path, int flags, struct err *e) must_check;
/* host_look - fill @item's host and seen. */
int host_look(const struct apply *a, struct apply_item *item, struct err *e) must_check;
/* host_equal - is what the host has at @item's place what the container has? */
int host_equal(const struct apply *a, const struct apply_item *item, bool *ret, struct err *e) must_check;
/* host_obstacle - why @item's place must not be replaced or emptied: *ret NULL when it may. */
int host_obstacle(const struct apply *a, const struct apply_item *item, const char **ret, struct err *e) must_check;
/* host_changed - did the host change it after the container was made? */
bool host_changed(const struct apply *a, const struct stat *st);
/* apply_special - why @item needs --special; *ret NULL when it does not. */
int apply_special(const struct apply *a, const struct apply_item *item, const char **ret, struct err *e) must_check;
/* apply_special_file - the same of an open regular file: NULL, or why. */
const char *apply_special_file(const struct apply *a, int fd, const struct stat *st);

/* Extended attributes that are a file's own: neither overlayfs' nor this host's labels. */
bool apply_attr_wanted(const struct apply *a, const char *name);
struct apply_attrs {
	char names[65536], value[65536];
};

/* --- apply_write.c ------------------------------------------------------------------------------------------- */

/* apply_write - all items that are to be written, in order. */
int apply_write(struct apply *a, struct err *e) must_check;
