#pragma once
/* A range of user and group ids of its own for each running container of root. Nothing on disk carries these ids
 * (layers, volumes and binds are idmapped), so a range is claimed at start and free again at the end. */
#include "engine/engine.h"

enum {
	/* 0x70000000: systemd's list of uses of ids has nothing from here to 0x7FFFFFFF but its foreign range at the
	 * very end (systemd.io/UIDS-GIDS). */
	IDRANGE_FIRST = 1879048192,
	IDRANGE_SIZE = 65536,
	IDRANGE_SLOTS = 4000,
};

/* idrange_claim - a free slot for container @id: its number. ERR_SYSTEM when all are taken. */
int idrange_claim(const struct engine *en, const char *id, struct err *e) must_check;
/* idrange_release - only if it still is @id's; -1 and an unclaimed one are fine. */
void idrange_release(const struct engine *en, int32_t slot, const char *id);
/* idrange_forget - release whatever @id has claimed, for a container whose status does not tell: its monitor was killed
 * between the claim and the status. */
void idrange_forget(const struct engine *en, const char *id);
static inline uint32_t idrange_base(int32_t slot)
{
	return (uint32_t)IDRANGE_FIRST + (uint32_t)slot * IDRANGE_SIZE;
}
