#pragma once
/* The systemd cgroup driver: the container's cgroup is a transient scope (or the caller's slice has it), made
 * by StartTransientUnit over D-Bus. */
#include "cg/tree.h"

struct cg_scope_new {
	const char *cgroups_path; /* "slice:prefix:name", or NULL: the default slice, "tare-ID.scope" */
	const char *id;
	pid_t pid; /* first process, moved into the scope by systemd */
	const struct rc_resources *res; /* or NULL */
	const struct rc_kv *annotations; /* org.systemd.property.* are taken, others ignored */
	size_t n_annotations;
	bool user; /* the user's own service manager (rootless) */
};

/* cg_scope_check - are @cgroups_path and the org.systemd.property.* annotations well-formed; before anything is
 * made. */
int cg_scope_check(const struct cg_scope_new *n, struct err *e) must_check;
/* cg_scope_unit - the name of the unit that cg_scope_start() would make. */
int cg_scope_unit(const struct cg_scope_new *n, char ret_unit[static 256], struct err *e) must_check;
/* cg_scope_start - make the scope, wait until systemd has finished the job (at most 30 s) and tell the cgroup
 * path it got ("/system.slice/tare-x.scope", for cg_open()) and the unit's name. On failure the unit is gone. */
int cg_scope_start(const struct cg_host *h, const struct cg_scope_new *n, char ret_path[static CG_PATH_SIZE],
	char ret_unit[static 256], struct err *e) must_check;
/* cg_scope_stop - StopUnit and ResetFailedUnit, waiting for the job; an absent unit is fine. */
int cg_scope_stop(const char *unit, bool user, struct err *e) must_check;
/* cg_scope_update - SetUnitProperties with what follows from @res, so that a later daemon-reload does not undo
 * cg_limits_set(). */
int cg_scope_update(const struct cg_host *h, const char *unit, bool user, const struct rc_resources *res, struct err *e)
	must_check;
