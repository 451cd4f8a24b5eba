#pragma once
/* What tare uses of the kernel: since when, what for, what happens without it. docs/kernel.md is made from this
 * table (TARE_WRITE_DOCS=1 with the unit test sys-kfeat). Linux 6.1 is the floor: what is older is relied on,
 * yet an outer seccomp filter may hide even that, which is what the probe is for. */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

enum { KFEAT_FLOOR = 6001 }; /* major * 1000 + minor */

struct kfeat {
	const char *name; /* the call, flag or file */
	unsigned since; /* major * 1000 + minor */
	long syscall; /* to probe, or -1: known by version only */
	const char *used_for;
	const char *without; /* what happens then; NULL: part of the floor, nothing works around it */
};

extern const struct kfeat kfeat_table[];
extern const size_t kfeat_len;

/* kfeat_release - the running kernel's version as major * 1000 + minor; 0 when it cannot be read. */
unsigned kfeat_release(void);
/* kfeat_release_of - the same of a text such as "6.18.44-generic". Pure. */
unsigned kfeat_release_of(const char *text);
/* kfeat_have - whether this kernel has it: a harmless call with senseless arguments answers anything but
 * ENOSYS; without one to make, the version decides. */
bool kfeat_have(const struct kfeat *f);
/* kfeat_document - docs/kernel.md, appended to @ret. */
void kfeat_document(struct buf *ret);
