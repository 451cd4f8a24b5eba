#pragma once
/* What a container changed, against what it stands on. */
#include "engine/record.h"

enum diff_kind { DIFF_CHANGED = 'C', DIFF_ADDED = 'A', DIFF_DELETED = 'D' };

typedef int (*diff_told)(void *ctx, enum diff_kind kind, const char *path, struct err *e);

/* engine_diff - every change, sorted by path; @path begins with "/". */
int engine_diff(struct engine *en, const struct record *r, diff_told told, void *ctx, struct err *e) must_check;
