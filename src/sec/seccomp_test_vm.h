#pragma once
/* For tests only: the part of classic BPF that seccomp allows, and profiles to run through it. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* bpf_vm - the filter's return value for @d; *ret_ok false when the program is not one the kernel would take
 * (a jump out of it, an unknown instruction, no return). *ret_steps counts instructions. */
static inline uint32_t bpf_vm(const struct sock_filter *v, unsigned n, const struct seccomp_data *d, bool *ret_ok,
	unsigned *ret_steps)
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
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = a & i->k;
			break;
		default:
			goto bad;
		}
		pc += yes ? i->jt : i->jf;
	}
bad:
	*ret_ok = false;
	return 0;
}
