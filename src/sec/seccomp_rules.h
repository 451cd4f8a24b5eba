#pragma once
/* linux.seccomp with names resolved to numbers, for each architecture: what both generators work
 * from. Internal to sec/. */
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/runtime_config.h"

/* One comparison of an argument; on 32-bit architectures already cut to 32 bits. For
 * SCMP_CMP_MASKED_EQ (arg & mask) == value, with value within mask. */
struct sc_cond {
	uint8_t arg;
	bool wide; /* compare all 64 bits */
	enum scmp_compare op;
	uint64_t value, mask;
};

/* One rule of one system call: @ret when all @n_conds hold (0: always). */
struct sc_rule {
	uint32_t nr; /* with the x32 bit where it belongs */
	uint32_t order; /* position in the profile: breaks ties when sorted */
	uint32_t ret; /* SECCOMP_RET_* with data */
	uint32_t n_conds;
	const struct sc_cond *conds;
};

struct sc_arch {
	uint32_t token; /* SCMP_ARCH_* */
	uint32_t audit_arch; /* AUDIT_ARCH_* as the kernel reports it */
	uint32_t first, last; /* the numbers that belong to it */
	uint32_t max_nr; /* largest number the profile names, whatever the action; 0: none */
	bool wide; /* 64-bit arguments */
	struct sc_rule *rules; /* sorted by nr, order */
	size_t n, cap;
};

enum { SC_MAX_ARCHS = 3 };

struct sc_profile {
	struct arena arena;
	struct sc_arch arch[SC_MAX_ARCHS]; /* native first */
	size_t n_archs;
	uint32_t default_ret;
	bool permissive; /* the default action lets the call through */
	bool enosys; /* numbers above max_nr give ENOSYS */
	bool foreign; /* it names an architecture outside arch[] that only libseccomp can judge */
	bool notify;
	struct buf unknown; /* names */
};

/* sc_ret - the filter's return value for an action; without @errno_ret EPERM, as crun and runc do.
 */
uint32_t sc_ret(enum rc_seccomp_action action, const struct rc_opt_u64 *errno_ret);
/* sc_resolve - into *ret, which the caller ends with sc_profile_done() also after an error. */
int sc_resolve(const struct rc_seccomp *s, struct sc_profile *ret, struct err *e) must_check;
void sc_profile_done(struct sc_profile *p);
/* sc_allow_unless - after sc_resolve(): @name is allowed unless the low 32 bits of argument @arg
 * are one of @values. No rule of @p may name it. */
int sc_allow_unless(struct sc_profile *p, const char *name, uint8_t arg, const uint32_t *values, size_t n,
	struct err *e) must_check;
/* A name that belongs to another architecture; libseccomp has such pseudo numbers too. */
enum { SC_NOT_HERE = -9999 };
/* sc_number - of @name on @token: libseccomp's table, then ours of newer calls; negative when the
 * architecture lacks it, __NR_SCMP_ERROR when nobody knows it. */
int sc_number(uint32_t token, const char *name);
/* sc_note_unknown - add @name to p->unknown. */
void sc_note_unknown(struct sc_profile *p, const char *name);
/* sc_direct - the number of a call that @mux (-101 to -224) names, also wired directly; -1: only
 * multiplexed. */
int sc_direct(int mux);

/* The two generators and the result. */
struct seccomp_filter;
/* sc_generate - ours. *ret_done false: this profile needs libseccomp's. */
int sc_generate(const struct sc_profile *p, struct seccomp_filter *ret, bool *ret_done, struct err *e) must_check;
/* sc_generate_lib - libseccomp's, with its binary tree. */
int sc_generate_lib(const struct rc_seccomp *s, struct sc_profile *p, struct seccomp_filter *ret, struct err *e)
	must_check;
