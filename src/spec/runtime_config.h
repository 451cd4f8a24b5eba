#pragma once
/* The OCI runtime-spec's config.json (1.3) as a typed document. Pure: bytes in, struct or error
 * out, no system call. What only a kernel or a host can answer (does the path exist, is the
 * capability known to this kernel) is not decided here.
 *
 * Everything lives in one arena: structs, and a private copy of the text that all strings point
 * into, so the caller's bytes can go. Absent strings are NULL, absent lists have n 0, absent
 * numbers have set false, absent objects are NULL pointers. JSON's null counts as absent; so does
 * an empty string where one means nothing (names of profiles, labels, cpu lists, a namespace's
 * path), and a 0 in cpu.shares, quota, period, realtimePeriod and the weights of blockIO: Go
 * programs write these for "not set". Numbers are range-checked, words are checked against the
 * spec's enumerations and kept as enum or kernel constants where the kernel has one. */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"

struct rc_str_list {
	char **v; /* NULL-terminated, so it can serve as argv */
	size_t n;
};

struct rc_kv {
	char *key, *value;
};

struct rc_kv_list {
	struct rc_kv *v;
	size_t n;
};

struct rc_opt_i64 {
	bool set;
	int64_t v;
};

struct rc_opt_u64 {
	bool set;
	uint64_t v;
};

struct rc_opt_bool {
	bool set, v;
};

/* --- process ------------------------------------------------------------------------------------ */

struct rc_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

struct rc_capabilities {
	uint64_t bounding, effective, inheritable, permitted, ambient; /* bit n: capability n */
	struct rc_str_list unknown; /* names no kernel of ours knows: the spec wants a warning, not an error */
};

struct rc_scheduler {
	int policy; /* SCHED_* */
	int32_t nice;
	uint32_t priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period;
};

struct rc_io_priority {
	int class; /* IOPRIO_CLASS_* */
	int priority;
};

struct rc_process {
	bool terminal;
	uint32_t console_height, console_width; /* 0: not given */
	uint32_t uid, gid;
	struct rc_opt_u64 umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
	char *username; /* windows only, ignored */
	struct rc_str_list args, env;
	char *cwd;
	struct rc_capabilities *capabilities;
	struct rc_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	struct rc_opt_i64 oom_score_adj;
	char *apparmor_profile, *selinux_label;
	struct rc_scheduler *scheduler;
	struct rc_io_priority *io_priority;
	char *cpu_affinity_initial, *cpu_affinity_final; /* execCPUAffinity: "0-3,7", syntax checked */
};

/* --- mounts ------------------------------------------------------------------------------------- */

struct rc_id_map {
	uint32_t container, host, size;
};

struct rc_id_maps {
	struct rc_id_map *v;
	size_t n;
};

struct rc_mount {
	char *destination, *type, *source;
	struct rc_str_list options; /* as written; mnt/flags.h gives them meaning */
	struct rc_id_maps uid_maps, gid_maps;
};

/* --- hooks -------------------------------------------------------------------------------------- */

enum rc_hook_stage {
	RC_HOOK_PRESTART,
	RC_HOOK_CREATE_RUNTIME,
	RC_HOOK_CREATE_CONTAINER,
	RC_HOOK_START_CONTAINER,
	RC_HOOK_POSTSTART,
	RC_HOOK_POSTSTOP,
	RC_N_HOOK_STAGES
};

extern const char *const rc_hook_stage_names[RC_N_HOOK_STAGES]; /* "prestart", "createRuntime", … */

struct rc_hook {
	char *path;
	struct rc_str_list args, env; /* args empty: the path alone */
	uint64_t timeout_s; /* 0: none */
};

struct rc_hook_list {
	struct rc_hook *v;
	size_t n;
};

/* --- linux -------------------------------------------------------------------------------------- */

enum rc_ns { RC_NS_PID, RC_NS_NET, RC_NS_MNT, RC_NS_IPC, RC_NS_UTS, RC_NS_USER, RC_NS_CGROUP, RC_NS_TIME, RC_N_NS };

extern const char *const rc_ns_names[RC_N_NS]; /* spec words: "pid", "network", "mount", … */

struct rc_namespace {
	bool present;
	char *path; /* NULL: a new one */
};

struct rc_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

struct rc_device {
	char type; /* 'c', 'b', 'u', 'p' */
	char *path;
	int64_t major, minor;
	struct rc_opt_u64 file_mode, uid, gid;
};

struct rc_device_rule {
	bool allow;
	char type; /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1: any */
	bool read, write, mknod;
};

struct rc_memory {
	struct rc_opt_i64 limit, reservation, swap, kernel, kernel_tcp; /* -1: unlimited */
	struct rc_opt_u64 swappiness;
	bool disable_oom_killer;
	struct rc_opt_bool disable_oom_killer_opt;
	struct rc_opt_bool use_hierarchy, check_before_update;
};

struct rc_cpu {
	struct rc_opt_u64 shares, burst, realtime_period, period;
	struct rc_opt_i64 quota, realtime_runtime, idle;
	char *cpus, *mems;
};

struct rc_blkio_device {
	int64_t major, minor;
	struct rc_opt_u64 weight, leaf_weight; /* of weightDevice */
	uint64_t rate; /* of throttle* */
};

struct rc_blkio_list {
	struct rc_blkio_device *v;
	size_t n;
};

struct rc_blkio {
	struct rc_opt_u64 weight, leaf_weight;
	struct rc_blkio_list weight_device, read_bps, write_bps, read_iops, write_iops;
};

struct rc_hugepage {
	char *page_size; /* "2MB" */
	uint64_t limit;
};

struct rc_net_prio {
	char *name;
	uint32_t priority;
};

struct rc_rdma {
	char *device;
	struct rc_opt_u64 handles, objects;
};

struct rc_resources {
	struct rc_device_rule *devices;
	size_t n_devices;
	struct rc_memory *memory;
	struct rc_cpu *cpu;
	struct rc_opt_i64 pids_limit; /* -1: unlimited; 0 and its meaning: spec 1.3 "pids" */
	struct rc_blkio *blkio;
	struct rc_hugepage *hugepages;
	size_t n_hugepages;
	struct rc_opt_u64 net_class_id;
	struct rc_net_prio *net_priorities;
	size_t n_net_priorities;
	struct rc_rdma *rdma;
	size_t n_rdma;
	struct rc_kv_list unified;
};

enum rc_seccomp_op { RC_OP_NE, RC_OP_LT, RC_OP_LE, RC_OP_EQ, RC_OP_GE, RC_OP_GT, RC_OP_MASKED_EQ };

enum rc_seccomp_action {
	RC_ACT_KILL_THREAD, /* SCMP_ACT_KILL too */
	RC_ACT_KILL_PROCESS,
	RC_ACT_TRAP,
	RC_ACT_ERRNO,
	RC_ACT_TRACE,
	RC_ACT_ALLOW,
	RC_ACT_LOG,
	RC_ACT_NOTIFY
};

struct rc_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	enum rc_seccomp_op op;
};

struct rc_seccomp_rule {
	struct rc_str_list names;
	enum rc_seccomp_action action;
	struct rc_opt_u64 errno_ret;
	struct rc_seccomp_arg *args;
	size_t n_args;
};

struct rc_seccomp {
	enum rc_seccomp_action default_action;
	struct rc_opt_u64 default_errno_ret;
	struct rc_str_list architectures; /* "SCMP_ARCH_X86_64", checked */
	struct rc_str_list flags; /* "SECCOMP_FILTER_FLAG_LOG", checked */
	bool has_flags; /* given, even if empty */
	char *listener_path, *listener_metadata;
	struct rc_seccomp_rule *rules;
	size_t n_rules;
	uint8_t digest[16]; /* BLAKE2b of all that the filter depends on: the key of the filter
			       cache */
};

struct rc_intel_rdt {
	char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct rc_str_list schemata;
	bool enable_monitoring, enable_cmt, enable_mbm;
};

struct rc_memory_policy {
	int mode; /* MPOL_* */
	unsigned mode_flags; /* MPOL_F_* */
	char *nodes; /* "0-3,7" */
};

struct rc_net_device {
	char *host_name, *container_name; /* container_name NULL: keeps its name */
};

enum rc_propagation { RC_PROP_NONE, RC_PROP_PRIVATE, RC_PROP_SLAVE, RC_PROP_SHARED, RC_PROP_UNBINDABLE };

struct rc_linux {
	struct rc_namespace ns[RC_N_NS];
	struct rc_id_maps uid_maps, gid_maps;
	struct rc_time_offset boottime, monotonic;
	struct rc_device *devices;
	size_t n_devices;
	char *cgroups_path;
	struct rc_resources *resources;
	enum rc_propagation rootfs_propagation;
	bool rootfs_propagation_recursive;
	struct rc_seccomp *seccomp;
	struct rc_kv_list sysctl;
	struct rc_str_list masked_paths, readonly_paths;
	char *mount_label;
	struct rc_intel_rdt *intel_rdt;
	struct rc_memory_policy *memory_policy;
	struct rc_net_device *net_devices;
	size_t n_net_devices;
	struct rc_opt_u64 personality; /* persona of personality(2) */
};

struct runtime_config {
	struct arena arena;
	char *oci_version;
	char *root_path;
	bool root_readonly;
	bool has_root;
	char *hostname, *domainname;
	struct rc_process *process; /* NULL: absent (allowed until start) */
	struct rc_mount *mounts;
	size_t n_mounts;
	struct rc_hook_list hooks[RC_N_HOOK_STAGES];
	struct rc_kv_list annotations;
	bool has_linux;
	struct rc_linux linux_; /* "linux" alone is a predefined macro of gnu17 */
};

/* --- problems ----------------------------------------------------------------------------------- */

/* What a reader found wrong or worth a word. With a collector the reader goes on after an error
 * where it can, so that `check` prints every problem; without one the first error ends it. */
enum rc_severity { RC_WARNING, RC_ERROR };
enum { RC_MAX_PROBLEMS = 1000 };

struct rc_problem {
	enum rc_severity severity;
	char *json_path; /* "/process/user/uid" */
	char *cause; /* "-1 is out of range 0 to 4294967295" */
	char *remedy; /* what to do, or NULL */
};

struct rc_problems {
	struct arena arena;
	struct rc_problem *v;
	size_t n, cap;
	bool failed; /* one could not be added for want of memory */
};

void rc_problems_done(struct rc_problems *p);
/* rc_problems_add - a copy of @what, unless there are RC_MAX_PROBLEMS already. False when out of
 * memory. */
bool rc_problems_add(struct rc_problems *p, const struct rc_problem *what) must_check;

/* runtime_config_read - parse and check @len bytes of @text. Limits: 16 MiB, depth 64, no duplicate
 * keys, no NUL in strings, UTF-8 only. @problems is NULL or collects warnings (and, if
 * @collect_errors, all errors too; then the result is an error if there was any). On success the
 * caller owns *ret and ends it with runtime_config_done(). Errors are ERR_CONFIG and say
 * "config.json: /json/path: cause". */
int runtime_config_read(const char *text, size_t len, struct rc_problems *problems, bool collect_errors,
	struct runtime_config *ret, struct err *e) must_check;
/* runtime_config_examine - the same for `check`: all errors go to @problems, and *ret has what could
 * be read in spite of them, with NULL or zero where something was wrong. An error only if the text
 * is no JSON or memory runs out. */
int runtime_config_examine(const char *text, size_t len, struct rc_problems *problems, struct runtime_config *ret,
	struct err *e) must_check;
void runtime_config_done(struct runtime_config *c);

/* rc_process_read - the process document of `exec --process FILE`, into @arena. */
int rc_process_read(const char *text, size_t len, struct rc_problems *problems, struct arena *arena,
	struct rc_process **ret, struct err *e) must_check;
/* rc_resources_read - the resources document of `update --resources FILE`, into @arena. */
int rc_resources_read(const char *text, size_t len, struct arena *arena, struct rc_resources **ret, struct err *e)
	must_check;
/* rc_mounts_read - a list of mounts (`mounts add ID FILE`), into @arena. */
int rc_mounts_read(const char *text, size_t len, struct arena *arena, struct rc_mount **ret, size_t *ret_n,
	struct err *e) must_check;

/* rc_annotation - value of annotation @key or NULL. */
const char *rc_annotation(const struct runtime_config *c, const char *key);
/* rc_capability_number - of "CAP_SYS_ADMIN", also without prefix and in any case; -1: unknown. */
int rc_capability_number(const char *name);
/* rc_capability_name - "CAP_SYS_ADMIN", or NULL beyond the last one known. */
const char *rc_capability_name(int number);
