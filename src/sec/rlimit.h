#pragma once
/* Resource limits. Set before the user namespace is entered: raising one needs CAP_SYS_RESOURCE in the
 * initial namespace. */
#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"
#include "spec/runtime_config.h"

/* rlimit_name - "RLIMIT_NOFILE", or "RLIMIT_?" */
const char *rlimit_name(int resource);
/* rlimit_check - before anything is made: would rlimit_apply() be allowed to a process with capabilities @have_caps
 * and our own limits? No system call with CAP_SYS_RESOURCE. */
int rlimit_check(const struct rc_rlimit *v, size_t n, uint64_t have_caps, struct err *e) must_check;
/* rlimit_apply - CHILD (@pid 0: itself; prlimit(2)). An error names the limit, what was wanted and what is
 * allowed; -EPERM: over the hard limit without CAP_SYS_RESOURCE. */
int rlimit_apply(pid_t pid, const struct rc_rlimit *v, size_t n, struct err *e) must_check;
