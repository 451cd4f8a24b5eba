/* SECURITY R3.3: our filter says what libseccomp's says, for every number, architecture and argument that could
 * tell them apart, over random profiles and the host's own default profile. A plain evaluation of the rules
 * stands between the two: ours must equal it always; libseccomp 2.5.4 does not where the comparisons of
 * several rules share nodes of its tree (about one random profile in a thousand), which is counted. */
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <time.h>
#include "base/arena.h"
#include "base/fmt.h"
#include "sec/seccomp.h"
#include "sec/seccomp_rules.h"
#include "sec/seccomp_test_vm.h"

/* libseccomp 2.5.4 forgets nodes of some trees when it merges rules. LeakSanitizer calls this. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libseccomp\n";
}

struct pair {
	struct sc_profile profile;
	struct seccomp_filter ours, lib;
	unsigned long compared, lib_differs;
	bool native; /* ours was not libseccomp's all the same */
};

static void pair_done(struct pair *p)
{
	seccomp_filter_done(&p->ours);
	seccomp_filter_done(&p->lib);
	sc_profile_done(&p->profile);
}

/* Both programs of @s; false when libseccomp refuses the profile (@e says why). */
static bool build(const struct rc_seccomp *s, struct pair *ret, struct err *e)
{
	*ret = (struct pair){ .native = false };
	if (sc_resolve(s, &ret->profile, e) < 0 || sc_generate(&ret->profile, &ret->ours, &ret->native, e) < 0)
		return false;
	return sc_generate_lib(s, &ret->profile, &ret->lib, e) == 0;
}

/* --- probing both ------------------------------------------------------------------------------- */

struct probes {
	uint64_t v[512];
	size_t n;
};

static void probe_add(struct probes *p, uint64_t v)
{
	if (p->n < ARRAY_SIZE(p->v))
		p->v[p->n++] = v;
}

/* Argument values near every constant of the profile. */
static void probe_args(const struct rc_seccomp *s, struct probes *p)
{
	static const uint64_t fixed[] = { 0, 1, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		probe_add(p, fixed[i]);
	for (size_t i = 0; i < s->n_rules; i++)
		for (size_t k = 0; k < s->rules[i].n_args && p->n + 16 < ARRAY_SIZE(p->v); k++) {
			const struct rc_seccomp_arg *a = &s->rules[i].args[k];
			uint64_t base[2] = { a->value, a->op == RC_OP_MASKED_EQ ? a->value_two : a->value };

			for (int b = 0; b < (a->op == RC_OP_MASKED_EQ ? 2 : 1); b++) {
				probe_add(p, base[b]);
				probe_add(p, base[b] - 1);
				probe_add(p, base[b] + 1);
				probe_add(p, base[b] ^ (UINT64_C(1) << 32));
				probe_add(p, base[b] ^ (UINT64_C(1) << 63));
				probe_add(p, base[b] & UINT32_MAX);
			}
			if (a->op == RC_OP_MASKED_EQ)
				probe_add(p, (a->value_two & a->value) | ~a->value);
		}
}

static uint64_t rng_state = 88172645463325252ULL;
static uint64_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

static void compare(struct pair *p, const struct seccomp_data *d, const char *what)
{
	bool ok1, ok2;
	unsigned s1, s2;
	uint32_t a = bpf_vm(p->ours.insns, p->ours.n, d, &ok1, &s1), b = bpf_vm(p->lib.insns, p->lib.n, d, &ok2, &s2);

	CHECK(ok1 && ok2, "%s: invalid program %d %d", what, ok1, ok2);
	uint32_t want = meaning(&p->profile, d);

	p->compared++;
	p->lib_differs += b != want;
	CHECK(a == want, "%s: arch %#x nr %#x args %#llx %#llx %#llx %#llx %#llx %#llx: ours %#x, libseccomp %#x", what,
		d->arch, (unsigned)d->nr, (unsigned long long)d->args[0], (unsigned long long)d->args[1],
		(unsigned long long)d->args[2], (unsigned long long)d->args[3], (unsigned long long)d->args[4],
		(unsigned long long)d->args[5], a, b);
}

static void compare_args(struct pair *p, struct seccomp_data *d, const struct probes *pr, int tries, const char *what)
{
	for (int i = 0; i < tries; i++) {
		for (int k = 0; k < 6; k++)
			d->args[k] = pr->v[rng() % pr->n];
		compare(p, d, what);
	}
}

static void compare_all(const struct rc_seccomp *s, struct pair *p, int tries, const char *what)
{
	static const uint32_t archs[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0 };
	static const uint32_t bases[] = { 0, 0x40000000, 0x80000000 };
	struct probes pr = { .n = 0 };

	probe_args(s, &pr);
	for (size_t a = 0; a < ARRAY_SIZE(archs); a++) {
		struct seccomp_data d = { .arch = archs[a] };

		for (size_t b = 0; b < ARRAY_SIZE(bases); b++)
			for (uint32_t nr = 0; nr < 600; nr++) {
				d.nr = (int)(bases[b] + nr);
				compare_args(p, &d, &pr, a < 2 && b < 2 ? tries : 1, what);
			}
		d.nr = -1;
		compare_args(p, &d, &pr, 1, what);
		d.nr = 0x3fffffff;
		compare_args(p, &d, &pr, 1, what);
	}
}

/* --- random profiles ---------------------------------------------------------------------------- */

static const char *const names[] = { "read", "write", "open", "openat", "socket", "bind", "accept", "accept4", "send",
	"recv", "recvmmsg", "semop", "semctl", "shmat", "msgctl", "clone", "clone3", "personality", "ioctl", "mmap",
	"mmap2", "prctl", "socketcall", "ipc", "futex", "chown32", "stat64", "io_uring_setup", "arch_prctl", "kill" };

static uint64_t random_value(void)
{
	static const uint64_t v[] = { 0, 1, 2, 9, 16, 0x40, 0xff, 0x7e020000, UINT32_MAX, UINT64_C(1) << 32,
		UINT64_C(0x100000002), UINT64_MAX };

	return rng() % 4 ? v[rng() % ARRAY_SIZE(v)] : rng();
}

static struct rc_seccomp_rule random_rule(struct arena *a, int max_args)
{
	struct rc_seccomp_rule r = { .action = (enum rc_seccomp_action)(rng() % 8) };
	unsigned used = 0;

	r.names.n = 1 + rng() % 3;
	r.names.v = arena_array(a, char *, r.names.n + 1);
	for (size_t i = 0; i < r.names.n; i++)
		r.names.v[i] = arena_dup(a, names[rng() % ARRAY_SIZE(names)]);
	if (r.action == RC_ACT_ERRNO && rng() % 2)
		r.errno_ret = (struct rc_opt_u64){ true, rng() % 50 };
	size_t want = max_args ? rng() % (unsigned)(max_args + 1) : 0;

	r.args = arena_array(a, struct rc_seccomp_arg, 7);
	while (r.n_args < want) {
		uint32_t index = (uint32_t)(rng() % 6);

		if (used >> index & 1)
			continue;
		used |= 1U << index;
		r.args[r.n_args++] = (struct rc_seccomp_arg){ index, random_value(), random_value(),
			(enum rc_seccomp_op)(rng() % 7) };
	}
	return r;
}

static struct rc_seccomp random_profile(struct arena *a, size_t max_rules, int max_args)
{
	static const char *const archs[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
		"SCMP_ARCH_AARCH64" };
	struct rc_seccomp s = { .default_action = (enum rc_seccomp_action)(rng() % 8) };

	s.architectures.v = arena_array(a, char *, 5);
	for (size_t i = 0; i < 3; i++)
		if (rng() % 2)
			s.architectures.v[s.architectures.n++] = arena_dup(a, archs[i]);
	s.n_rules = rng() % (max_rules + 1);
	s.rules = arena_array(a, struct rc_seccomp_rule, s.n_rules + 1);
	for (size_t i = 0; i < s.n_rules; i++)
		s.rules[i] = random_rule(a, max_args);
	return s;
}

/* Compare @n random profiles. Returns how many our generator took. */
static int run_random(int n, size_t max_rules, int max_args, int tries, const char *what)
{
	int native = 0, differ = 0;

	for (int i = 0; i < n; i++) {
		AUTO(arena) struct arena a = ARENA_INIT;
		AUTO(pair) struct pair p = { .native = false };
		struct err e = ERR_NONE;
		uint64_t seed = rng_state;
		struct rc_seccomp s = random_profile(&a, max_rules, max_args);
		char label[96];

		if (!build(&s, &p, &e) || !p.native)
			continue;
		native++;
		fmt_to(label, sizeof(label), "%s, seed %llu", what, (unsigned long long)seed);
		compare_all(&s, &p, tries, label);
		differ += p.lib_differs != 0;
		CHECK(max_args > 1 || p.lib_differs == 0, "%s: libseccomp says something else", label);
	}
	print_message("%s: %d of %d profiles compared, libseccomp left its own rules in %d\n", what, native, n, differ);
	CHECK(differ <= native / 100, "%s: in %d of %d libseccomp says something else", what, differ, native);
	return native;
}

TEST(agrees_without_arguments)
{
	CHECK(run_random(60, 12, 0, 1, "no arguments") > 30, "too few");
}

TEST(agrees_with_one_argument)
{
	CHECK(run_random(150, 6, 1, 6, "one argument") > 20, "too few");
}

TEST(agrees_with_several_arguments)
{
	CHECK(run_random(150, 5, 3, 12, "several arguments") > 20, "too few");
}

/* --- the host's profile ------------------------------------------------------------------------- */

static enum rc_seccomp_action action_of(const char *s)
{
	static const char *const words[] = { "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP",
		"SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i], s) == 0)
			return (enum rc_seccomp_action)i;
	return RC_ACT_KILL_THREAD;
}

static enum rc_seccomp_op op_of(const char *s)
{
	static const char *const words[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE",
		"SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i], s) == 0)
			return (enum rc_seccomp_op)i;
	return RC_OP_EQ;
}

static struct rc_opt_u64 number_of(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return (struct rc_opt_u64){ json_is_integer(v), (uint64_t)json_integer_value(v) };
}

static void read_rule(struct arena *a, json_t *o, struct rc_seccomp_rule *r)
{
	json_t *list = json_object_get(o, "names"), *args = json_object_get(o, "args"), *v;
	size_t i;

	r->action = action_of(json_string_value(json_object_get(o, "action")));
	r->errno_ret = number_of(o, "errnoRet");
	r->names.v = arena_array(a, char *, json_array_size(list) + 1);
	json_array_foreach (list, i, v)
		r->names.v[r->names.n++] = arena_dup(a, json_string_value(v));
	r->args = arena_array(a, struct rc_seccomp_arg, json_array_size(args) + 1);
	json_array_foreach (args, i, v)
		r->args[r->n_args++] = (struct rc_seccomp_arg){
			(uint32_t)json_integer_value(json_object_get(v, "index")),
			(uint64_t)json_integer_value(json_object_get(v, "value")),
			(uint64_t)json_integer_value(json_object_get(v, "valueTwo")),
			op_of(json_string_value(json_object_get(v, "op"))),
		};
}

/* Rules meant for another architecture or for a capability (we play a container without any). */
static bool applies(json_t *o)
{
	json_t *in = json_object_get(o, "includes"), *arches = json_object_get(in, "arches"), *v;
	size_t i;
	bool here = json_array_size(arches) == 0;

	json_array_foreach (arches, i, v)
		here |= strcmp(json_string_value(v), "amd64") == 0;
	return here && json_array_size(json_object_get(in, "caps")) == 0;
}

static bool host_profile(struct arena *a, struct rc_seccomp *s)
{
	static const char *const archs[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32" };
	json_t *o = json_load_file("/usr/share/containers/seccomp.json", 0, NULL), *rules, *v;
	size_t i;

	if (!o)
		return false;
	rules = json_object_get(o, "syscalls");
	*s = (struct rc_seccomp){ .default_action = action_of(json_string_value(json_object_get(o, "defaultAction"))) };
	s->default_errno_ret = number_of(o, "defaultErrnoRet");
	s->architectures.v = arena_array(a, char *, 4);
	for (i = 0; i < ARRAY_SIZE(archs); i++)
		s->architectures.v[s->architectures.n++] = arena_dup(a, archs[i]);
	s->rules = arena_array(a, struct rc_seccomp_rule, json_array_size(rules) + 1);
	json_array_foreach (rules, i, v)
		if (applies(v))
			read_rule(a, v, &s->rules[s->n_rules++]);
	json_decref(o);
	return true;
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

TEST(agrees_on_the_default_profile)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	AUTO(pair) struct pair p = { .native = false };
	struct rc_seccomp s;
	struct err e = ERR_NONE;

	if (!host_profile(&a, &s))
		SKIP("no default profile on this host");
	CHECK(build(&s, &p, &e), "%s", e.msg);
	CHECK(p.native, "our generator did not take it");
	compare_all(&s, &p, 30, "default profile");
	CHECK(p.lib_differs == 0, "libseccomp differs in %lu of %lu", p.lib_differs, p.compared);

	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	double t = now_us();

	CHECK(seccomp_compile(&s, &f, &e) == 0, "%s", e.msg);
	print_message("default profile: ours %u instructions in %.0f us, libseccomp %u\n", f.n, now_us() - t, p.lib.n);
	CHECK(f.n < p.lib.n / 2, "ours is not smaller: %u to %u", f.n, p.lib.n);
}

TEST_MAIN(T(agrees_without_arguments), T(agrees_with_one_argument), T(agrees_with_several_arguments),
	T(agrees_on_the_default_profile))
