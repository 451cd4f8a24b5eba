/* The default profile: what it refuses, that its three forms (program, rules, JSON) and
 * libseccomp's program say the same, and that it is nowhere laxer than the one Debian ships with
 * podman. */
#include "sec/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>
#include "base/blake2b.h"
#include "base/fmt.h"
#include "base/str.h"
#include "base/test.h"
#include "sec/seccomp_rules.h"
#include "sec/seccomp_test_vm.h"
#include "spec/seccomp_profile.h"

/* libseccomp 2.5.4 forgets nodes of some trees when it merges rules. LeakSanitizer calls this. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libseccomp\n";
}

#define CAP(n) (UINT64_C(1) << (n))

enum { SYS_ADMIN = 21, NET_RAW = 13, AUDIT_WRITE = 29, N_CAPS = 41, MAX_NR = 600 };
enum { ALLOW = 0x7fff0000 /* SECCOMP_RET_ALLOW */ };

/* As in engine/security.c. */
static const uint64_t default_caps = 0x800405fb;
static const uint64_t all_caps = (UINT64_C(1) << N_CAPS) - 1;

static const struct arch {
	const char *name;
	uint32_t audit, token, first;
} archs[] = {
#if defined(__x86_64__)
	{ "x86_64", AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64, 0 },
	{ "x86", AUDIT_ARCH_I386, SCMP_ARCH_X86, 0 },
	{ "x32", AUDIT_ARCH_X86_64, SCMP_ARCH_X32, 0x40000000 },
#elif defined(__aarch64__)
	{ "aarch64", AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64, 0 },
	{ "arm", AUDIT_ARCH_ARM, SCMP_ARCH_ARM, 0 },
#endif
};

/* --- running programs ---------------------------------------------------------------------------------------- */

static uint32_t answer(const struct seccomp_filter *f, const struct seccomp_data *d)
{
	bool ok;
	unsigned steps;
	uint32_t r = bpf_vm(f->insns, f->n, d, &ok, &steps);

	CHECK(ok, "the program is none for %d", d->nr);
	return r;
}

/* What a libc name gives on the native architecture or @arch, with arguments @a0 to @a2. */
static uint32_t call(const struct seccomp_filter *f, const struct arch *arch, const char *name, const uint64_t args[3])
{
	int nr = sc_number(arch->token, name);
	struct seccomp_data d = { .nr = nr, .arch = arch->audit, .args = { args[0], args[1], args[2] } };

	CHECK(nr >= 0, "%s is no call of %s", name, arch->name);
	return answer(f, &d);
}

static void get(const struct profile_want *w, struct seccomp_filter *ret)
{
	struct err e = ERR_NONE;

	CHECK(profile_filter_get(FD_NONE, w, ret, &e) == 0, "%s", e.msg);
	CHECK(!ret->unknown, "unknown names: %s", ret->unknown);
}

/* Values of an argument that some rule tells apart, and what differs from them where nobody should
 * look. */
static const uint64_t values[] = { 0, 1, 2, 3, 8, 9, 10, 15, 16, 17, 29, 31, 38, 40, 44, 0x5401, 0x5410, 0x5411, 0x5412,
	0x5413, 0x541b, 0x541c, 0x541d, 0x541e, 0x5418, 0x5416, 0x5414, 0x541a, 0x20000, 0x20008, 0x10000000,
	0x02000000, 0x7e020000, 0x80045430, 0xffffffff, 0x100000000, 0x100000001, 0x100000002, 0x100000010, 0x100000026,
	0x100005412, 0x10000541c, 0xffffffff00005412, 0xffffffff80045430, UINT64_MAX };

typedef void (*visitor)(const struct arch *a, struct seccomp_data *d, void *arg);

/* Every number with @n_values values in each of the first three arguments. */
static void for_all(visitor f, void *arg)
{
	for (size_t a = 0; a < ARRAY_SIZE(archs); a++)
		for (uint32_t nr = 0; nr < MAX_NR; nr++)
			for (size_t v = 0; v < ARRAY_SIZE(values); v++)
				for (int arg2 = 0; arg2 < 2; arg2++) {
					struct seccomp_data d = { .nr = (int)(archs[a].first + nr),
						.arch = archs[a].audit };

					d.args[0] = values[v];
					d.args[1] = values[v];
					d.args[2] = arg2 ? 9 : 0;
					f(&archs[a], &d, arg);
				}
}

/* --- one meaning ---------------------------------------------------------------------------------------------- */

struct twins {
	const struct seccomp_filter *a, *b;
	const char *what;
	bool lib; /* of numbers that libseccomp has no name for it says nothing */
};

static void same(const struct arch *a, struct seccomp_data *d, void *arg)
{
	const struct twins *t = arg;
	auto_free char *known = t->lib ? seccomp_syscall_resolve_num_arch(a->token, d->nr) : NULL;

	if (t->lib && !known)
		return;
	uint32_t x = answer(t->a, d), y = answer(t->b, d);

	CHECK(x == y, "%s: %s %d(%llx, %llx, %llx): %x and %x", t->what, a->name, d->nr, (unsigned long long)d->args[0],
		(unsigned long long)d->args[1], (unsigned long long)d->args[2], x, y);
}

static void check_forms(const struct profile_want *w)
{
	AUTO(seccomp_filter)
	struct seccomp_filter direct = SECCOMP_FILTER_INIT, rules = SECCOMP_FILTER_INIT, json = SECCOMP_FILTER_INIT,
			      lib = SECCOMP_FILTER_INIT;
	AUTO(arena) struct arena a = ARENA_INIT;
	AUTO(buf) struct buf text = BUF_INIT;
	AUTO(sc_profile) struct sc_profile p = { .n_archs = 0 };
	const struct seccomp_host host = { .what = "json", .arch = "", .scmp_arch = "" };
	struct rc_seccomp s, read_back;
	struct err e = ERR_NONE;

	get(w, &direct);
	CHECK(profile_default(w, &a, &s, &e) == 0 && seccomp_compile(&s, &rules, &e) == 0, "%s", e.msg);
	profile_seccomp_json(w, &text);
	CHECK(buf_err(&text, &e) == 0, "%s", e.msg);
	CHECK(seccomp_profile_read(text.data, text.len, &host, &a, &read_back, &e) == 0, "%s", e.msg);
	CHECK(seccomp_compile(&read_back, &json, &e) == 0, "%s", e.msg);
	CHECK(sc_resolve(&s, &p, &e) == 0 && sc_generate_lib(&s, &p, &lib, &e) == 0, "%s", e.msg);
	for_all(same, &(struct twins){ &direct, &rules, "program and rules", false });
	for_all(same, &(struct twins){ &direct, &json, "program and JSON", false });
	for_all(same, &(struct twins){ &direct, &lib, "program and libseccomp's", true });
	print_message("caps %llx: %u instructions, by JSON %u, libseccomp's %u\n", (unsigned long long)w->caps,
		direct.n, json.n, lib.n);
}

TEST(program_rules_json_and_libseccomp_agree)
{
	check_forms(&(struct profile_want){ .caps = default_caps });
	check_forms(&(struct profile_want){ .caps = all_caps, .socketcall = true });
	check_forms(&(struct profile_want){ .caps = 0 });
}

/* --- facts ---------------------------------------------------------------------------------------------------- */

static void check_answers(const struct seccomp_filter *f, const char *const *names, size_t n, uint32_t want)
{
	const uint64_t none[3] = { 0 };

	for (size_t i = 0; i < n; i++)
		CHECK(call(f, &archs[0], names[i], none) == want, "%s: %x", names[i],
			call(f, &archs[0], names[i], none));
}

TEST(refuses_what_is_known_to_be_dangerous)
{
	static const char *const eperm[] = { "io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl",
		"add_key", "request_key", "bpf", "perf_event_open", "userfaultfd", "kexec_load", "kexec_file_load",
		"init_module", "finit_module", "delete_module", "open_by_handle_at", "mount", "umount2", "fsopen",
		"fsconfig", "fsmount", "move_mount", "open_tree", "mount_setattr", "unshare", "setns", "pivot_root",
		"swapon", "reboot", "acct", "settimeofday", "clock_settime", "sethostname", "quotactl", "syslog",
		"lookup_dcookie", "kcmp", "pidfd_getfd", "vmsplice", "move_pages", "mbind" };
	static const char *const enosys[] = { "clone3", "statmount", "listmount", "listns", "open_tree_attr",
		"file_setattr" };
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;

	get(&(struct profile_want){ .caps = default_caps }, &f);
	check_answers(&f, eperm, ARRAY_SIZE(eperm), SECCOMP_RET_ERRNO | EPERM);
	check_answers(&f, enosys, ARRAY_SIZE(enosys), SECCOMP_RET_ERRNO | ENOSYS);
	for (size_t a = 0; a < ARRAY_SIZE(archs); a++)
		for (int nr = 560; nr < 5000; nr++) { /* beyond x32's own block, which ends at 547 */
			struct seccomp_data d = { .nr = (int)(archs[a].first + (uint32_t)nr), .arch = archs[a].audit };

			CHECK(answer(&f, &d) == (SECCOMP_RET_ERRNO | ENOSYS), "%s %d: %x", archs[a].name, nr,
				answer(&f, &d));
		}
}

TEST(allows_what_programs_need)
{
	static const char *const calls[] = { "read", "write", "openat", "openat2", "execve", "mmap", "clock_gettime",
		"futex", "epoll_pwait2", "statx", "faccessat2", "fchmodat2", "rseq", "ptrace", "chroot", "setuid",
		"prlimit64", "copy_file_range", "memfd_create", "pidfd_open", "close_range", "getrandom",
		"landlock_create_ruleset", "seccomp", "mknodat", "capset" };
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	const uint64_t fork_flags[3] = { 17 }, thread[3] = { 0x3d0f00 };

	get(&(struct profile_want){ .caps = default_caps }, &f);
	check_answers(&f, calls, ARRAY_SIZE(calls), ALLOW);
	CHECK(call(&f, &archs[0], "clone", fork_flags) == ALLOW && call(&f, &archs[0], "clone", thread) == ALLOW,
		"clone");
}

TEST(namespaces_need_the_capability)
{
	AUTO(seccomp_filter)
	struct seccomp_filter f = SECCOMP_FILTER_INIT, admin = SECCOMP_FILTER_INIT;
	static const uint64_t flags[] = { 0x10000000, 0x20000000, 0x40000000, 0x02000000, 0x04000000, 0x08000000,
		0x00020000 };

	get(&(struct profile_want){ .caps = default_caps }, &f);
	get(&(struct profile_want){ .caps = default_caps | CAP(SYS_ADMIN) }, &admin);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		for (size_t a = 0; a < ARRAY_SIZE(archs); a++) {
			const uint64_t args[3] = { flags[i] | 17 };

			CHECK(call(&f, &archs[a], "clone", args) == (SECCOMP_RET_ERRNO | EPERM), "%s clone %llx",
				archs[a].name, (unsigned long long)flags[i]);
			CHECK(call(&admin, &archs[a], "clone", args) == ALLOW, "%s with SYS_ADMIN", archs[a].name);
		}
}

TEST(terminal_input_cannot_be_faked)
{
	static const uint64_t high[] = { 0, UINT64_C(1) << 32, UINT64_C(1) << 63, UINT64_C(0xffffffff) << 32 };
	static const uint32_t bad[] = { 0x5412, 0x541c };
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;

	get(&(struct profile_want){ .caps = all_caps }, &f);
	for (size_t h = 0; h < ARRAY_SIZE(high); h++)
		for (size_t a = 0; a < ARRAY_SIZE(archs); a++)
			for (size_t b = 0; b < ARRAY_SIZE(bad); b++) {
				const uint64_t args[3] = { 0, high[h] | bad[b] };

				CHECK(call(&f, &archs[a], "ioctl", args) == (SECCOMP_RET_ERRNO | EPERM), "%s %llx",
					archs[a].name, (unsigned long long)args[1]);
				for (int bit = 0; bit < 32; bit++) {
					const uint64_t near[3] = { 0, high[h] | (bad[b] ^ (UINT32_C(1) << bit)) };

					CHECK(call(&f, &archs[a], "ioctl", near) == ALLOW, "%s %llx", archs[a].name,
						(unsigned long long)near[1]);
				}
			}
}

static bool family_allowed(uint64_t family, uint64_t caps)
{
	return family == 1 || family == 2 || family == 10 || family == 16 || (family == 17 && caps & CAP(NET_RAW));
}

TEST(socket_families)
{
	static const uint64_t sets[] = { default_caps, default_caps | CAP(NET_RAW) };

	for (size_t s = 0; s < ARRAY_SIZE(sets); s++) {
		AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;

		get(&(struct profile_want){ .caps = sets[s] }, &f);
		for (uint64_t family = 0; family < 64; family++)
			for (size_t a = 0; a < 2 && a < ARRAY_SIZE(archs); a++)
				for (int high = 0; high < 2; high++) {
					const uint64_t args[3] = { family | (high ? UINT64_C(7) << 32 : 0), 1 };
#if defined(__x86_64__)
					const char *name = "socket";
					struct seccomp_data d = { .nr = a ? 359 : sc_number(archs[a].token, name),
						.arch = archs[a].audit };
#else
					struct seccomp_data d = { .nr = sc_number(archs[a].token, "socket"),
						.arch = archs[a].audit };
#endif
					memcpy(d.args, args, sizeof(args));
					uint32_t want = family_allowed(family, sets[s]) ? (uint32_t)ALLOW
											: SECCOMP_RET_ERRNO | EPERM;
					CHECK(answer(&f, &d) == want, "%s family %llu: %x", archs[a].name,
						(unsigned long long)family, answer(&f, &d));
				}
	}
}

/* 32-bit x86: what cannot be looked at is refused, unless the image is for it. */
TEST(socketcall_is_refused)
{
#if defined(__x86_64__)
	AUTO(seccomp_filter)
	struct seccomp_filter f = SECCOMP_FILTER_INIT, with = SECCOMP_FILTER_INIT;

	get(&(struct profile_want){ .caps = default_caps }, &f);
	get(&(struct profile_want){ .caps = default_caps, .socketcall = true }, &with);
	for (uint64_t sub = 0; sub < 24; sub++) {
		struct seccomp_data d = { .nr = 102, .arch = AUDIT_ARCH_I386, .args = { sub } };

		CHECK(answer(&f, &d) == (SECCOMP_RET_ERRNO | EAFNOSUPPORT), "%llu: %x", (unsigned long long)sub,
			answer(&f, &d));
		CHECK(answer(&with, &d) == ALLOW, "%llu: %x", (unsigned long long)sub, answer(&with, &d));
	}
#else
	SKIP("this machine has no socketcall");
#endif
}

TEST(audit_sockets_look_absent)
{
	AUTO(seccomp_filter)
	struct seccomp_filter f = SECCOMP_FILTER_INIT, with = SECCOMP_FILTER_INIT;
	const uint64_t audit[3] = { 16, 3, 9 }, route[3] = { 16, 3, 0 };

	get(&(struct profile_want){ .caps = default_caps }, &f);
	get(&(struct profile_want){ .caps = default_caps | CAP(AUDIT_WRITE) }, &with);
	CHECK(call(&f, &archs[0], "socket", audit) == (SECCOMP_RET_ERRNO | EINVAL), "audit");
	CHECK(call(&f, &archs[0], "socket", route) == ALLOW, "route");
	CHECK(call(&with, &archs[0], "socket", audit) == ALLOW, "audit with the capability");
}

/* --- against podman's ------------------------------------------------------------------------------------------ */

/* Calls that this file (containers-common 0.50, 2022) does not know, and docker 28's profile
 * allows; and two capabilities that it does not know. */
static bool newer_than_podmans(const char *name, uint64_t caps)
{
	static const char *const names[] = { "cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_waitv",
		"futex_wake", "getxattrat", "listxattrat", "removexattrat", "setxattrat", "lsm_get_self_attr",
		"lsm_list_modules", "lsm_set_self_attr", "map_shadow_stack", "mseal", "uprobe", "uretprobe" };
	static const char *const with_admin[] = { "listmount", "listns", "open_tree_attr", "statmount", "quotactl_fd" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(name, names[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(with_admin); i++)
		if (str_eq(name, with_admin[i]))
			return caps & CAP(SYS_ADMIN);
	if (str_eq(name, "set_mempolicy_home_node"))
		return caps & CAP(23);
	return (str_eq(name, "perf_event_open") && caps & CAP(38)) || (str_eq(name, "bpf") && caps & CAP(39));
}

static const char *name_of(const struct arch *a, int nr, char dst[static 64])
{
	/* Newer than libseccomp's table. */
	static const char *const newer[] = { "cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_wake",
		"getxattrat", "listxattrat", "removexattrat", "setxattrat", "lsm_get_self_attr", "lsm_list_modules",
		"lsm_set_self_attr", "map_shadow_stack", "mseal", "uprobe", "uretprobe", "listmount", "listns",
		"open_tree_attr", "statmount" };
	char *name = seccomp_syscall_resolve_num_arch(a->token, nr);

	fmt_to(dst, 64, "%s", name ? name : "");
	free(name);
	for (size_t i = 0; !*dst && i < ARRAY_SIZE(newer); i++)
		if (sc_number(a->token, newer[i]) == nr)
			fmt_to(dst, 64, "%s", newer[i]);
	return dst;
}

struct versus {
	struct seccomp_filter ours, podmans;
	uint64_t caps;
	unsigned long compared, stricter;
};

static void nowhere_laxer(const struct arch *a, struct seccomp_data *d, void *arg)
{
	struct versus *v = arg;
	uint32_t x = answer(&v->ours, d), y = answer(&v->podmans, d);
	char name[64];

	v->compared++;
	v->stricter += x != ALLOW && y == ALLOW;
	if (x != ALLOW || y == ALLOW || newer_than_podmans(name_of(a, d->nr, name), v->caps))
		return;
	CHECK(false, "capabilities %llx, %s %d (%s): allowed here, %x in podman's", (unsigned long long)v->caps,
		a->name, d->nr, name, y);
}

TEST(nowhere_laxer_than_podmans)
{
	static char text[1 << 20];
	uint64_t sets[N_CAPS + 4] = { default_caps, all_caps, 0, default_caps | CAP(SYS_ADMIN) };
	int fd = open("/usr/share/containers/seccomp.json", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	unsigned long compared = 0, stricter = 0;

	fd_close(&fd);
	if (len <= 0)
		SKIP("no default profile on this host");
	for (int i = 0; i < N_CAPS; i++)
		sets[4 + i] = CAP(i);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		AUTO(buf) struct buf json = BUF_INIT;
		AUTO(arena) struct arena a = ARENA_INIT;
		const struct seccomp_host host = { .what = "json", .arch = "", .scmp_arch = "" };
		struct versus v = { .ours = SECCOMP_FILTER_INIT, .caps = sets[i] };
		struct rc_seccomp s;
		struct err e = ERR_NONE;

		get(&(struct profile_want){ .caps = sets[i], .socketcall = true }, &v.ours);
		CHECK(profile_read(text, (size_t)len, "podman's", sets[i], &json, &e) == 0, "%s", e.msg);
		CHECK(seccomp_profile_read(json.data, json.len, &host, &a, &s, &e) == 0, "%s", e.msg);
		CHECK(seccomp_compile(&s, &v.podmans, &e) == 0, "%s", e.msg);
		for_all(nowhere_laxer, &v);
		compared += v.compared;
		stricter += v.stricter;
		seccomp_filter_done(&v.ours);
		seccomp_filter_done(&v.podmans);
	}
	print_message("%lu answers compared, %lu stricter\n", compared, stricter);
	CHECK(stricter > 0, "mount without a capability is refused here");
}

/* --- names and cache ------------------------------------------------------------------------------------------- */

TEST(ids_are_read_back)
{
	static const char *const bad[] = { "", "1", "1:", ":1", "1:g", "1:1x", "1:1:", "1:1:socket", "x:1",
		"1:11111111111111111", "01:1", "1:-1" };
	struct profile_want w = { .caps = all_caps, .socketcall = true }, got;
	char id[PROFILE_ID_SIZE];

	profile_id(&w, id);
	CHECK(profile_parse_id(id, &got) && got.socketcall, "%s", id);
	CHECK((got.caps & ~w.caps) == 0 && got.caps & CAP(SYS_ADMIN), "%llx", (unsigned long long)got.caps);
	w = (struct profile_want){ .caps = 0 };
	profile_id(&w, id);
	CHECK(profile_parse_id(id, &got) && !got.caps && !got.socketcall, "%s", id);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!profile_parse_id(bad[i], &got), "\"%s\" was taken", bad[i]);
}

/* Filters are cached by PROFILE_FORMAT and the capabilities: what the profile says may only change
 * with that number. */
TEST(another_meaning_needs_another_format)
{
#if defined(__x86_64__)
	static const char want[] = "f3d6ff71fc912d518c2e64b21580c2d8";
	AUTO(buf) struct buf text = BUF_INIT;
	char got[33];
	uint8_t digest[16];
	struct blake2b b;

	profile_seccomp_json(&(struct profile_want){ .caps = default_caps }, &text);
	profile_seccomp_json(&(struct profile_want){ .caps = all_caps, .socketcall = true }, &text);
	profile_seccomp_json(&(struct profile_want){ .caps = 0 }, &text);
	blake2b_init(&b, sizeof(digest));
	blake2b_add(&b, text.data, text.len);
	blake2b_end(&b, digest);
	for (int i = 0; i < 16; i++)
		fmt_to(got + (size_t)i * 2, 3, "%02x", digest[i]);
	CHECK(str_eq(got, want), "the profile is %s now: raise PROFILE_FORMAT in profile.c, and put this here", got);
#else
	SKIP("the digest is that of another machine's profile");
#endif
}

TEST(the_list_is_sorted)
{
	AUTO(buf) struct buf text = BUF_INIT;
	size_t n = 0;

	profile_list(&(struct profile_want){ .caps = default_caps }, &text);
	CHECK(!text.failed && strstr(text.data, "\nioctl ") && strstr(text.data, "\nkeyctl "), "%s", text.data);
	for (const char *line = text.data, *next; (next = strchr(line, '\n')) && next[1]; line = next + 1, n++)
		CHECK(str_starts(next + 1, "any other") || strncmp(line, next + 1, strcspn(line, " ")) <= 0, "%.40s",
			line);
	CHECK(n > 350, "%zu lines", n);
}

TEST_MAIN(T(program_rules_json_and_libseccomp_agree), T(refuses_what_is_known_to_be_dangerous),
	T(allows_what_programs_need), T(namespaces_need_the_capability), T(terminal_input_cannot_be_faked),
	T(socket_families), T(socketcall_is_refused), T(audit_sockets_look_absent), T(nowhere_laxer_than_podmans),
	T(ids_are_read_back), T(another_meaning_needs_another_format), T(the_list_is_sorted))
