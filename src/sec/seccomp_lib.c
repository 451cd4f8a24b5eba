/* The filter as libseccomp generates it, for profiles whose meaning depends on its rule order and for machines
 * our generator has no tables for. */
#include "sec/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sec/seccomp_bpf.h"
#include "sec/seccomp_rules.h"

static void ctx_done(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
	*ctx = NULL;
}

static int lib_err(struct err *e, int rc, size_t index, const char *name)
{
	err_set(e, ERR_CONFIG, -rc, "config.json: /linux/seccomp/syscalls/%zu: %.64s: %s", index, name,
		rc == -EEXIST ? "contradicts an earlier rule for overlapping arguments" : strerror(-rc));
	return -e->num;
}

/* A call newer than its tables, which it cannot translate to the other architectures. What stays refused is worth a
 * warning; what stays allowed although the profile says otherwise is not to be had here. */
static int too_new(struct sc_profile *p, size_t index, const char *name, struct err *e)
{
	if (p->permissive)
		return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
			"config.json: /linux/seccomp/syscalls/%zu: %.64s: libseccomp, which a profile with overlapping "
			"rules "
			"needs, does not know it",
			index, name);
	sc_note_unknown(p, name);
	return 0;
}

struct lib {
	scmp_filter_ctx ctx;
	const struct rc_seccomp *s;
	struct sc_profile *p;
};

static int add_rule(const struct lib *l, size_t index, const struct scmp_arg_cmp *cmp, size_t n_cmp, struct err *e)
{
	const struct rc_seccomp_rule *r = &l->s->rules[index];
	uint32_t action = sc_ret(r->action, &r->errno_ret);

	for (size_t i = 0; i < r->names.n; i++) {
		int nr = sc_number(seccomp_arch_native(), r->names.v[i]);

		/* Names of other architectures translate by themselves; our own pseudo number means none of ours. */
		if (nr == __NR_SCMP_ERROR || nr == SC_NOT_HERE)
			continue;
		int rc = seccomp_rule_add_array(l->ctx, action, nr, (unsigned)n_cmp, cmp);

		if (rc == -EFAULT && too_new(l->p, index, r->names.v[i], e) < 0)
			return -e->num;
		if (rc < 0 && rc != -EFAULT)
			return lib_err(e, rc, index, r->names.v[i]);
	}
	return 0;
}

static int add_rules(const struct lib *l, struct err *e)
{
	static const enum scmp_compare ops[] = {
		[RC_OP_NE] = SCMP_CMP_NE,
		[RC_OP_LT] = SCMP_CMP_LT,
		[RC_OP_LE] = SCMP_CMP_LE,
		[RC_OP_EQ] = SCMP_CMP_EQ,
		[RC_OP_GE] = SCMP_CMP_GE,
		[RC_OP_GT] = SCMP_CMP_GT,
		[RC_OP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	for (size_t i = 0; i < l->s->n_rules; i++) {
		const struct rc_seccomp_rule *r = &l->s->rules[i];
		struct scmp_arg_cmp cmp[6];
		unsigned seen = 0;
		bool split = false;

		if (sc_ret(r->action, &r->errno_ret) == l->p->default_ret)
			continue;
		for (size_t k = 0; k < r->n_args; k++) {
			split |= seen >> r->args[k].index & 1;
			seen |= 1U << r->args[k].index;
		}
		for (size_t k = 0; k < r->n_args; k++) {
			struct scmp_arg_cmp c = { r->args[k].index, ops[r->args[k].op], r->args[k].value,
				r->args[k].value_two };

			if (split && add_rule(l, i, &c, 1, e) < 0)
				return -e->num;
			if (!split)
				cmp[k] = c;
		}
		if (!split && add_rule(l, i, cmp, r->n_args, e) < 0)
			return -e->num;
	}
	return 0;
}

static int add_archs(scmp_filter_ctx ctx, const struct sc_profile *p, struct err *e)
{
	for (size_t i = 0; i < p->n_archs; i++) {
		int rc = seccomp_arch_add(ctx, p->arch[i].token);

		if (rc < 0 && rc != -EEXIST)
			return err_num(e, -rc, "seccomp_arch_add");
	}
	return 0;
}

/* What sc_generate() does for numbers newer than the profile, as code in front of libseccomp's. */
static void gen_enosys(struct bpf_out *o, const struct sc_profile *p)
{
	struct bpf_tgt next = { false, o->len };

	for (size_t i = 0; p->enosys && i < p->n_archs; i++) {
		const struct sc_arch *a = &p->arch[i];
		struct bpf_tgt t, enosys = bpf_tgt_ret(SECCOMP_RET_ERRNO | ENOSYS);

		if (a->max_nr <= a->first || a->max_nr >= a->last)
			continue;
		t = bpf_jump(o, BPF_JGT, a->last, next, enosys);
		t = bpf_jump(o, BPF_JGT, a->max_nr, t, next);
		t = bpf_load(o, offsetof(struct seccomp_data, nr), t);
		t = bpf_jump(o, BPF_JEQ, a->audit_arch, t, next);
		next = bpf_load(o, offsetof(struct seccomp_data, arch), t);
	}
	bpf_enter(o, next);
}

static int export(scmp_filter_ctx ctx, const struct sc_profile *p, struct seccomp_filter *ret, struct err *e)
{
	struct sock_filter buf[BPF_MAXINSNS];
	struct bpf_out o;
	struct stat st;
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "memfd_create");
	int rc = seccomp_export_bpf(ctx, fd);

	if (rc < 0)
		return err_num(e, -rc, "seccomp_export_bpf");
	if (fstat(fd, &st) < 0)
		return err_sys(e, "fstat of the exported filter");
	if (st.st_size <= 0 || (size_t)st.st_size % sizeof(buf[0]) || (size_t)st.st_size > sizeof(buf))
		return err_set(e, ERR_UNSUPPORTED, E2BIG,
			"config.json: /linux/seccomp: the filter needs %lld bytes, the kernel takes at most %zu",
			(long long)st.st_size, sizeof(buf));
	bpf_out_init(&o, buf, BPF_MAXINSNS);
	o.len = (unsigned)((size_t)st.st_size / sizeof(buf[0]));
	if (pread(fd, o.end - o.len, (size_t)st.st_size, 0) != st.st_size)
		return err_sys(e, "read the exported filter");
	gen_enosys(&o, p);
	if (o.overflow)
		return err_set(e, ERR_UNSUPPORTED, E2BIG,
			"config.json: /linux/seccomp: the filter needs more than %d instructions", BPF_MAXINSNS);
	ret->insns = malloc(o.len * sizeof(buf[0]));
	if (!ret->insns)
		return err_oom(e, "the seccomp filter");
	memcpy(ret->insns, o.end - o.len, o.len * sizeof(buf[0]));
	ret->n = (uint16_t)o.len;
	return 0;
}

int sc_generate_lib(const struct rc_seccomp *s, struct sc_profile *p, struct seccomp_filter *ret, struct err *e)
{
	__attribute__((cleanup(ctx_done))) scmp_filter_ctx ctx = seccomp_init(p->default_ret);

	if (!ctx)
		return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
			"config.json: /linux/seccomp/defaultAction: libseccomp does not take it on this kernel");
	if (add_archs(ctx, p, e) < 0)
		return -e->num;
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* older ones lack it: linear, as correct */
	if (add_rules(&(struct lib){ ctx, s, p }, e) < 0)
		return -e->num;
	return export(ctx, p, ret, e);
}
