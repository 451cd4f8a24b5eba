#pragma once
/* What a container changed, against what it stands on. */
#include <sys/types.h>
#include "engine/record.h"

enum diff_kind { DIFF_CHANGED = 'C', DIFF_ADDED = 'A', DIFF_DELETED = 'D' };

struct diff_change {
	enum diff_kind kind;
	const char *path; /* begins with "/" */
	mode_t mode; /* of what the container has; 0 when deleted */
	bool fresh; /* a directory in which nothing of the layers below is seen */
};

typedef int (*diff_told)(void *ctx, const struct diff_change *change, struct err *e);

/* engine_diff - every change; a directory comes before what is in it, its entries sorted. */
int engine_diff(struct engine *en, const struct record *r, diff_told told, void *ctx, struct err *e) must_check;
