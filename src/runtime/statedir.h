#pragma once
/* What is kept about a container while it exists: ROOT/ID/ with state.json, config.json (a copy, for exec),
 * and the start socket. mkdir(2) of ROOT/ID is the claim on the id; see docs/state.md. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "runtime/runtime.h"

enum { RT_STATE_VERSION = 1 };

struct rt_state {
	struct arena arena;
	char *id, *bundle, *rootfs, *created /* RFC 3339 */, *owner;
	pid_t pid;	      /* 0: not yet or no longer */
	uint64_t start_ticks; /* of pid */
	char *boot_id;
	bool started;	      /* rt_start succeeded: created or running */
	uint32_t uid;	      /* who made it */
	enum rt_cgroup_manager manager;
	char *cgroup_path;    /* relative to each hierarchy's root, "/a/b"; NULL: none of our own */
	char *cgroup_scope;   /* systemd unit or NULL */
	bool cgroup_external; /* existed before us: never removed */
	unsigned namespaces;  /* bit per enum rc_ns: the container's differ from the runtime's */
	bool has_user_ns;
	char *intel_rdt_path;
	struct rc_kv_list annotations;
	bool has_poststop;    /* config.json lists poststop hooks */
};

/* rt_state_claim - make ROOT/ID; an existing one is ERR_CONFLICT "container with given ID already exists".
 * Returns its directory descriptor. */
int rt_state_claim(struct rt_context *c, const char *id, struct err *e) must_check;
/* rt_state_open - the directory of an existing container; ERR_NOT_FOUND "container does not exist". */
int rt_state_open(struct rt_context *c, const char *id, struct err *e) must_check;
/* rt_state_lock - serialise operations on one container (flock on its directory); released with the fd. */
int rt_state_lock(int state_fd, struct err *e) must_check;
int rt_state_save(int state_fd, const struct rt_state *s, struct err *e) must_check;
/* rt_state_load - read and check; a directory without state.json (killed while creating) gives *ret_found
 * false. End with rt_state_done(). */
int rt_state_load(int state_fd, const char *id, bool *ret_found, struct rt_state *ret, struct err *e) must_check;
void rt_state_done(struct rt_state *s);
/* rt_state_remove - delete ROOT/ID and everything in it. */
int rt_state_remove(struct rt_context *c, const char *id, struct err *e) must_check;

/* rt_state_status - what the container is doing now; *ret_pidfd (FD_NONE when stopped) is the caller's. */
int rt_state_status(struct rt_context *c, const struct rt_state *s, enum rt_status *ret, int *ret_pidfd,
	struct err *e) must_check;
