#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "cg/devices.h"
#include "cg/devices_rules.h"
#include "cg/test_view.h"

#define RULE(allow_, type_, maj, min, r, w, m) \
	{ \
		.allow = allow_, .type = type_, .major = maj, .minor = min, .read = r, .write = w, .mknod = m \
	}

static const struct rc_device_rule deny_all[] = { RULE(false, 'a', -1, -1, 1, 1, 1) };
static const struct rc_device_rule allow_all[] = { RULE(false, 'a', -1, -1, 1, 1, 1),
	RULE(true, 'a', -1, -1, 1, 1, 1) };
static const struct rc_device_rule split[] = { RULE(true, 'b', 8, 0, 1, 0, 0), RULE(true, 'b', 8, 0, 0, 1, 0),
	RULE(true, 'c', 10, -1, 1, 1, 0), RULE(false, 'c', 10, -1, 0, 1, 0) };
static const struct rc_device_rule hole[] = { RULE(true, 'c', 10, -1, 1, 1, 0), RULE(false, 'c', 10, 200, 0, 1, 0) };
static const struct rc_device_rule all_but[] = { RULE(true, 'a', -1, -1, 1, 1, 1), RULE(false, 'b', 8, -1, 1, 1, 1) };
static const struct rc_device_rule half[] = { RULE(true, 'a', -1, -1, 1, 0, 0) };

static const struct {
	const struct rc_device_rule *v;
	size_t n;
	bool v1_can;
} lists[] = { { NULL, 0, true }, { deny_all, 1, true }, { allow_all, 2, true }, { split, 4, true }, { hole, 2, false },
	{ all_but, 2, true }, { half, 1, true } };

/* The instructions that dev_prog_init() uses, as the kernel's verifier defines them. */
static bool run(const struct dev_prog *p, unsigned type, unsigned access, unsigned major, unsigned minor)
{
	uint64_t r[11] = { 0 };
	unsigned unknown = 0;
	const uint32_t ctx[3] = { access << 16 | type, major, minor };

	for (size_t pc = 0, steps = 0; pc < p->n && steps < 10000; pc++, steps++) {
		const struct bpf_insn *i = &p->v[pc];
		uint64_t imm = (uint64_t)(int64_t)i->imm;

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W: r[i->dst_reg] = ctx[i->off / 4]; break;
		case BPF_ALU64 | BPF_MOV | BPF_X: r[i->dst_reg] = r[i->src_reg]; break;
		case BPF_ALU64 | BPF_MOV | BPF_K: r[i->dst_reg] = imm; break;
		case BPF_ALU64 | BPF_AND | BPF_K: r[i->dst_reg] &= imm; break;
		case BPF_ALU64 | BPF_RSH | BPF_K: r[i->dst_reg] >>= imm; break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			pc += (uint32_t)r[i->dst_reg] != (uint32_t)i->imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_JNE | BPF_K: pc += r[i->dst_reg] != imm ? (size_t)i->off : 0; break;
		case BPF_JMP | BPF_JSET | BPF_K: pc += r[i->dst_reg] & imm ? (size_t)i->off : 0; break;
		case BPF_JMP | BPF_JA: pc += (size_t)i->off; break;
		case BPF_JMP | BPF_EXIT: return r[0];
		default: unknown = i->code; pc = p->n - 1;
		}
	}
	CHECK(false, "runs off its end, or has the unknown instruction %#x", unknown);
	return false;
}

/* v1 as the kernel has it: devcgroup_legacy_check_permission. */
static bool v1_decides(const struct dev_exceptions *x, char type, int64_t major, int64_t minor, unsigned access)
{
	bool whole = false, partly = false;

	for (size_t i = 0; i < x->n; i++) {
		const struct dev_rule *r = &x->v[i];

		if (r->type != type || (r->major >= 0 && r->major != major) || (r->minor >= 0 && r->minor != minor))
			continue;
		whole = whole || !(access & ~r->access);
		partly = partly || access & r->access;
	}
	return x->allow_all ? !partly : whole;
}

static const unsigned majors[] = { 0, 1, 5, 8, 10, 136, 200 }, minors[] = { 0, 1, 2, 3, 5, 7, 200 };

static void compare(const struct dev_rules *rules, const struct dev_prog *p, const struct dev_exceptions *x)
{
	for (size_t n = 0; n < (size_t)2 * 7 * ARRAY_SIZE(majors) * ARRAY_SIZE(minors); n++) {
		char type = n % 2 ? 'b' : 'c';
		unsigned access = 1 + n / 2 % 7;
		unsigned major = majors[n / 14 % ARRAY_SIZE(majors)];
		unsigned minor = minors[n / 14 / ARRAY_SIZE(majors)];
		bool want = dev_rules_decide(rules, type, major, minor, access);
		bool got = run(p, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, access, major, minor);

		CHECK(got == want, "v2: %c %u:%u access %u", type, major, minor, access);
		/* An exception is one place on v1: two that together cover an access do not add up. */
		if (x && (access == 1 || access == 2 || access == 4))
			CHECK(v1_decides(x, type, major, minor, access) == want, "v1: %c %u:%u access %u", type, major,
				minor, access);
	}
}

TEST(both_shapes_decide_alike)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct err e = ERR_NONE;
		struct dev_rules rules;
		struct dev_prog p;
		struct dev_exceptions x;

		CHECK(dev_rules_init(lists[i].v, lists[i].n, &rules, &e) == 0, "%s", e.msg);
		CHECK(dev_prog_init(&rules, &p, &e) == 0 && p.n <= p.cap, "%s", e.msg);
		bool can = dev_exceptions_init(&rules, &x, &e) == 0;
		CHECK(can == lists[i].v1_can, "list %zu: %s", i, e.msg);
		compare(&rules, &p, can ? &x : NULL);
		if (can)
			dev_exceptions_done(&x);
		dev_prog_done(&p);
		dev_rules_done(&rules);
	}
}

TEST(allow_all_is_seen)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct err e = ERR_NONE;
		struct dev_rules rules;

		CHECK(dev_rules_init(lists[i].v, lists[i].n, &rules, &e) == 0, "%s", e.msg);
		CHECK(dev_rules_allow_all(&rules) == (lists[i].v == allow_all), "list %zu", i);
		dev_rules_done(&rules);
	}
}

static char node_dir[] = "/tmp/tare-test-dev-XXXXXX";

static bool can_open(const char *name)
{
	char full[128];

	fmt_to(full, sizeof(full), "%s/%s", node_dir, name);
	auto_fd int fd = open(full, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0;
}

static void report(void)
{
	_exit(can_open("null") << 0 | can_open("kmsg") << 1);
}

/* What a process in @c can open: bit 0 null (1:3), bit 1 kmsg (1:11). */
static int opens(const struct cg *c)
{
	int status = 0;
	pid_t pid = view_child(c, report);

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* False when it cannot be tried here. */
static bool live(enum view v)
{
	char path[CG_PATH_SIZE];
	struct cg_new n = { .path = path };
	struct cg_host h;
	struct cg c;
	struct err e = ERR_NONE;
	static const struct rc_device_rule kmsg[] = { RULE(false, 'a', -1, -1, 1, 1, 1),
		RULE(true, 'c', 1, 11, 1, 0, 0) };

	if (!view_enter(v))
		return true;
	CHECK(cg_host_open(CG_USUAL, &h, &e) == 0, "%s", e.msg);
	view_path(path, "dev");
	CHECK(cg_create(&h, &n, &c, &e) == 0, "%s", e.msg);
	if (opens(&c) != 3) {
		CHECK(cg_remove(&h, path, &e) == 0, "%s", e.msg);
		cg_done(&c);
		cg_host_done(&h);
		return false;
	}
	CHECK(cg_devices_set(&h, &c, deny_all, 1, CG_DEVICES_ENFORCE, &e) == 0, "%s", e.msg);
	CHECK(opens(&c) == 1, "%d", opens(&c));
	CHECK(cg_devices_set(&h, &c, kmsg, 2, CG_DEVICES_UPDATE, &e) == 0, "%s", e.msg);
	CHECK(opens(&c) == 3, "%d", opens(&c));
	CHECK(cg_devices_set(&h, &c, deny_all, 1, CG_DEVICES_UPDATE, &e) == 0, "%s", e.msg);
	CHECK(opens(&c) == 1, "%d", opens(&c));
	CHECK(cg_devices_set(&h, &c, allow_all, 2, CG_DEVICES_UPDATE, &e) == 0, "%s", e.msg);
	CHECK(opens(&c) == 3, "%d", opens(&c));
	CHECK(cg_devices_set(&h, &c, deny_all, 1, CG_DEVICES_UPDATE, &e) == 0, "%s", e.msg);
	CHECK(opens(&c) == 1, "%d", opens(&c));
	CHECK(cg_remove(&h, path, &e) == 0, "%s", e.msg);
	cg_done(&c);
	cg_host_done(&h);
	return true;
}

TEST(rules_hold)
{
	char full[128];

	if (geteuid() != 0)
		SKIP("needs root");
	CHECK(mkdtemp(node_dir) != NULL, "mkdtemp");
	fmt_to(full, sizeof(full), "%s/null", node_dir);
	CHECK(mknod(full, S_IFCHR | 0600, makedev(1, 3)) == 0, "mknod");
	fmt_to(full, sizeof(full), "%s/kmsg", node_dir);
	CHECK(mknod(full, S_IFCHR | 0600, makedev(1, 11)) == 0, "mknod");
	bool tried = live(VIEW_OWN) && live(VIEW_V2);
	unlink(full);
	fmt_to(full, sizeof(full), "%s/null", node_dir);
	unlink(full);
	rmdir(node_dir);
	if (!tried)
		SKIP("this machine has no /dev/kmsg to try with");
}

TEST(no_cgroup_is_told)
{
	struct cg_host h;
	struct cg none;
	struct err e = ERR_NONE;

	CHECK(cg_host_open(CG_USUAL, &h, &e) == 0, "%s", e.msg);
	cg_init(&none);
	CHECK(cg_devices_set(&h, &none, deny_all, 1, CG_DEVICES_TRY, &e) == 0, "%s", e.msg);
	CHECK(cg_devices_set(&h, &none, deny_all, 1, CG_DEVICES_ENFORCE, &e) < 0, "no error");
	CHECK(strstr(e.msg, "/linux/resources/devices"), "%s", e.msg);
	cg_host_done(&h);
}

TEST_MAIN(T(both_shapes_decide_alike), T(allow_all_is_seen), T(rules_hold), T(no_cgroup_is_told))
