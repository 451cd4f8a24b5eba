#pragma once
/* Replace a file so that a reader sees the old or the new content, never a part. */
#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"

enum atomic_sync {
	ATOMIC_VOLATILE, /* tmpfs or losable: no fsync (the start path) */
	ATOMIC_DURABLE, /* survives a power cut: file and directory are synced */
};

struct atomic_how {
	mode_t mode;
	enum atomic_sync sync;
};

/* atomic_write - @dirfd/@name becomes @data of @n bytes, by a temporary file and rename(2). */
int atomic_write(int dirfd, const char *name, const void *data, size_t n, struct atomic_how how, struct err *e)
	must_check;
