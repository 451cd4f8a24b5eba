#pragma once
/* The containers that `ps` and prune look at: read, filtered, newest first. */
#include "cli/cli.h"
#include "engine/listing.h"

struct ps_list {
	struct listed **v; /* newest first */
	size_t n;
	struct arena arena;
};

struct ps_want {
	bool all; /* not only what runs */
	struct rc_str_list filters; /* "name=web" */
};

/* ps_read - End with ps_done(), also after an error. ERR_USAGE "invalid filter". A container that
 * is removed meanwhile is left out; one that cannot be read is reported and left out. */
int ps_read(struct cli *c, const struct ps_want *want, struct ps_list *ret, struct err *e) must_check;
void ps_done(struct ps_list *l);
/* ps_created - seconds since 1970. */
int64_t ps_created(const struct listed *l);
