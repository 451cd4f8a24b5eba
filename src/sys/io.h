#pragma once
/* Whole reads and writes. */
#include <stddef.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"

/* io_read_all - the rest of @fd into @ret (appended), refusing more than @max bytes (-EFBIG). */
int io_read_all(int fd, size_t max, struct buf *ret, struct err *e) must_check;
/* io_write_all - all @n bytes, across short writes and EINTR. */
int io_write_all(int fd, const void *data, size_t n, struct err *e) must_check;
/* io_write_once - one write(2), as kernel files want it; a short write is -EIO. */
int io_write_once(int fd, const char *data, size_t n, struct err *e) must_check;
/* io_read_file_at, io_write_file_at - a small kernel or state file @name below @dirfd (AT_FDCWD with a
 * fixed absolute path). io_write_file_at opens without creating. */
int io_read_file_at(int dirfd, const char *name, size_t max, struct buf *ret, struct err *e) must_check;
/* io_read_regular_at - the same of a file on a disk or tmpfs: there a read that brings less than there was room for has
 * met the end, so that one is enough. */
int io_read_regular_at(int dirfd, const char *name, size_t max, struct buf *ret, struct err *e) must_check;
int io_write_file_at(int dirfd, const char *name, const char *value, struct err *e) must_check;
