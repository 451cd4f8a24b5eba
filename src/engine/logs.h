#pragma once
/* The logs of containers: settings for the monitor that writes them, and `logs`. */
#include "engine/record.h"
#include "mon/mon.h"

/* logs_check - --log-driver and --log-opt of @c, as `create` does. ERR_USAGE, ERR_UNSUPPORTED. */
int logs_check(const struct ct_config *c, struct err *e) must_check;
/* logs_settings - the log's part of @m. Texts live in @a. */
int logs_settings(const struct ct_config *c, struct arena *a, struct mon *m, struct err *e) must_check;

struct logs_opts {
	bool follow, timestamps, details;
	int64_t tail; /* records; -1: all */
	struct timespec since, until;
	bool has_since, has_until;
};

/* logs_time - of --since and --until: RFC 3339 (UTC where no zone is given), seconds since 1970, or
 * a duration before now such as 10m. ERR_USAGE names @option. */
int logs_time(const char *option, const char *text, struct timespec *ret, struct err *e) must_check;
/* logs_show - to our stdout and stderr. With follow until the container has ended (or --until). */
int logs_show(struct engine *en, struct record *r, const struct logs_opts *o, struct err *e) must_check;
/* logs_lost - records that could not be written so far; asks the monitor of a running container. */
uint64_t logs_lost(const struct record *r);
