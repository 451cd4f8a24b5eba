#pragma once
/* One container being created; shared by create.c, spawn.c and run.c. */
#include "base/buf.h"
#include "cg/tree.h"
#include "runtime/plan.h"
#include "runtime/statedir.h"

struct creation {
	struct rt_context *ctx;
	const struct rt_create *req;
	struct buf text; /* config.json as read */
	struct runtime_config config;
	char bundle[4096];
	int bundle_fd, state_fd;
	struct rt_state state;
	struct cg_host cg_host;
	struct cg cg;
	bool cg_made;
	struct rt_plan plan;
	int sync; /* the runtime's end */
	pid_t pid;
	int pidfd;
	int master; /* of the terminal, after SYNC_READY */
	bool published; /* a pid file may have been written */
	bool stays; /* the caller stays with the program, and keeps its terminal (rt_launch) */
	bool started; /* run: recorded as started */
	bool restored; /* its first process is made by criu */
	bool go_sent; /* the last SYNC_GO was sent */
	/* systemd: memory that the child sees too, CG_PATH_SIZE bytes, for the cgroup path that is known only when the
	 * child already waits; else NULL */
	char *scope_path;
};

/* creation_open - the first part of creation_make(): read and check config.json, claim the id, make the cgroup. On
 * error everything is undone. */
int creation_open(struct creation *c, bool separate_start, struct err *e) must_check;
/* creation_scope - with the systemd driver: a scope for c->pid. creation_limits - what linux.resources asks for.
 * creation_record - save the state with c->pid. */
int creation_scope(struct creation *c, struct err *e) must_check;
int creation_limits(struct creation *c, struct err *e) must_check;
/* creation_cgroup - make it, recorded before; with the systemd driver only the hierarchies are found here.
 * creation_delegate - give it to the program's user where the spec says so ("Cgroup ownership").
 * creation_delegated_sub - annotation run.oci.delegate-cgroup: a cgroup below it, entered after the cgroup namespace.
 */
int creation_cgroup(struct creation *c, struct err *e) must_check;
int creation_delegate(struct creation *c, struct err *e) must_check;
int creation_delegated_sub(struct creation *c, struct err *e) must_check;
/* creation_devices - the device rules of config.json on it, and what every container may use. */
int creation_devices(struct creation *c, struct err *e) must_check;
int creation_record(struct creation *c, struct err *e) must_check;
/* creation_make - everything up to the point where the child is ready and recorded, waiting for our SYNC_GO. With
 * @separate_start the child will then wait for `start`. On error everything is undone. End with
 * creation_done(), which closes and frees but undoes nothing. */
int creation_make(struct creation *c, bool separate_start, struct err *e) must_check;
/* creation_start - let the child execute the program; returns when it did. On error everything is undone.
 * creation_end - the program has ended: remove what the container has outside itself, unless it is to be kept. */
int creation_start(struct creation *c, struct err *e) must_check;
int creation_end(struct creation *c, struct err *e) must_check;
/* creation_go - let the child execute the program, if it was not let already. */
int creation_go(struct creation *c, struct err *e) must_check;
/* creation_undo - kill the child and remove whatever was made. */
void creation_undo(struct creation *c);
void creation_done(struct creation *c);

/* spawn.c: spawn_container - clone the child (through a stage where needed), into its cgroup; pid, pidfd, sync. */
int spawn_container(struct creation *c, struct err *e) must_check;
/* spawn_take_staged - of the stage *@pid: the process it has cloned, which then may begin. */
int spawn_take_staged(int sync, pid_t *pid, int *pidfd, struct err *e) must_check;
/* creation_publish - pid file, pidfd socket, console socket: what callers wait for. */
int publish(const struct rt_create *req, const char *pidfd_receiver, pid_t pid, int pidfd, struct err *e) must_check;
int send_console(const char *console_socket, int master, struct err *e) must_check;
/* creation_state_json - the state document with @status, for hooks. */
int creation_state_json(const struct creation *c, enum rt_status status, pid_t pid, struct buf *ret, struct err *e)
	must_check;
