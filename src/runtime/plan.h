#pragma once
/* From a config.json to the data the child runs on: everything resolved, opened and checked beforehand. */
#include "cg/tree.h"
#include "ns/idmap.h"
#include "runtime/child/plan.h"
#include "runtime/hooks.h"
#include "runtime/runtime.h"
#include "sec/seccomp.h"
#include "sys/proc.h"

struct rt_plan {
	struct arena arena;
	struct child_plan child;
	struct seccomp_filter filter;
	struct ns_idmap *maps; /* of a new user namespace, or NULL */
	struct sched_set *affinity;
	int rootfs_fd; /* O_PATH of the root filesystem */
	struct rt_hook_io hook_io; /* for hooks on the host and in the child */
	bool may_clone_mounts; /* we hold CAP_SYS_ADMIN over our mount namespace */
	struct proc_self self; /* the runtime itself */
};

struct rt_plan_in {
	struct rt_context *ctx;
	const struct rt_create *req;
	struct runtime_config *config; /* rootless: a user namespace may be added */
	const char *bundle; /* absolute */
	int bundle_fd;
	const struct cg_host *cg_host;
	const struct cg *cg; /* NULL: joined by systemd, or none */
	const char *cg_path;
	int notify_dir; /* of the sd_notify proxy, to be bound in the container, or FD_NONE */
};

/* plan_build - end with plan_done(), also after an error. */
int plan_build(const struct rt_plan_in *in, struct rt_plan *ret, struct err *e) must_check;
/* plan_rootfs - its part that finds and checks the root filesystem: child.rootfs. */
int plan_rootfs(const struct rt_plan_in *in, struct rt_plan *p, struct err *e) must_check;
void plan_init(struct rt_plan *p);
void plan_done(struct rt_plan *p);

/* plan_check.c: what config.json asks for must make sense together. */
int plan_check(const struct runtime_config *c, struct err *e) must_check;
/* plan_ns.c */
int plan_ns(const struct rt_plan_in *in, struct rt_plan *p, struct err *e) must_check;
/* plan_dev.c: after plan_mounts() */
int plan_devices(const struct rt_plan_in *in, struct rt_plan *p, struct err *e) must_check;
/* plan_mounts.c */
int plan_mounts(const struct rt_plan_in *in, struct rt_plan *p, struct err *e) must_check;
int plan_small_ns(const struct rt_plan_in *in, struct rt_plan *p, struct err *e) must_check;
/* plan_program.c: also for exec. */
struct plan_program_in {
	struct rt_context *ctx;
	const struct rc_process *process;
	const struct rc_linux *linux_;
	const struct rc_kv_list *annotations;
	const char *const *extra_env; /* NULL-terminated, in front of nothing: appended */
	uint32_t keep_fds, listen_fds;
	bool in_userns;
	bool no_setgroups;
	struct proc_self self;
	bool make_cwd; /* of the container's own program; that of an exec has to be there */
};
/* plan_wants_groups - has @p groups beside its own? That one alone among the further ones is no loss where setgroups(2)
 * is denied. */
bool plan_wants_groups(const struct rc_process *p);
int plan_program(const struct plan_program_in *in, struct arena *arena, struct child_program *ret,
	struct seccomp_filter *filter, struct err *e) must_check;
