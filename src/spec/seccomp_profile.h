#pragma once
/* Seccomp profiles as files: docker's format, whose rules depend on capabilities, architecture and
 * kernel version, and the plain object of runtime-spec ("linux.seccomp"). Pure. */
#include "base/buf.h"
#include "spec/runtime_config.h"

/* What the conditions of docker's format are decided by. */
struct seccomp_host {
	const char *what; /* how messages call the document */
	uint64_t caps; /* of the container's first process: bit n is capability n */
	const char *arch; /* Go's name, "amd64" */
	const char *scmp_arch; /* "SCMP_ARCH_X86_64" */
	uint32_t kernel_major, kernel_minor;
};

/* seccomp_profile_read - @len bytes of @text as rules for @host, in @a. ERR_CONFIG with the place.
 */
int seccomp_profile_read(const char *text, size_t len, const struct seccomp_host *host, struct arena *a,
	struct rc_seccomp *ret, struct err *e) must_check;
/* seccomp_profile_write - as an object of runtime-spec "linux.seccomp", appended. */
void seccomp_profile_write(const struct rc_seccomp *s, struct buf *ret);
/* seccomp_action_name, seccomp_op_name - "SCMP_ACT_ALLOW", "SCMP_CMP_EQ". */
const char *seccomp_action_name(enum rc_seccomp_action a);
const char *seccomp_op_name(enum rc_seccomp_op op);
