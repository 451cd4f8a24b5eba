/* floor - the least kernel work that makes a container; what every ratio in bench/ refers to.
 * It shares no code with src/, so that a mistake there cannot move the limit it is measured by.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/types.h>

#define FLOOR_MAX_HIERARCHIES 16
#define FLOOR_MAX_STEPS 48
#define FLOOR_STATE_DIR "/run/tare-floor"

enum floor_mount {
	FM_PROC = 1 << 0,
	FM_DEV = 1 << 1,
	FM_PTS = 1 << 2,
	FM_SHM = 1 << 3,
	FM_MQUEUE = 1 << 4,
	FM_SYS = 1 << 5,
	FM_CGROUP = 1 << 6,
	FM_ALL = (1 << 7) - 1,
};

enum floor_mode { FLOOR_RUN, FLOOR_EXEC, FLOOR_CREATE, FLOOR_START, FLOOR_DELETE, FLOOR_STATE };

/* What the command line asked for; read-only after floor_options(). */
struct floor_opt {
	enum floor_mode mode;
	uint64_t ns; /* CLONE_NEW… */
	unsigned mounts; /* enum floor_mount */
	const char *rootfs;
	const char *overlay_scratch; /* upper/ and work/ are made in it, and removed; NULL: bind the rootfs */
	const char *pinned; /* file: a mount namespace with almost nothing in it; NULL: copy the host's */
	const char *cgroup; /* directory made in every hierarchy; NULL: none */
	const char *hostname;
	const char *seccomp; /* file of struct sock_filter; NULL: none */
	const char *veth_bridge; /* NULL: no veth */
	const char *veth_addr; /* a.b.c.d/len for the container's end */
	const char *id; /* create, start, delete, state */
	bool devices, device_rules, masks, caps, keyring, loopback;
	bool fork; /* copy the address space, as a runtime without vfork does */
	bool breakdown;
	int repeat, gap_ms;
	int idmap_base; /* 0: the ids of the user namespace are the host's */
	pid_t target; /* --exec */
	char **argv;
};

/* One cgroup hierarchy: a v1 one, or the unified one. */
struct floor_hier {
	char name[48]; /* directory under /sys/fs/cgroup, "" for pure v2 */
	bool v2, cpuset, devices;
	int dirfd, tasksfd;
	int clonefd; /* detached clone of the cgroup's directory, made before the host's mounts are left */
};

struct floor {
	struct floor_opt o;
	struct floor_hier hier[FLOOR_MAX_HIERARCHIES];
	int n_hiers, v2_dirfd;
	int procfd, sysfd, devfd; /* mounts of the container that are its own and new */
	int rootfd, scratchfd, pinned_fd, old_netlink, sync_fd, gate_fd;
	void *filter;
	unsigned short filter_len;
	pid_t pid;
};

/* One step of the work; its time is what --breakdown prints. */
struct floor_step {
	const char *name;
	void (*run)(struct floor *f);
};

/* time.c: the stamps of --breakdown; they live in shared memory, so the child writes them too. */
void time_init(int repeat);
void time_mark(const char *step); /* the time since the last mark belongs to @step */
void time_start(void);
void time_report(void);
void run_steps(struct floor *f, const struct floor_step *steps, size_t n);
#define RUN_STEPS(f, table) run_steps(f, table, sizeof(table) / sizeof((table)[0]))

/* sys.c: calls that libc lacks, and the one way to fail */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...);
int open_in(int rootfd, const char *path, uint64_t flags); /* openat2, RESOLVE_IN_ROOT; may fail */
/* A detached clone of a mount, with other attributes; may fail, then with that call's errno. */
int clone_with(int dirfd, const char *path, unsigned flags, struct mount_attr *attr);
void write_file(int dirfd, const char *path, const char *text);
size_t read_file(int dirfd, const char *path, char *buf, size_t size); /* ends it with NUL */
int sys_pivot_root(const char *new_root, const char *put_old);

/* cgroup.c, parent: */
void cg_find(struct floor *f);
void cg_path(const struct floor *f, const struct floor_hier *h, char *buf, size_t size);
void cg_make(struct floor *f);
void cg_device_rules(struct floor *f);
void cg_open(struct floor *f); /* the existing directories, for --exec */
void cg_remove(struct floor *f);
/* child: */
void cg_enter_v1(struct floor *f);
void cg_unshare(struct floor *f);

/* bpf.c */
void bpf_device_rules(int cgroup_fd);

/* root.c, parent: */
void root_open_pinned(struct floor *f);
void root_layer(struct floor *f); /* the writable layer of an overlay */
void root_idmapped(struct floor *f); /* once the maps of the child are written */
void root_remove_layer(struct floor *f);
/* child: */
void root_private(struct floor *f);
void root_clone(struct floor *f);
void root_enter_pinned(struct floor *f);
void root_attach(struct floor *f);
void root_pivot(struct floor *f);
/* mounts.c, parent: */
void dev_beforehand(struct floor *f);
/* child: */
void mount_proc(struct floor *f);
void mount_dev(struct floor *f);
void new_dev(struct floor *f);
void mount_pts(struct floor *f);
void mount_shm(struct floor *f);
void mount_mqueue(struct floor *f);
void mount_sys(struct floor *f);
void mount_cgroup(struct floor *f);
void clone_cgroups(struct floor *f);
void make_devices(struct floor *f);
void mask_paths(struct floor *f);
void readonly_paths(struct floor *f);
/* Create a filesystem, set the options (pairs of key and value, NULL for a flag's value, then NULL), return its
 * detached mount. */
int new_fs(const char *type, unsigned attr, const char *const *options);

/* lockdown.c, child: */
void set_uts(struct floor *f);
void set_keyring(struct floor *f);
void set_rlimits(struct floor *f);
void drop_caps(struct floor *f);
void load_seccomp(struct floor *f);
/* parent: */
void read_seccomp(struct floor *f);

/* net.c */
void net_loopback(struct floor *f);
void net_veth_prepare(struct floor *f); /* parent: a socket that stays in the host's namespace */
void net_veth(struct floor *f); /* child */

/* spawn.c: clone3 and what the child does until execve. floor_wait() returns when the program has ended; spawn_run()
 * when it has begun, if spawn_sleeps(), else at once. */
bool spawn_sleeps(const struct floor *f);
void spawn_run(struct floor *f);
void spawn_exec(struct floor *f);
int floor_wait(struct floor *f);

/* lifecycle.c: create, start, delete, state: the same container, in one process per command */
void life_create(struct floor *f);
int life_start(struct floor *f);
int life_delete(struct floor *f);
int life_state(struct floor *f);

/* options.c */
void floor_options(struct floor_opt *o, int argc, char **argv);
