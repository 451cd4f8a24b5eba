#pragma once
/* The processes of a cgroup and everything below it. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "cg/tree.h"

/* cg_pids - host pids of all processes at and below @path, without duplicates. The caller frees *ret_pids.
 * An absent cgroup has none. */
int cg_pids(const struct cg_host *h, const char *path, pid_t **ret_pids, size_t *ret_n, struct err *e) must_check;
/* cg_populated - does a live process exist at or below @path. */
int cg_populated(const struct cg_host *h, const char *path, bool *ret, struct err *e) must_check;
/* cg_kill_all - @sig to every process at and below @path; an absent cgroup is fine. SIGKILL uses cgroup.kill (v2,
 * Linux 5.14), else freezes, signals and thaws until nothing new appears, and thaws a paused container,
 * which otherwise could not die. Returns when the signals are sent, not when all have ended. */
int cg_kill_all(const struct cg_host *h, const char *path, int sig, struct err *e) must_check;
/* cg_wait_empty - until no process is left at and below @path, at most @timeout_ms; -ETIMEDOUT. */
int cg_wait_empty(const struct cg_host *h, const char *path, int timeout_ms, struct err *e) must_check;
