/* Guarantees: no jump leaves the program or goes backwards; what does not fit sets overflow and nothing is
 * written outside the buffer. */
#include "sec/seccomp_bpf.h"

enum { REACH = 255 };

void bpf_out_init(struct bpf_out *o, struct sock_filter *buf, unsigned cap)
{
	*o = (struct bpf_out){ .end = buf + cap, .cap = cap };
}

static unsigned emit(struct bpf_out *o, unsigned code, uint32_t k, unsigned jt, unsigned jf)
{
	if (o->len >= o->cap) {
		o->overflow = true;
		return o->len;
	}
	o->len++;
	o->end[-(long)o->len] =
		(struct sock_filter){ .code = (uint16_t)code, .jt = (uint8_t)jt, .jf = (uint8_t)jf, .k = k };
	return o->len;
}

static unsigned emit_ret(struct bpf_out *o, uint32_t value)
{
	unsigned pos = emit(o, BPF_RET | BPF_K, value, 0, 0), i = 0;

	while (i < o->n_rets && o->ret[i].value != value)
		i++;
	if (i == o->n_rets && i < BPF_OUT_RETS)
		o->n_rets++;
	else if (i == o->n_rets)
		i = pos % BPF_OUT_RETS; /* forget any one: it costs an instruction, nothing else */
	o->ret[i].value = value;
	o->ret[i].pos = pos;
	return pos;
}

/* A place no farther than REACH from an instruction that will be emitted after at most @between others. */
static unsigned reach(struct bpf_out *o, struct bpf_tgt t, unsigned between)
{
	unsigned limit = o->len + between > REACH ? o->len + between - REACH : 0;

	if (!t.is_ret)
		return t.v > limit ? t.v : emit(o, BPF_JMP | BPF_JA, o->len - t.v, 0, 0);
	for (unsigned i = 0; i < o->n_rets; i++)
		if (o->ret[i].value == t.v && o->ret[i].pos > limit)
			return o->ret[i].pos;
	return emit_ret(o, t.v);
}

static bool same(struct bpf_tgt a, struct bpf_tgt b)
{
	return a.is_ret == b.is_ret && a.v == b.v;
}

struct bpf_tgt bpf_jump(struct bpf_out *o, unsigned op, uint32_t k, struct bpf_tgt t, struct bpf_tgt f)
{
	if (same(t, f))
		return t;

	unsigned to_t = reach(o, t, 1), to_f = reach(o, f, 0);

	return (struct bpf_tgt){ false, emit(o, BPF_JMP | BPF_K | op, k, o->len - to_t, o->len - to_f) };
}

/* The instruction that an unconditional one falls through to. */
static void fall_to(struct bpf_out *o, struct bpf_tgt next)
{
	if (next.is_ret)
		emit_ret(o, next.v);
	else if (next.v != o->len)
		emit(o, BPF_JMP | BPF_JA, o->len - next.v, 0, 0);
}

struct bpf_tgt bpf_load(struct bpf_out *o, uint32_t offset, struct bpf_tgt next)
{
	fall_to(o, next);
	return (struct bpf_tgt){ false, emit(o, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0) };
}

struct bpf_tgt bpf_and(struct bpf_out *o, uint32_t k, struct bpf_tgt next)
{
	fall_to(o, next);
	return (struct bpf_tgt){ false, emit(o, BPF_ALU | BPF_AND | BPF_K, k, 0, 0) };
}

void bpf_remember_pair(struct bpf_out *o, uint32_t a, uint32_t b, struct bpf_tgt place)
{
	unsigned i = 0;

	while (i < o->n_pairs && (o->pair[i].a != a || o->pair[i].b != b))
		i++;
	if (i == BPF_OUT_RETS || place.is_ret)
		return; /* not shared then */
	if (i == o->n_pairs)
		o->n_pairs++;
	o->pair[i].a = a;
	o->pair[i].b = b;
	o->pair[i].pos = place.v;
}

bool bpf_known_pair(const struct bpf_out *o, uint32_t a, uint32_t b, struct bpf_tgt *ret)
{
	/* Some instructions more may come before the jump; if it ends up too far, reach() mends it. */
	for (unsigned i = 0; i < o->n_pairs; i++) {
		if (o->pair[i].a != a || o->pair[i].b != b || o->len - o->pair[i].pos > REACH - 32)
			continue;
		*ret = (struct bpf_tgt){ false, o->pair[i].pos };
		return true;
	}
	return false;
}

void bpf_enter(struct bpf_out *o, struct bpf_tgt entry)
{
	if (entry.is_ret || entry.v != o->len)
		fall_to(o, entry);
}
