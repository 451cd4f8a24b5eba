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
	pid_t pid; /* 0: not yet or no longer */
	uint64_t start_ticks; /* of pid */
	char *boot_id; /* NULL: a state root that does not outlive a boot */
	bool started; /* its program was let run */
	bool in_one; /* by `run` or `restore`, which have no state created for others to see */
	bool restored; /* by criu, so that its first process never executed a program */
	uint32_t uid; /* who made it */
	enum rt_cgroup_manager manager;
	char *cgroup_path; /* relative to each hierarchy's root, "/a/b"; NULL: none of our own */
	char *cgroup_scope; /* systemd unit or NULL */
	bool cgroup_external; /* existed before us: never removed */
	unsigned namespaces; /* bit per enum rc_ns: the container's differ from the runtime's */
	bool has_user_ns;
	char *intel_rdt_path;
	struct rc_kv_list annotations;
	bool has_poststop; /* config.json lists poststop hooks */
};

/* rt_state_may_outlive_boot - whether the state root is on something else than a tmpfs, so that a state there may be of
 * an earlier boot and needs the boot id. */
bool rt_state_may_outlive_boot(const struct rt_context *c);
/* rt_state_claim - make ROOT/ID; an existing one is ERR_CONFLICT "container with given ID already exists".
 * Returns its directory descriptor, locked as by rt_state_lock(): as long as the creator lives and holds the
 * lock, others see RT_CREATING; rt_state_unlock() when the state is saved. The lock belongs to the open
 * file description, so a child must close its copy before it waits for anything. */
int rt_state_claim(struct rt_context *c, const char *id, struct err *e) must_check;
/* rt_state_open - the directory of an existing container; ERR_NOT_FOUND "container does not exist". */
int rt_state_open(struct rt_context *c, const char *id, struct err *e) must_check;
/* rt_state_lock - serialise operations on one container (flock on its directory); released with the fd.
 * ERR_NOT_FOUND when the container was deleted while waiting. */
int rt_state_lock(int state_fd, struct err *e) must_check;
void rt_state_unlock(int state_fd);
/* rt_state_save - replace state.json, atomically for readers and for SIGKILL. The lock is held. */
int rt_state_save(int state_fd, const struct rt_state *s, struct err *e) must_check;
/* rt_state_mark - one symlinkat(2): record what a creator is about to make outside ROOT/ID (@s->manager,
 * cgroup_path, cgroup_scope, cgroup_external, intel_rdt_path), before it makes it, so that it can be cleared
 * if the creator is killed before the first rt_state_save(). */
int rt_state_mark(int state_fd, const struct rt_state *s, struct err *e) must_check;
/* rt_state_set_started - one mknodat(2): the program was executed; later loads have @started set. */
int rt_state_set_started(int state_fd, struct err *e) must_check;
/* rt_state_load - read and check. A directory without state.json (killed while creating, or being created)
 * gives *ret_found false and in *ret what rt_state_mark() recorded. What does not parse is ERR_CORRUPT. End
 * with rt_state_done(), also after an error. */
int rt_state_load(int state_fd, const char *id, bool *ret_found, struct rt_state *ret, struct err *e) must_check;
/* rt_state_load_mark - only what rt_state_mark() recorded (nothing if it never was), for a state.json that
 * cannot be read. */
int rt_state_load_mark(int state_fd, const char *id, struct rt_state *ret, struct err *e) must_check;
void rt_state_done(struct rt_state *s);
/* rt_state_remove - delete ROOT/ID and everything in it, if it still is the directory behind @state_fd,
 * whose lock the caller holds: a loser of a race removes nothing it did not make. */
int rt_state_remove(struct rt_context *c, const char *id, int state_fd, struct err *e) must_check;

/* rt_state_status - what the container is doing now; *ret_pidfd (FD_NONE when stopped) is the caller's.
 * Right even when the pid was reused or the machine was booted since. */
int rt_state_status(struct rt_context *c, const struct rt_state *s, enum rt_status *ret, int *ret_pidfd, struct err *e)
	must_check;

/* One container, opened: what nearly every command begins with. */
struct rt_container {
	int state_fd, pidfd; /* pidfd FD_NONE when stopped or not yet there */
	enum rt_status status;
	bool half_made; /* no state.json: its creator works on it (status RT_CREATING) or was killed */
	bool abandoned; /* half_made, and the creator is gone */
	struct rt_state state;
};

#define RT_CONTAINER_INIT \
	{ \
		.state_fd = FD_NONE, .pidfd = FD_NONE \
	}

enum rt_open_how { RT_UNLOCKED, RT_LOCKED };

/* rt_container_open - open, lock if asked, load, and find the status. ERR_NOT_FOUND "container does not
 * exist". End with rt_container_done(), also after an error. */
int rt_container_open(
	struct rt_context *c, const char *id, enum rt_open_how how, struct rt_container *ret, struct err *e) must_check;
struct rt_probe;
/* rt_container_open_by - the same with a probe that the caller goes on to use (runtime/probe.h). */
int rt_container_open_by(struct rt_context *c, struct rt_probe *p, const char *id, enum rt_open_how how,
	struct rt_container *ret, struct err *e) must_check;
/* rt_container_open_whole - rt_container_open(), refusing a half-made one. */
int rt_container_open_whole(
	struct rt_context *c, const char *id, enum rt_open_how how, struct rt_container *ret, struct err *e) must_check;
void rt_container_done(struct rt_container *ct);
/* rt_container_config - read the copy of config.json kept in ROOT/ID. End with runtime_config_done(). */
int rt_container_config(const struct rt_container *ct, struct runtime_config *ret, struct err *e) must_check;
/* rt_container_refuse_half_made - the error for commands that need a whole container; 0 for one. */
int rt_container_refuse_half_made(const struct rt_container *ct, const char *id, struct err *e) must_check;
