#include "spec/rc_test.h"

#include <sys/resource.h>

#define P(more) "{" V ", 'process': {'args': ['a'], 'cwd': '/'" more "}}"
#define USER(u) P(", 'user': {" u "}")
#define LIMITS(l) P(", 'rlimits': [" l "]")
#define SCHED(s) P(", 'scheduler': {" s "}")

TEST(program)
{
	static const struct rc_case cases[] = {
		{ P(""), NULL },
		{ "{" V ", 'process': []}", "/process: is a list, must be an object" },
		{ "{" V ", 'process': {'cwd': '/'}}", "/process/args: is missing and required" },
		{ "{" V ", 'process': {'args': null, 'cwd': '/'}}", "/process/args: is missing and required" },
		{ "{" V ", 'process': {'args': [], 'cwd': '/'}}",
			"/process/args: is empty, the first entry names the program" },
		{ "{" V ", 'process': {'args': [''], 'cwd': '/'}}", "/process/args/0: is empty, it names the program" },
		{ "{" V ", 'process': {'args': ['a', 1], 'cwd': '/'}}",
			"/process/args/1: is a number, must be a string" },
		{ "{" V ", 'process': {'args': ['a', ''], 'cwd': '/'}}", NULL },
		{ "{" V ", 'process': {'args': ['a']}}", "/process/cwd: is missing and required" },
		{ P(", 'terminal': 'yes'"), "/process/terminal: is a string, must be true or false" },
		{ P(", 'consoleSize': {'height': 1, 'width': 2}"), NULL },
		{ P(", 'consoleSize': {'height': 1}"), "/process/consoleSize/width: is missing and required" },
		{ P(", 'consoleSize': {'height': 70000, 'width': 2}"), NULL },
		{ P(", 'terminal': true, 'consoleSize': {'height': 70000, 'width': 2}"),
			"/process/consoleSize: 70000 lines of 2 characters, a terminal has at most "
			"65535 of each" },
		{ P(", 'env': ['A=1', 'B=', 'C==']"), NULL },
		{ P(", 'env': ['A=1', 'B']"), "/process/env/1: has no '=', must be NAME=VALUE" },
		{ P(", 'env': ['=x']"), "/process/env/0: has an empty name, must be NAME=VALUE" },
		{ P(", 'oomScoreAdj': -1001"),
			"/process/oomScoreAdj: -1001 is out of range, allowed are -1000 to 1000" },
		{ P(", 'oomScoreAdj': -1000"), NULL },
		{ P(", 'noNewPrivileges': null"), NULL },
		{ P(", 'execCPUAffinity': {'initial': '0-3,7', 'final': ''}"), NULL },
		{ P(", 'execCPUAffinity': {'final': '3-1'}"),
			"/process/execCPUAffinity/final: \"3-1\" is not a list like \"0-3,7\" of "
			"rising ranges with numbers up to 8191" },
		{ P(", 'ioPriority': {'class': 'IOPRIO_CLASS_BE', 'priority': 7}"), NULL },
		{ P(", 'ioPriority': {'class': 'IOPRIO_CLASS_BE', 'priority': 8}"),
			"/process/ioPriority/priority: 8 is out of range, allowed are 0 to 7" },
		{ P(", 'ioPriority': {'class': 'X', 'priority': 1}"),
			"/process/ioPriority/class: \"X\" is unknown, allowed are IOPRIO_CLASS_RT, "
			"IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE" },
		{ P(", 'ioPriority': {'priority': 1}"), "/process/ioPriority/class: is missing and required" },
	};

	RC_RUN(cases);
}

TEST(cwd)
{
	static const char *const bad[] = { "/proc/self/fd/7", "/proc/self/fd", "/proc/1/fd/3/x", "/proc//self/./fd/7",
		"/a/../proc/self/fd/7", "/proc/self/../self/fd", "/proc/self/cwd", "/proc/thread-self/fd/7",
		"/proc/self/root/etc", "/proc/self/task/1/fd/7", "/dev/fd/7",
		"/a/b/c/d/e/f/g/h/i/../../../../../../../../../proc/self/fd/3", "/proc/self/map_files/x",
		"/../proc/self/exe" };
	static const char *const good[] = { "/", "/proc", "/proc/self", "/proc/sys/fs", "/home/fd", "/a/proc/self/fd",
		"/dev", "/dev/shm", "/proc/self/fdx", "/proc/self/fd/../.." };
	char json[256];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char error[256];

		snprintf(json, sizeof(json), "{" V ", 'process': {'args': ['a'], 'cwd': '%s'}}", bad[i]);
		snprintf(error, sizeof(error),
			"/process/cwd: \"%s\" leads through an open file of a process, use a path "
			"of the container",
			bad[i]);
		rc_run(&(struct rc_case){ json, error }, 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(json, sizeof(json), "{" V ", 'process': {'args': ['a'], 'cwd': '%s'}}", good[i]);
		rc_run(&(struct rc_case){ json, NULL }, 1);
	}
	rc_run(&(struct rc_case){ "{" V ", 'process': {'args': ['a'], 'cwd': ''}}",
		       "/process/cwd: \"\" must be an absolute path" },
		1);
	rc_run(&(struct rc_case){ "{" V ", 'process': {'args': ['a'], 'cwd': 'a'}}",
		       "/process/cwd: \"a\" must be an absolute path" },
		1);
}

TEST(user)
{
	static const struct rc_case cases[] = {
		{ USER("'uid': 0, 'gid': 4294967294, 'umask': 511, 'additionalGids': [0, "
		       "4294967294]"),
			NULL },
		{ USER("'gid': 0"), "/process/user/uid: is missing and required" },
		{ USER("'uid': 0"), "/process/user/gid: is missing and required" },
		{ USER("'uid': -1, 'gid': 0"), "/process/user/uid: -1 is out of range, allowed are 0 to 4294967294" },
		{ USER("'uid': 4294967295, 'gid': 0"),
			"/process/user/uid: 4294967295 is out of range, allowed are 0 to "
			"4294967294" },
		{ USER("'uid': 4294967296, 'gid': 0"),
			"/process/user/uid: 4294967296 is out of range, allowed are 0 to "
			"4294967294" },
		{ USER("'uid': 99999999999999999999999, 'gid': 0"),
			"/process/user/uid: 99999999999999999999999 is out of range, allowed are 0 "
			"to 4294967294" },
		{ USER("'uid': -0, 'gid': 0"), "/process/user/uid: -0 is out of range, allowed are 0 to 4294967294" },
		{ USER("'uid': '0', 'gid': 0"), "/process/user/uid: is a string, must be a whole number" },
		{ USER("'uid': 1.0, 'gid': 0"),
			"/process/user/uid: 1.0 is not a whole number (no fraction, no exponent)" },
		{ USER("'uid': 1e3, 'gid': 0"),
			"/process/user/uid: 1e3 is not a whole number (no fraction, no exponent)" },
		{ USER("'uid': true, 'gid': 0"), "/process/user/uid: is true, must be a whole number" },
		{ USER("'uid': 01, 'gid': 0"), "line 1, column 80: a number with a leading zero" },
		{ USER("'uid': 0, 'gid': 0, 'umask': 512"),
			"/process/user/umask: 512 is out of range, allowed are 0 to 511" },
		{ USER("'uid': 0, 'gid': 0, 'additionalGids': [1, 4294967295]"),
			"/process/user/additionalGids/1: 4294967295 is out of range, allowed are 0 "
			"to 4294967294" },
	};

	RC_RUN(cases);
}

TEST(rlimits)
{
	static const struct rc_case cases[] = {
		{ LIMITS("{'type': 'RLIMIT_CORE', 'soft': 18446744073709551615, 'hard': "
			 "18446744073709551615}"),
			NULL },
		{ LIMITS("{'type': 'RLIMIT_CORE', 'soft': 18446744073709551616, 'hard': 1}"),
			"/process/rlimits/0/soft: 18446744073709551616 is out of range, allowed "
			"are 0 to 18446744073709551615" },
		{ LIMITS("{'type': 'RLIMIT_CORE', 'soft': 2, 'hard': 1}"),
			"/process/rlimits/0/soft: 2 is over the hard limit 1" },
		{ LIMITS("{'type': 'RLIMIT_CORE', 'hard': 1}"), "/process/rlimits/0/soft: is missing and required" },
		{ LIMITS("{'soft': 1, 'hard': 1}"), "/process/rlimits/0/type: is missing and required" },
		{ LIMITS("{'type': 'RLIMIT_CORE', 'soft': 1, 'hard': 1}, {'type': 'RLIMIT_AS', "
			 "'soft': 1, 'hard': 1}, "
			 "{'type': 'RLIMIT_CORE', 'soft': 1, 'hard': 2}"),
			"/process/rlimits/2/type: entry 0 has the same type" },
		{ LIMITS("{'type': 'RLIMIT_FOO', 'soft': 1, 'hard': 1}"),
			"/process/rlimits/0/type: \"RLIMIT_FOO\" is unknown, allowed are "
			"RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, "
			"RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, "
			"RLIMIT_NICE, RLIMIT_NOFILE, "
			"RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, "
			"RLIMIT_SIGPENDING, RLIMIT_STACK" },
	};

	RC_RUN(cases);
}

TEST(scheduler)
{
	static const struct rc_case cases[] = {
		{ SCHED("'policy': 'SCHED_BATCH', 'nice': -20, 'flags': "
			"['SCHED_FLAG_RESET_ON_FORK', 'SCHED_FLAG_KEEP_POLICY']"),
			NULL },
		{ SCHED("'policy': 'SCHED_FIFO', 'priority': 99"), NULL },
		{ SCHED("'policy': 'SCHED_DEADLINE', 'runtime': 1024, 'deadline': 2000, 'period': "
			"3000"),
			NULL },
		{ SCHED("'policy': 'SCHED_DEADLINE', 'runtime': 1024, 'deadline': 2000"), NULL },
		{ SCHED("'nice': 1"), "/process/scheduler/policy: is missing and required" },
		{ SCHED("'policy': 'SCHED_FAST'"),
			"/process/scheduler/policy: \"SCHED_FAST\" is unknown, allowed are "
			"SCHED_OTHER, SCHED_FIFO, SCHED_RR, "
			"SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE" },
		{ SCHED("'policy': 'SCHED_OTHER', 'nice': 20"),
			"/process/scheduler/nice: 20 is out of range, allowed are -20 to 19" },
		{ SCHED("'policy': 'SCHED_OTHER', 'priority': 1"),
			"/process/scheduler/priority: 1 goes with SCHED_FIFO and SCHED_RR only" },
		{ SCHED("'policy': 'SCHED_RR'"),
			"/process/scheduler/priority: must be 1 to 99 for SCHED_FIFO and "
			"SCHED_RR" },
		{ SCHED("'policy': 'SCHED_RR', 'priority': 100"),
			"/process/scheduler/priority: 100 is out of range, allowed are 0 to 99" },
		{ SCHED("'policy': 'SCHED_OTHER', 'flags': ['X']"),
			"/process/scheduler/flags/0: \"X\" is unknown, allowed are "
			"SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, "
			"SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, "
			"SCHED_FLAG_UTIL_CLAMP_MIN, "
			"SCHED_FLAG_UTIL_CLAMP_MAX" },
		{ SCHED("'policy': 'SCHED_OTHER', 'runtime': 5"),
			"/process/scheduler: runtime, deadline and period go with SCHED_DEADLINE "
			"only" },
		{ SCHED("'policy': 'SCHED_DEADLINE', 'runtime': 3000, 'deadline': 2000"),
			"/process/scheduler/runtime: sched_setattr: `SCHED_DEADLINE` runtime 3000 "
			"must be <= deadline 2000" },
		{ SCHED("'policy': 'SCHED_DEADLINE', 'deadline': 2000"),
			"/process/scheduler: sched_setattr: `SCHED_DEADLINE` requires `runtime`" },
		{ SCHED("'policy': 'SCHED_DEADLINE', 'runtime': 9, 'deadline': 2000"),
			"/process/scheduler/runtime: sched_setattr: `SCHED_DEADLINE` runtime 9 "
			"must be between 1024 and "
			"9223372036854775807 ns" },
	};

	RC_RUN(cases);
}

TEST(capabilities)
{
	struct runtime_config c =
		rc_must_read(P(", 'capabilities': {'bounding': ['CAP_CHOWN', 'cap_checkpoint_restore', 'CAP_X1', "
			       "'CAP_X2'], 'effective': ['CAP_X1', 'CAP_X3', 'CAP_X4'], 'inheritable': null, "
			       "'permitted': ['SYS_ADMIN'], "
			       "'ambient': []}"));
	const struct rc_capabilities *caps = c.process->capabilities;

	CHECK(caps->bounding == (UINT64_C(1) << 0 | UINT64_C(1) << 40), "%llx", (unsigned long long)caps->bounding);
	CHECK(caps->effective == 0 && caps->inheritable == 0 && caps->ambient == 0, "empty sets");
	CHECK(caps->permitted == UINT64_C(1) << 21, "%llx", (unsigned long long)caps->permitted);
	CHECK(caps->unknown.n == 4 && strcmp(caps->unknown.v[3], "CAP_X4") == 0 && !caps->unknown.v[4],
		"unknown names");
	runtime_config_done(&c);
	for (int i = 0; rc_capability_name(i); i++)
		CHECK(rc_capability_number(rc_capability_name(i)) == i, "%s", rc_capability_name(i));
	CHECK(rc_capability_number("") == -1 && rc_capability_number("CAP_") == -1, "empty");
	CHECK(rc_capability_number("CAP_KILLER") == -1, "longer");
	CHECK(!rc_capability_name(-1) && !rc_capability_name(41) && !rc_capability_name(64), "numbers out of range");
}

TEST(values_arrive)
{
	struct runtime_config c = rc_must_read(P(", 'terminal': true, 'consoleSize': {'height': 25, 'width': 80}, "
						 "'user': {'uid': 1, 'gid': 2, 'umask': 18, "
						 "'additionalGids': [5, 6]}, 'env': ['A=b'], 'rlimits': [{'type': "
						 "'RLIMIT_NOFILE', 'soft': 10, 'hard': 20}], "
						 "'noNewPrivileges': true, 'oomScoreAdj': -5, 'apparmorProfile': "
						 "'p', 'selinuxLabel': 'l', 'scheduler': {'policy': "
						 "'SCHED_DEADLINE', 'runtime': 2000, 'deadline': 3000, 'period': "
						 "4000, 'flags': ['SCHED_FLAG_RECLAIM', "
						 "'SCHED_FLAG_DL_OVERRUN']}, 'ioPriority': {'class': "
						 "'IOPRIO_CLASS_IDLE', 'priority': 3}, 'execCPUAffinity': "
						 "{'initial': '7', 'final': '0-3,7'}"));
	const struct rc_process *p = c.process;

	CHECK(p->terminal && p->console_height == 25 && p->console_width == 80, "terminal");
	CHECK(p->uid == 1 && p->gid == 2 && p->umask.set && p->umask.v == 022, "user");
	CHECK(p->n_additional_gids == 2 && p->additional_gids[1] == 6, "groups");
	CHECK(p->args.n == 1 && strcmp(p->args.v[0], "a") == 0 && !p->args.v[1], "args");
	CHECK(p->env.n == 1 && strcmp(p->env.v[0], "A=b") == 0 && strcmp(p->cwd, "/") == 0, "env, cwd");
	CHECK(p->n_rlimits == 1 && p->rlimits[0].resource == RLIMIT_NOFILE && p->rlimits[0].hard == 20, "rlimits");
	CHECK(p->no_new_privileges && p->oom_score_adj.set && p->oom_score_adj.v == -5, "nnp, oom");
	CHECK(strcmp(p->apparmor_profile, "p") == 0 && strcmp(p->selinux_label, "l") == 0, "labels");
	CHECK(p->scheduler->policy == 6 && p->scheduler->flags == 6 && p->scheduler->period == 4000, "scheduler");
	CHECK(p->io_priority->class == 3 && p->io_priority->priority == 3, "io priority");
	CHECK(strcmp(p->cpu_affinity_initial, "7") == 0 && strcmp(p->cpu_affinity_final, "0-3,7") == 0, "affinity");
	runtime_config_done(&c);
}

TEST(process_alone)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	auto_free char *good = rc_quotes("{'args': ['x'], 'cwd': '/', 'user': {'uid': 5, 'gid': 6}}");
	auto_free char *bad = rc_quotes("{'args': ['x'], 'cwd': '/', 'user': {'uid': 5, 'gid': 6.5}}");
	struct rc_process *p = NULL;
	struct err e = ERR_NONE;

	CHECK(rc_process_read(good, strlen(good), NULL, &a, &p, &e) == 0 && p->uid == 5, "%s", e.msg);
	CHECK(rc_process_read(bad, strlen(bad), NULL, &a, &p, &e) < 0, "accepted");
	CHECK(strcmp(e.msg, "process: /user/gid: 6.5 is not a whole number (no fraction, no exponent)") == 0, "%s",
		e.msg);
}

/* SECURITY-REQUIREMENTS R1.7: much is allowed, if the arithmetic holds. */
TEST(large_lists)
{
	enum { N = 200000 };
	auto_free char *text = malloc(N * 8 + 256);
	struct runtime_config c;
	struct err e = ERR_NONE;
	size_t n = (size_t)sprintf(text, "{\"ociVersion\":\"1.0.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"a\"");

	for (int i = 0; i < N; i++)
		n += (size_t)sprintf(text + n, ",\"%x\"", i);
	n += (size_t)sprintf(text + n, "]}}");
	CHECK(runtime_config_read(text, n, NULL, false, &c, &e) == 0, "%s", e.msg);
	CHECK(c.process->args.n == N + 1, "%zu arguments", c.process->args.n);
	CHECK(strcmp(c.process->args.v[N], "30d3f") == 0, "%s", c.process->args.v[N]);
	runtime_config_done(&c);
}

TEST_MAIN(T(program), T(cwd), T(user), T(rlimits), T(scheduler), T(capabilities), T(values_arrive), T(process_alone),
	T(large_lists))
