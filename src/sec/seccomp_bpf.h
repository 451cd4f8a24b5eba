#pragma once
/* Emits a classic BPF program from its end to its start: every jump goes forward, so that its target is
 * already placed and the distance known. A conditional jump reaches 255 instructions; farther targets get a
 * copy of the return or a long jump next to it. Internal to sec/. */
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

enum { BPF_OUT_RETS = 16 };

struct bpf_out {
	struct sock_filter *end; /* one past the last instruction */
	unsigned len, cap; /* instructions emitted, allowed */
	bool overflow;
	struct {
		uint32_t value;
		unsigned pos;
	} ret[BPF_OUT_RETS]; /* the most recent return of each value */
	unsigned n_rets;
	struct {
		uint32_t a, b;
		unsigned pos;
	} pair[BPF_OUT_RETS]; /* see bpf_known_pair() */
	unsigned n_pairs;
};

/* Where control goes: return a value, or an instruction at a position (counted from the end, 1 is the last). */
struct bpf_tgt {
	bool is_ret;
	uint32_t v;
};

static inline struct bpf_tgt bpf_tgt_ret(uint32_t value)
{
	return (struct bpf_tgt){ true, value };
}

void bpf_out_init(struct bpf_out *o, struct sock_filter *buf, unsigned cap);
/* bpf_jump - `if (A op k) goto t; else goto f`, @op of BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET. Returns the place of
 * this jump, or the common target when both are the same. */
struct bpf_tgt bpf_jump(struct bpf_out *o, unsigned op, uint32_t k, struct bpf_tgt t, struct bpf_tgt f);
/* bpf_load, bpf_and - `A = data[offset]; goto next`, `A &= k; goto next`. */
struct bpf_tgt bpf_load(struct bpf_out *o, uint32_t offset, struct bpf_tgt next);
struct bpf_tgt bpf_and(struct bpf_out *o, uint32_t k, struct bpf_tgt next);
/* bpf_remember_pair, bpf_known_pair - code that ends in one of two returns and may be shared: true when such a
 * place was remembered and a jump from here still reaches it. */
void bpf_remember_pair(struct bpf_out *o, uint32_t a, uint32_t b, struct bpf_tgt place);
bool bpf_known_pair(const struct bpf_out *o, uint32_t a, uint32_t b, struct bpf_tgt *ret);
/* bpf_enter - make sure that the program begins at @entry. */
void bpf_enter(struct bpf_out *o, struct bpf_tgt entry);
