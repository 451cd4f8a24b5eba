#include "spec/seccomp_profile.h"

#include <string.h>
#include "base/str.h"
#include "base/test.h"

static const struct seccomp_host host = { .what = "profile.json",
	.caps = 1 /* CAP_CHOWN */,
	.arch = "amd64",
	.scmp_arch = "SCMP_ARCH_X86_64",
	.kernel_major = 6,
	.kernel_minor = 1 };

static int read_profile(struct arena *a, const char *text, struct rc_seccomp *s, struct err *e)
{
	return seccomp_profile_read(text, strlen(text), &host, a, s, e);
}

#define RULE(conditions) \
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":" \
	"\"SCMP_ACT_ALLOW\"" conditions "}]}"

TEST(conditions_decide_which_rules_stay)
{
	static const struct {
		const char *text;
		bool stays;
	} cases[] = {
		{ RULE(""), true },
		{ RULE(",\"includes\":{},\"excludes\":{},\"comment\":\"x\",\"args\":null"), true },
		{ RULE(",\"includes\":{\"caps\":[\"CAP_CHOWN\"]}"), true },
		{ RULE(",\"includes\":{\"caps\":[\"CAP_CHOWN\",\"CAP_KILL\"]}"), false },
		{ RULE(",\"includes\":{\"caps\":[\"CAP_NEW\"]}"), false },
		{ RULE(",\"excludes\":{\"caps\":[\"CAP_KILL\"]}"), true },
		{ RULE(",\"excludes\":{\"caps\":[\"CAP_KILL\",\"CAP_CHOWN\"]}"), false },
		{ RULE(",\"includes\":{\"arches\":[\"amd64\",\"x32\"]}"), true },
		{ RULE(",\"includes\":{\"arches\":[\"arm64\"]}"), false },
		{ RULE(",\"excludes\":{\"arches\":[\"amd64\"]}"), false },
		{ RULE(",\"includes\":{\"minKernel\":\"4.8\"}"), true },
		{ RULE(",\"includes\":{\"minKernel\":\"6.1\"}"), true },
		{ RULE(",\"includes\":{\"minKernel\":\"6.2\"}"), false },
		{ RULE(",\"includes\":{\"minKernel\":\"7.0\"}"), false },
		{ RULE(",\"excludes\":{\"minKernel\":\"4.8\"}"), false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(arena) struct arena a = ARENA_INIT;
		struct rc_seccomp s;
		struct err e = ERR_NONE;

		CHECK(read_profile(&a, cases[i].text, &s, &e) == 0, "%s: %s", cases[i].text, e.msg);
		CHECK(s.n_rules == cases[i].stays, "%s: %zu rules", cases[i].text, s.n_rules);
	}
}

TEST(older_and_newer_spellings)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	AUTO(buf) struct buf b = BUF_INIT;
	struct rc_seccomp s;
	struct err e = ERR_NONE;
	static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"defaultErrno\":"
				   "\"ENOSYS\",\"architectures\":[],"
				   "\"archMap\":[{\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":[\"SCMP_"
				   "ARCH_ARM\"]},"
				   "{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\","
				   "\"SCMP_ARCH_X32\"]}],"
				   "\"syscalls\":[{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":[]},"
				   "{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
				   "\"value\":2114060288,\"valueTwo\":0,"
				   "\"op\":\"SCMP_CMP_MASKED_EQ\"}],\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}]}";
	static const char want[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
				   "\"architectures\":[\"SCMP_ARCH_X86_64\","
				   "\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],\"syscalls\":[{\"names\":["
				   "\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
				   "{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
				   "{\"index\":0,\"value\":2114060288,\"valueTwo\":0,"
				   "\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}";

	CHECK(read_profile(&a, text, &s, &e) == 0, "%s", e.msg);
	seccomp_profile_write(&s, &b);
	CHECK(str_eq(b.data, want), "%s", b.data);
}

TEST(refuses_with_the_place)
{
	static const char *const cases[][2] = {
		{ "", "empty" },
		{ "[]", "" },
		{ "{}", "defaultAction" },
		{ RULE(",\"includes\":{\"minKernel\":\"4\"}"), "minKernel" },
		{ RULE(",\"includes\":{\"minKernel\":\"4.x\"}"), "minKernel" },
		{ RULE(",\"includes\":[]"), "includes" },
		{ RULE(",\"name\":\"read\""), "names" },
		{ "{\"defaultAction\":\"SCMP_ACT_MAYBE\"}", "defaultAction" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[],\"action\":"
		  "\"SCMP_ACT_ALLOW\"}]}",
			"names" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{}]}", "archMap" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],"
		  "\"archMap\":[{\"architecture\":\"x\"}]}",
			"archMap" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(arena) struct arena a = ARENA_INIT;
		struct rc_seccomp s;
		struct err e = ERR_NONE;

		CHECK(read_profile(&a, cases[i][0], &s, &e) < 0, "%s was taken", cases[i][0]);
		CHECK(e.kind == ERR_CONFIG && str_starts(e.msg, "profile.json: ") && strstr(e.msg, cases[i][1]),
			"%s: %s", cases[i][0], e.msg);
	}
}

TEST_MAIN(T(conditions_decide_which_rules_stay), T(older_and_newer_spellings), T(refuses_with_the_place))
