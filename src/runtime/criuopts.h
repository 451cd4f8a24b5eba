#pragma once
/* What dump and restore tell criu alike. */
#include "cg/tree.h"
#include "runtime/checkpoint.h"
#include "runtime/criu.h"

struct criu_dirs {
	int image, work; /* O_RDONLY; work is image's when none was asked for */
	const char *image_path, *work_path;
};

/* criu_dirs_open - open (@make: or make) the directories of @q. End with criu_dirs_done(). */
int criu_dirs_open(const struct rt_criu *q, bool make, struct criu_dirs *ret, struct err *e) must_check;
void criu_dirs_done(struct criu_dirs *d);

/* criu_opts_common - options of @q that both directions take, directories, log file @log, annotation org.criu.config.
 */
int criu_opts_common(const struct rt_criu *q, const struct runtime_config *config, const char *log, struct buf *ret,
	struct err *e) must_check;

struct criu_mounts {
	const struct runtime_config *config;
	const struct cg_host *host;
	const char *cgroup_path;
	const char *bundle;
	int root; /* dump: the container's root; restore: the rootfs */
	const char *root_path; /* restore: host path of the rootfs; NULL: dump */
};

/* criu_opts_mounts - name every mount whose source is outside the container: binds, cgroup directories, masked files,
 * devices bound from the host. On restore missing mount points are made. */
int criu_opts_mounts(const struct criu_mounts *m, struct buf *ret, struct err *e) must_check;
