#include "spec/rc_test.h"

#define S(s) "{" V ", 'linux': {'seccomp': {" s "}}}"
#define RULE(r) S("'defaultAction': 'SCMP_ACT_ALLOW', 'listenerPath': '/s', 'syscalls': [{" r "}]")
#define ARG(a) RULE("'names': ['x'], 'action': 'SCMP_ACT_LOG', 'args': [{" a "}]")
#define AT "/linux/seccomp/"
#define ACTIONS \
	"allowed are SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, " \
	"SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, " \
	"SCMP_ACT_TRACE, SCMP_ACT_LOG, SCMP_ACT_NOTIFY"

TEST(refusals)
{
	static const struct rc_case cases[] = {
		{ S("'defaultAction': 'SCMP_ACT_ALLOW'"), NULL },
		{ S("'syscalls': []"), AT "defaultAction: is missing and required" },
		{ S("'defaultAction': 'SCMP_ACT_SKIP'"), AT "defaultAction: \"SCMP_ACT_SKIP\" is unknown, " ACTIONS },
		{ S("'defaultAction': 'SCMP_ACT_NOTIFY'"),
			AT "defaultAction: SCMP_ACT_NOTIFY cannot be the default action" },
		{ S("'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 4095"), NULL },
		{ S("'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 4096"),
			AT "defaultErrnoRet: 4096 is out of range, allowed are 0 to 4095" },
		{ S("'defaultAction': 'SCMP_ACT_TRACE', 'defaultErrnoRet': 65535"), NULL },
		{ S("'defaultAction': 'SCMP_ACT_ALLOW', 'defaultErrnoRet': 1"),
			AT "defaultErrnoRet: goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE only" },
		{ S("'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['SCMP_ARCH_X86_64', "
		    "'SCMP_ARCH_SHEB']"),
			NULL },
		{ S("'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['amd64']"),
			AT "architectures/0: \"amd64\" is unknown, allowed are SCMP_ARCH_X86, "
			   "SCMP_ARCH_X86_64, SCMP_ARCH_X32, "
			   "SCMP_ARCH_ARM, SCMP_ARCH_AARCH64, SCMP_ARCH_MIPS, SCMP_ARCH_MIPS64, "
			   "SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPSEL, "
			   "SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_PPC, "
			   "SCMP_ARCH_PPC64, SCMP_ARCH_PPC64LE, "
			   "SCMP_ARCH_S390, SCMP_ARCH_S390X, SCMP_ARCH_PARISC, SCMP_ARCH_PARISC64, "
			   "SCMP_ARCH_RISCV64, "
			   "SCMP_ARCH_LOONGARCH64, SCMP_ARCH_M68K, SCMP_ARCH_SH, SCMP_ARCH_SHEB" },
		{ S("'defaultAction': 'SCMP_ACT_ALLOW', 'flags': ['X']"),
			AT "flags/0: \"X\" is unknown, allowed are SECCOMP_FILTER_FLAG_TSYNC, "
			   "SECCOMP_FILTER_FLAG_LOG, "
			   "SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" },
		{ S("'defaultAction': 'SCMP_ACT_ALLOW', 'listenerMetadata': 'm'"),
			AT "listenerMetadata: is given without a listenerPath" },
		{ S("'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['x'], 'action': "
		    "'SCMP_ACT_NOTIFY'}]"),
			AT "listenerPath: is missing, rules with SCMP_ACT_NOTIFY need it" },
		{ "{" V ", 'annotations': {'run.oci.seccomp.receiver': '/s'}, 'linux': {'seccomp': "
		  "{'defaultAction': "
		  "'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['x'], 'action': "
		  "'SCMP_ACT_NOTIFY'}]}}}",
			NULL },
		{ RULE("'names': ['x'], 'action': 'SCMP_ACT_NOTIFY'"), NULL },
		{ RULE("'names': ['x'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 38"), NULL },
		{ RULE("'names': ['x'], 'action': 'SCMP_ACT_KILL', 'errnoRet': 38"),
			AT "syscalls/0/errnoRet: goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE only" },
		{ RULE("'names': ['x'], 'action': 'SCMP_ACT_TRACE', 'errnoRet': 65536"),
			AT "syscalls/0/errnoRet: 65536 is out of range, allowed are 0 to 65535" },
		{ RULE("'names': [], 'action': 'SCMP_ACT_LOG'"),
			AT "syscalls/0/names: is empty, a rule names at least one system call" },
		{ RULE("'names': ['a', ''], 'action': 'SCMP_ACT_LOG'"), AT "syscalls/0/names/1: is empty" },
		{ RULE("'action': 'SCMP_ACT_LOG'"), AT "syscalls/0/names: is missing and required" },
		{ RULE("'names': ['x']"), AT "syscalls/0/action: is missing and required" },
		{ RULE("'names': ['x'], 'action': 'allow'"), AT "syscalls/0/action: \"allow\" is unknown, " ACTIONS },
		{ ARG("'index': 5, 'value': 18446744073709551615, 'valueTwo': 1, 'op': "
		      "'SCMP_CMP_MASKED_EQ'"),
			NULL },
		{ ARG("'index': 6, 'value': 1, 'op': 'SCMP_CMP_EQ'"),
			AT "syscalls/0/args/0/index: 6 is out of range, allowed are 0 to 5" },
		{ ARG("'index': 0, 'value': -1, 'op': 'SCMP_CMP_EQ'"),
			AT "syscalls/0/args/0/value: -1 is out of range, allowed are 0 to "
			   "18446744073709551615" },
		{ ARG("'index': 0, 'value': 1, 'op': '=='"),
			AT "syscalls/0/args/0/op: \"==\" is unknown, allowed are SCMP_CMP_NE, "
			   "SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, "
			   "SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ" },
		{ ARG("'value': 1, 'op': 'SCMP_CMP_EQ'"), AT "syscalls/0/args/0/index: is missing and required" },
		{ ARG("'index': 0, 'op': 'SCMP_CMP_EQ'"), AT "syscalls/0/args/0/value: is missing and required" },
		{ ARG("'index': 0, 'value': 1"), AT "syscalls/0/args/0/op: is missing and required" },
	};

	RC_RUN(cases);
}

TEST(values_arrive)
{
	struct runtime_config c = rc_must_read(S("'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38, "
						 "'architectures': ['SCMP_ARCH_X86'], 'flags': [], "
						 "'listenerPath': '/l', 'listenerMetadata': 'm', 'syscalls': "
						 "[{'names': ['a', 'b'], 'action': 'SCMP_ACT_KILL'}, "
						 "{'names': ['c'], 'action': 'SCMP_ACT_NOTIFY', 'args': [{'index': "
						 "1, 'value': 2, 'valueTwo': 3, 'op': "
						 "'SCMP_CMP_GT'}]}]"));
	const struct rc_seccomp *s = c.linux_.seccomp;

	CHECK(s->default_action == RC_ACT_ERRNO && s->default_errno_ret.v == 38, "default");
	CHECK(s->architectures.n == 1 && s->has_flags && s->flags.n == 0, "lists");
	CHECK(strcmp(s->listener_path, "/l") == 0 && strcmp(s->listener_metadata, "m") == 0, "listener");
	CHECK(s->n_rules == 2 && s->rules[0].action == RC_ACT_KILL_THREAD && s->rules[0].names.n == 2, "rule 0");
	CHECK(s->rules[1].args[0].index == 1 && s->rules[1].args[0].value_two == 3, "arg");
	CHECK(s->rules[1].args[0].op == RC_OP_GT && s->rules[1].n_args == 1 && s->rules[0].n_args == 0, "op");
	runtime_config_done(&c);
}

static void digest_of(const char *json, uint8_t d[16])
{
	struct runtime_config c = rc_must_read(json);

	memcpy(d, c.linux_.seccomp->digest, 16);
	runtime_config_done(&c);
}

#define BASE "'defaultAction': 'SCMP_ACT_ALLOW'"
#define ONE_RULE ", 'syscalls': [{'names': ['a', 'b'], 'action': 'SCMP_ACT_ERRNO'}]"

/* Each of these must compile to a filter of its own. */
TEST(digests_differ)
{
	static const char *const profiles[] = {
		S(BASE),
		S("'defaultAction': 'SCMP_ACT_KILL'"),
		S("'defaultAction': 'SCMP_ACT_ERRNO'"),
		S("'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 0"),
		S("'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 1"),
		S(BASE ", 'architectures': ['SCMP_ARCH_X86']"),
		S(BASE ", 'flags': []"),
		S(BASE ", 'flags': ['SECCOMP_FILTER_FLAG_LOG']"),
		S(BASE ONE_RULE),
		S(BASE ", 'syscalls': [{'names': ['ab'], 'action': 'SCMP_ACT_ERRNO'}]"),
		S(BASE ", 'syscalls': [{'names': ['b', 'a'], 'action': 'SCMP_ACT_ERRNO'}]"),
		S(BASE ", 'syscalls': [{'names': ['a'], 'action': 'SCMP_ACT_ERRNO'}, {'names': "
		       "['b'], 'action': 'SCMP_ACT_ERRNO'}]"),
		S(BASE ", 'syscalls': [{'names': ['a', 'b'], 'action': 'SCMP_ACT_LOG'}]"),
		S(BASE ", 'syscalls': [{'names': ['a', 'b'], 'action': 'SCMP_ACT_ERRNO', "
		       "'errnoRet': 0}]"),
		S(BASE ", 'syscalls': [{'names': ['a', 'b'], 'action': 'SCMP_ACT_ERRNO', 'args': "
		       "[{'index': 0, 'value': 1, 'op': "
		       "'SCMP_CMP_EQ'}]}]"),
		S(BASE ", 'syscalls': [{'names': ['a', 'b'], 'action': 'SCMP_ACT_ERRNO', 'args': "
		       "[{'index': 1, 'value': 1, 'op': "
		       "'SCMP_CMP_EQ'}]}]"),
		S(BASE ", 'syscalls': [{'names': ['a', 'b'], 'action': 'SCMP_ACT_ERRNO', 'args': "
		       "[{'index': 0, 'value': 1, 'op': "
		       "'SCMP_CMP_NE'}]}]"),
		S(BASE ", 'syscalls': [{'names': ['a', 'b'], 'action': 'SCMP_ACT_ERRNO', 'args': "
		       "[{'index': 0, 'value': 1, "
		       "'valueTwo': 1, 'op': 'SCMP_CMP_EQ'}]}]"),
	};
	uint8_t d[ARRAY_SIZE(profiles)][16];

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		digest_of(profiles[i], d[i]);
		for (size_t k = 0; k < i; k++)
			CHECK(memcmp(d[i], d[k], 16) != 0, "%zu and %zu share a digest", k, i);
	}
}

TEST(digests_agree)
{
	uint8_t a[16], b[16], c[16];

	digest_of(S(BASE ONE_RULE), a);
	digest_of(S("'listenerPath': '/x', 'listenerMetadata': 'y', 'unknown': 1" ONE_RULE ", " BASE), b);
	CHECK(memcmp(a, b, 16) == 0, "order of members, listener and unknown fields do not matter");
	digest_of(S("'defaultAction': 'SCMP_ACT_KILL'"), a);
	digest_of(S("'defaultAction': 'SCMP_ACT_KILL_THREAD', 'syscalls': null"), c);
	CHECK(memcmp(a, c, 16) == 0, "two words for one action");
}

TEST_MAIN(T(refusals), T(values_arrive), T(digests_differ), T(digests_agree))
