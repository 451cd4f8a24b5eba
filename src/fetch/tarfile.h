#pragma once
/* Headers and data of tar archives, by libarchive; only tar, decompression is ours. */
#include <archive.h>
#include <archive_entry.h>
#include "base/err.h"
#include "fetch/recipe.h"
#include "fetch/ring.h"

struct tarfile {
	struct archive *a;
	struct ring *ring; /* where the bytes come from … */
	struct recipe *recipe; /* … and who takes note of them, or NULL */
	int fd; /* … or a file that can be sought in */
	bool started;
	uint64_t at, size;
	char *block;
	struct err error; /* of ours, inside a callback of libarchive */
};

int tarfile_open_fd(struct tarfile *t, int fd, struct err *e) must_check;
int tarfile_open_ring(struct tarfile *t, struct ring *ring, struct recipe *recipe, struct err *e) must_check;
void tarfile_close(struct tarfile *t);
/* tarfile_next - 1 and the next entry, 0 at the end. */
int tarfile_next(struct tarfile *t, struct archive_entry **ret, struct err *e) must_check;
/* tarfile_data_offset - where the content of the entry begins that tarfile_next() gave. */
uint64_t tarfile_data_offset(struct tarfile *t);
/* tarfile_rest - what follows the last entry is read, too. */
int tarfile_rest(struct tarfile *t, struct err *e) must_check;
/* tarfile_block - 1 and the next piece of content, 0 at its end. */
int tarfile_block(struct tarfile *t, const void **ret, size_t *ret_n, int64_t *ret_offset, struct err *e) must_check;
