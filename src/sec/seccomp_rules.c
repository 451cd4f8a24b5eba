/* Resolves names for each architecture as libseccomp does: a name an architecture lacks is left out
 * there; on 32-bit x86 the socket and System V IPC calls get a rule for their own number and one
 * for socketcall(2) or ipc(2) with the sub-call in argument 0. */
#include "sec/seccomp_rules.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"

#define X32_BIT 0x40000000U

enum { X86_SOCKETCALL = 102, X86_IPC = 117, DIRECT_NONE = -1 };

/* Calls newer than the libseccomp of Debian 12 (2.5.4: Linux 5.17). From 424 on a number means the
 * same on all architectures (x32 adds its bit); some calls exist on one only. */
static const struct {
	const char *name;
	int nr;
	uint32_t only; /* SCMP_ARCH_*: elsewhere the name means nothing; 0: everywhere */
} newer[] = {
	{ "cachestat", 451, 0 },
	{ "fchmodat2", 452, 0 },
	{ "file_getattr", 468, 0 },
	{ "file_setattr", 469, 0 },
	{ "futex_requeue", 456, 0 },
	{ "futex_wait", 455, 0 },
	{ "futex_wake", 454, 0 },
	{ "getxattrat", 464, 0 },
	{ "listmount", 458, 0 },
	{ "listns", 470, 0 },
	{ "listxattrat", 465, 0 },
	{ "lsm_get_self_attr", 459, 0 },
	{ "lsm_list_modules", 461, 0 },
	{ "lsm_set_self_attr", 460, 0 },
	{ "map_shadow_stack", 453, 0 },
	{ "mseal", 462, 0 },
	{ "open_tree_attr", 467, 0 },
	{ "removexattrat", 466, 0 },
	{ "riscv_hwprobe", 258, SCMP_ARCH_RISCV64 },
	{ "setxattrat", 463, 0 },
	{ "statmount", 457, 0 },
	{ "uprobe", 336, SCMP_ARCH_X86_64 },
	{ "uretprobe", 335, SCMP_ARCH_X86_64 },
};

int sc_number(uint32_t token, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(token, name);

	for (size_t i = 0; nr == __NR_SCMP_ERROR && i < ARRAY_SIZE(newer); i++) {
		if (strcmp(newer[i].name, name) != 0)
			continue;
		if (newer[i].only && newer[i].only != token)
			return SC_NOT_HERE;
		return newer[i].nr | (token == SCMP_ARCH_X32 ? (int)X32_BIT : 0);
	}
	return nr;
}

/* arch/x86/entry/syscalls/syscall_32.tbl; the keys are libseccomp's pseudo numbers, whose remainder
 * is the sub-call of socketcall(2) or ipc(2). */
int sc_direct(int mux)
{
	static const short sockets[] = { [1] = 359,
		361,
		362,
		363,
		DIRECT_NONE,
		367,
		368,
		360,
		DIRECT_NONE,
		DIRECT_NONE,
		369,
		371,
		373,
		366,
		365,
		370,
		372,
		364,
		337,
		345 };
	static const short ipc[] = {
		[1] = DIRECT_NONE, 393, 394, DIRECT_NONE, [11] = 400, 401, 399, 402, [21] = 397, 398, 395, 396
	};

	if (mux <= -101 && mux >= -120)
		return sockets[-mux - 100];
	if (mux <= -201 && mux >= -224 && ipc[-mux - 200])
		return ipc[-mux - 200];
	return DIRECT_NONE;
}

/* Only 32-bit x86 multiplexes: elsewhere these pseudo numbers mean "not here". */
static bool is_mux(const struct sc_arch *a, int nr)
{
	return a->token == SCMP_ARCH_X86 && ((nr <= -101 && nr >= -120) || (nr <= -201 && nr >= -224));
}

static int mux_nr(int mux)
{
	return mux >= -120 ? X86_SOCKETCALL : X86_IPC;
}

uint32_t sc_ret(enum rc_seccomp_action action, const struct rc_opt_u64 *errno_ret)
{
	uint32_t data = (errno_ret && errno_ret->set ? (uint32_t)errno_ret->v : EPERM) & SECCOMP_RET_DATA;

	switch (action) {
	case RC_ACT_KILL_THREAD: return SECCOMP_RET_KILL_THREAD;
	case RC_ACT_KILL_PROCESS: return SECCOMP_RET_KILL_PROCESS;
	case RC_ACT_TRAP: return SECCOMP_RET_TRAP;
	case RC_ACT_ERRNO: return SECCOMP_RET_ERRNO | data;
	case RC_ACT_TRACE: return SECCOMP_RET_TRACE | data;
	case RC_ACT_ALLOW: return SECCOMP_RET_ALLOW;
	case RC_ACT_LOG: return SECCOMP_RET_LOG;
	case RC_ACT_NOTIFY: return SECCOMP_RET_USER_NOTIF;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

/* --- architectures ------------------------------------------------------------------------------ */

/* -1 is the number a tracer sets to skip a call: it belongs to no architecture. seccomp(2). */
static const struct sc_arch known[] = {
#if defined(__x86_64__)
	{ .token = SCMP_ARCH_X86_64, .audit_arch = AUDIT_ARCH_X86_64, .last = X32_BIT - 1, .wide = true },
	{ .token = SCMP_ARCH_X86, .audit_arch = AUDIT_ARCH_I386, .last = UINT32_MAX - 1 },
	{ .token = SCMP_ARCH_X32, .audit_arch = AUDIT_ARCH_X86_64, .first = X32_BIT, .last = UINT32_MAX - 1 },
#elif defined(__aarch64__)
	{ .token = SCMP_ARCH_AARCH64, .audit_arch = AUDIT_ARCH_AARCH64, .last = UINT32_MAX - 1, .wide = true },
	{ .token = SCMP_ARCH_ARM, .audit_arch = AUDIT_ARCH_ARM, .last = UINT32_MAX - 1 },
#else
	{ .token = 0 },
#endif
};

static int add_arch(struct sc_profile *p, uint32_t token)
{
	for (size_t i = 0; i < p->n_archs; i++)
		if (p->arch[i].token == token)
			return 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].token == token && token != 0)
			p->arch[p->n_archs++] = known[i];
	return 0;
}

/* "SCMP_ARCH_X86_64" is libseccomp's "x86_64". */
static uint32_t arch_token(const char *name)
{
	char lower[32];
	const char *p = str_after(name, "SCMP_ARCH_");
	size_t n = 0;

	if (!p)
		p = name;
	for (; n < sizeof(lower) - 1 && p[n]; n++)
		lower[n] = (char)(p[n] >= 'A' && p[n] <= 'Z' ? p[n] + ('a' - 'A') : p[n]);
	lower[n] = '\0';
	if (strcmp(lower, "native") == 0)
		return seccomp_arch_native();
	return seccomp_arch_resolve_name(lower);
}

static int resolve_archs(const struct rc_seccomp *s, struct sc_profile *p, struct err *e)
{
	add_arch(p, seccomp_arch_native());
	if (p->n_archs == 0)
		p->foreign = true; /* a machine this file has no table for */
	for (size_t i = 0; i < s->architectures.n; i++) {
		uint32_t token = arch_token(s->architectures.v[i]);

		if (token == 0)
			return err_set(e, ERR_CONFIG, EINVAL,
				"config.json: /linux/seccomp/architectures/%zu: \"%.64s\" is not "
				"known to libseccomp",
				i, s->architectures.v[i]);
		/* One this kernel cannot run needs no code: the kernel never reports it. */
		add_arch(p, token);
	}
	return 0;
}

/* --- rules -------------------------------------------------------------------------------------- */

static int push(struct sc_arch *a, const struct sc_rule *r, struct err *e)
{
	if (a->n == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 512;
		struct sc_rule *v = realloc(a->rules, cap * sizeof(*v));

		if (!v)
			return err_oom(e, "the seccomp rules");
		a->rules = v;
		a->cap = cap;
	}
	a->rules[a->n++] = *r;
	return 0;
}

static enum scmp_compare compare_op(enum rc_seccomp_op op)
{
	static const enum scmp_compare ops[] = {
		[RC_OP_NE] = SCMP_CMP_NE,
		[RC_OP_LT] = SCMP_CMP_LT,
		[RC_OP_LE] = SCMP_CMP_LE,
		[RC_OP_EQ] = SCMP_CMP_EQ,
		[RC_OP_GE] = SCMP_CMP_GE,
		[RC_OP_GT] = SCMP_CMP_GT,
		[RC_OP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	return ops[op];
}

/* The conditions of @n arguments as @a sees them; ones that always hold are left out. *ret_n of
 * them. */
static struct sc_cond *conds_of(
	struct sc_profile *p, const struct sc_arch *a, const struct rc_seccomp_arg *args, size_t n, uint32_t *ret_n)
{
	struct sc_cond *v = arena_array(&p->arena, struct sc_cond, n + 1); /* one more for a sub-call */
	uint64_t all = a->wide ? UINT64_MAX : UINT32_MAX;

	*ret_n = 0;
	for (size_t i = 0; v && i < n; i++) {
		struct sc_cond c = { .arg = (uint8_t)args[i].index, .wide = a->wide, .op = compare_op(args[i].op) };

		c.mask = all;
		c.value = args[i].value & all;
		if (c.op == SCMP_CMP_MASKED_EQ) {
			c.mask = args[i].value & all;
			c.value = args[i].value_two & c.mask;
			if (c.mask == 0)
				continue;
		}
		v[(*ret_n)++] = c;
	}
	return v;
}

/* A rule for a call that is also a sub-call of socketcall(2) or ipc(2): argument 0 is then the
 * sub-call, the other conditions stay. */
static int push_mux(struct sc_profile *p, struct sc_arch *a, struct sc_rule r, int mux, struct err *e)
{
	struct sc_cond *v = arena_array(&p->arena, struct sc_cond, r.n_conds + 1);
	struct sc_rule m = r;

	if (!v)
		return err_oom(e, "the seccomp rules");
	m.nr = (uint32_t)mux_nr(mux);
	v[0] = (struct sc_cond){ .op = SCMP_CMP_EQ, .value = (uint64_t)(-mux % 100), .mask = UINT32_MAX };
	m.n_conds = 1;
	for (uint32_t i = 0; i < r.n_conds; i++)
		if (r.conds[i].arg != 0)
			v[m.n_conds++] = r.conds[i];
	m.conds = v;
	if (push(a, &m, e) < 0)
		return -e->num;
	if (sc_direct(mux) == DIRECT_NONE)
		return 0;
	r.nr = (uint32_t)sc_direct(mux);
	return push(a, &r, e);
}

static int push_call(struct sc_profile *p, struct sc_arch *a, struct sc_rule r, int nr, struct err *e)
{
	if (is_mux(a, nr))
		return push_mux(p, a, r, nr, e);
	if (nr < 0)
		return 0;
	r.nr = (uint32_t)nr;
	return push(a, &r, e);
}

/* Two conditions on one argument are, by the tradition of runc and crun, separate rules. */
static bool repeats_an_argument(const struct rc_seccomp_rule *r)
{
	unsigned seen = 0;

	for (size_t i = 0; i < r->n_args; i++) {
		if (seen >> r->args[i].index & 1)
			return true;
		seen |= 1U << r->args[i].index;
	}
	return false;
}

static int check_args(const struct rc_seccomp_rule *r, size_t index, struct err *e)
{
	for (size_t i = 0; i < r->n_args; i++)
		if (r->args[i].index > 5)
			return err_set(e, ERR_CONFIG, EINVAL,
				"config.json: /linux/seccomp/syscalls/%zu/args/%zu/index: %u, 0 to "
				"5 are allowed",
				index, i, r->args[i].index);
	return 0;
}

static void note_max(struct sc_arch *a, int nr)
{
	if (is_mux(a, nr)) {
		note_max(a, mux_nr(nr));
		nr = sc_direct(nr);
	}
	if (nr >= 0 && (uint32_t)nr > a->max_nr)
		a->max_nr = (uint32_t)nr;
}

void sc_note_unknown(struct sc_profile *p, const char *name)
{
	if (p->unknown.len)
		buf_str(&p->unknown, " ");
	buf_str(&p->unknown, name);
}

static int add_rule_arch(
	struct sc_profile *p, struct sc_arch *a, const struct rc_seccomp_rule *r, uint32_t order, struct err *e)
{
	struct sc_rule base = { .order = order, .ret = sc_ret(r->action, &r->errno_ret) };
	bool split = repeats_an_argument(r);
	size_t n_rules = split ? r->n_args : 1, per_rule = split ? 1 : r->n_args;

	for (size_t k = 0; k < n_rules; k++) {
		base.conds = conds_of(p, a, r->args + k * per_rule, per_rule, &base.n_conds);
		if (!base.conds)
			return err_oom(e, "the seccomp rules");
		for (size_t i = 0; i < r->names.n; i++) {
			int nr = sc_number(a->token, r->names.v[i]);

			if (nr == __NR_SCMP_ERROR) {
				if (a == &p->arch[0] && k == 0) /* once a name */
					sc_note_unknown(p, r->names.v[i]);
				continue;
			}
			note_max(a, nr);
			/* libseccomp takes no rule that says what the default says anyway. */
			if (base.ret != p->default_ret && push_call(p, a, base, nr, e) < 0)
				return -e->num;
		}
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct sc_rule *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool permissive(enum rc_seccomp_action a)
{
	return a == RC_ACT_ALLOW || a == RC_ACT_LOG || a == RC_ACT_TRACE;
}

int sc_resolve(const struct rc_seccomp *s, struct sc_profile *ret, struct err *e)
{
	*ret = (struct sc_profile){
		.default_ret = sc_ret(s->default_action, &s->default_errno_ret),
		.permissive = permissive(s->default_action),
		.enosys = !permissive(s->default_action),
		.notify = s->default_action == RC_ACT_NOTIFY,
	};
	if (resolve_archs(s, ret, e) < 0)
		return -e->num;
	for (size_t i = 0; i < s->n_rules; i++) {
		if (check_args(&s->rules[i], i, e) < 0)
			return -e->num;
		ret->notify |= s->rules[i].action == RC_ACT_NOTIFY;
		for (size_t k = 0; ret->n_archs == 0 && k < s->rules[i].names.n; k++)
			if (sc_number(seccomp_arch_native(), s->rules[i].names.v[k]) == __NR_SCMP_ERROR)
				sc_note_unknown(ret, s->rules[i].names.v[k]);
		for (size_t k = 0; k < ret->n_archs; k++)
			if (add_rule_arch(ret, &ret->arch[k], &s->rules[i], (uint32_t)i, e) < 0)
				return -e->num;
	}
	for (size_t k = 0; k < ret->n_archs; k++)
		if (ret->arch[k].n)
			qsort(ret->arch[k].rules, ret->arch[k].n, sizeof(struct sc_rule), by_number);
	return buf_err(&ret->unknown, e);
}

int sc_allow_unless(
	struct sc_profile *p, const char *name, uint8_t arg, const uint32_t *values, size_t n, struct err *e)
{
	for (size_t k = 0; k < p->n_archs; k++) {
		struct sc_arch *a = &p->arch[k];
		int nr = sc_number(a->token, name);
		struct sc_cond *v = arena_array(&p->arena, struct sc_cond, n);

		if (!v)
			return err_oom(e, "the seccomp rules");
		if (nr < 0)
			continue;
		for (size_t i = 0; i < n; i++)
			v[i] = (struct sc_cond){
				.arg = arg, .wide = a->wide, .op = SCMP_CMP_NE, .value = values[i], .mask = UINT32_MAX
			};
		struct sc_rule r = { .nr = (uint32_t)nr, .ret = SECCOMP_RET_ALLOW, .n_conds = (uint32_t)n, .conds = v };
		note_max(a, nr);
		if (push(a, &r, e) < 0)
			return -e->num;
		qsort(a->rules, a->n, sizeof(struct sc_rule), by_number);
	}
	return 0;
}

void sc_profile_done(struct sc_profile *p)
{
	for (size_t i = 0; i < p->n_archs; i++)
		free(p->arch[i].rules);
	buf_done(&p->unknown);
	arena_done(&p->arena);
	*p = (struct sc_profile){ .n_archs = 0 };
}
