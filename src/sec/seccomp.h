#pragma once
/* System call filters: from linux.seccomp of config.json to a BPF program and into the kernel.
 * Parent: seccomp_filter_get() (cache, else compile), seccomp_load_flags(). Child: seccomp_install(). */
#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "spec/runtime_config.h"

struct seccomp_filter {
	struct sock_filter *insns; /* owned */
	uint16_t n; /* at most BPF_MAXINSNS */
	bool notify; /* can return SECCOMP_RET_USER_NOTIF: a listener is needed */
	bool from_cache;
	char *unknown; /* owned: names no table of ours knows, separated by blanks; NULL: none */
};

#define SECCOMP_FILTER_INIT \
	{ \
		.insns = NULL \
	}

void seccomp_filter_done(struct seccomp_filter *f);

/* seccomp_filter_get - the program for @s: from the cache directory "@seccomp" (no container id can be that) of
 * @root_fd (made when absent; FD_NONE: no cache), else compiled and put there. A cache that cannot be used is not an
 * error.
 * @fail_unknown: a name nobody knows is ERR_CONFIG (annotation run.oci.seccomp_fail_unknown_syscall);
 * otherwise such names are left out and listed in ret->unknown for a warning.
 * The caller ends *ret with seccomp_filter_done(). */
int seccomp_filter_get(int root_fd, const struct rc_seccomp *s, bool fail_unknown, struct seccomp_filter *ret,
	struct err *e) must_check;
/* seccomp_compile - the same without a cache. */
int seccomp_compile(const struct rc_seccomp *s, struct seccomp_filter *ret, struct err *e) must_check;
/* seccomp_filter_raw - the program of annotation run.oci.seccomp_bpf_data: base64 of struct sock_filter
 * in the machine's own layout. The kernel checks its meaning, we its form. */
int seccomp_filter_raw(const char *base64, struct seccomp_filter *ret, struct err *e) must_check;

/* seccomp_load_flags - SECCOMP_FILTER_FLAG_* for seccomp_install(). Without a flags field SPEC_ALLOW, as crun and
 * runc do. A named flag this kernel lacks is ERR_UNSUPPORTED. @s may be NULL (a raw filter). When
 * @f->notify, NEW_LISTENER is among them. */
int seccomp_load_flags(const struct rc_seccomp *s, const struct seccomp_filter *f, unsigned *ret, struct err *e)
	must_check;
/* seccomp_install - CHILD. Install the program for this thread; it also holds after execve. Needs no_new_privs
 * or CAP_SYS_ADMIN in the user namespace. *ret_listener is the close-on-exec descriptor the kernel returns
 * when @flags has NEW_LISTENER, else FD_NONE. seccomp(2). */
int seccomp_install(const struct sock_filter *insns, uint16_t n, unsigned flags, int *ret_listener, struct err *e)
	must_check;

/* seccomp_features_* - NULL-terminated lists for the `features` command, in the spec's words. The flags are
 * those that this kernel has: *ret_n of them in ret. */
extern const char *const seccomp_actions[];
extern const char *const seccomp_operators[];
extern const char *const seccomp_archs[];
enum { SECCOMP_N_FLAGS = 4 };
/* seccomp_known_flags - every flag of the spec, NULL-terminated. */
extern const char *const seccomp_known_flags[];
void seccomp_features_flags(const char *ret[static SECCOMP_N_FLAGS], size_t *ret_n);
/* seccomp_lib_version - "2.5.4" of the libseccomp in use, into @dst; returns @dst. */
const char *seccomp_lib_version(char *dst, size_t size);
