#pragma once
/* What `inspect` shows, in docker's schema: its keys, their order and their types; ours below
 * "Tare". */
#include "base/buf.h"
#include "engine/record.h"

struct inspect_size {
	bool wanted;
	uint64_t rw, root; /* bytes: SizeRw, SizeRootFs */
};

/* inspect_container - append the object for @r, whose status is true (engine_refresh()). */
int inspect_container(const struct engine *en, const struct record *r, const struct inspect_size *size, struct buf *ret,
	struct err *e) must_check;
