#pragma once
/* Where an image is read from: a folder, or an archive whose members are found by an index. Either way a member is a
 * part of a file that can be read at any offset, also by several threads. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct span {
	int fd;
	uint64_t offset, size;
};

struct source_limits {
	uint64_t max_bytes; /* of an archive, uncompressed */
	uint64_t max_ratio; /* bytes out of one byte in: see inflate.h */
};

#define SOURCE_LIMITS_DEFAULT \
	{ \
		.max_bytes = 64ULL << 30, .max_ratio = 400 \
	}

struct member {
	char *name; /* without "./" and "/" before it */
	char *link; /* a symlink or hard link to another member, or NULL */
	uint64_t offset, size;
};

struct source {
	struct arena arena;
	int fd; /* the folder, or the plain archive */
	bool is_dir, owned;
	struct member *members; /* by name, of an archive */
	size_t n, cap;
};

#define SOURCE_INIT \
	{ \
		.fd = FD_NONE \
	}

enum { SOURCE_MAX_MEMBERS = 100000 };

/* source_open - of @fd (borrowed): a folder, an archive, or a compressed or piped one, which is first copied to an
 * unnamed file below @tmp_fd. End with source_done(). */
int source_open(int fd, int tmp_fd, const struct source_limits *max, struct source *ret, struct err *e) must_check;
void source_done(struct source *s);
/* source_find - *ret_found false when there is none called @name. Spans of folders are opened: span_done() them. */
int source_find(struct source *s, const char *name, struct span *ret, bool *ret_found, struct err *e) must_check;
void span_done(struct source *s, struct span *span);
/* span_read - the next bytes, as read(2); advances @span. */
ssize_t span_read(struct span *span, void *dst, size_t n, struct err *e) must_check;
/* span_text - all of it, at most @max bytes. @name is for the message. */
int span_text(const struct span *span, const char *name, size_t max, struct buf *ret, struct err *e) must_check;
/* source_text - a small document by name. */
int source_text(struct source *s, const char *name, size_t max, struct buf *ret, bool *ret_found, struct err *e)
	must_check;
