/* Values of `run` and `create`: everything but resources and the network. */
#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "base/signal_name.h"
#include "base/str.h"
#include "cli/runopts.h"
#include "engine/mountopt.h"
#include "engine/names.h"
#include "engine/security.h"

enum { MAX_HOSTNAME = 64 }; /* sethostname(2): HOST_NAME_MAX */

static struct run_opts *run_opts(struct opt_parse *p)
{
	return p->dest;
}

static void set_text(struct opt_parse *p, const struct opt *o, const char *value)
{
	*(const char **)((char *)p->dest + o->offset) = value;
}

RUN_CALL(name)
{
	set_text(p, o, value);
	return names_check("container", value, e);
}

RUN_CALL(hostname)
{
	if (!*value || strlen(value) > MAX_HOSTNAME)
		return opt_refuse(p, o, value, e, "1 to %d bytes are allowed", MAX_HOSTNAME);
	set_text(p, o, value);
	return 0;
}

RUN_CALL(workdir)
{
	if (*value != '/')
		return opt_refuse(p, o, value, e,
			"the working directory '%s' is invalid, it needs to be an absolute path", value);
	set_text(p, o, value);
	return 0;
}

RUN_CALL(umask)
{
	uint32_t mask;

	if (!parse_octal(value, 0777, &mask))
		return opt_refuse(p, o, value, e, "an octal number is needed, such as 0022");
	run_opts(p)->c.umask = (struct rc_opt_u64){ true, mask };
	return 0;
}

RUN_CALL(entrypoint)
{
	run_opts(p)->merge.entrypoint_given = true;
	set_text(p, o, value);
	return 0;
}

RUN_CALL(attach)
{
	return opt_list_add(p->arena, &run_opts(p)->attach, value, e);
}

RUN_CALL(signal)
{
	int number;

	set_text(p, o, value);
	return signal_number(value, &number, e);
}

RUN_CALL(stop_timeout)
{
	int64_t v;

	if (!parse_i64(value, -1, INT32_MAX, &v))
		return opt_refuse(p, o, value, e, "seconds are needed, or -1 to wait for ever");
	/* The configuration has -1 for "nothing said". */
	run_opts(p)->c.stop_timeout_s = v < 0 ? INT32_MAX : (int32_t)v;
	return 0;
}

RUN_CALL(restart)
{
	static const struct {
		const char *word;
		enum ct_restart policy;
	} words[] = { { "no", CT_RESTART_NO }, { "on-failure", CT_RESTART_ON_FAILURE }, { "always", CT_RESTART_ALWAYS },
		{ "unless-stopped", CT_RESTART_UNLESS_STOPPED } };
	struct ct_config *c = &run_opts(p)->c;
	size_t len = strcspn(value, ":"), i = 0;

	while (i < ARRAY_SIZE(words) && (strlen(words[i].word) != len || strncmp(words[i].word, value, len) != 0))
		i++;
	if (i == ARRAY_SIZE(words) && *value)
		return opt_refuse(p, o, value, e,
			"unknown policy; use one of no, always, on-failure[:MAX] or "
			"unless-stopped");
	c->restart = *value ? words[i].policy : CT_RESTART_NO;
	c->restart_max = 0;
	if (!value[len])
		return 0;
	if (c->restart != CT_RESTART_ON_FAILURE)
		return opt_refuse(p, o, value, e, "a maximum count is for on-failure only");
	if (!parse_u32(value + len + 1, &c->restart_max))
		return opt_refuse(p, o, value, e, "maximum retry count must be an integer");
	return 0;
}

/* Names that callers of docker and podman give to what is one program here. */
RUN_CALL(runtime)
{
	static const char *const ours[] = { "tare", "tare-oci", "" };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (str_eq(value, ours[i]))
			return 0;
	return opt_refuse(p, o, value, e, "tare runs containers itself and calls no other runtime");
}

/* What the modes of one option are, besides container:NAME where that is possible. */
static const struct mode_words {
	const char *option, *words;
	bool container;
} modes[] = {
	{ "pid", "private host", true },
	{ "ipc", "private shareable none host", true },
	{ "uts", "private host", false },
	{ "userns", "host keep-id private", false },
	{ "cgroupns", "private host", false },
};

static bool is_word(const char *words, const char *value)
{
	size_t len = strlen(value);

	for (const char *w = words; *w; w += strcspn(w, " "), w += *w == ' ')
		if (strcspn(w, " ") == len && !strncmp(w, value, len))
			return true;
	return false;
}

RUN_CALL(namespace_)
{
	const struct mode_words *m = modes;
	const char *other = str_after(value, "container:");

	while (!str_eq(m->option, o->name))
		m++;
	set_text(p, o, value);
	if (!*value || is_word(m->words, value) || (m->container && other && *other)) {
		/* The configuration has NULL for what is private by itself. */
		if (!*value || (str_eq(value, "private") && !str_eq(o->name, "ipc") && !str_eq(o->name, "cgroupns")))
			set_text(p, o, NULL);
		return 0;
	}
	return opt_refuse(p, o, value, e, "%s: invalid mode; use %s%s", o->name, m->words,
		m->container ? " or container:NAME" : "");
}

RUN_CALL(cap_add)
{
	return security_cap_add(&run_opts(p)->c, value, e);
}

RUN_CALL(cap_drop)
{
	return security_cap_drop(&run_opts(p)->c, value, e);
}

RUN_CALL(security)
{
	return security_opt(&run_opts(p)->c, value, e);
}

RUN_CALL(sysctl)
{
	return security_sysctl(&run_opts(p)->c, value, e);
}

RUN_CALL(device)
{
	return security_device(&run_opts(p)->c, value, e);
}

RUN_CALL(device_rule)
{
	return security_device_rule(&run_opts(p)->c, value, e);
}

typedef int (*mount_parser)(struct arena *a, const char *text, struct ct_mount *ret, struct err *e);

static int add_mount(struct opt_parse *p, mount_parser parse, const char *value, struct err *e)
{
	struct ct_config *c = &run_opts(p)->c;
	struct ct_mount m = { 0 };
	int r = parse(&c->arena, value, &m, e);

	return r ? r : mountopt_add(c, &m, e);
}

/* The same twice is once. */
RUN_CALL(volume)
{
	struct run_opts *opts = run_opts(p);

	for (size_t i = 0; i < opts->volumes.n; i++)
		if (str_eq(opts->volumes.v[i], value))
			return 0;
	if (opt_list_add(&opts->c.arena, &opts->volumes, value, e) < 0)
		return -e->num;
	return add_mount(p, mountopt_volume, value, e);
}

RUN_CALL(mount)
{
	return add_mount(p, mountopt_mount, value, e);
}

RUN_CALL(tmpfs)
{
	return add_mount(p, mountopt_tmpfs, value, e);
}

static int add_pair(struct opt_parse *p, struct rc_kv_list *l, const char *value, struct err *e)
{
	struct arena *a = &run_opts(p)->c.arena;
	size_t key = strcspn(value, "=");
	struct rc_kv one = { arena_dup_n(a, value, key), (char *)value + key + (value[key] == '=') };

	if (!one.key)
		return err_oom(e, "the command line");
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i].key, one.key)) {
			l->v[i] = one; /* the last one counts */
			return 0;
		}
	struct rc_kv *all = arena_array(a, struct rc_kv, l->n + 1);
	if (!all)
		return err_oom(e, "the command line");
	if (l->n)
		memcpy(all, l->v, l->n * sizeof(*all));
	all[l->n++] = one;
	l->v = all;
	return 0;
}

RUN_CALL(log_opt)
{
	if (!strchr(value, '=') || *value == '=')
		return opt_refuse(p, o, value, e, "KEY=VALUE is needed");
	return add_pair(p, &run_opts(p)->c.log_opts, value, e);
}

RUN_CALL(annotation)
{
	if (!strchr(value, '=') || *value == '=')
		return opt_refuse(p, o, value, e, "KEY=VALUE is needed");
	return add_pair(p, &run_opts(p)->c.annotations, value, e);
}

RUN_CALL(health_cmd)
{
	struct arena *a = &run_opts(p)->c.arena;
	struct rc_str_list *test = &run_opts(p)->c.health.test;

	*test = (struct rc_str_list){ NULL, 0 };
	run_opts(p)->health_given = true;
	if (str_eq(value, "none") || str_eq(value, "NONE"))
		return opt_list_add(a, test, "NONE", e);
	int r = opt_list_add(a, test, "CMD-SHELL", e);
	return r ? r : opt_list_add(a, test, value, e);
}

RUN_CALL(duration)
{
	uint64_t ms;

	if (!parse_duration_ms(value, &ms))
		return opt_refuse(p, o, value, e, "a time is needed, such as 500ms, 30s or 1m30s");
	run_opts(p)->health_given = true;
	*(uint64_t *)((char *)p->dest + o->offset) = ms;
	return 0;
}

RUN_CALL(on_unhealthy)
{
	run_opts(p)->c.on_unhealthy = str_eq(value, "restart") ? CT_UNHEALTHY_RESTART
		: str_eq(value, "kill")			       ? CT_UNHEALTHY_KILL
		: str_eq(value, "stop")			       ? CT_UNHEALTHY_STOP
							       : CT_UNHEALTHY_NONE;
	return 0;
}

RUN_CALL(ignored)
{
	log_warn("--%s has no effect on Linux", o->name);
	return 0;
}

RUN_CALL(absent)
{
	static const struct {
		const char *option, *what;
	} missing[] = { { "gpus", "devices of CDI" }, { "storage-opt", "quotas of the root file system" },
		{ "volume-driver", "volume drivers" }, { "cpu-rt-period", "real-time limits" },
		{ "cpu-rt-runtime", "real-time limits" }, { "secret", "secrets" }, { "pod", "pods" } };

	if (str_eq(o->name, "volume-driver") && str_eq(value, "local"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
		if (str_eq(missing[i].option, o->name))
			return err_set(e, ERR_UNSUPPORTED, ENOTSUP, "--%s: this build has no %s yet", o->name,
				missing[i].what);
	err_set(e, ERR_UNSUPPORTED, ENOTSUP, "--%s: this build has no bridge networks yet", o->name);
	return err_hint(e, "--network host shares the network of this machine");
}
