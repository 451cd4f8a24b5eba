/* Theory of operation. A request names one device and a set of accesses (read, write, mknod). For each access
 * the last rule that covers the device and the access decides; all must be allowed.
 *
 * The program walks the rules from the last to the first with the undecided accesses in a register: a matching
 * deny that covers one of them ends it with 0, a matching allow strikes out what it covers, and when
 * nothing is left the answer is 1.
 *
 * v1 knows a default and exceptions, and an exception is taken back only by the same words. So the rules
 * are played through on a list of exceptions; where a rule would have to cut a hole into a wider exception,
 * the other default is tried, and if that fails too the rules cannot be had on v1. */
#include "cg/devices_rules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

static const struct dev_rule default_rules[] = {
	{ 'c', true, DEV_MKNOD, -1, -1 }, /* making a node gives no access to it */
	{ 'b', true, DEV_MKNOD, -1, -1 }, { 'c', true, DEV_ALL, 1, 3 }, /* null */
	{ 'c', true, DEV_ALL, 1, 5 }, /* zero */
	{ 'c', true, DEV_ALL, 1, 7 }, /* full */
	{ 'c', true, DEV_ALL, 1, 8 }, /* random */
	{ 'c', true, DEV_ALL, 1, 9 }, /* urandom */
	{ 'c', true, DEV_ALL, 5, 0 }, /* tty */
	{ 'c', true, DEV_ALL, 5, 2 }, /* ptmx */
	{ 'c', true, DEV_ALL, 136, -1 }, /* pts */
};

static bool decides_everything(const struct dev_rule *r)
{
	return r->type == 'a' && r->major < 0 && r->minor < 0 && r->access == DEV_ALL;
}

static struct dev_rule from_spec(const struct rc_device_rule *s)
{
	struct dev_rule r = { .type = s->type, .allow = s->allow, .major = s->major, .minor = s->minor };

	r.access = (s->read ? DEV_READ : 0) | (s->write ? DEV_WRITE : 0) | (s->mknod ? DEV_MKNOD : 0);
	return r;
}

int dev_rules_init(const struct rc_device_rule *rules, size_t n, struct dev_rules *ret, struct err *e)
{
	size_t first = n;

	while (first > 0) {
		struct dev_rule r = from_spec(&rules[--first]);

		if (decides_everything(&r))
			break;
	}
	ret->v = calloc(1 + (n - first) + ARRAY_SIZE(default_rules), sizeof(*ret->v));
	if (!ret->v)
		return err_oom(e, "device rules");
	ret->n = 0;
	ret->v[ret->n++] = (struct dev_rule){ 'a', false, DEV_ALL, -1, -1 };
	for (size_t i = first; i < n; i++) {
		struct dev_rule r = from_spec(&rules[i]);

		if (decides_everything(&r))
			ret->n = 0;
		if (r.access)
			ret->v[ret->n++] = r;
	}
	memcpy(ret->v + ret->n, default_rules, sizeof(default_rules));
	ret->n += ARRAY_SIZE(default_rules);
	return 0;
}

void dev_rules_done(struct dev_rules *r)
{
	free(r->v);
	r->v = NULL;
	r->n = 0;
}

bool dev_rules_allow_all(const struct dev_rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->v[i].allow)
			return false;
	return r->n > 0 && decides_everything(&r->v[0]);
}

static bool matches(const struct dev_rule *r, char type, int64_t major, int64_t minor)
{
	return (r->type == 'a' || r->type == type) && (r->major < 0 || r->major == major) &&
		(r->minor < 0 || r->minor == minor);
}

bool dev_rules_decide(const struct dev_rules *r, char type, int64_t major, int64_t minor, unsigned access)
{
	for (size_t i = r->n; i-- > 0 && access;) {
		if (!(r->v[i].access & access) || !matches(&r->v[i], type, major, minor))
			continue;
		if (!r->v[i].allow)
			return false;
		access &= ~r->v[i].access;
	}
	return access == 0;
}

/* --- v1 ------------------------------------------------------------------------------------------------ */

static bool covers(const struct dev_rule *wide, const struct dev_rule *narrow)
{
	return wide->type == narrow->type && (wide->major < 0 || wide->major == narrow->major) &&
		(wide->minor < 0 || wide->minor == narrow->minor);
}

static bool overlaps(const struct dev_rule *a, const struct dev_rule *b)
{
	return a->type == b->type && (a->major < 0 || b->major < 0 || a->major == b->major) &&
		(a->minor < 0 || b->minor < 0 || a->minor == b->minor);
}

static void add(struct dev_exceptions *x, const struct dev_rule *r)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].type == r->type && x->v[i].major == r->major && x->v[i].minor == r->minor) {
			x->v[i].access |= r->access;
			return;
		}
	x->v[x->n++] = *r;
}

/* False: it would leave a hole in a wider exception. */
static bool take_back(struct dev_exceptions *x, const struct dev_rule *r)
{
	for (size_t i = 0; i < x->n; i++) {
		if (!overlaps(&x->v[i], r) || !(x->v[i].access & r->access))
			continue;
		if (!covers(r, &x->v[i]))
			return false;
		x->v[i].access &= ~r->access;
	}
	return true;
}

static bool apply(struct dev_exceptions *x, const struct dev_rule *r)
{
	if (r->allow != x->allow_all) {
		add(x, r);
		return true;
	}
	return take_back(x, r);
}

static bool play(const struct dev_rules *r, struct dev_exceptions *x)
{
	size_t kept = 0;

	x->n = 0;
	for (size_t i = 0; i < r->n; i++) {
		struct dev_rule one = r->v[i];

		for (const char *t = one.type == 'a' ? "bc" : NULL; t && *t; t++) {
			one.type = *t;
			if (!apply(x, &one))
				return false;
		}
		if (r->v[i].type != 'a' && !apply(x, &one))
			return false;
	}
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].access)
			x->v[kept++] = x->v[i];
	x->n = kept;
	return true;
}

int dev_exceptions_init(const struct dev_rules *r, struct dev_exceptions *ret, struct err *e)
{
	ret->n = 0;
	ret->v = calloc(2 * r->n + 1, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(e, "device rules");
	ret->allow_all = false;
	if (play(r, ret))
		return 0;
	ret->allow_all = true;
	if (play(r, ret))
		return 0;
	dev_exceptions_done(ret);
	err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "cgroup v1 cannot deny a device within a range that is allowed");
	err_hint(e, "list the allowed devices one by one, or use cgroup v2");
	return err_wrap(e, "/linux/resources/devices");
}

void dev_exceptions_done(struct dev_exceptions *x)
{
	free(x->v);
	x->v = NULL;
	x->n = 0;
}

static size_t put_number(char *dst, size_t size, int64_t n)
{
	return n < 0 ? fmt_to(dst, size, "*") : fmt_to(dst, size, "%" PRId64, n);
}

void dev_exception_text(const struct dev_rule *x, char dst[static DEV_TEXT_SIZE])
{
	size_t n = fmt_to(dst, DEV_TEXT_SIZE, "%c ", x->type);

	n += put_number(dst + n, DEV_TEXT_SIZE - n, x->major);
	n += fmt_to(dst + n, DEV_TEXT_SIZE - n, ":");
	n += put_number(dst + n, DEV_TEXT_SIZE - n, x->minor);
	fmt_to(dst + n, DEV_TEXT_SIZE - n, " %s%s%s", x->access & DEV_READ ? "r" : "", x->access & DEV_WRITE ? "w" : "",
		x->access & DEV_MKNOD ? "m" : "");
}

/* --- v2 ------------------------------------------------------------------------------------------------ */

enum { R0 = BPF_REG_0, R1, R_TYPE, R_PENDING, R_MAJOR, R_MINOR };

static void emit(struct dev_prog *p, unsigned char code, unsigned dst, int off, int imm)
{
	p->v[p->n++] = (struct bpf_insn){ .code = code, .dst_reg = dst & 0xf, .off = (short)off, .imm = imm };
}

/* With a register as its source. */
static void emit_from(struct dev_prog *p, unsigned char code, unsigned dst, unsigned src, int off)
{
	emit(p, code, dst, off, 0);
	p->v[p->n - 1].src_reg = src & 0xf;
}

static void emit_return(struct dev_prog *p, int value)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, R0, 0, value);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

/* "if register != value, this rule does not match"; the jump is filled in when its end is known. */
static void emit_test(struct dev_prog *p, unsigned reg, int64_t value)
{
	emit(p, BPF_JMP32 | BPF_JNE | BPF_K, reg, -1, (int)(uint32_t)value);
}

static void emit_rule(struct dev_prog *p, const struct dev_rule *r)
{
	size_t start = p->n;

	if (r->type != 'a')
		emit_test(p, R_TYPE, r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (r->major >= 0)
		emit_test(p, R_MAJOR, r->major);
	if (r->minor >= 0)
		emit_test(p, R_MINOR, r->minor);
	if (r->access == DEV_ALL) {
		emit_return(p, r->allow);
	} else if (r->allow) {
		emit(p, BPF_ALU64 | BPF_AND | BPF_K, R_PENDING, 0, ~(int)r->access);
		emit(p, BPF_JMP | BPF_JNE | BPF_K, R_PENDING, 2, 0);
		emit_return(p, 1);
	} else {
		emit(p, BPF_JMP | BPF_JSET | BPF_K, R_PENDING, 1, (int)r->access);
		emit(p, BPF_JMP | BPF_JA, 0, 2, 0);
		emit_return(p, 0);
	}
	for (size_t i = start; i < p->n; i++)
		if (p->v[i].off == -1)
			p->v[i].off = (short)(p->n - i - 1);
}

int dev_prog_init(const struct dev_rules *r, struct dev_prog *ret, struct err *e)
{
	ret->n = 0;
	ret->cap = 8 + 8 * r->n;
	ret->v = calloc(ret->cap, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(e, "a device program");
	/* struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor */
	emit_from(ret, BPF_LDX | BPF_MEM | BPF_W, R_TYPE, R1, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit_from(ret, BPF_ALU64 | BPF_MOV | BPF_X, R_PENDING, R_TYPE, 0);
	emit(ret, BPF_ALU64 | BPF_AND | BPF_K, R_TYPE, 0, 0xffff);
	emit(ret, BPF_ALU64 | BPF_RSH | BPF_K, R_PENDING, 0, 16);
	emit_from(ret, BPF_LDX | BPF_MEM | BPF_W, R_MAJOR, R1, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_from(ret, BPF_LDX | BPF_MEM | BPF_W, R_MINOR, R1, offsetof(struct bpf_cgroup_dev_ctx, minor));
	/* The first rule decides everything (dev_rules_init), so its block is the program's end: it must return. */
	for (size_t i = r->n; i-- > 0;)
		emit_rule(ret, &r->v[i]);
	return 0;
}

void dev_prog_done(struct dev_prog *p)
{
	free(p->v);
	p->v = NULL;
	p->n = p->cap = 0;
}
