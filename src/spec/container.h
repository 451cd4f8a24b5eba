#pragma once
/* A container of the engine as it was asked for: what `create` decided, and nothing that changes while it lives (that
 * is spec/container_status.h). Kept as containers/ID/config.json in docker's inspect schema ("Config", "HostConfig",
 * …), without what is empty: it is read for every container that a list shows. Everything lives in one arena; absent
 * strings are NULL, absent lists have n 0.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/runtime_config.h"

enum { CT_ID_LEN = 64, CT_FORMAT = 1 };

enum ct_mount_type { CT_MOUNT_BIND, CT_MOUNT_VOLUME, CT_MOUNT_TMPFS };

struct ct_mount {
	enum ct_mount_type type;
	char *source; /* bind: absolute host path; volume: its name (anonymous ones: 64 hex digits) */
	char *destination; /* absolute, in the container */
	char *propagation; /* "rprivate" … or NULL: rprivate */
	bool read_only, recursive_read_only, non_recursive;
	bool anonymous; /* volume made for this container: goes with `rm -v` and --rm */
	bool no_copy; /* volume: do not fill it from the image */
	bool idmap; /* -v src:dst:idmap */
	bool create_source; /* -v: make a host directory that is absent */
	bool chown; /* :U */
	char relabel; /* 'z', 'Z' or 0 */
	uint64_t tmpfs_size; /* 0: half of the memory */
	uint32_t tmpfs_mode; /* 0: 01777 */
	struct rc_str_list tmpfs_options; /* as --tmpfs wrote them: "noexec", "uid=3" … */
};

struct ct_ulimit {
	char *name; /* "nofile" */
	int resource;
	uint64_t soft, hard; /* UINT64_MAX: unlimited */
};

struct ct_device {
	char *source, *destination;
	char *access; /* "rwm" */
};

struct ct_health {
	struct rc_str_list test; /* "NONE" | "CMD", ARG… | "CMD-SHELL", COMMAND; empty: the image's */
	uint64_t interval_ms, timeout_ms, start_period_ms, start_interval_ms; /* 0: docker's default */
	uint32_t retries; /* 0: 3 */
};

/* --device-read-bps and kin. */
enum ct_throttle_kind { CT_WEIGHT_DEVICE, CT_READ_BPS, CT_WRITE_BPS, CT_READ_IOPS, CT_WRITE_IOPS, CT_N_THROTTLES };

struct ct_throttle {
	enum ct_throttle_kind kind;
	char *path; /* of a block device of the host */
	uint64_t rate;
};

enum ct_restart { CT_RESTART_NO, CT_RESTART_ON_FAILURE, CT_RESTART_ALWAYS, CT_RESTART_UNLESS_STOPPED };
enum ct_unhealthy { CT_UNHEALTHY_NONE, CT_UNHEALTHY_RESTART, CT_UNHEALTHY_KILL, CT_UNHEALTHY_STOP };
enum ct_rootfs { CT_ROOTFS_IMAGE, CT_ROOTFS_DIR, CT_ROOTFS_HOST };

struct ct_config {
	struct arena arena;
	char *id; /* CT_ID_LEN hex digits */
	char *name; /* without the slash docker shows */
	char *created; /* RFC 3339 */

	/* what it is made of */
	enum ct_rootfs rootfs_kind;
	char *image; /* as the user wrote it, "debian:12"; for `ps` */
	char *image_id; /* "sha256:…", of the image's configuration */
	char *rootfs; /* --rootfs DIR, absolute */
	char *cidfile, *pidfile; /* absolute, or NULL */
	struct rc_str_list layers; /* diff ids "sha256:…", lowest first: which layers the overlay stands on */
	char *platform; /* "linux/amd64" */

	/* the program: image and command line merged */
	struct rc_str_list entrypoint, cmd; /* as docker shows them; the program is entrypoint + cmd */
	struct rc_str_list env;
	char *user; /* as given: name, uid, name:group … NULL: root */
	struct rc_str_list group_add;
	char *working_dir; /* NULL: / */
	struct rc_opt_u64 umask; /* not set: 0022 */
	char *timezone; /* --tz: "local", or a name below /usr/share/zoneinfo of the host; NULL: the image's */
	uint32_t timeout_s; /* --timeout: killed after this long; 0: never */
	char *hostname, *domainname; /* hostname NULL: the first 12 digits of the id */
	bool tty, open_stdin, stdin_once, attach_stdin, attach_stdout, attach_stderr, init, auto_remove;
	struct rc_kv_list labels, annotations;
	struct rc_str_list exposed_ports; /* "80/tcp" */
	char *stop_signal; /* "SIGTERM" or a number; NULL: SIGTERM */
	int32_t stop_timeout_s; /* -1: docker's 10 */
	struct ct_health health;
	enum ct_unhealthy on_unhealthy;
	enum ct_restart restart;
	uint32_t restart_max; /* on-failure: 0 is no end */

	/* isolation */
	char *network; /* "none", "host", "container:ID"; NULL: private with lo up */
	char *pid_mode; /* NULL or "private", "host", "container:ID" */
	char *ipc_mode; /* NULL or "private", "host", "shareable", "none", "container:ID" */
	char *uts_mode; /* NULL or "host" */
	char *userns_mode; /* NULL: a range of its own; "host": none; "keep-id" */
	char *cgroupns_mode; /* NULL or "private", "host" */
	char *cgroup_parent;
	bool privileged, read_only, no_new_privs;
	struct rc_str_list cap_add, cap_drop;
	struct rc_str_list security_opt; /* as given, for inspect */
	char *seccomp; /* NULL: the default profile; "unconfined"; else an absolute path of a profile */
	char *apparmor, *selinux_label; /* NULL: none asked for */
	bool systempaths_unconfined;
	struct rc_str_list masked_paths, readonly_paths; /* besides the defaults (mask=…) */
	struct rc_str_list unmasked_paths; /* unmask=PATH or ALL */
	struct rc_kv_list sysctls;
	struct ct_ulimit *ulimits;
	size_t n_ulimits;
	struct ct_device *devices;
	size_t n_devices;
	struct rc_str_list device_cgroup_rules;
	struct rc_str_list dns, dns_search, dns_options, extra_hosts;

	/* resources; 0: no limit asked for */
	int64_t memory, memory_swap /* -1: unlimited */, memory_reservation;
	uint64_t nano_cpus, cpu_shares, cpu_period;
	int64_t cpu_quota;
	char *cpuset_cpus, *cpuset_mems;
	int64_t pids_limit; /* 0: the default; -1: none */
	uint64_t shm_size; /* bytes; 0: 64 MiB */
	uint32_t blkio_weight;
	struct ct_throttle *throttles;
	size_t n_throttles;
	struct rc_opt_u64 memory_swappiness; /* 0 to 100 */
	bool oom_kill_disable;
	struct rc_opt_i64 oom_score_adj;

	/* storage and logs */
	struct ct_mount *mounts;
	size_t n_mounts;
	char *log_driver; /* NULL: json-file */
	struct rc_kv_list log_opts;

	char *userns_lifted; /* why it has no uid range of its own, or NULL: told in inspect */
};

/* ct_config_write - as JSON for the disk, appended to @ret; buf_err() tells a lack of memory. */
void ct_config_write(const struct ct_config *c, struct buf *ret);
/* ct_config_read - what ct_config_write() wrote. ERR_CORRUPT for anything else. End with ct_config_done(). */
int ct_config_read(const char *text, size_t len, struct ct_config *ret, struct err *e) must_check;
void ct_config_done(struct ct_config *c);
/* ct_config_read_listed - only what lists of containers show: name, times, image, root file system, program,
 * labels, ports, mounts, network, platform and health check; all else is as absent. A third of the work. It lives in
 * @arena;
 * @text is rewritten. */
int ct_config_read_listed(struct buf *text, struct arena *arena, struct ct_config *ret, struct err *e) must_check;

/* ct_write_config, ct_write_host - docker's objects "Config" and "HostConfig" with all members, for `inspect`. */
void ct_write_config(const struct ct_config *c, struct buf *ret);
void ct_write_host(const struct ct_config *c, struct buf *ret);
/* ct_default_config - what a container is that nothing was said about: docker's defaults written out, so that `inspect`
 * shows them. */
void ct_default_config(struct ct_config *ret);

extern const char *const ct_restart_names[]; /* by enum ct_restart: docker's words */
extern const char *const ct_mount_type_names[];
/* ct_ulimit_resource - RLIMIT_* of "nofile" and the like; false for an unknown name. */
bool ct_ulimit_resource(const char *name, int *ret);
