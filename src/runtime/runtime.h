#pragma once
/* The life of one OCI container: the interface that tare-oci and the engine link. No global state: every
 * call takes a context; several contexts may exist in one process (one thread each at a time).
 * Messages follow what callers of an OCI runtime match on (docs/man, OCI-CONTRACT "Texts"). */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"
#include "spec/runtime_config.h"

enum rt_cgroup_manager { RT_CGROUPFS, RT_SYSTEMD, RT_CGROUP_DISABLED };

struct rt_trace; /* runtime/trace.h: phases with times, NULL unless --trace */

struct rt_context {
	int root_fd; /* state root directory, made 0700 by rt_context_open */
	const char *root_path; /* for messages */
	enum rt_cgroup_manager manager;
	bool rootless; /* tolerate what a plain user cannot have (cgroup limits nobody asked for …) */
	struct rt_trace *trace;
	bool ends_process; /* the process ends after this call: memory and descriptors are left to the kernel, which
			    * frees them in one go (17 system calls and as many page faults of a run) */
};

/* rt_context_open - open or make the state root @path. */
int rt_context_open(const char *path, struct rt_context *ret, struct err *e) must_check;
void rt_context_done(struct rt_context *c);

/* rt_id_check - 1 to 255 of [A-Za-z0-9_+.-], not "." or "..". */
int rt_id_check(const char *id, struct err *e) must_check;

/* A root filesystem that is mounted nowhere before the container has it. */
struct rt_root {
	/* The detached mount (fsmount(2), open_tree(2)), the callee's from then on. @userns: the container's new user
	 * namespace with its maps, for idmapped layers; FD_NONE: it has none of its own. */
	int (*make)(void *arg, int userns, struct err *e);
	void *arg;
};

struct rt_create {
	const char *id;
	const char *bundle; /* directory, made absolute by the callee */
	const char *config; /* file name instead of BUNDLE/config.json, or NULL */
	const struct buf *text; /* config.json itself instead of a file, or NULL. Borrowed */
	const struct rt_root *root; /* who makes the root filesystem, or NULL; root.path is then only its name in state
				     * documents. Borrowed */
	const char *console_socket; /* or NULL */
	const char *pidfd_socket; /* or NULL */
	const char *pid_file; /* or NULL */
	const char *notify_socket; /* sd_notify proxy, from $NOTIFY_SOCKET, or NULL */
	const char *notify_at; /* directory of its socket in the container, absolute; NULL: /run/notify */
	uint32_t preserve_fds; /* 3 … 3+N-1 besides LISTEN_FDS */
	uint32_t listen_fds; /* from $LISTEN_FDS */
	bool no_pivot, no_new_keyring;
	bool detach; /* run: return after start */
	bool keep; /* run: do not delete at the end */
	bool no_subreaper;
};

/* rt_create - create the container and leave it waiting for rt_start. */
int rt_create(struct rt_context *c, const struct rt_create *req, struct err *e) must_check;
/* rt_start - let its program run; returns after the program was executed or failed to be. @notify_socket as in
 * struct rt_create: then after it said READY=1. */
int rt_start(struct rt_context *c, const char *id, const char *notify_socket, struct err *e) must_check;
/* rt_run - create, start and, unless detached, wait, forward signals and delete. *ret_status is the
 * program's exit code or 128 + signal. */
int rt_run(struct rt_context *c, const struct rt_create *req, int *ret_status, struct err *e) must_check;

struct rt_exec {
	const char *id;
	const char *process_file; /* or NULL: the rest makes one from the container's own */
	const char *console_socket, *pidfd_socket, *pid_file;
	char *const *args; /* NULL-terminated */
	const char *cwd, *user /* UID[:GID] or a name of the container's passwd */, *apparmor, *process_label;
	const struct rc_str_list *env, *caps, *cgroups /* [CONTROLLERS:]PATH */, *additional_gids;
	uint32_t preserve_fds;
	bool tty, detach, no_new_privs, ignore_paused;
	bool groups_alone; /* additional_gids in place of the container's, not besides */
};

int rt_exec(struct rt_context *c, const struct rt_exec *req, int *ret_status, struct err *e) must_check;

struct rt_execed {
	pid_t pid; /* a child of the caller, who reaps it; leads a session */
	int pidfd, master; /* the caller's; master is FD_NONE without a terminal */
};
/* rt_exec_launch - the same for a caller that stays with the program: returns when it was executed. It inherits the
 * caller's descriptors 0 to 2 unless it has a terminal. detach and console_socket of @req are not looked at. */
int rt_exec_launch(struct rt_context *c, const struct rt_exec *req, struct rt_execed *ret, struct err *e) must_check;

/* rt_kill - @sig to the container's init, with @all to every process of its cgroup. A stopped container is
 * ERR_NOT_FOUND "container not running"; KILL thaws a paused one first. */
int rt_kill(struct rt_context *c, const char *id, int sig, bool all, struct err *e) must_check;
/* rt_delete - with @force kills first, clears half-made state, and an absent container is no error. */
int rt_delete(struct rt_context *c, const char *id, bool force, struct err *e) must_check;
int rt_pause(struct rt_context *c, const char *id, struct err *e) must_check;
int rt_resume(struct rt_context *c, const char *id, struct err *e) must_check;
int rt_update(struct rt_context *c, const char *id, const struct rc_resources *r, struct err *e) must_check;

/* rt_update_rdt - new cache and memory bandwidth schemata (l3_cache_schema, mem_bw_schema) for a container that
 * was created with linux.intelRdt. */
int rt_update_rdt(struct rt_context *c, const char *id, const struct rc_intel_rdt *r, struct err *e) must_check;

enum rt_status { RT_CREATING, RT_CREATED, RT_RUNNING, RT_PAUSED, RT_STOPPED };
extern const char *const rt_status_names[];

/* rt_state_json - the state document callers parse, appended to @ret. */
int rt_state_json(struct rt_context *c, const char *id, struct buf *ret, struct err *e) must_check;
/* rt_pids - host pids of all processes of the container. The caller frees *ret_pids. */
int rt_pids(struct rt_context *c, const char *id, pid_t **ret_pids, size_t *ret_n, struct err *e) must_check;
