#pragma once
/* For tests only: the part of classic BPF that seccomp allows, and what a profile's rules say by themselves. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "sec/seccomp_rules.h"

/* bpf_vm - the filter's return value for @d; *ret_ok false when the program is not one the kernel would take
 * (a jump out of it, an unknown instruction, no return). *ret_steps counts instructions. */
static inline uint32_t bpf_vm(
	const struct sock_filter *v, unsigned n, const struct seccomp_data *d, bool *ret_ok, unsigned *ret_steps)
{
	uint32_t a = 0;

	*ret_ok = true;
	*ret_steps = 0;
	for (unsigned pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &v[pc];
		bool yes = false;

		(*ret_steps)++;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k > sizeof(*d) - 4 || i->k % 4)
				goto bad;
			memcpy(&a, (const char *)d + i->k, 4);
			continue;
		case BPF_ALU | BPF_AND | BPF_K: a &= i->k; continue;
		case BPF_RET | BPF_K: return i->k;
		case BPF_JMP | BPF_JA: pc += i->k; continue;
		case BPF_JMP | BPF_JEQ | BPF_K: yes = a == i->k; break;
		case BPF_JMP | BPF_JGT | BPF_K: yes = a > i->k; break;
		case BPF_JMP | BPF_JGE | BPF_K: yes = a >= i->k; break;
		case BPF_JMP | BPF_JSET | BPF_K: yes = a & i->k; break;
		default: goto bad;
		}
		pc += yes ? i->jt : i->jf;
	}
bad:
	*ret_ok = false;
	return 0;
}

static inline bool cond_holds(const struct sc_cond *c, const struct seccomp_data *d)
{
	uint64_t v = d->args[c->arg] & (c->wide ? UINT64_MAX : UINT32_MAX);

	switch (c->op) {
	case SCMP_CMP_NE: return v != c->value;
	case SCMP_CMP_LT: return v < c->value;
	case SCMP_CMP_LE: return v <= c->value;
	case SCMP_CMP_EQ: return v == c->value;
	case SCMP_CMP_GE: return v >= c->value;
	case SCMP_CMP_GT: return v > c->value;
	default: return (v & c->mask) == c->value;
	}
}

static inline bool rule_holds(const struct sc_rule *r, const struct seccomp_data *d)
{
	for (uint32_t i = 0; i < r->n_conds; i++)
		if (!cond_holds(&r->conds[i], d))
			return false;
	return true;
}

/* meaning - the answer to @d, rule by rule. */
static inline uint32_t meaning(const struct sc_profile *p, const struct seccomp_data *d)
{
	uint32_t nr = (uint32_t)d->nr;
	bool arch_known = false;

	for (size_t i = 0; i < p->n_archs; i++) {
		const struct sc_arch *a = &p->arch[i];
		const struct sc_rule *hit = NULL;

		if (a->audit_arch != d->arch)
			continue;
		arch_known = true;
		if (nr < a->first || nr > a->last)
			continue;
		for (size_t k = 0; k < a->n; k++)
			if (a->rules[k].nr == nr && a->rules[k].n_conds == 0)
				return a->rules[k].ret;
		for (size_t k = 0; k < a->n; k++)
			if (a->rules[k].nr == nr && rule_holds(&a->rules[k], d))
				hit = &a->rules[k];
		if (hit)
			return hit->ret;
		if (p->enosys && a->max_nr > a->first && nr > a->max_nr)
			return SECCOMP_RET_ERRNO | ENOSYS;
		return p->default_ret;
	}
	return arch_known && nr == UINT32_MAX ? p->default_ret : SECCOMP_RET_KILL_THREAD;
}
