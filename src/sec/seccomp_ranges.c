/* Guarantees: the ranges cover every number of the architecture, in order, and say of each what the rules say,
 * whatever the order in which rules without contradiction are tried. */
#include "sec/seccomp_ranges.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>

/* --- what a call's rules amount to -------------------------------------------------------------- */

static bool interval(const struct sc_cond *c, uint64_t *lo, uint64_t *hi)
{
	*lo = 0;
	*hi = UINT64_MAX;
	switch (c->op) {
	case SCMP_CMP_EQ: *lo = *hi = c->value; return true;
	case SCMP_CMP_LE: *hi = c->value; return true;
	case SCMP_CMP_GE: *lo = c->value; return true;
	case SCMP_CMP_LT: *hi = c->value - 1; return c->value != 0;
	case SCMP_CMP_GT: *lo = c->value + 1; return c->value != UINT64_MAX;
	default: return false;
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
static bool judge(const struct sc_rule *v, size_t n, struct sc_verdict *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].n_conds != 0)
			continue;
		/* The first rule without conditions covers whatever stands before and after it. */
		*ret = (struct sc_verdict){ .ret = v[i].ret };
		return true;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (v[i].ret != v[k].ret && !rules_exclude(&v[i], &v[k]))
				return false;
	*ret = (struct sc_verdict){ .v = v, .n = n };
	return true;
}

static bool same_verdict(const struct sc_verdict *a, const struct sc_verdict *b)
{
	return a->v == b->v && a->n == b->n && a->ret == b->ret;
}

bool sc_same_outcome(const struct sc_outcome *a, const struct sc_outcome *b)
{
	return a->split == b->split && same_verdict(&a->plain, &b->plain) &&
		(!a->split || same_verdict(&a->x32, &b->x32));
}

/* --- ranges of numbers -------------------------------------------------------------------------- */

void sc_ranges_done(struct sc_ranges *r)
{
	free(r->v);
	*r = (struct sc_ranges){ .n = 0 };
}

void sc_range_add(struct sc_ranges *r, uint32_t first, struct sc_outcome what)
{
	if (r->n && r->v[r->n - 1].first == first)
		r->n--; /* nothing was left of the one before */
	if (r->n && sc_same_outcome(&r->v[r->n - 1].what, &what))
		return;
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 128;
		struct sc_range *v = realloc(r->v, cap * sizeof(*v));

		if (!v) {
			r->failed = true;
			return;
		}
		r->v = v;
		r->cap = cap;
	}
	r->v[r->n++] = (struct sc_range){ first, what };
}

bool sc_ranges_of(struct sc_ranges *r, const struct sc_profile *p, const struct sc_arch *a)
{
	sc_range_add(r, 0, sc_plain(p->default_ret));
	for (size_t i = 0, n; i < a->n; i += n) {
		struct sc_outcome what = { .split = false };
		uint32_t nr = a->rules[i].nr - a->first;

		for (n = 1; i + n < a->n && a->rules[i + n].nr == a->rules[i].nr; n++)
			;
		if (!judge(&a->rules[i], n, &what.plain))
			return false;
		sc_range_add(r, nr, what);
		sc_range_add(r, nr + 1, sc_plain(p->default_ret));
	}
	/* Calls newer than the profile: "not there" lets a program fall back, where a refusal or a kill
	 * would break it with every new libc (opencontainers/runc#2151). */
	if (p->enosys && a->max_nr > a->first)
		sc_range_add(r, a->max_nr - a->first + 1, sc_plain(SECCOMP_RET_ERRNO | ENOSYS));
	return true;
}

void sc_ranges_join(struct sc_ranges *ret, const struct sc_ranges *plain, const struct sc_ranges *x32)
{
	size_t i = 0, k = 0;

	while (i < plain->n && k < x32->n) {
		struct sc_outcome o = { .plain = plain->v[i].what.plain, .x32 = x32->v[k].what.plain };
		uint32_t a = plain->v[i].first, b = x32->v[k].first;
		uint32_t next_a = i + 1 < plain->n ? plain->v[i + 1].first : UINT32_MAX;
		uint32_t next_b = k + 1 < x32->n ? x32->v[k + 1].first : UINT32_MAX;

		o.split = !same_verdict(&o.plain, &o.x32);
		sc_range_add(ret, a > b ? a : b, o);
		if (next_a == next_b) {
			i++;
			k++;
		} else if (next_a < next_b) {
			i++;
		} else {
			k++;
		}
	}
	ret->failed |= plain->failed || x32->failed;
}
