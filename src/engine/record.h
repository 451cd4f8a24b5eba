#pragma once
/* The records of containers on disk: DATA/containers/ID and DATA/names/NAME. */
#include "engine/engine.h"
#include "spec/container.h"
#include "spec/container_status.h"

enum { RECORD_MAX_BYTES = 16 << 20 }; /* of one of its texts */

struct record {
	int dir_fd; /* containers/ID; the lock is on it */
	bool held; /* we hold the lock: we are responsible */
	char id[CT_ID_LEN + 1];
	struct ct_config config;
	struct ct_status status;
};

#define RECORD_INIT \
	{ \
		.dir_fd = FD_NONE, .status = CT_STATUS_INIT \
	}

/* record_find - the id of the container that @ref names: a whole id, a name, or the beginning of an id that only one
 * container has. ERR_NOT_FOUND "no such container", ERR_CONFLICT when several begin so. */
int record_find(const struct engine *en, const char *ref, char ret_id[static CT_ID_LEN + 1], struct err *e) must_check;

/* record_open - find, open and read @ref. Takes no lock: the status may be that of a monitor that was killed
 * (record_true_status()). End with record_done(), also after an error. */
int record_open(const struct engine *en, const char *ref, struct record *ret, struct err *e) must_check;
/* record_open_id - the same by whole id; without configuration when @with_config is false (`ps` of many). */
int record_open_id(const struct engine *en, const char *id, bool with_config, struct record *ret, struct err *e)
	must_check;

void record_done(struct record *r);

/* record_lock - become responsible: waits at most @timeout_ms (0: not at all) for a monitor or another command to let
 * go, then reads the status anew. ERR_NOT_FOUND when the container was removed meanwhile, -ETIMEDOUT ERR_CONFLICT. */
int record_lock(struct record *r, int timeout_ms, struct err *e) must_check;
/* record_reload - the status anew, without the lock: what its holder says. */
int record_reload(struct record *r, struct err *e) must_check;
/* record_monitored - does anybody hold the lock: then status.json is true, and somebody serves attach.sock. */
bool record_monitored(const struct record *r);
/* record_is_gone - removed, or half removed, since it was opened. */
bool record_is_gone(const struct record *r);
void record_unlock(struct record *r);

/* record_abandoned - no container yet, and nobody at work on it: what a killed creator left. Takes the lock if so;
 * close
 * @dir_fd to let go. */
bool record_abandoned(int dir_fd);

/* record_new - make containers/ID with its lock held, claim the name, write config.json and status.json. ERR_CONFLICT
 * when the name is taken. @config->id is made here, and @config->name too when it is NULL. On error nothing is left. */
int record_new(const struct engine *en, struct ct_config *config, struct record *ret, struct err *e) must_check;
/* record_save_status, record_save_config - replace the file; the lock is held. The latter survives a power cut. */
int record_save_status(const struct record *r, struct err *e) must_check;
int record_save_config(const struct record *r, struct err *e) must_check;
/* record_keep - a power cut does not lose the new container. */
int record_keep(const struct engine *en, const struct record *r, struct err *e) must_check;
/* record_rename - another name. ERR_CONFLICT when it is taken. */
int record_rename(const struct engine *en, struct record *r, const char *name, struct err *e) must_check;
/* record_leave_exit - before record_remove(): what record_last_exit() tells those who have the record open, when it is
 * gone. An attribute of the directory, because that outlives its last name. */
void record_leave_exit(const struct record *r);
bool record_last_exit(const struct record *r, int *ret_code);
/* record_remove - delete containers/ID and the name. The lock is held, nothing of the container runs. */
int record_remove(const struct engine *en, struct record *r, struct err *e) must_check;

/* record_ids - the ids of all containers, unordered. */
struct record_ids {
	struct arena arena;
	char **v;
	size_t n;
};
int record_ids(const struct engine *en, struct record_ids *ret, struct err *e) must_check;
void record_ids_done(struct record_ids *l);
