#pragma once
/* Containers as lists show them: little of each, read quickly, for there may be thousands. */
#include "engine/engine.h"
#include "spec/container.h"
#include "spec/container_health.h"
#include "spec/container_status.h"

struct listed {
	char id[CT_ID_LEN + 1];
	enum ct_state state;
	int32_t exit_code;
	bool exit_unknown;
	bool has_health;
	enum ct_health_status health; /* of one that runs */
	char *name, *created; /* RFC 3339 */
	char *since; /* when it started, or ended; "" never */
	char *image, *image_id, *rootfs, *platform;
	char *network; /* NULL: the default */
	struct rc_str_list entrypoint, cmd, exposed_ports;
	struct rc_kv_list labels;
	struct ct_mount *mounts;
	size_t n_mounts;
};

/* What reading many of them has in common. */
struct listing {
	struct engine *en;
	struct arena *arena; /* of the caller: what they point to */
	bool all; /* not only those that run */
	struct buf text;
	struct arena own;
	char **started; /* ids that the runtime has something of, sorted */
	size_t n_started;
};

/* listing_begin - End with listing_done(), also after an error. */
int listing_begin(struct engine *en, bool all, struct arena *arena, struct listing *ret, struct err *e) must_check;
/* listing_read - 1 and *ret; 0 when it does not run and only those were asked for. What is said is true: a container
 * whose monitor was killed is seen to (engine_refresh()). ERR_NOT_FOUND. */
int listing_read(struct listing *l, const char *id, struct listed *ret, struct err *e) must_check;
void listing_done(struct listing *l);

/* listed_runs - or will again by itself. */
bool listed_runs(const struct listed *l);
