/* Any bytes as a profile: the program must be one the kernel takes and say what the rules say. Any bytes as a cache
 * file and as run.oci.seccomp_bpf_data: taken or left, nothing else. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "sec/seccomp.h"
#include "sec/seccomp_cache.h"
#include "sec/seccomp_rules.h"
#include "sec/seccomp_test_vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t n;
};

static uint64_t take(struct input *in, size_t bytes)
{
	uint64_t v = 0;

	for (; bytes && in->n; bytes--, in->n--)
		v = v << 8 | *in->p++;
	return v;
}

static char *const names[] = { (char *)"read", (char *)"socket", (char *)"bind", (char *)"accept", (char *)"recvmmsg",
	(char *)"semop", (char *)"semctl", (char *)"clone", (char *)"personality", (char *)"mmap2",
	(char *)"socketcall", (char *)"ipc", (char *)"chown32", (char *)"mseal", (char *)"frobnicate",
	(char *)"arch_prctl" };
static char *archs[] = { (char *)"SCMP_ARCH_X86", (char *)"SCMP_ARCH_X32", (char *)"SCMP_ARCH_ARM", NULL };

enum { MAX_RULES = 24, MAX_NAMES = 4 };

struct profile {
	struct rc_seccomp s;
	struct rc_seccomp_rule rules[MAX_RULES];
	struct rc_seccomp_arg args[MAX_RULES][6];
	char *names[MAX_RULES][MAX_NAMES];
};

/* Constants near each other, so that conditions meet. */
static uint64_t take_value(struct input *in)
{
	uint64_t kind = take(in, 1);

	return kind & 1 ? take(in, 8) : kind & 2 ? take(in, 1) << 32 | take(in, 1) : take(in, 1);
}

static void take_rule(struct input *in, struct profile *p, size_t i)
{
	struct rc_seccomp_rule *r = &p->rules[i];
	uint64_t b = take(in, 1);

	r->action = (enum rc_seccomp_action)(b % 8);
	r->errno_ret = (struct rc_opt_u64){ b & 8, take(in, 1) };
	r->names = (struct rc_str_list){ p->names[i], 1 + (b >> 4) % MAX_NAMES };
	for (size_t k = 0; k < r->names.n; k++)
		p->names[i][k] = names[take(in, 1) % ARRAY_SIZE(names)];
	r->args = p->args[i];
	r->n_args = take(in, 1) % 7;
	for (size_t k = 0; k < r->n_args; k++) {
		uint64_t a = take(in, 1);

		r->args[k] =
			(struct rc_seccomp_arg){ .index = (uint32_t)(a % 6), .op = (enum rc_seccomp_op)((a >> 3) % 7) };
		r->args[k].value = take_value(in);
		r->args[k].value_two = take_value(in);
	}
}

static void ask(struct input *in, const struct sc_profile *p, const struct seccomp_filter *f)
{
	for (int i = 0; i < 64; i++) {
		const struct sc_arch *a = &p->arch[(size_t)i % p->n_archs];
		struct seccomp_data d = { .arch = a->audit_arch, .nr = (int)take(in, 4) };
		bool ok;
		unsigned steps;

		if (a->n && i % 3)
			d.nr = (int)(a->rules[take(in, 1) % a->n].nr + (i % 3 == 1));
		for (int k = 0; k < 6; k++)
			d.args[k] = take_value(in);
		uint32_t got = bpf_vm(f->insns, f->n, &d, &ok, &steps);

		if (!ok || got != meaning(p, &d))
			abort();
	}
}

static void try_profile(struct input in)
{
	struct profile p = { .s = { .default_action = (enum rc_seccomp_action)(take(&in, 1) % 8) } };
	AUTO(sc_profile) struct sc_profile r = { .n_archs = 0 };
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	struct err e = ERR_NONE;
	bool done;

	p.s.rules = p.rules;
	p.s.architectures = (struct rc_str_list){ archs, take(&in, 1) % 4 };
	p.s.n_rules = take(&in, 1) % MAX_RULES;
	for (size_t i = 0; i < p.s.n_rules; i++)
		take_rule(&in, &p, i);
	if (sc_resolve(&p.s, &r, &e) == 0 && sc_generate(&r, &f, &done, &e) == 0 && done)
		ask(&in, &r, &f);
}

static void try_cache(const uint8_t *data, size_t size)
{
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT, raw = SECCOMP_FILTER_INIT;
	auto_free char *copy = calloc(1, size + 1);
	struct err e = ERR_NONE;
	uint8_t digest[16] = { 0 };
	bool found;

	if (!copy)
		return;
	if (size)
		memcpy(copy, data, size);
	if (size >= 40)
		memcpy(digest, data + 24, 16);
	if (seccomp_cache_unpack(copy, size, digest, &found, &f, &e) < 0)
		return;
	if (found && (f.n == 0 || !f.insns))
		abort();
	(void)!seccomp_filter_raw(copy, &raw, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_cache(data, size);
	try_profile((struct input){ data, size });
	return 0;
}
