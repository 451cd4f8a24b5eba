#pragma once
/* linux.intelRdt: cache and memory bandwidth classes through the resctrl filesystem, runtime-spec
 * config-linux.md "IntelRdt". */
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>
#include "base/err.h"
#include "spec/runtime_config.h"

/* rdt_open_root - the mounted resctrl filesystem; ERR_UNSUPPORTED when there is none. */
int rdt_open_root(struct err *e) must_check;

/* What rdt_create made and rdt_remove must remove, relative to resctrl's root; empty: nothing. */
struct rdt_made {
	char path[PATH_MAX];
};

/* rdt_create - find or make the class of service of container @id by the rules of the spec, write its schemata
 * and make its monitoring group. On an error nothing that was made stays. @rootfd is borrowed. */
int rdt_create(int rootfd, const struct rc_intel_rdt *c, const char *id, struct rdt_made *ret, struct err *e)
	must_check;
/* rdt_add_pid - put process @pid (before it has children) into the class and monitoring group. */
int rdt_add_pid(int rootfd, const struct rc_intel_rdt *c, const char *id, pid_t pid, struct err *e) must_check;
/* rdt_update - write the schemata of @c that are set (update --l3-cache-schema, --mem-bw-schema). */
int rdt_update(int rootfd, const struct rc_intel_rdt *c, const char *id, struct err *e) must_check;
/* rdt_remove - remove what rdt_create made; @path is rdt_made.path, "" or NULL is fine, absent too. */
int rdt_remove(int rootfd, const char *path, struct err *e) must_check;
