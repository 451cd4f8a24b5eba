/* linux.seccomp (config-linux.md "Seccomp"), and the digest under which its compiled filter is
 * cached.
 *
 * The digest is BLAKE2b-128 over the parsed values, each list and string with its length in front.
 * It covers what the filter depends on: default action and errno, architectures, flags, rules in
 * their order; not the listener, which is a matter of what happens after loading. It has to resist
 * a second preimage: whoever may start containers with a profile of their own could otherwise plant
 * a lax filter under the digest of somebody's strict one. That rules out FNV, wyhash and SipHash
 * with a fixed key; SHA-256 in plain C costs three times as much on the start path. */
#include "spec/rc.h"

#include <string.h>
#include "base/blake2b.h"
#include "base/str.h"

enum { MAX_ARG_INDEX = 5, MAX_ERRNO = 4095, MAX_TRACE_DATA = UINT16_MAX }; /* seccomp(2) */

static const struct rd_word action_words[] = {
	{ "SCMP_ACT_ALLOW", RC_ACT_ALLOW },
	{ "SCMP_ACT_ERRNO", RC_ACT_ERRNO },
	{ "SCMP_ACT_KILL", RC_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", RC_ACT_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", RC_ACT_KILL_THREAD },
	{ "SCMP_ACT_TRAP", RC_ACT_TRAP },
	{ "SCMP_ACT_TRACE", RC_ACT_TRACE },
	{ "SCMP_ACT_LOG", RC_ACT_LOG },
	{ "SCMP_ACT_NOTIFY", RC_ACT_NOTIFY },
	{ NULL, 0 },
};

static const struct rd_word op_words[] = {
	{ "SCMP_CMP_NE", RC_OP_NE },
	{ "SCMP_CMP_LT", RC_OP_LT },
	{ "SCMP_CMP_LE", RC_OP_LE },
	{ "SCMP_CMP_EQ", RC_OP_EQ },
	{ "SCMP_CMP_GE", RC_OP_GE },
	{ "SCMP_CMP_GT", RC_OP_GT },
	{ "SCMP_CMP_MASKED_EQ", RC_OP_MASKED_EQ },
	{ NULL, 0 },
};

static const struct rd_word arch_words[] = {
	{ "SCMP_ARCH_X86", 0 },
	{ "SCMP_ARCH_X86_64", 0 },
	{ "SCMP_ARCH_X32", 0 },
	{ "SCMP_ARCH_ARM", 0 },
	{ "SCMP_ARCH_AARCH64", 0 },
	{ "SCMP_ARCH_MIPS", 0 },
	{ "SCMP_ARCH_MIPS64", 0 },
	{ "SCMP_ARCH_MIPS64N32", 0 },
	{ "SCMP_ARCH_MIPSEL", 0 },
	{ "SCMP_ARCH_MIPSEL64", 0 },
	{ "SCMP_ARCH_MIPSEL64N32", 0 },
	{ "SCMP_ARCH_PPC", 0 },
	{ "SCMP_ARCH_PPC64", 0 },
	{ "SCMP_ARCH_PPC64LE", 0 },
	{ "SCMP_ARCH_S390", 0 },
	{ "SCMP_ARCH_S390X", 0 },
	{ "SCMP_ARCH_PARISC", 0 },
	{ "SCMP_ARCH_PARISC64", 0 },
	{ "SCMP_ARCH_RISCV64", 0 },
	{ "SCMP_ARCH_LOONGARCH64", 0 },
	{ "SCMP_ARCH_M68K", 0 },
	{ "SCMP_ARCH_SH", 0 },
	{ "SCMP_ARCH_SHEB", 0 },
	{ NULL, 0 },
};

static const struct rd_word flag_words[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 },
	{ "SECCOMP_FILTER_FLAG_LOG", 0 },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 0 },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0 },
	{ NULL, 0 },
};

/* --- words -------------------------------------------------------------------------------------- */

static int read_action(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	int64_t action;

	if (!rd_lookup(v, action_words, &action))
		return rd_unknown_word(r, v, action_words);
	*(enum rc_seccomp_action *)dst = (enum rc_seccomp_action)action;
	return 0;
}

static int read_op(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	int64_t op;

	if (!rd_lookup(v, op_words, &op))
		return rd_unknown_word(r, v, op_words);
	*(enum rc_seccomp_op *)dst = (enum rc_seccomp_op)op;
	return 0;
}

/* A list of words that stay words. */
static int read_words(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	size_t i = 0;
	int rc = rd_str_list(r, v, f, dst);

	for (const struct json *m = v->kind == JSON_KIND_ARRAY ? v->first : NULL; m && rc == 0; m = m->next, i++) {
		struct rd_path here;
		int64_t ignored;

		if (m->kind != JSON_KIND_STRING || rd_lookup(m, f->words, &ignored))
			continue;
		rd_enter(r, &here, NULL, i);
		rc = rd_unknown_word(r, m, f->words);
		rd_leave(r, &here);
	}
	return rc;
}

static int read_flags(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_seccomp *s = dst;

	s->has_flags = v->kind == JSON_KIND_ARRAY;
	return read_words(r, v, f, &s->flags);
}

/* "When the action doesn't support an errno, the runtime MUST print and error and fail." */
static int check_errno(struct rd *r, const char *key, enum rc_seccomp_action action, const struct rc_opt_u64 *ret)
{
	uint64_t max = action == RC_ACT_TRACE ? MAX_TRACE_DATA : MAX_ERRNO;

	if (!ret->set)
		return 0;
	if (action != RC_ACT_ERRNO && action != RC_ACT_TRACE)
		return rd_fail(r, key, NULL, "goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE only");
	if (ret->v > max)
		return rd_fail(r, key, NULL, "%llu is out of range, allowed are 0 to %llu", (unsigned long long)ret->v,
			(unsigned long long)max);
	return 0;
}

/* --- rules -------------------------------------------------------------------------------------- */

static int read_names(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_str_list *names = dst;
	int rc = rd_str_list(r, v, f, names);

	if (rc == 0 && v->kind == JSON_KIND_ARRAY && v->n == 0)
		return rd_fail(r, NULL, NULL, "is empty, a rule names at least one system call");
	for (size_t i = 0; i < names->n && rc == 0; i++) {
		struct rd_path here;

		if (names->v[i][0] != '\0')
			continue;
		rd_enter(r, &here, NULL, i);
		rc = rd_fail(r, NULL, NULL, "is empty");
		rd_leave(r, &here);
	}
	return rc;
}

static int read_arg(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("index", rd_u32, struct rc_seccomp_arg, index, RD_MUST, .max = MAX_ARG_INDEX),
		RD("value", rd_u64, struct rc_seccomp_arg, value, RD_MUST, .max = UINT64_MAX),
		RD("valueTwo", rd_u64, struct rc_seccomp_arg, value_two, .max = UINT64_MAX),
		RD("op", read_op, struct rc_seccomp_arg, op, RD_MUST),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static int read_args(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements elements = { read_arg, sizeof(struct rc_seccomp_arg), NULL };
	struct rc_seccomp_rule *rule = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &elements, &all, &rule->n_args);

	rule->args = all;
	return rc;
}

static int read_rule(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("names", read_names, struct rc_seccomp_rule, names, RD_MUST),
		RD("action", read_action, struct rc_seccomp_rule, action, RD_MUST),
		RD("errnoRet", rd_opt_u64, struct rc_seccomp_rule, errno_ret, .max = UINT32_MAX),
		RD_ALL("args", read_args),
	};
	struct rc_seccomp_rule *rule = dst;
	size_t errors = r->n_errors;
	int rc = rd_object(r, v, fields, ARRAY_SIZE(fields), rule);

	return rc == 0 && r->n_errors == errors ? check_errno(r, "errnoRet", rule->action, &rule->errno_ret) : rc;
}

static int read_rules(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements elements = { read_rule, sizeof(struct rc_seccomp_rule), NULL };
	struct rc_seccomp *s = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &elements, &all, &s->n_rules);

	s->rules = all;
	return rc;
}

/* --- digest ------------------------------------------------------------------------------------- */

/* Numbers as eight bytes of this machine's order: the cache never leaves the machine. */
static void add_number(struct blake2b *b, uint64_t n)
{
	blake2b_add(b, &n, sizeof(n));
}

static void add_optional(struct blake2b *b, const struct rc_opt_u64 *n)
{
	add_number(b, n->set);
	add_number(b, n->set ? n->v : 0);
}

static void add_list(struct blake2b *b, const struct rc_str_list *list)
{
	add_number(b, list->n);
	for (size_t i = 0; i < list->n; i++) {
		/* the terminating NUL delimits as well as a length would: no string has one inside
		 */
		blake2b_add(b, list->v[i], strlen(list->v[i]) + 1);
	}
}

static void add_rule(struct blake2b *b, const struct rc_seccomp_rule *rule)
{
	add_list(b, &rule->names);
	add_number(b, rule->action);
	add_optional(b, &rule->errno_ret);
	add_number(b, rule->n_args);
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct rc_seccomp_arg *a = &rule->args[i];

		add_number(b, a->index);
		add_number(b, a->op);
		add_number(b, a->value);
		add_number(b, a->value_two);
	}
}

static void digest(struct rc_seccomp *s)
{
	struct blake2b b;

	blake2b_init(&b, sizeof(s->digest));
	add_number(&b, s->default_action);
	add_optional(&b, &s->default_errno_ret);
	add_list(&b, &s->architectures);
	add_number(&b, s->has_flags);
	add_list(&b, &s->flags);
	add_number(&b, s->n_rules);
	for (size_t i = 0; i < s->n_rules; i++)
		add_rule(&b, &s->rules[i]);
	blake2b_end(&b, s->digest);
}

/* --- the whole ---------------------------------------------------------------------------------- */

static int check(struct rd *r, struct rc_seccomp *s)
{
	/* the runtime itself has to send the listener's descriptor, with a call that would then
	 * wait for its reader */
	if (s->default_action == RC_ACT_NOTIFY)
		return rd_fail(r, "defaultAction", NULL, "SCMP_ACT_NOTIFY cannot be the default action");
	return check_errno(r, "defaultErrnoRet", s->default_action, &s->default_errno_ret);
}

int rc_read_seccomp(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("defaultAction", read_action, struct rc_seccomp, default_action, RD_MUST),
		RD("defaultErrnoRet", rd_opt_u64, struct rc_seccomp, default_errno_ret, .max = UINT32_MAX),
		RD("architectures", read_words, struct rc_seccomp, architectures, .words = arch_words),
		RD_ALL("flags", read_flags, .words = flag_words),
		RD("listenerPath", rd_opt_string, struct rc_seccomp, listener_path),
		RD("listenerMetadata", rd_opt_string, struct rc_seccomp, listener_metadata),
		RD_ALL("syscalls", read_rules),
	};
	size_t errors = r->n_errors;
	void *s = NULL;
	int rc = rc_new_object(r, v, &RC_SHAPE(fields, struct rc_seccomp), &s);

	*(struct rc_seccomp **)dst = s;
	if (rc == 0 && r->n_errors == errors)
		rc = check(r, s);
	if (rc == 0 && r->n_errors == errors)
		digest(s);
	return rc;
}
