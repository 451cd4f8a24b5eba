/* Our filter generator: for each architecture a binary search over ranges of system call numbers that share an
 * outcome; argument rules are chains of comparisons at the leaves.
 *
 * Why not libseccomp's: it tests one number per node, 400 of them for the usual profiles. A filter costs its
 * length when loaded (the kernel checks, translates and emulates it for every number) and its path at every
 * call; neighbouring numbers mostly share their outcome, so that ranges need about a tenth of the nodes.
 *
 * Where the meaning of a profile depends on libseccomp's own order (overlapping argument rules with different
 * actions for one call) the whole filter is left to libseccomp. */
#include "sec/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "sec/seccomp_bpf.h"
#include "sec/seccomp_rules.h"

static const uint32_t ret_enosys = SECCOMP_RET_ERRNO | ENOSYS;
/* seccomp_init(3): a call of an architecture that is not in the filter. */
static const uint32_t ret_bad_arch = SECCOMP_RET_KILL_THREAD;

/* --- what a call's rules amount to -------------------------------------------------------------- */

/* The rules v[0 … n-1] of one call; unconditional when @always, then with @ret. */
struct verdict {
	const struct sc_rule *v; /* NULL: @ret for every argument */
	size_t n;
	uint32_t ret;
};

static bool interval(const struct sc_cond *c, uint64_t *lo, uint64_t *hi)
{
	*lo = 0;
	*hi = UINT64_MAX;
	switch (c->op) {
	case SCMP_CMP_EQ:
		*lo = *hi = c->value;
		return true;
	case SCMP_CMP_LE:
		*hi = c->value;
		return true;
	case SCMP_CMP_GE:
		*lo = c->value;
		return true;
	case SCMP_CMP_LT:
		*hi = c->value - 1;
		return c->value != 0;
	case SCMP_CMP_GT:
		*lo = c->value + 1;
		return c->value != UINT64_MAX;
	default:
		return false;
	}
}

/* True only if no value satisfies both. */
static bool conds_exclude(const struct sc_cond *a, const struct sc_cond *b)
{
	uint64_t alo, ahi, blo, bhi;

	if (a->arg != b->arg)
		return false;
	if (interval(a, &alo, &ahi) && interval(b, &blo, &bhi))
		return ahi < blo || bhi < alo;
	if (a->op != SCMP_CMP_EQ && b->op == SCMP_CMP_EQ)
		return conds_exclude(b, a);
	if (a->op == SCMP_CMP_EQ && b->op == SCMP_CMP_NE)
		return a->value == b->value;
	if (a->op == SCMP_CMP_EQ && b->op == SCMP_CMP_MASKED_EQ)
		return (a->value & b->mask) != b->value;
	if (a->op == SCMP_CMP_MASKED_EQ && b->op == SCMP_CMP_MASKED_EQ)
		return ((a->value ^ b->value) & a->mask & b->mask) != 0;
	return false;
}

static bool rules_exclude(const struct sc_rule *a, const struct sc_rule *b)
{
	for (uint32_t i = 0; i < a->n_conds; i++)
		for (uint32_t k = 0; k < b->n_conds; k++)
			if (conds_exclude(&a->conds[i], &b->conds[k]))
				return true;
	return false;
}

/* False: the outcome depends on an order that only libseccomp knows. */
static bool judge(const struct sc_rule *v, size_t n, struct verdict *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].n_conds != 0)
			continue;
		/* The first rule without conditions covers whatever stands before and after it. */
		*ret = (struct verdict){ .ret = v[i].ret };
		return true;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (v[i].ret != v[k].ret && !rules_exclude(&v[i], &v[k]))
				return false;
	*ret = (struct verdict){ .v = v, .n = n };
	return true;
}

static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
	return !a->v && !b->v && a->ret == b->ret;
}

/* --- ranges of numbers -------------------------------------------------------------------------- */

struct range {
	uint32_t first; /* up to the next range's first */
	struct verdict what;
};

struct ranges {
	struct range *v;
	size_t n, cap;
	bool failed;
};

static void ranges_done(struct ranges *r)
{
	free(r->v);
	r->v = NULL;
}

/* From @first on @what holds, until the next one added. */
static void range_add(struct ranges *r, uint32_t first, struct verdict what)
{
	if (r->n && r->v[r->n - 1].first == first)
		r->n--; /* nothing was left of the one before */
	if (r->n && same_verdict(&r->v[r->n - 1].what, &what))
		return;
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 128;
		struct range *v = realloc(r->v, cap * sizeof(*v));

		if (!v) {
			r->failed = true;
			return;
		}
		r->v = v;
		r->cap = cap;
	}
	r->v[r->n++] = (struct range){ first, what };
}

/* The part of @r for the numbers of @a. False: see judge(). */
static bool ranges_of_arch(struct ranges *r, const struct sc_profile *p, const struct sc_arch *a)
{
	struct verdict otherwise = { .ret = p->default_ret };

	range_add(r, a->first, otherwise);
	for (size_t i = 0, n; i < a->n; i += n) {
		struct verdict what;

		for (n = 1; i + n < a->n && a->rules[i + n].nr == a->rules[i].nr; n++)
			;
		if (!judge(&a->rules[i], n, &what))
			return false;
		range_add(r, a->rules[i].nr, what);
		range_add(r, a->rules[i].nr + 1, otherwise);
	}
	/* Calls newer than the profile: "not there" lets a program fall back, where a refusal or a kill
	 * would break it with every new libc (opencontainers/runc#2151). */
	if (p->enosys && a->max_nr > a->first && a->max_nr < a->last)
		range_add(r, a->max_nr + 1, (struct verdict){ .ret = ret_enosys });
	return true;
}

/* All architectures that the kernel reports as @audit_arch, in the order of their numbers. */
static bool ranges_of_audit_arch(struct ranges *r, const struct sc_profile *p, uint32_t audit_arch)
{
	uint32_t next = 0;

	for (size_t i = 0; i < p->n_archs; i++) {
		const struct sc_arch *a = &p->arch[i];

		if (a->audit_arch != audit_arch)
			continue;
		if (a->first > next)
			range_add(r, next, (struct verdict){ .ret = ret_bad_arch });
		if (!ranges_of_arch(r, p, a))
			return false;
		next = a->last + 1;
	}
	if (next != UINT32_MAX)
		range_add(r, next, (struct verdict){ .ret = ret_bad_arch });
	/* A tracer skips a call by number -1: no architecture's, not "newer". seccomp(2) "NOTES". */
	range_add(r, UINT32_MAX, (struct verdict){ .ret = p->default_ret });
	return true;
}

/* --- code --------------------------------------------------------------------------------------- */

static uint32_t arg_offset(unsigned arg, bool high)
{
	uint32_t base = (uint32_t)(offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t));

	return base + (high ? 4 : 0); /* little endian: other machines are libseccomp's */
}

static struct bpf_tgt gen_equal(struct bpf_out *o, const struct sc_cond *c, struct bpf_tgt t, struct bpf_tgt f)
{
	uint32_t value[2] = { (uint32_t)c->value, (uint32_t)(c->value >> 32) };
	uint32_t mask[2] = { (uint32_t)c->mask, (uint32_t)(c->mask >> 32) };
	struct bpf_tgt next = t;

	for (int half = 0; half < (c->wide ? 2 : 1); half++) {
		if (mask[half] == 0)
			continue;
		next = bpf_jump(o, BPF_JEQ, value[half], next, f);
		if (mask[half] != UINT32_MAX)
			next = bpf_and(o, mask[half], next);
		next = bpf_load(o, arg_offset(c->arg, half), next);
	}
	return next;
}

/* `arg > value` or, with @op BPF_JGE, `arg >= value`. */
static struct bpf_tgt gen_greater(struct bpf_out *o, const struct sc_cond *c, unsigned op, struct bpf_tgt t,
	struct bpf_tgt f)
{
	uint32_t high = (uint32_t)(c->value >> 32);
	struct bpf_tgt next = bpf_jump(o, op, (uint32_t)c->value, t, f);

	next = bpf_load(o, arg_offset(c->arg, false), next);
	if (!c->wide)
		return next;
	next = bpf_jump(o, BPF_JEQ, high, next, f);
	next = bpf_jump(o, BPF_JGT, high, t, next);
	return bpf_load(o, arg_offset(c->arg, true), next);
}

static struct bpf_tgt gen_cond(struct bpf_out *o, const struct sc_cond *c, struct bpf_tgt t, struct bpf_tgt f)
{
	switch (c->op) {
	case SCMP_CMP_NE:
		return gen_equal(o, c, f, t);
	case SCMP_CMP_GT:
		return gen_greater(o, c, BPF_JGT, t, f);
	case SCMP_CMP_GE:
		return gen_greater(o, c, BPF_JGE, t, f);
	case SCMP_CMP_LE:
		return gen_greater(o, c, BPF_JGT, f, t);
	case SCMP_CMP_LT:
		return gen_greater(o, c, BPF_JGE, f, t);
	default:
		return gen_equal(o, c, t, f);
	}
}

static struct bpf_tgt gen_verdict(struct bpf_out *o, const struct verdict *w, uint32_t default_ret)
{
	struct bpf_tgt next = bpf_tgt_ret(w->v ? default_ret : w->ret);

	for (size_t i = w->v ? w->n : 0; i-- > 0;) {
		struct bpf_tgt t = bpf_tgt_ret(w->v[i].ret);

		for (uint32_t k = w->v[i].n_conds; k-- > 0;)
			t = gen_cond(o, &w->v[i].conds[k], t, next);
		next = t;
	}
	return next;
}

static struct bpf_tgt gen_search(struct bpf_out *o, const struct range *v, size_t n, uint32_t default_ret)
{
	if (n == 1)
		return gen_verdict(o, &v[0].what, default_ret);

	size_t half = n / 2;
	struct bpf_tgt high = gen_search(o, v + half, n - half, default_ret);
	struct bpf_tgt low = gen_search(o, v, half, default_ret);

	return bpf_jump(o, BPF_JGE, v[half].first, high, low);
}

/* The test for one audit architecture in front of the rest; *ret_fits false: left to libseccomp. */
static int gen_audit_arch(struct bpf_out *o, const struct sc_profile *p, uint32_t audit_arch, struct bpf_tgt *next,
	bool *ret_fits, struct err *e)
{
	AUTO(ranges) struct ranges r = { .n = 0 };
	bool fits = ranges_of_audit_arch(&r, p, audit_arch);

	if (r.failed)
		return err_oom(e, "the seccomp filter");
	*ret_fits = fits;
	if (!fits)
		return 0;

	struct bpf_tgt body = gen_search(o, r.v, r.n, p->default_ret);

	body = bpf_load(o, offsetof(struct seccomp_data, nr), body);
	*next = bpf_jump(o, BPF_JEQ, audit_arch, body, *next);
	return 0;
}

int sc_generate(const struct sc_profile *p, struct seccomp_filter *ret, bool *ret_done, struct err *e)
{
	struct sock_filter buf[BPF_MAXINSNS];
	struct bpf_out o;
	struct bpf_tgt next = bpf_tgt_ret(ret_bad_arch);
	bool fits = !p->foreign;

	bpf_out_init(&o, buf, BPF_MAXINSNS);
	for (size_t i = p->n_archs; fits && i-- > 0;) {
		bool first_of_its = true;

		for (size_t k = 0; k < i; k++)
			first_of_its &= p->arch[k].audit_arch != p->arch[i].audit_arch;
		if (first_of_its && gen_audit_arch(&o, p, p->arch[i].audit_arch, &next, &fits, e) < 0)
			return -e->num;
	}
	if (fits)
		bpf_enter(&o, bpf_load(&o, offsetof(struct seccomp_data, arch), next));
	*ret_done = fits && !o.overflow;
	if (!*ret_done)
		return 0;
	ret->insns = malloc(o.len * sizeof(buf[0]));
	if (!ret->insns)
		return err_oom(e, "the seccomp filter");
	memcpy(ret->insns, o.end - o.len, o.len * sizeof(buf[0]));
	ret->n = (uint16_t)o.len;
	return 0;
}

int seccomp_compile(const struct rc_seccomp *s, struct seccomp_filter *ret, struct err *e)
{
	AUTO(sc_profile) struct sc_profile p = { .n_archs = 0 };
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	bool done = false;

	if (sc_resolve(s, &p, e) < 0)
		return -e->num;
	if (sc_generate(&p, &f, &done, e) < 0)
		return -e->num;
	if (!done && sc_generate_lib(s, &p, &f, e) < 0)
		return -e->num;
	f.notify = p.notify;
	if (p.unknown.len) {
		f.unknown = p.unknown.data;
		p.unknown.data = NULL;
	}
	*ret = f;
	f = (struct seccomp_filter)SECCOMP_FILTER_INIT;
	return 0;
}
