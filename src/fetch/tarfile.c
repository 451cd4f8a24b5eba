#include "fetch/tarfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64 << 10 };

/* The chunk before is gone with the call of ring_next(). */
static long next_chunk(struct tarfile *t, const void **ret)
{
	if (t->recipe && recipe_chunk(t->recipe, NULL, 0, &t->error) < 0)
		return -1;
	long n = ring_next(t->ring, !t->started, ret);
	t->started = true;
	if (n > 0 && t->recipe && recipe_chunk(t->recipe, *ret, (size_t)n, &t->error) < 0)
		return -1;
	return n;
}

int tarfile_rest(struct tarfile *t, struct err *e)
{
	const void *rest;
	long n;

	do
		n = next_chunk(t, &rest);
	while (n > 0);
	if (t->error.num)
		*e = t->error;
	return -e->num; /* a failed stream is told by who wrote it */
}

static la_ssize_t read_ring(struct archive *a, void *ctx, const void **ret)
{
	long n = next_chunk(ctx, ret);

	if (n < 0)
		archive_set_error(a, EIO, "the stream ended");
	return n;
}

static la_ssize_t read_fd(struct archive *a, void *ctx, const void **ret)
{
	struct tarfile *t = ctx;
	ssize_t n;

	do
		n = pread(t->fd, t->block, BLOCK, (off_t)t->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, errno, "read");
	else
		t->at += (uint64_t)n;
	*ret = t->block;
	return n;
}

static la_int64_t skip_fd(struct archive *a, void *ctx, la_int64_t request)
{
	struct tarfile *t = ctx;
	uint64_t left = t->at < t->size ? t->size - t->at : 0;
	/* At most to the end: what is missing there must be missed by reading. */
	uint64_t n = request < 0 ? 0 : (uint64_t)request < left ? (uint64_t)request : left;

	t->at += n;
	return (la_int64_t)n;
}

static int fail(struct tarfile *t, struct err *e)
{
	const char *why = t->a ? archive_error_string(t->a) : NULL;

	if (t->error.num) {
		*e = t->error;
		return -e->num;
	}
	return err_set(e, ERR_CORRUPT, EUCLEAN, "the tar archive is damaged: %.256s", why ? why : "unknown reason");
}

static int prepare(struct tarfile *t, struct err *e)
{
	t->a = archive_read_new();
	if (!t->a)
		return err_oom(e, "libarchive");
	if (archive_read_support_format_tar(t->a) != ARCHIVE_OK ||
		archive_read_support_format_empty(t->a) != ARCHIVE_OK)
		return fail(t, e);
	return 0;
}

int tarfile_open_fd(struct tarfile *t, int fd, struct err *e)
{
	struct stat st;

	*t = (struct tarfile){ .fd = fd, .block = malloc(BLOCK) };
	if (!t->block)
		return err_oom(e, "a buffer");
	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at the archive");
	t->size = (uint64_t)st.st_size;
	if (prepare(t, e) < 0)
		return -e->num;
	return archive_read_open2(t->a, t, NULL, read_fd, skip_fd, NULL) == ARCHIVE_OK ? 0 : fail(t, e);
}

int tarfile_open_ring(struct tarfile *t, struct ring *ring, struct recipe *recipe, struct err *e)
{
	*t = (struct tarfile){ .ring = ring, .recipe = recipe, .fd = FD_NONE };
	if (prepare(t, e) < 0)
		return -e->num;
	return archive_read_open2(t->a, t, NULL, read_ring, NULL, NULL) == ARCHIVE_OK ? 0 : fail(t, e);
}

void tarfile_close(struct tarfile *t)
{
	if (t->a)
		archive_read_free(t->a);
	free(t->block);
	t->a = NULL;
	t->block = NULL;
}

int tarfile_next(struct tarfile *t, struct archive_entry **ret, struct err *e)
{
	int r = archive_read_next_header(t->a, ret);

	if (r == ARCHIVE_EOF)
		return 0;
	return r == ARCHIVE_OK || r == ARCHIVE_WARN ? 1 : fail(t, e);
}

uint64_t tarfile_data_offset(struct tarfile *t)
{
	return (uint64_t)archive_filter_bytes(t->a, 0);
}

int tarfile_block(struct tarfile *t, const void **ret, size_t *ret_n, int64_t *ret_offset, struct err *e)
{
	la_int64_t offset;
	int r = archive_read_data_block(t->a, ret, ret_n, &offset);

	*ret_offset = offset;
	if (r == ARCHIVE_EOF)
		return 0;
	return r == ARCHIVE_OK || r == ARCHIVE_WARN ? 1 : fail(t, e);
}
