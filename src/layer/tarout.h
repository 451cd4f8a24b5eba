#pragma once
/* A directory tree as a tar archive (POSIX pax): sorted, whole seconds, no names of users, so that equal content gives
 * equal bytes. The tree may belong to a running container: everything is opened by fd, nothing is followed. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include "base/err.h"

typedef int tar_sink(void *ctx, const void *data, size_t n, struct err *e);

struct tar_link;

struct tarout {
	tar_sink *sink;
	void *ctx;
	bool overlay; /* the tree is an overlay's upper directory: device 0:0 and opaque become .wh. entries */
	bool user_xattr; /* … with user.overlay.* attributes */
	uint64_t written;
	struct tar_link *links;
	size_t n_links, cap_links;
};

struct tar_member {
	const char *path;
	struct stat st; /* mode, owner, size, times, device */
	const char *link; /* target of a symlink or hard link, or NULL */
	bool hardlink;
	int xattr_fd; /* where extended attributes are read from, or FD_NONE */
};

/* tarout_tree - everything below @root_fd, which is "./". */
int tarout_tree(struct tarout *t, int root_fd, struct err *e) must_check;
/* tarout_member - one header; @m->st.st_size bytes of content must follow for a regular file, by tarout_data(). */
int tarout_member(struct tarout *t, const struct tar_member *m, struct err *e) must_check;
int tarout_data(struct tarout *t, const void *data, size_t n, struct err *e) must_check;
/* tarout_pad - to the next block, after the content. tarout_end - the end of the archive. */
int tarout_pad(struct tarout *t, struct err *e) must_check;
int tarout_end(struct tarout *t, struct err *e) must_check;
void tarout_done(struct tarout *t);
