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
#include "sec/seccomp_ranges.h"
#include "sec/seccomp_rules.h"

#define X32_BIT 0x40000000U

/* seccomp_init(3): a call of an architecture that is not in the filter. */
static const uint32_t ret_bad_arch = SECCOMP_RET_KILL_THREAD;

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
static struct bpf_tgt gen_greater(
	struct bpf_out *o, const struct sc_cond *c, unsigned op, struct bpf_tgt t, struct bpf_tgt f)
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
	case SCMP_CMP_NE: return gen_equal(o, c, f, t);
	case SCMP_CMP_GT: return gen_greater(o, c, BPF_JGT, t, f);
	case SCMP_CMP_GE: return gen_greater(o, c, BPF_JGE, t, f);
	case SCMP_CMP_LE: return gen_greater(o, c, BPF_JGT, f, t);
	case SCMP_CMP_LT: return gen_greater(o, c, BPF_JGE, f, t);
	default: return gen_equal(o, c, t, f);
	}
}

static struct bpf_tgt gen_rule(struct bpf_out *o, const struct sc_rule *r, struct bpf_tgt next)
{
	struct bpf_tgt t = bpf_tgt_ret(r->ret);

	for (uint32_t k = r->n_conds; k-- > 0;)
		t = gen_cond(o, &r->conds[k], t, next);
	return t;
}

/* `argument == value` and nothing else. */
static bool is_equal(const struct sc_rule *r)
{
	return r->n_conds == 1 && r->conds[0].op == SCMP_CMP_EQ;
}

static bool same_high(const struct sc_rule *a, const struct sc_rule *b)
{
	return a->conds[0].arg == b->conds[0].arg && a->conds[0].value >> 32 == b->conds[0].value >> 32;
}

/* Rules that compare the same argument with values of one high half: load each half once. */
static struct bpf_tgt gen_equal_list(struct bpf_out *o, const struct sc_rule *v, size_t n, struct bpf_tgt otherwise)
{
	const struct sc_cond *c = &v[0].conds[0];
	struct bpf_tgt next = otherwise;

	for (size_t i = n; i-- > 0;)
		next = bpf_jump(o, BPF_JEQ, (uint32_t)v[i].conds[0].value, bpf_tgt_ret(v[i].ret), next);
	next = bpf_load(o, arg_offset(c->arg, false), next);
	if (!c->wide)
		return next;
	next = bpf_jump(o, BPF_JEQ, (uint32_t)(c->value >> 32), next, otherwise);
	return bpf_load(o, arg_offset(c->arg, true), next);
}

static struct bpf_tgt gen_verdict(struct bpf_out *o, const struct sc_verdict *w, uint32_t default_ret)
{
	struct bpf_tgt next = bpf_tgt_ret(w->v ? default_ret : w->ret);

	for (size_t end = w->v ? w->n : 0, start; end > 0; end = start) {
		start = end - 1;
		if (!is_equal(&w->v[start])) {
			next = gen_rule(o, &w->v[start], next);
			continue;
		}
		while (start > 0 && is_equal(&w->v[start - 1]) && same_high(&w->v[start - 1], &w->v[end - 1]))
			start--;
		next = gen_equal_list(o, &w->v[start], end - start, next);
	}
	return next;
}

/* --- leaves and the search between them --------------------------------------------------------- */

enum { MAX_SINGLES = 4 };

/* A range with exceptions: single numbers inside it with outcomes of their own, each one comparison where a range
 * for it would cost two. */
struct leaf {
	uint32_t first;
	const struct sc_outcome *base;
	const struct sc_range *single[MAX_SINGLES];
	unsigned n_singles;
};

/* How many single-number ranges follow @v[0] before its own outcome comes back; 0: it does not. */
static size_t singles_after(const struct sc_range *v, size_t n, size_t max)
{
	for (size_t k = 1; k <= max && k + 1 < n; k++) {
		if (v[k + 1].first != v[k].first + 1)
			return 0;
		if (sc_same_outcome(&v[0].what, &v[k + 1].what))
			return k;
	}
	return 0;
}

static size_t make_leaves(const struct sc_ranges *r, struct leaf *leaves)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct leaf *l = &leaves[n++];
		size_t k;

		*l = (struct leaf){ .first = r->v[i].first, .base = &r->v[i].what };
		while ((k = singles_after(&r->v[i], r->n - i, MAX_SINGLES - l->n_singles))) {
			for (size_t s = 1; s <= k; s++)
				l->single[l->n_singles++] = &r->v[i + s];
			i += k + 1;
		}
	}
	return n;
}

/* `number has the x32 bit ? x32 : plain`; the search masked the number, so it is loaded again. */
static struct bpf_tgt gen_split(struct bpf_out *o, struct bpf_tgt plain, struct bpf_tgt x32)
{
	struct bpf_tgt place;
	bool simple = plain.is_ret && x32.is_ret;

	/* Most pairs are the same two returns: one copy of the test for all of them nearby. */
	if (simple && bpf_known_pair(o, plain.v, x32.v, &place))
		return place;
	place = bpf_load(o, offsetof(struct seccomp_data, nr), bpf_jump(o, BPF_JSET, X32_BIT, x32, plain));
	if (simple)
		bpf_remember_pair(o, plain.v, x32.v, place);
	return place;
}

static struct bpf_tgt gen_outcome(struct bpf_out *o, const struct sc_outcome *w, uint32_t default_ret)
{
	struct bpf_tgt plain = gen_verdict(o, &w->plain, default_ret);

	return w->split ? gen_split(o, plain, gen_verdict(o, &w->x32, default_ret)) : plain;
}

static struct bpf_tgt gen_leaf(struct bpf_out *o, const struct leaf *l, uint32_t default_ret)
{
	struct bpf_tgt next = gen_outcome(o, l->base, default_ret);

	for (unsigned i = l->n_singles; i-- > 0;) {
		struct bpf_tgt hit = gen_outcome(o, &l->single[i]->what, default_ret);

		next = bpf_jump(o, BPF_JEQ, l->single[i]->first, hit, next);
	}
	return next;
}

static struct bpf_tgt gen_search(struct bpf_out *o, const struct leaf *v, size_t n, uint32_t default_ret)
{
	if (n == 1)
		return gen_leaf(o, v, default_ret);

	size_t half = n / 2;
	struct bpf_tgt high = gen_search(o, v + half, n - half, default_ret);
	struct bpf_tgt low = gen_search(o, v, half, default_ret);

	return bpf_jump(o, BPF_JGE, v[half].first, high, low);
}

static int gen_ranges(
	struct bpf_out *o, const struct sc_ranges *r, uint32_t default_ret, struct bpf_tgt *ret, struct err *e)
{
	auto_free struct leaf *leaves = r->failed ? NULL : calloc(r->n, sizeof(*leaves));

	if (!leaves)
		return err_oom(e, "the seccomp filter");
	*ret = gen_search(o, leaves, make_leaves(r, leaves), default_ret);
	return 0;
}

/* --- architectures ------------------------------------------------------------------------------ */

/* Numbers outside any architecture's: @a leaves some of them to libseccomp's "bad architecture". */
static int gen_one(struct bpf_out *o, const struct sc_profile *p, const struct sc_arch *a, struct bpf_tgt *ret,
	bool *ret_fits, struct err *e)
{
	AUTO(sc_ranges) struct sc_ranges r = { .n = 0 }, all = { .n = 0 };

	*ret_fits = sc_ranges_of(&r, p, a);
	if (!*ret_fits)
		return 0;
	if (a->first > 0)
		sc_range_add(&all, 0, sc_plain(ret_bad_arch));
	for (size_t i = 0; i < r.n; i++)
		sc_range_add(&all, r.v[i].first + a->first, r.v[i].what);
	if (a->last < UINT32_MAX - 1)
		sc_range_add(&all, a->last + 1, sc_plain(ret_bad_arch));
	/* A tracer skips a call by number -1: no architecture's, not "newer". seccomp(2) "NOTES". */
	sc_range_add(&all, UINT32_MAX, sc_plain(p->default_ret));
	all.failed |= r.failed;
	return gen_ranges(o, &all, p->default_ret, ret, e);
}

static const struct sc_arch *find(const struct sc_profile *p, uint32_t token)
{
	for (size_t i = 0; i < p->n_archs; i++)
		if (p->arch[i].token == token)
			return &p->arch[i];
	return NULL;
}

/* x86_64 and x32 share the kernel's architecture and most of their numbers: one search for both, over the number
 * without the x32 bit. */
static int gen_x86_64(struct bpf_out *o, const struct sc_profile *p, struct bpf_tgt *ret, bool *ret_fits, struct err *e)
{
	AUTO(sc_ranges) struct sc_ranges a = { .n = 0 }, b = { .n = 0 }, all = { .n = 0 };
	struct bpf_tgt body, high;

	*ret_fits = sc_ranges_of(&a, p, find(p, SCMP_ARCH_X86_64)) && sc_ranges_of(&b, p, find(p, SCMP_ARCH_X32));
	if (!*ret_fits)
		return 0;
	sc_ranges_join(&all, &a, &b);
	if (gen_ranges(o, &all, p->default_ret, &body, e) < 0)
		return -e->num;
	body = bpf_and(o, ~X32_BIT, body);
	/* Beyond 2^31 there is nothing but x32's "newer" and the tracer's -1. */
	high = bpf_tgt_ret(b.v[b.n - 1].what.plain.ret);
	high = bpf_jump(o, BPF_JEQ, UINT32_MAX, bpf_tgt_ret(p->default_ret), high);
	*ret = bpf_jump(o, BPF_JGE, UINT32_C(1) << 31, high, body);
	return 0;
}

/* The test for one architecture in front of the rest. */
static int gen_arch(struct bpf_out *o, const struct sc_profile *p, const struct sc_arch *a, struct bpf_tgt *next,
	bool *ret_fits, struct err *e)
{
	const struct sc_arch *plain = find(p, SCMP_ARCH_X86_64), *x32 = find(p, SCMP_ARCH_X32);
	struct bpf_tgt body = { false, 0 };
	int rc;

	if (a == x32 && plain)
		return 0; /* done with the other */
	if (a == plain && x32)
		rc = gen_x86_64(o, p, &body, ret_fits, e);
	else
		rc = gen_one(o, p, a, &body, ret_fits, e);
	if (rc < 0 || !*ret_fits)
		return rc;
	body = bpf_load(o, offsetof(struct seccomp_data, nr), body);
	*next = bpf_jump(o, BPF_JEQ, a->audit_arch, body, *next);
	return 0;
}

int sc_generate(const struct sc_profile *p, struct seccomp_filter *ret, bool *ret_done, struct err *e)
{
	struct sock_filter buf[BPF_MAXINSNS];
	struct bpf_out o;
	struct bpf_tgt next = bpf_tgt_ret(ret_bad_arch);
	bool fits = !p->foreign;

	bpf_out_init(&o, buf, BPF_MAXINSNS);
	for (size_t i = p->n_archs; fits && i-- > 0;)
		if (gen_arch(&o, p, &p->arch[i], &next, &fits, e) < 0)
			return -e->num;
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
