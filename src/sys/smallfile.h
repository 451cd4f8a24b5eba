#pragma once
/* Small texts that are read by the thousand: kept as the target of a symlink, which takes one call to write and one to
 * read, is whole or not there, and survives a power cut with its name (ext4 and kin log it with the directory). What is
 * too long for that (4 KiB; 1 KiB on xfs) is a file. People read it with readlink(1). */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"
#include "sys/atomic_file.h"

/* smallfile_write - @dirfd/@name becomes @text (not empty). Readers see the old text or the new one. Two writers at
 * once are the caller's to prevent. */
int smallfile_write(int dirfd, const char *name, const char *text, enum atomic_sync sync, struct err *e) must_check;
/* smallfile_read - append it to @ret. -ENOENT when there is none, -EFBIG beyond @max bytes. */
int smallfile_read(int dirfd, const char *name, size_t max, struct buf *ret, struct err *e) must_check;
/* smallfile_exists - is there one? */
bool smallfile_exists(int dirfd, const char *name);
