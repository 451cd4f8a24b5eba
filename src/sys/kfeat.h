#pragma once
/* Kernel features used beyond the floor (Linux 6.1): what for, since when, what happens without them. docs/
 * kernel.md is made from this table. */
#include <stdbool.h>
#include <stddef.h>

struct kfeat_row {
	const char *name;    /* the call or flag */
	const char *since;   /* "6.5" */
	const char *used_for;
	const char *without; /* what happens */
	bool floor;	     /* part of the floor: relied upon without a fallback */
};

extern const struct kfeat_row kfeat_table[];
extern const size_t kfeat_table_len;

/* kfeat_release - the running kernel's version as major * 1000 + minor; 0 when it cannot be read. */
unsigned kfeat_release(void);
