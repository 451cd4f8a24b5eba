#pragma once
/* The eight kinds of namespaces, namespaces(7). */
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "spec/runtime_config.h"

struct ns_kind {
	const char *word; /* runtime-spec: "network" */
	const char *proc_name; /* /proc/PID/ns/: "net" */
	uint64_t clone_flag; /* CLONE_NEWNET */
};

extern const struct ns_kind ns_kinds[RC_N_NS]; /* index: enum rc_ns */

/* ns_open_checked - open @path and make sure with ioctl_nsfs(2) NS_GET_NSTYPE that it is a namespace of @kind;
 * ERR_CONFIG says what it is instead. The caller owns the descriptor. */
int ns_open_checked(const char *path, enum rc_ns kind, struct err *e) must_check;
/* ns_open_of - the namespace of @kind that process @pid is in, opened below @procfd (a /proc directory). The
 * caller makes sure by a pidfd that the pid is not reused. */
int ns_open_of(int procfd, pid_t pid, enum rc_ns kind, struct err *e) must_check;
/* ns_same - 1 if both descriptors are the same namespace, 0 if not. */
int ns_same(int a, int b, struct err *e) must_check;
