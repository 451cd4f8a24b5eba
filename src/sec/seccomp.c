/* Guarantees: a filter is loaded as asked or the start fails; nothing asked for is left out silently (unknown
 * names are reported to the caller). */
#include "sec/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "sec/seccomp_cache.h"
#include "sys/call.h"

void seccomp_filter_done(struct seccomp_filter *f)
{
	free(f->insns);
	free(f->unknown);
	*f = (struct seccomp_filter)SECCOMP_FILTER_INIT;
}

/* --- getting a filter --------------------------------------------------------------------------- */

static int refuse_unknown(const struct seccomp_filter *f, struct err *e)
{
	err_set(e, ERR_CONFIG, EINVAL, "config.json: /linux/seccomp/syscalls: unknown system calls: %.512s",
		f->unknown);
	return err_hint(e, "annotation run.oci.seccomp_fail_unknown_syscall asks for this refusal");
}

int seccomp_filter_get(
	int root_fd, const struct rc_seccomp *s, bool fail_unknown, struct seccomp_filter *ret, struct err *e)
{
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	struct err ignored = ERR_NONE;
	bool found = false;

	if (root_fd >= 0 && seccomp_cache_get(root_fd, s->digest, &found, &f, e) < 0)
		return -e->num;
	if (!found && seccomp_compile(s, &f, e) < 0)
		return -e->num;
	if (!found && root_fd >= 0 && seccomp_cache_put(root_fd, s->digest, &f, &ignored) < 0)
		log_debug("seccomp: cache not written: %s", ignored.msg);
	if (fail_unknown && f.unknown)
		return refuse_unknown(&f, e);
	*ret = f;
	f = (struct seccomp_filter)SECCOMP_FILTER_INIT;
	return 0;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* @n characters of @text, padding removed, into @dst (3 bytes for 4); -1: no base64. */
static long base64_decode(const char *text, size_t n, uint8_t *dst)
{
	uint32_t bits = 0;
	long len = 0;

	while (n && text[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		int v = base64_value(text[i]);

		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4 == 0)
			continue;
		dst[len++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return n % 4 == 1 ? -1 : len;
}

/* Whether the program can return SECCOMP_RET_USER_NOTIF: as a constant, or out of the accumulator where it loads that
 * constant. */
static bool can_notify(const struct sock_filter *insns, size_t n)
{
	bool loads = false, returns_loaded = false;

	for (size_t i = 0; i < n; i++) {
		bool named = (insns[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF;

		if (insns[i].code == (BPF_RET | BPF_K) && named)
			return true;
		loads |= named && BPF_MODE(insns[i].code) == BPF_IMM &&
			(BPF_CLASS(insns[i].code) == BPF_LD || BPF_CLASS(insns[i].code) == BPF_LDX);
		returns_loaded |= insns[i].code == (BPF_RET | BPF_A);
	}
	return loads && returns_loaded;
}

int seccomp_filter_raw(const char *base64, struct seccomp_filter *ret, struct err *e)
{
	size_t n = strlen(base64), max = BPF_MAXINSNS * sizeof(struct sock_filter);
	auto_free uint8_t *data = NULL;

	if (n > (max + 2) / 3 * 4)
		return err_set(
			e, ERR_CONFIG, E2BIG, "run.oci.seccomp_bpf_data: more than %d instructions", BPF_MAXINSNS);
	data = malloc(n / 4 * 3 + 3);
	if (!data)
		return err_oom(e, "a seccomp filter");
	long len = base64_decode(base64, n, data);

	if (len <= 0)
		return err_set(e, ERR_CONFIG, EINVAL, "run.oci.seccomp_bpf_data: not base64");
	if ((size_t)len % sizeof(struct sock_filter) || (size_t)len > max)
		return err_set(e, ERR_CONFIG, EINVAL,
			"run.oci.seccomp_bpf_data: %ld bytes are not 1 to %d instructions of %zu bytes", len,
			BPF_MAXINSNS, sizeof(struct sock_filter));
	*ret = (struct seccomp_filter){ .n = (uint16_t)((size_t)len / sizeof(struct sock_filter)) };
	ret->insns = (struct sock_filter *)(void *)ptr_steal(data);
	ret->notify = can_notify(ret->insns, ret->n);
	return 0;
}

/* --- flags and features ------------------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned bit;
} flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

const char *const seccomp_known_flags[] = { "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL };
const char *const seccomp_actions[] = { "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
	"SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY",
	NULL };
const char *const seccomp_operators[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE",
	"SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL };
const char *const seccomp_archs[] = {
#if defined(__x86_64__)
	"SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_X86_64",
#elif defined(__aarch64__)
	"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",
#endif
	NULL
};

/* A null program: EFAULT says that the flags were taken, EINVAL that they were not. seccomp(2). */
static bool kernel_has(unsigned bit)
{
	if (bit == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		bit |= SECCOMP_FILTER_FLAG_NEW_LISTENER; /* it is refused without */
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, bit, NULL) < 0 && errno == EFAULT;
}

void seccomp_features_flags(const char *ret[static SECCOMP_N_FLAGS], size_t *ret_n)
{
	*ret_n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (kernel_has(flags[i].bit))
			ret[(*ret_n)++] = flags[i].name;
}

const char *seccomp_lib_version(char *dst, size_t size)
{
	const struct scmp_version *v = seccomp_version();

	fmt_to(dst, size, "%u.%u.%u", v ? v->major : 0, v ? v->minor : 0, v ? v->micro : 0);
	return dst;
}

static int flag_bit(const char *name, unsigned *bits, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!str_eq(flags[i].name, name))
			continue;
		if (!kernel_has(flags[i].bit))
			return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
				"config.json: /linux/seccomp/flags: %s: this kernel does not have it", name);
		*bits |= flags[i].bit;
		return 0;
	}
	return err_set(e, ERR_UNSUPPORTED, ENOTSUP, "config.json: /linux/seccomp/flags: \"%.64s\" is not known", name);
}

int seccomp_load_flags(const struct rc_seccomp *s, const struct seccomp_filter *f, unsigned *ret, struct err *e)
{
	unsigned bits = 0;

	/* In the kernel since Linux 4.17, before the oldest we support: no probe. */
	if (!s || !s->has_flags)
		bits = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; s && i < s->flags.n; i++)
		if (flag_bit(s->flags.v[i], &bits, e) < 0)
			return -e->num;
	if (f->notify)
		bits |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else
		bits &= ~(unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; /* says nothing without a listener */
	/* Both return a number; TSYNC then has to report a failure otherwise. Linux 5.7. */
	if ((bits & SECCOMP_FILTER_FLAG_TSYNC) && f->notify)
		bits |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	*ret = bits;
	return 0;
}

/* --- child -------------------------------------------------------------------------------------- */

int seccomp_install(const struct sock_filter *insns, uint16_t n, unsigned bits, int *ret_listener, struct err *e)
{
	struct sock_fprog prog = { .len = n, .filter = (struct sock_filter *)(uintptr_t)insns };
	int r = sys_seccomp(SECCOMP_SET_MODE_FILTER, bits, &prog);

	if (r > 0 && !(bits & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return err_set(e, ERR_SYSTEM, ESRCH, "load the seccomp filter: thread %d cannot take it", r);
	if (r >= 0) {
		*ret_listener = bits & SECCOMP_FILTER_FLAG_NEW_LISTENER ? r : FD_NONE;
		return 0;
	}
	err_sys(e, "load the seccomp filter of %u instructions", (unsigned)n);
	if (e->num == EACCES)
		return err_hint(e, "without noNewPrivileges it needs CAP_SYS_ADMIN");
	if (e->num == EBUSY)
		return err_hint(e, "this process already has a filter with a listener");
	if (e->num == EINVAL)
		return err_hint(e, "the kernel refuses the program, or lacks seccomp filters");
	return -e->num;
}
