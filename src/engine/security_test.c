#include "engine/security.h"

#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "base/test.h"

static uint64_t bit(const char *name)
{
	return UINT64_C(1) << rc_capability_number(name);
}

TEST(default_capabilities_are_eleven_of_dockers)
{
	static const char *const dockers[] = { "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW",
		"SETGID", "SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE" };
	uint64_t d = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dockers); i++)
		d |= bit(dockers[i]);
	CHECK((security_default_caps() & ~d) == 0, "more than docker's");
	CHECK(__builtin_popcountll(security_default_caps()) <= 11, "%d", __builtin_popcountll(security_default_caps()));
	CHECK(!(security_default_caps() & bit("NET_RAW")), "NET_RAW");
}

TEST(adds_and_drops_as_docker)
{
	static const struct {
		const char *add[3], *drop[3];
		const char *gains, *loses; /* of the default set */
		bool nothing; /* begins with nothing */
	} cases[] = {
		{ { NULL }, { NULL }, NULL, NULL, false }, { { "net_raw" }, { NULL }, "NET_RAW", NULL, false },
		{ { NULL }, { "CAP_CHOWN" }, NULL, "CHOWN", false }, { { NULL }, { "all" }, NULL, NULL, true },
		{ { "Cap_Kill" }, { "ALL" }, "KILL", NULL, true },
		{ { "CHOWN" }, { "CHOWN" }, NULL, NULL, false }, /* what is added counts */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ct_config c = { .id = NULL };
		struct err e = ERR_NONE;
		uint64_t got = 0, want = cases[i].nothing ? 0 : security_default_caps();

		for (size_t k = 0; cases[i].add[k]; k++)
			CHECK(security_cap_add(&c, cases[i].add[k], &e) == 0, "%s", e.msg);
		for (size_t k = 0; cases[i].drop[k]; k++)
			CHECK(security_cap_drop(&c, cases[i].drop[k], &e) == 0, "%s", e.msg);
		want |= cases[i].gains ? bit(cases[i].gains) : 0;
		want &= ~(cases[i].loses ? bit(cases[i].loses) : 0);
		CHECK(security_caps(&c, &got, &e) == 0 && got == want, "case %zu: %llx, not %llx", i,
			(unsigned long long)got, (unsigned long long)want);
		arena_done(&c.arena);
	}
}

TEST(privileged_keeps_what_was_dropped_away)
{
	struct ct_config c = { .privileged = true };
	struct err e = ERR_NONE;
	uint64_t got;

	CHECK(security_cap_drop(&c, "SYS_TIME", &e) == 0 && security_caps(&c, &got, &e) == 0, "%s", e.msg);
	CHECK(!(got & bit("SYS_TIME")), "%llx", (unsigned long long)got);
	CHECK(str_eq(security_needs_host_ids(&c), "--privileged"), "it has ids of its own");
	arena_done(&c.arena);
}

TEST(capabilities_of_the_whole_machine_lift_the_ids)
{
	struct ct_config c = { .id = NULL };
	struct err e = ERR_NONE;

	CHECK(!security_needs_host_ids(&c), "by default");
	CHECK(security_cap_add(&c, "SYS_ADMIN", &e) == 0 && !security_needs_host_ids(&c), "SYS_ADMIN works inside");
	CHECK(security_cap_add(&c, "SYS_TIME", &e) == 0 && security_needs_host_ids(&c), "SYS_TIME needs the machine");
	arena_done(&c.arena);
}

TEST(security_options_are_read)
{
	struct ct_config c = { .id = NULL };
	struct err e = ERR_NONE;
	static const char *const good[] = { "seccomp=unconfined", "seccomp:unconfined", "no-new-privileges",
		"no-new-privileges=false", "no-new-privileges:true", "apparmor=unconfined", "apparmor=prof",
		"label=disable", "label=system_u:system_r:container_t:s0", "systempaths=unconfined",
		"mask=/proc/a:/sys/b", "unmask=ALL", "unmask=/proc/*", "seccomp=/etc/a:b.json" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK(security_opt(&c, good[i], &e) == 0, "%s: %s", good[i], e.msg);
	CHECK(c.security_opt.n == ARRAY_SIZE(good), "%zu kept", c.security_opt.n);
	CHECK(c.no_new_privs && c.systempaths_unconfined && str_eq(c.apparmor, "prof"), "fields");
	CHECK(str_eq(c.seccomp, "/etc/a:b.json"), "%s", c.seccomp);
	CHECK(c.masked_paths.n == 2 && str_eq(c.masked_paths.v[1], "/sys/b"), "mask");
	CHECK(security_opt(&c, "seccomp=default", &e) == 0 && !c.seccomp, "default");
	arena_done(&c.arena);
}

typedef int (*option)(struct ct_config *c, const char *text, struct err *e);

static void check_refused(option f, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ct_config c = { .id = NULL };
		struct err e = ERR_NONE;

		CHECK(f(&c, v[i], &e) < 0, "\"%s\" was taken", v[i]);
		CHECK(e.kind == ERR_USAGE || e.kind == ERR_UNSUPPORTED, "%s: kind %d", v[i], e.kind);
		CHECK(e.hint[0] != '\0', "%s: %s: no hint", v[i], e.msg);
		arena_done(&c.arena);
	}
}

TEST(refuses_with_the_accepted_form)
{
	static const char *const opts[] = { "", "seccomp", "seccomp=", "nonsense=1", "no-new-privileges=maybe",
		"apparmor=", "label=", "label=type:x", "systempaths=none", "mask=proc", "unmask=x", "mask=/a::/b" };
	static const char *const caps[] = { "", "CAP_", "FOO", "CAP_FOO", "1", "CAP_CAP_KILL" };
	static const char *const sysctls[] = { "", "net.ipv4.ip_forward", "net..x=1", "net.ipv4.=1", ".net=1",
		"net/../kernel/x=1", "kernel.panic=1", "vm.swappiness=1", "net.a b=1", "net.x+y=1", "net.x=1\n",
		"kernel.hostname=x", "=1", "kernel.core_pattern=|/x", "net.x|y=1" };
	static const char *const devices[] = { "", "dev/null", "/dev/null:rwx:x", "/dev/null:/dev/x:q",
		"/dev/null:/dev/x:rr", "/dev/../etc/x", "/dev/null:x", "/dev/null:/dev/../x" };
	static const char *const rules[] = { "", "c", "c 1:3", "x 1:3 rwm", "c 1 rwm", "c 1:3 rwx", "c -1:3 r",
		"c 1:3  r", "c 01:3 r", "c 1:3 " };

	check_refused(security_opt, opts, ARRAY_SIZE(opts));
	check_refused(security_cap_add, caps, ARRAY_SIZE(caps));
	check_refused(security_cap_drop, caps, ARRAY_SIZE(caps));
	check_refused(security_sysctl, sysctls, ARRAY_SIZE(sysctls));
	check_refused(security_device, devices, ARRAY_SIZE(devices));
	check_refused(security_device_rule, rules, ARRAY_SIZE(rules));
}

/* R1.13: the annotation that names the filter cannot come from outside. */
TEST(tares_own_annotations_are_reserved)
{
	struct rc_kv kv = { (char *)(uintptr_t) "org.tare.seccomp.default", (char *)(uintptr_t) "1:0" };
	struct ct_config c = { .annotations = { &kv, 1 } };
	struct err e = ERR_NONE;

	CHECK(security_check(&c, &e) < 0 && strstr(e.msg, kv.key), "%s", e.msg);
	kv.key = (char *)(uintptr_t) "org.example";
	err_clear(&e);
	CHECK(security_check(&c, &e) == 0, "%s", e.msg);
}

TEST(devices_and_sysctls_are_read)
{
	struct ct_config c = { .id = NULL };
	struct err e = ERR_NONE;
	static const char *const given[] = { "/dev/a", "/dev/a:r", "/dev/a:/dev/b", "/dev/a:/dev/b:rm" };
	static const char *const want[][2] = { { "/dev/a", "rwm" }, { "/dev/a", "r" }, { "/dev/b", "rwm" },
		{ "/dev/b", "rm" } };

	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		CHECK(security_device(&c, given[i], &e) == 0, "%s: %s", given[i], e.msg);
		CHECK(str_eq(c.devices[i].source, "/dev/a") && str_eq(c.devices[i].destination, want[i][0]) &&
				str_eq(c.devices[i].access, want[i][1]),
			"%s", given[i]);
	}
	CHECK(security_device_rule(&c, "c 189:* rwm", &e) == 0 && security_device_rule(&c, "a *:* r", &e) == 0, "%s",
		e.msg);
	CHECK(security_sysctl(&c, "net.ipv4.ip_forward=1", &e) == 0, "%s", e.msg);
	CHECK(security_sysctl(&c, "net.ipv4.conf.eth0/100.x=a=b", &e) == 0, "%s", e.msg);
	CHECK(security_sysctl(&c, "net.ipv4.ip_forward=0", &e) == 0 && c.sysctls.n == 2, "%zu", c.sysctls.n);
	CHECK(str_eq(c.sysctls.v[0].value, "0") && str_eq(c.sysctls.v[1].value, "a=b"), "values");
	CHECK(security_check(&c, &e) == 0, "%s", e.msg);
	c.network = strdup("host");
	CHECK(security_check(&c, &e) < 0 && strstr(e.msg, "net.ipv4.ip_forward"), "sysctl of the host: %s", e.msg);
	free(c.network);
	arena_done(&c.arena);
}

/* docker 28 and podman 5, without what other architectures have. */
TEST(covers_what_docker_and_podman_cover)
{
	static const char *const hidden[] = { "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore",
		"/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
		"/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap", "/sys/fs/selinux", "/sys/dev/block",
		"/sys/fs/bpf", "/sys/kernel/debug", "/sys/kernel/tracing", "/sys/kernel/security" };
	static const char *const fixed[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };
	struct ct_config c = { .id = NULL };
	struct rc_str_list l;
	struct err e = ERR_NONE;

	CHECK(security_masked_paths(&c, &c.arena, &l, &e) == 0, "%s", e.msg);
	for (size_t i = 0, k; i < ARRAY_SIZE(hidden); i++) {
		for (k = 0; k < l.n && !str_eq(l.v[k], hidden[i]); k++)
			;
		CHECK(k < l.n, "%s is not masked", hidden[i]);
	}
	CHECK(security_readonly_paths(&c, &c.arena, &l, &e) == 0, "%s", e.msg);
	for (size_t i = 0, k; i < ARRAY_SIZE(fixed); i++) {
		for (k = 0; k < l.n && !str_eq(l.v[k], fixed[i]); k++)
			;
		CHECK(k < l.n, "%s is not read-only", fixed[i]);
	}
	arena_done(&c.arena);
}

static size_t n_masked(struct ct_config *c)
{
	struct rc_str_list l;
	struct err e = ERR_NONE;

	CHECK(security_masked_paths(c, &c->arena, &l, &e) == 0, "%s", e.msg);
	return l.n;
}

TEST(masks_follow_the_options)
{
	struct ct_config c = { .id = NULL };
	struct err e = ERR_NONE;
	size_t all = n_masked(&c);

	CHECK(security_opt(&c, "unmask=/proc/kcore:/sys/firmware", &e) == 0 && n_masked(&c) == all - 2, "%zu",
		n_masked(&c));
	CHECK(security_opt(&c, "mask=/proc/cpuinfo", &e) == 0 && n_masked(&c) == all - 1, "%zu", n_masked(&c));
	CHECK(security_opt(&c, "unmask=ALL", &e) == 0 && n_masked(&c) == 1, "%zu", n_masked(&c));
	c.privileged = true;
	CHECK(n_masked(&c) == 1, "what was asked for stays masked");
	arena_done(&c.arena);
}

TEST_MAIN(T(default_capabilities_are_eleven_of_dockers), T(adds_and_drops_as_docker),
	T(privileged_keeps_what_was_dropped_away), T(capabilities_of_the_whole_machine_lift_the_ids),
	T(tares_own_annotations_are_reserved), T(security_options_are_read), T(refuses_with_the_accepted_form),
	T(devices_and_sysctls_are_read), T(covers_what_docker_and_podman_cover), T(masks_follow_the_options))
