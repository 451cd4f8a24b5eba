#pragma once
/* The machine's cgroup hierarchies and one container's directory in each of them. One interface for pure
 * v2, pure v1 and hybrid (v1 controllers beside a v2 hierarchy at `unified`). */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"
#include "cg/join.h"
#include "spec/runtime_config.h"

enum cg_mode { CG_NONE, CG_V1, CG_HYBRID, CG_V2 };

enum cg_controller {
	CG_CPU,
	CG_CPUACCT,
	CG_CPUSET,
	CG_MEMORY,
	CG_IO, /* blkio on v1 */
	CG_PIDS,
	CG_HUGETLB,
	CG_RDMA,
	CG_DEVICES,
	CG_FREEZER,
	CG_NET_CLS,
	CG_NET_PRIO,
	CG_PERF,
	CG_MISC,
	CG_SYSTEMD, /* name=systemd */
	CG_N_CONTROLLERS
};

/* cg_controller_name - v1 word ("blkio", "name=systemd") or v2 word ("io"). */
const char *cg_controller_name(enum cg_controller c, bool v2);

enum { CG_PATH_SIZE = 2048 };

struct cg_hier {
	char dir[CG_DIR_SIZE]; /* relative to cg_host.root ("memory", "cpu,cpuacct", "."), or absolute */
	char name[48]; /* as the kernel writes it in /proc/self/cgroup: "cpu,cpuacct", "name=systemd", "" */
	unsigned controllers; /* bit per enum cg_controller; v2: not filled in (cgroup.controllers tells) */
	bool v2;
};

struct cg_host {
	enum cg_mode mode;
	int root; /* O_PATH of /sys/fs/cgroup */
	int n_hier;
	struct cg_hier hier[CG_MAX_HIER];
	signed char unified; /* index of the v2 hierarchy, -1: none */
	signed char v1_of[CG_N_CONTROLLERS]; /* index of the v1 hierarchy that has the controller, -1: none */
	bool verified;
};

enum cg_trust {
	CG_USUAL, /* the hierarchies are at their usual places; cg_create() notices if not (start path) */
	CG_VERIFY, /* one statfs(2) each, mountinfo for those that are elsewhere */
};

/* cg_host_open - find the hierarchies: three system calls on v2, about seven on v1 and hybrid. mountinfo
 * is read only when a hierarchy is not at its usual place. No cgroup file system at all is CG_NONE, not an
 * error. End with cg_host_done(). */
int cg_host_open(enum cg_trust trust, struct cg_host *ret, struct err *e) must_check;
void cg_host_done(struct cg_host *h);

/* cg_path_resolve - where a container's cgroup goes, "/a/b" below each hierarchy's root as mounted:
 *   no cgroupsPath     "/ID"
 *   absolute           that path
 *   relative           "/PATH": below the root, as crun does (runc: below its own cgroup)
 * Double slashes and "." are normalised; "..", control bytes, components over 255 bytes and paths too long
 * are refused with ERR_CONFIG "config.json: /linux/cgroupsPath: …" (@cgroups_path is /linux/cgroupsPath or
 * NULL). *ret_may_move: the place is our choice, so cg_create() may go below the caller's own cgroup when
 * the root is not writable (rootless). */
int cg_path_resolve(const char *cgroups_path, const char *id, char ret[static CG_PATH_SIZE], bool *ret_may_move,
	struct err *e) must_check;

/* One container's cgroup. */
struct cg {
	char path[CG_PATH_SIZE]; /* "/a/b"; "": it has none of its own */
	bool external; /* held processes before us: not ours to remove or to kill as a whole */
	unsigned in; /* bit per hierarchy where the directory exists and is the container's */
	unsigned made; /* bit per hierarchy where cg_create() made the directory */
	int dir_fd; /* unified directory for CLONE_INTO_CGROUP; FD_NONE without v2 hierarchy */
	struct cg_join join; /* v1 hierarchies, for the child */
};

struct cg_new {
	const char *path; /* of cg_path_resolve() */
	bool may_move; /* of cg_path_resolve() */
	bool optional; /* rootless: where nothing may be created, go on without a cgroup of our own */
	const struct rc_resources *res; /* which v2 controllers are needed; NULL: none */
};

/* cg_create - make the directory in every hierarchy (parents too when absent), turn on the v2 controllers
 * that @n->res uses, inherit cpuset.cpus and cpuset.mems on v1, and open what clone3 and the child need.
 * An existing empty cgroup (left by a killed runtime) is taken over; one with processes is joined and
 * marked external. On failure nothing that it made is left. Limits: cg/limits.h; devices: cg/devices.h.
 * End *ret with cg_done(), which removes nothing. */
int cg_create(struct cg_host *h, const struct cg_new *n, struct cg *ret, struct err *e) must_check;

/* cg_enable - turn on the v2 controllers that @res uses (NULL: none), and those of the statistics where that is
 * possible, for the existing cgroup at @path; cg_create() has done so. Errors name the cgroup in the way. */
int cg_enable(const struct cg_host *h, const char *path, const struct rc_resources *res, struct err *e) must_check;

/* cg_open - an existing cgroup by the path that cg_create() chose, for exec, update and the like: join and
 * dir_fd are filled in. One that does not exist is -ENOENT. "" gives an empty struct. */
int cg_open(const struct cg_host *h, const char *path, struct cg *ret, struct err *e) must_check;
/* cg_open_sub - one below it, for `exec --cgroup [CONTROLLERS:]PATH`: @controllers (v1; "a,b" or NULL for all)
 * selects hierarchies, the others stay at @c's own path. ".." is refused. */
int cg_open_sub(const struct cg_host *h, const char *path, const char *controllers, const char *sub, struct cg *ret,
	struct err *e) must_check;
/* cg_open_beside - an O_PATH descriptor of the v2 cgroup that process @pid is in: where an exec goes when the
 * container's own cgroup takes no processes any more, because the container gave controllers to cgroups below
 * it (clone3 says EBUSY; cgroup-v2.rst "No Internal Process Constraint"). */
int cg_open_beside(const struct cg_host *h, pid_t pid, struct err *e) must_check;
void cg_init(struct cg *c);
void cg_done(struct cg *c);

/* cg_exists - is there a directory at @path in any hierarchy. */
bool cg_exists(const struct cg_host *h, const char *path);
/* cg_remove - remove @path from every hierarchy with everything below it. rmdir(2) first; where processes
 * are left they are killed and waited for (bounded, about 10 s, -EBUSY then). An absent one is fine. */
int cg_remove(const struct cg_host *h, const char *path, struct err *e) must_check;

/* --- files of one cgroup, for the other modules of cg/ -------------------------------------------------- */

/* cg_hier_of - index of the hierarchy that serves @c (v1 if mounted there, else unified), -1: none. */
int cg_hier_of(const struct cg_host *h, enum cg_controller c);
/* cg_file_path - "memory/a/b/FILE" relative to h->root; -ENAMETOOLONG otherwise 0. @file NULL: the directory. */
int cg_file_path(const struct cg_host *h, int hier, const char *path, const char *file, char dst[static 4096],
	struct err *e) must_check;
/* cg_file_open - open FILE of the cgroup at @path in hierarchy @hier: the descriptor or -errno, no message. */
int cg_file_open(const struct cg_host *h, int hier, const char *path, const char *file, int flags);
/* A directory: one cgroup in one hierarchy. */
struct cg_at {
	const struct cg_host *h;
	int hier;
	const char *path;
};
#define CG_AT(h_, hier_, path_) (&(const struct cg_at){ h_, hier_, path_ })
/* cg_file_read - the whole file, trailing newline cut, NUL-terminated, at most @size - 1 bytes: its length or
 * -errno, no message. */
ssize_t cg_file_read(const struct cg_at *at, const char *file, char *dst, size_t size);
/* cg_file_write - one write(2): 0 or -errno, no message. */
int cg_file_write(const struct cg_host *h, int hier, const char *path, const char *file, const char *value);
