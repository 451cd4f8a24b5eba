#pragma once
/* Namespaces that a container takes from another one: --network, --pid, --ipc container:X. */
#include "engine/record.h"

struct sharing {
	int fd[RC_N_NS];
	char text[RC_N_NS][32];
	const char *path[RC_N_NS]; /* for the runtime; NULL: not shared */
	int userns; /* the user namespace that owns them, or FD_NONE */
	int32_t id_slot; /* the range of ids mapped there, -1: none */
	bool host_ids; /* the other container has none of its own */
};

#define SHARING_INIT \
	{ \
		.userns = FD_NONE, .id_slot = -1, \
		.fd = { FD_NONE, \
			FD_NONE, \
			FD_NONE, \
			FD_NONE, \
			FD_NONE, \
			FD_NONE, \
			FD_NONE, \
			FD_NONE } \
	}

/* sharing_open - by @c's modes. ERR_CONFLICT when the other container does not run, or when two of them live in
 * different user namespaces. End with sharing_done(), also after an error. */
int sharing_open(const struct engine *en, const struct ct_config *c, struct sharing *ret, struct err *e) must_check;
void sharing_done(struct sharing *s);
