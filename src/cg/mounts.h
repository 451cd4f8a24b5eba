#pragma once
/* What a container's mount of type cgroup is made of. */
#include "cg/tree.h"

struct cg_mount {
	char name[CG_DIR_SIZE]; /* below the mount point: "memory", "cpu,cpuacct", "systemd", "unified" */
	int fd; /* O_PATH of the container's own directory there, to bind by open_tree(2); FD_NONE for a link */
	char link[CG_DIR_SIZE]; /* not empty: a symlink NAME -> LINK ("cpu" -> "cpu,cpuacct") */
};

struct cg_mounts {
	bool single; /* pure v2: bind v[0].fd on the mount point itself; else a tmpfs with these below */
	int n;
	struct cg_mount v[2 * CG_MAX_HIER];
};

/* cg_mounts_open - for the cgroup at @path of @h ("" : the caller's roots). End with cg_mounts_done(). Links are
 * told for every hierarchy of more than one controller whether or not the host has them. */
int cg_mounts_open(const struct cg_host *h, const char *path, struct cg_mounts *ret, struct err *e) must_check;
void cg_mounts_done(struct cg_mounts *m);
