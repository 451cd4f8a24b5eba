/* Guarantees: the program that profile_filter_get() gives, the rules of profile_default() and the
 * JSON say the same (profile_test.c runs them against each other); what no row names is refused
 * with EPERM, what is newer than the newest name with ENOSYS. */
#include "sec/profile.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include "base/blake2b.h"
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "sec/profile_table.h"
#include "sec/seccomp_cache.h"
#include "sec/seccomp_rules.h"
#include "spec/seccomp_profile.h"

/* Grows with every change of what the profile says: filters are cached by it. profile_test.c holds
 * the digest. */
enum { PROFILE_FORMAT = 1 };

enum { MAX_RULES = 160, MAX_LINES = 1024, LOW32 = 32, NAME_WIDTH = 28 };

static const uint64_t low32 = UINT32_MAX;
static const uint64_t cap_net_raw = CAP(13), cap_sys_admin = CAP(21), cap_audit_write = CAP(29);

/* --- the profile's name -------------------------------------------------------------------------------------- */

/* The capabilities that change anything. */
static uint64_t caps_that_matter(void)
{
	uint64_t m = cap_net_raw | cap_audit_write;

	for (size_t i = 0; i < profile_n_groups; i++)
		m |= profile_groups[i].caps;
	return m;
}

void profile_id(const struct profile_want *w, char dst[static PROFILE_ID_SIZE])
{
	fmt_to(dst, PROFILE_ID_SIZE, "%d:%llx%s", PROFILE_FORMAT, (unsigned long long)(w->caps & caps_that_matter()),
		w->socketcall ? ":socketcall" : "");
}

/* Another format is that of an older or newer tare: what it meant is the profile of today. */
bool profile_parse_id(const char *id, struct profile_want *ret)
{
	size_t n = strspn(id, "0123456789"), digits;
	uint64_t format;

	*ret = (struct profile_want){ .caps = 0 };
	if (!parse_u64_n(id, n, UINT32_MAX, &format) || id[n] != ':')
		return false;
	id += n + 1;
	digits = strspn(id, "0123456789abcdef");
	if (digits == 0 || digits > 16)
		return false;
	for (size_t i = 0; i < digits; i++)
		ret->caps = ret->caps << 4 | (uint64_t)(id[i] <= '9' ? id[i] - '0' : id[i] - 'a' + 10);
	ret->socketcall = str_eq(id + digits, ":socketcall");
	return !id[digits] || ret->socketcall;
}

/* --- rules --------------------------------------------------------------------------------------------------- */

struct builder {
	struct arena *a;
	struct rc_seccomp *s;
	bool failed;
};

static struct rc_seccomp_rule *add_rule(struct builder *b, const char *names, int errno_ret)
{
	struct rc_seccomp_rule *r = &b->s->rules[b->s->n_rules];
	char *text = arena_dup(b->a, names);
	size_t n = 1;

	for (const char *p = names; *p; p++)
		n += *p == ' ';
	r->names.v = arena_array(b->a, char *, n + 1);
	if (!text || !r->names.v || b->s->n_rules == MAX_RULES - 1) {
		b->failed = true;
		return r; /* the last one is never counted */
	}
	for (char *p = text; p;) {
		r->names.v[r->names.n++] = p;
		p = strchr(p, ' ');
		if (p)
			*p++ = '\0';
	}
	r->action = errno_ret ? RC_ACT_ERRNO : RC_ACT_ALLOW;
	r->errno_ret = (struct rc_opt_u64){ errno_ret != 0, (uint64_t)errno_ret };
	b->s->n_rules++;
	return r;
}

static void add_conditions(struct builder *b, struct rc_seccomp_rule *r, const struct rc_seccomp_arg *v, size_t n)
{
	r->args = arena_array(b->a, struct rc_seccomp_arg, n);
	if (!r->args) {
		b->failed = true;
		return;
	}
	memcpy(r->args, v, n * sizeof(*v));
	r->n_args = n;
}

static void allow_if(struct builder *b, const char *name, struct rc_seccomp_arg arg)
{
	add_conditions(b, add_rule(b, name, 0), &arg, 1);
}

/* The low half of an argument that the kernel takes as int. */
static struct rc_seccomp_arg is_int(uint32_t index, uint32_t value)
{
	return (struct rc_seccomp_arg){ .index = index, .value = low32, .value_two = value, .op = RC_OP_MASKED_EQ };
}

/* PER_LINUX, PER_LINUX32, UNAME26 with either, and "what is it". linux/personality.h */
static void add_personality(struct builder *b)
{
	static const uint32_t values[] = { 0, 0x8, 0x20000, 0x20008, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		allow_if(b, "personality", (struct rc_seccomp_arg){ .index = 0, .value = values[i], .op = RC_OP_EQ });
}

/* All but AF_ALG, AF_VSOCK and whatever else the kernel can load: CVE-2026-31431 and its kin.
 * 32-bit x86 programs can ask by socketcall(2), whose arguments lie in memory where no filter sees
 * them: it is refused as a whole, unless the image is for that architecture. */
static void add_sockets(struct builder *b, const struct profile_want *w)
{
	static const uint32_t families[] = { 1 /* UNIX */, 2 /* INET */, 10 /* INET6 */ };
	const uint32_t netlink = 16, packet = 17, netlink_audit = 9;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		allow_if(b, "socket", is_int(0, families[i]));
	if (w->caps & cap_net_raw)
		allow_if(b, "socket", is_int(0, packet));
	if (w->caps & cap_audit_write) {
		allow_if(b, "socket", is_int(0, netlink));
	} else {
		/* libaudit takes EINVAL for a kernel without audit; EPERM would end su, sudo,
		 * useradd. */
		const struct rc_seccomp_arg audit[] = { is_int(0, netlink),
			{ .index = 2, .value = netlink_audit, .op = RC_OP_EQ } };
		const struct rc_seccomp_arg others[] = { is_int(0, netlink),
			{ .index = 2, .value = netlink_audit, .op = RC_OP_NE } };

		add_conditions(b, add_rule(b, "socket", EINVAL), audit, ARRAY_SIZE(audit));
		add_conditions(b, add_rule(b, "socket", 0), others, ARRAY_SIZE(others));
	}
	add_rule(b, "socketcall", w->socketcall ? 0 : EAFNOSUPPORT);
}

/* Every CLONE_NEW* that clone(2) knows: user namespaces above all. */
static void add_clone(struct builder *b)
{
	const uint64_t namespaces = 0x7E020000;

	allow_if(b, "clone",
		(struct rc_seccomp_arg){ .index = 0, .value = namespaces, .value_two = 0, .op = RC_OP_MASKED_EQ });
}

/* TIOCSTI and TIOCLINUX put bytes into the input of a terminal, which may be the caller's. The
 * kernel looks at the low 32 bits only, so the rest must not matter (CVE-2019-10063).
 * asm-generic/ioctls.h */
static const uint32_t refused_ioctls[] = { 0x5412, 0x541C };

/* runtime-spec cannot say "none of these" of a part of an argument; bit by bit it can: what differs
 * from both in a bit they have in common, and the other combinations of the bits in which they
 * differ. */
static void add_ioctl_by_bits(struct builder *b)
{
	uint32_t differ = refused_ioctls[0] ^ refused_ioctls[1];

	for (int bit = LOW32 - 1; bit >= 0; bit--) {
		uint32_t one = UINT32_C(1) << bit;

		if (!(differ & one))
			allow_if(b, "ioctl",
				(struct rc_seccomp_arg){ .index = 1,
					.value = one,
					.value_two = ~refused_ioctls[0] & one,
					.op = RC_OP_MASKED_EQ });
	}
	for (uint32_t v = differ;; v = (v - 1) & differ) {
		uint32_t value = (refused_ioctls[0] & ~differ) | v;

		if (value != refused_ioctls[0] && value != refused_ioctls[1])
			allow_if(b, "ioctl", is_int(1, value));
		if (v == 0)
			break;
	}
}

static void add_archs(struct builder *b)
{
#if defined(__x86_64__)
	static char *archs[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", NULL };
#elif defined(__aarch64__)
	static char *archs[] = { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", NULL };
#else
	static char *archs[] = { NULL };
#endif
	b->s->architectures = (struct rc_str_list){ archs, ARRAY_SIZE(archs) - 1 };
}

static int build(const struct profile_want *w, bool with_ioctl, struct arena *a, struct rc_seccomp *ret, struct err *e)
{
	struct builder b = { a, ret, false };

	*ret = (struct rc_seccomp){ .default_action = RC_ACT_ERRNO, .default_errno_ret = { true, EPERM } };
	ret->rules = arena_array(a, struct rc_seccomp_rule, MAX_RULES);
	if (!ret->rules)
		return err_oom(e, "the seccomp profile");
	add_archs(&b);
	for (size_t i = 0; i < profile_n_groups; i++)
		if (!profile_groups[i].caps || profile_groups[i].caps & w->caps)
			add_rule(&b, profile_groups[i].names, 0);
	for (size_t i = 0; i < profile_n_refusals; i++)
		if (!(profile_refusals[i].unless & w->caps))
			add_rule(&b, profile_refusals[i].names, profile_refusals[i].errno_ret);
	if (!(w->caps & cap_sys_admin))
		add_clone(&b);
	add_personality(&b);
	add_sockets(&b, w);
	if (with_ioctl)
		add_ioctl_by_bits(&b);
	return b.failed ? err_oom(e, "the seccomp profile") : 0;
}

int profile_default(const struct profile_want *w, struct arena *a, struct rc_seccomp *ret, struct err *e)
{
	return build(w, true, a, ret, e);
}

void profile_seccomp_json(const struct profile_want *w, struct buf *ret)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct err ignored = ERR_NONE; /* want of memory is all there is, and @ret tells it */
	struct rc_seccomp s;

	if (profile_default(w, &a, &s, &ignored) < 0)
		ret->failed = true;
	else
		seccomp_profile_write(&s, ret);
}

struct line {
	const char *name;
	const struct rc_seccomp_rule *rule;
	size_t order;
};

static int by_call(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : x->order < y->order ? -1 : x->order > y->order;
}

static const char *verdict(const struct rc_seccomp_rule *r)
{
	if (r->action == RC_ACT_ALLOW)
		return "allowed";
	return r->errno_ret.v == ENOSYS		 ? "refused ENOSYS"
		: r->errno_ret.v == EINVAL	 ? "refused EINVAL"
		: r->errno_ret.v == EAFNOSUPPORT ? "refused EAFNOSUPPORT"
						 : "refused EPERM";
}

static void write_name(const char *name, struct buf *b)
{
	size_t n = strlen(name);

	buf_str(b, name);
	do
		buf_str(b, " ");
	while (++n < NAME_WIDTH);
}

static void write_line(const struct line *l, struct buf *b)
{
	write_name(l->name, b);
	buf_str(b, verdict(l->rule));
	for (size_t i = 0; i < l->rule->n_args; i++) {
		const struct rc_seccomp_arg *a = &l->rule->args[i];

		buf_str(b, i ? " and " : " if ");
		if (a->op != RC_OP_MASKED_EQ)
			buf_printf(b, "arg%u %s 0x%llx", a->index,
				a->op == RC_OP_NE ? "!=" : "==", (unsigned long long)a->value);
		else if (a->value == low32)
			buf_printf(b, "arg%u == 0x%llx", a->index, (unsigned long long)a->value_two);
		else
			buf_printf(b, "arg%u & 0x%llx == 0x%llx", a->index, (unsigned long long)a->value,
				(unsigned long long)a->value_two);
	}
	buf_str(b, "\n");
}

void profile_list(const struct profile_want *w, struct buf *b)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct err ignored = ERR_NONE; /* want of memory is all there is, and @b tells it */
	struct rc_seccomp s;
	static char name[] = "ioctl";
	struct rc_seccomp_rule ioctl = { .names = { NULL, 0 } };
	struct line *v = arena_array(&a, struct line, MAX_LINES);
	size_t n = 0;

	if (!v || build(w, false, &a, &s, &ignored) < 0) {
		b->failed = true;
		return;
	}
	for (size_t i = 0; i < s.n_rules; i++)
		for (size_t k = 0; k < s.rules[i].names.n && n < MAX_LINES - 1; k++, n++)
			v[n] = (struct line){ s.rules[i].names.v[k], &s.rules[i], n };
	v[n] = (struct line){ name, &ioctl, n };
	qsort(v, n + 1, sizeof(*v), by_call);
	for (size_t i = 0; i <= n; i++) {
		if (v[i].rule != &ioctl) {
			write_line(&v[i], b);
			continue;
		}
		write_name(name, b);
		buf_printf(b, "allowed unless arg1 is 0x%x (TIOCSTI) or 0x%x (TIOCLINUX)\n", refused_ioctls[0],
			refused_ioctls[1]);
	}
	write_name("any other", b);
	buf_str(b, "refused EPERM, or ENOSYS if newer than these\n");
}

/* --- the program --------------------------------------------------------------------------------------------- */

/* Two comparisons for ioctl(2) in place of 35 (above): the generator knows more than runtime-spec
 * can say. */
static int compile(const struct profile_want *w, struct seccomp_filter *ret, struct err *e)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	AUTO(sc_profile) struct sc_profile p = { .n_archs = 0 };
	struct rc_seccomp s;
	bool done = false;

	if (build(w, false, &a, &s, e) < 0 || sc_resolve(&s, &p, e) < 0)
		return -e->num;
	if (sc_allow_unless(&p, "ioctl", 1, refused_ioctls, ARRAY_SIZE(refused_ioctls), e) < 0)
		return -e->num;
	if (!p.foreign && sc_generate(&p, ret, &done, e) < 0)
		return -e->num;
	if (done)
		return 0;
	return profile_default(w, &a, &s, e) < 0 ? -e->num : seccomp_compile(&s, ret, e);
}

static void digest_of(const struct profile_want *w, uint8_t dst[static 16])
{
	char id[PROFILE_ID_SIZE];
	struct blake2b b;

	profile_id(w, id);
	blake2b_init(&b, 16);
	/* No profile of a document can have this digest: its first eight bytes are a small number.
	 */
	blake2b_add(&b, PROFILE_ANNOTATION, sizeof(PROFILE_ANNOTATION));
	blake2b_add(&b, id, strlen(id));
	blake2b_end(&b, dst);
}

int profile_filter_get(int root_fd, const struct profile_want *w, struct seccomp_filter *ret, struct err *e)
{
	struct err ignored = ERR_NONE;
	uint8_t digest[16];
	bool found = false;

	*ret = (struct seccomp_filter)SECCOMP_FILTER_INIT;
	digest_of(w, digest);
	if (root_fd >= 0 && seccomp_cache_get(root_fd, digest, &found, ret, e) < 0)
		return -e->num;
	if (found)
		return 0;
	if (compile(w, ret, e) < 0)
		return -e->num;
	if (root_fd >= 0 && seccomp_cache_put(root_fd, digest, ret, &ignored) < 0)
		log_debug("seccomp: cache not written: %s", ignored.msg);
	return 0;
}

/* --- profiles of users --------------------------------------------------------------------------------------- */

static bool kernel_version(uint32_t *major, uint32_t *minor)
{
	struct utsname u;
	uint64_t v[2];

	if (uname(&u) < 0)
		return false;
	size_t a = strspn(u.release, "0123456789");
	size_t b = u.release[a] == '.' ? strspn(u.release + a + 1, "0123456789") : 0;
	if (!parse_u64_n(u.release, a, UINT32_MAX, &v[0]) || !parse_u64_n(u.release + a + 1, b, UINT32_MAX, &v[1]))
		return false;
	*major = (uint32_t)v[0];
	*minor = (uint32_t)v[1];
	return true;
}

int profile_read(const char *text, size_t len, const char *what, uint64_t caps, struct buf *ret, struct err *e)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct seccomp_host host = {
		.what = what,
		.caps = caps,
#if defined(__x86_64__)
		.arch = "amd64",
		.scmp_arch = "SCMP_ARCH_X86_64",
#elif defined(__aarch64__)
		.arch = "arm64",
		.scmp_arch = "SCMP_ARCH_AARCH64",
#else
		.arch = "",
		.scmp_arch = "",
#endif
	};
	struct rc_seccomp s;

	if (!kernel_version(&host.kernel_major, &host.kernel_minor))
		return err_set(e, ERR_SYSTEM, EINVAL, "cannot tell this kernel's version");
	if (seccomp_profile_read(text, len, &host, &a, &s, e) < 0)
		return -e->num;
	seccomp_profile_write(&s, ret);
	return 0;
}
