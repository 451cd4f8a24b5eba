#pragma once
/* The read-only data on which the child runs between clone3 and execve. Made by runtime/plan*.c; everything
 * that can be looked up, allocated or opened beforehand has been. See docs/child.md. */
#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "cg/join.h"
#include "cg/tree.h"
#include "mnt/flags.h"
#include "mnt/fsmount.h"
#include "ns/timens.h"
#include "sec/caps.h"
#include "sec/keyring.h"
#include "sec/lsm.h"
#include "sec/sched.h"
#include "runtime/hooks.h"
#include "spec/runtime_config.h"

enum child_mount_kind {
	CHILD_MOUNT_FS, /* a new filesystem */
	CHILD_MOUNT_BIND, /* a copy of a host mount */
	CHILD_MOUNT_CGROUP, /* the container's own cgroup directories */
	CHILD_MOUNT_REMOUNT, /* other attributes for what is mounted there */
	CHILD_MOUNT_SYMLINK, /* copy-symlink of a source that is a symlink */
};

struct child_mount {
	enum child_mount_kind kind;
	const struct rc_mount *doc;
	struct mnt_opts opts;
	struct mnt_fs fs;
	int source_fd; /* BIND: what is to be bound */
	int tree; /* BIND: the detached copy; FS: /dev with all in it; FD_NONE: the child makes it */
	const char *source; /* BIND: absolute host path; SYMLINK: the link's target */
	bool dir; /* BIND: the source is a directory */
	int idmap_userns; /* FD_NONE: not idmapped */
	bool idmap_own; /* by the container's own user namespace, once that has its maps */
	bool idmap_recursive;
	bool in_proc_allowed; /* BIND below /proc: on the short list */
};

/* Where a namespace that exists already is entered. */
struct child_join {
	int fd;
	enum rc_ns kind;
};

struct child_program {
	const struct rc_process *process;
	char **envp; /* NULL-terminated, with room for HOME at envp[n_env] */
	size_t n_env;
	bool needs_home;
	char *home_slot; /* PATH_MAX bytes for "HOME=…", where it is needed */
	char *found_slot; /* PATH_MAX bytes for where $PATH leads, where it is searched */
	const char *path_env; /* value of PATH in the container's environment, or NULL */
	struct caps_sets caps;
	struct lsm_exec lsm;
	const struct sock_filter *filter;
	uint16_t n_filter; /* 0: none */
	unsigned filter_flags;
	bool filter_notify;
	bool keep_groups; /* run.oci.keep_original_groups, or a map that forbids setgroups */
	bool no_setgroups; /* the user namespace denies setgroups(2) */
	bool make_cwd; /* the working directory, when it is absent */
	uint64_t ignored_signals; /* bit n-1: signal n was ignored by our caller, and execve(2) would keep it so */
	uint64_t bounding; /* may be in the bounding set */
	bool is_root; /* real, effective and saved ids are 0 */
	uint32_t keep_fds; /* 3 … 3+n-1 reach the program */
	const struct sched_set *affinity; /* NULL: leave */
	const struct rc_opt_u64 *personality;
	const struct rc_memory_policy *memory_policy; /* or NULL */
	const struct sched_set *memory_nodes; /* of the policy; NULL: none */
};

struct child_plan {
	const struct runtime_config *config;
	struct child_program program;

	int sync; /* our end of the pair */
	int proc; /* the host's /proc, verified */
	int start_listen; /* FD_NONE: run, no separate start */
	bool no_ready; /* the parent has nothing to do when all is prepared: only its go-ahead is waited for */

	uint64_t new_ns; /* CLONE_NEW* made together with the child */
	struct child_join join[RC_N_NS];
	size_t n_join;
	bool stage; /* joins that need a process of their own first */
	bool wait_maps; /* a new user namespace: the parent writes its maps */
	bool in_userns; /* new or joined: devices are bound from the host, no mknod */
	bool own_mounts; /* a mount namespace of its own */
	bool fresh_mounts; /* made with the container: nobody else is in it */
	bool unshare_cgroup;
	bool unshare_time;
	bool own_net;
	struct ns_timens time;
	const struct cg_join *cgroups; /* v1 hierarchies */
	int delegated; /* cgroup.procs of a cgroup to enter after the cgroup namespace was made, or FD_NONE */
	bool dumpable; /* nobody else can be in the container's pid namespace */

	/* A mount namespace with next to nothing in it, to begin from instead of a copy of the host's (whose cost grows
	 * with the host's mounts); the root filesystem's detached tree; cgroup directories. FD_NONE: not used. */
	int small_mnt_ns, root_tree, cg_tree[CG_MAX_HIER];
	bool root_later; /* root_tree comes with the go-ahead after the maps */
	const char *host_null; /* /dev/null as seen before pivot_root */
	/* Linux 6.8 and later list mounts by age: bind mounts that the runtime clones beforehand would stand before
	 * everything that the child mounts. So the child goes back to the runtime's mount namespace when it is their
	 * turn. One slot for each mount; NULL: the runtime has cloned them, or nobody may. */
	int *late_trees;
	int host_mnt_ns;

	const char *rootfs; /* absolute host path */
	unsigned long rootfs_propagation; /* MS_*, of the whole namespace before mounting */
	unsigned long final_propagation; /* 0: none, of the container's root at the end */
	bool slave_binds;
	bool no_pivot;
	bool setup_dev; /* default devices and links */
	int dev_nodes; /* detached tmpfs with the nodes 0, 1, … of config.json's devices, or FD_NONE */
	struct child_mount *mounts;
	size_t n_mounts;
	const struct cg_host *cg_host;
	const char *cg_path; /* of the container, in each hierarchy */
	bool cg_own_ns;

	const char *keyring; /* name or NULL */
	const char *keyring_label;

	bool hooks_runtime; /* prestart or createRuntime: meet the parent before pivot_root */
	const char *hook_state_creating, *hook_state_created; /* state documents for the hooks in here */
	size_t hook_state_creating_len, hook_state_created_len;
	const struct rt_hook_io *hook_io;
	const char *bundle; /* host path: working directory of createContainer hooks, which see our mounts in it */
};

struct exec_plan {
	struct child_program program;
	int sync;
	int proc;
	int target; /* pidfd of the container's first process */
	int join_flags; /* CLONE_NEW* to enter by it */
	bool in_userns;
	const struct cg_join *cgroups;
	bool stage; /* enter by an intermediate process (plain user) */
	bool handshake; /* SYNC_READY and SYNC_GO before executing */
	const char *keyring;
	const struct sched_set *affinity_initial; /* before the cgroup is entered; NULL: leave */
};

/* child_main - the first process of a container; does not return. Errors go through plan->sync. */
_Noreturn void child_main(const struct child_plan *p);
/* child_stage - enter namespaces that the final child must be born in, clone it and tell its pid. */
_Noreturn void child_stage(const struct child_plan *p);
/* child_exec_main - one more process in a running container. */
_Noreturn void child_exec_main(const struct exec_plan *p);
/* child_has_mount - does one go to @destination, literally? Pure. */
bool child_has_mount(const struct child_plan *p, const char *destination);
/* child_clone_bind - the detached copy that is to be attached for bind mount @m, idmapped if asked for. Runs in the
 * mount namespace of its source: the runtime's. */
int child_clone_bind(const struct child_mount *m, bool slave, struct err *e) must_check;
/* cgroup_mount_source - the host path that a mount of type cgroup shows of hierarchy @hier. Pure. */
int cgroup_mount_source(const struct child_plan *p, int hier, char *dst, size_t size, struct err *e) must_check;
