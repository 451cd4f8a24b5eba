/* --security-opt, --sysctl, --device: from words to fields of struct ct_config. */
#include "engine/security.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include "base/str.h"
#include "cmdline/opt.h"
#include "spec/rc.h"
#include "sys/path.h"

#define FORM_SECURITY \
	"accepted: seccomp=FILE|unconfined|default, no-new-privileges[=true|false], " \
	"apparmor=PROFILE, label=VALUE, " \
	"systempaths=unconfined, mask=PATH[:PATH], unmask=ALL|PATH[:PATH]"
#define FORM_SYSCTL "accepted: KEY=VALUE, KEY of net.*, fs.mqueue.*, user.* and the ipc keys of kernel.*"
#define FORM_DEVICE "accepted: PATH[:PATH-IN-CONTAINER][:rwm]"
#define FORM_RULE "accepted: \"c|b|a MAJOR:MINOR rwm\", a number may be *"

static int keep(struct ct_config *c, const char *value, char **ret, struct err *e)
{
	*ret = arena_dup(&c->arena, value);
	return *ret ? 0 : err_oom(e, "an option");
}

/* --- --security-opt ------------------------------------------------------------------------------------------ */

static int set_seccomp(struct ct_config *c, const char *v, struct err *e)
{
	char path[PATH_MAX];

	if (str_eq(v, "default") || str_eq(v, "builtin")) {
		c->seccomp = NULL;
		return 0;
	}
	if (str_eq(v, "unconfined"))
		return keep(c, v, &c->seccomp, e);
	if (!*v)
		return err_set(e, ERR_USAGE, EINVAL, "seccomp has no value");
	return path_absolute(v, path, e) < 0 ? -e->num : keep(c, path, &c->seccomp, e);
}

/* Absolute paths between colons. */
static int add_paths(struct ct_config *c, const char *key, const char *v, struct rc_str_list *l, struct err *e)
{
	char *text, *next;

	if (keep(c, v, &text, e) < 0)
		return -e->num;
	for (char *p = text; p; p = next) {
		next = strchr(p, ':');
		if (next)
			*next++ = '\0';
		if (p[0] != '/')
			return err_set(e, ERR_USAGE, EINVAL, "%s: \"%.300s\" is no absolute path", key, p);
		if (opt_list_add(&c->arena, l, p, e) < 0)
			return -e->num;
	}
	return 0;
}

static int set_unmask(struct ct_config *c, const char *v, struct err *e)
{
	if (strcmp(v, "ALL") == 0 || strcmp(v, "all") == 0)
		return opt_list_add(&c->arena, &c->unmasked_paths, "ALL", e);
	return add_paths(c, "unmask", v, &c->unmasked_paths, e);
}

static int set_privs(struct ct_config *c, const char *v, struct err *e)
{
	if (opt_bool(v, &c->no_new_privs))
		return 0;
	return err_set(e, ERR_USAGE, EINVAL, "no-new-privileges: \"%.64s\" is neither true nor false", v);
}

static int set_systempaths(struct ct_config *c, const char *v, struct err *e)
{
	if (!str_eq(v, "unconfined"))
		return err_set(e, ERR_USAGE, EINVAL, "systempaths: \"%.64s\" is not \"unconfined\"", v);
	c->systempaths_unconfined = true;
	return 0;
}

/* docker's label=disable and label=type:X, … are words for SELinux; without it there is nothing to
 * lift. A whole label, as runtime-spec wants it, has three colons at least. */
static int set_label(struct ct_config *c, const char *v, struct err *e)
{
	static const char *const parts[] = { "user:", "role:", "type:", "level:", "filetype:", "nested" };

	if (str_eq(v, "disable")) {
		c->selinux_label = NULL;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!str_starts(v, parts[i]))
			continue;
		err_set(e, ERR_UNSUPPORTED, ENOTSUP, "label=%.100s: parts of a label are not supported", v);
		return err_hint(e, "give the whole label, label=USER:ROLE:TYPE:LEVEL, or label=disable");
	}
	if (!*v)
		return err_set(e, ERR_USAGE, EINVAL, "label has no value");
	return keep(c, v, &c->selinux_label, e);
}

static int set_apparmor(struct ct_config *c, const char *v, struct err *e)
{
	if (!*v)
		return err_set(e, ERR_USAGE, EINVAL, "apparmor has no value");
	if (!str_eq(v, "unconfined"))
		return keep(c, v, &c->apparmor, e);
	c->apparmor = NULL;
	return 0;
}

static int apply(struct ct_config *c, const char *key, size_t n, const char *v, struct err *e)
{
	static const struct {
		const char *key;
		int (*set)(struct ct_config *c, const char *v, struct err *e);
	} keys[] = { { "seccomp", set_seccomp }, { "no-new-privileges", set_privs }, { "apparmor", set_apparmor },
		{ "label", set_label }, { "systempaths", set_systempaths }, { "unmask", set_unmask } };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].key) == n && memcmp(key, keys[i].key, n) == 0)
			return keys[i].set(c, v, e);
	if (n == 4 && memcmp(key, "mask", n) == 0)
		return add_paths(c, "mask", v, &c->masked_paths, e);
	return err_set(e, ERR_USAGE, EINVAL, "invalid --security-opt 2: \"%.*s\"", (int)(n < 300 ? n : 300), key);
}

int security_opt(struct ct_config *c, const char *text, struct err *e)
{
	size_t n = strcspn(text, "="), colon = strcspn(text, ":");
	bool bare = str_eq(text, "no-new-privileges");

	/* A colon as separator is docker's old form: "seccomp:unconfined". */
	if (colon < n && (colon < strcspn(text, "/")))
		n = colon;
	if (!text[n] && !bare)
		err_set(e, ERR_USAGE, EINVAL, "invalid --security-opt 1: \"%.300s\"", text);
	else if (apply(c, text, n, bare ? "true" : text + n + 1, e) == 0)
		return opt_list_add(&c->arena, &c->security_opt, text, e);
	return err_hint(e, "%s", FORM_SECURITY);
}

/* --- --sysctl ------------------------------------------------------------------------------------------------ */

static const char key_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@/-";

static bool empty_part(const char *key, size_t n)
{
	for (size_t i = 0; i <= n; i++) {
		bool end = i == n || key[i] == '.' || key[i] == '/';

		if (end && (i == 0 || key[i - 1] == '.' || key[i - 1] == '/'))
			return true;
	}
	return false;
}

/* Sysctls are few: a list that is copied when it grows is short enough. */
static int add_pair(struct ct_config *c, struct rc_kv_list *l, char *key, const char *value, struct err *e)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i].key, key))
			return keep(c, value, &l->v[i].value, e);
	struct rc_kv *v = arena_array(&c->arena, struct rc_kv, l->n + 1);
	if (!v)
		return err_oom(e, "an option");
	if (l->n)
		memcpy(v, l->v, l->n * sizeof(*v));
	v[l->n].key = key;
	l->v = v;
	return keep(c, value, &v[l->n++].value, e);
}

int security_sysctl(struct ct_config *c, const char *text, struct err *e)
{
	size_t n = strspn(text, key_letters);
	char *key;

	if (text[n] != '=') {
		if (!strchr(text, '='))
			err_set(e, ERR_USAGE, EINVAL, "sysctl '%.200s' has no value", text);
		else
			err_set(e, ERR_USAGE, EINVAL,
				"sysctl '%.200s': a key may consist of letters, digits and _ . @ / "
				"- only",
				text);
		return err_hint(e, FORM_SYSCTL);
	}
	key = arena_dup_n(&c->arena, text, n);
	if (!key)
		return err_oom(e, "an option");
	if (empty_part(text, n))
		err_set(e, ERR_USAGE, EINVAL, "sysctl '%.200s': the key has an empty part or \"..\"", key);
	else if (strpbrk(text + n + 1, "\n\r"))
		err_set(e, ERR_USAGE, EINVAL, "sysctl '%.200s': the value has a line break", key);
	else if (rc_sysctl_ns(key) == RC_N_NS)
		err_set(e, ERR_USAGE, EINVAL, "sysctl '%.200s' is not allowed: it belongs to the whole machine", key);
	else if (rc_sysctl_ns(key) == RC_NS_UTS)
		err_set(e, ERR_USAGE, EINVAL, "sysctl '%.200s' is not allowed: there are --hostname and --domainname",
			key);
	if (e->num)
		return err_hint(e, FORM_SYSCTL);
	return add_pair(c, &c->sysctls, key, text + n + 1, e);
}

static bool is_shared(const char *mode)
{
	return str_eq(mode, "host") || (mode && str_starts(mode, "container:"));
}

int security_check(const struct ct_config *c, struct err *e)
{
	for (size_t i = 0; i < c->annotations.n; i++)
		if (str_starts(c->annotations.v[i].key, "org.tare."))
			return err_set(e, ERR_USAGE, EINVAL, "annotation %.200s: org.tare.* is for tare's own use",
				c->annotations.v[i].key);
	for (size_t i = 0; i < c->sysctls.n; i++) {
		const char *key = c->sysctls.v[i].key;
		enum rc_ns ns = rc_sysctl_ns(key);

		if (ns == RC_NS_NET && is_shared(c->network))
			return err_set(e, ERR_USAGE, EINVAL,
				"sysctl '%.200s' is not allowed with --network %s: it would change "
				"a namespace that is not the container's own",
				key, c->network);
		if (ns == RC_NS_IPC && is_shared(c->ipc_mode))
			return err_set(e, ERR_USAGE, EINVAL,
				"sysctl '%.200s' is not allowed with --ipc %s: it would change a "
				"namespace that is not the container's own",
				key, c->ipc_mode);
		if (ns == RC_NS_USER && security_needs_host_ids(c))
			return err_set(e, ERR_USAGE, EINVAL,
				"sysctl '%.200s' is not allowed with %s: the container has no user "
				"namespace of its own",
				key, security_needs_host_ids(c));
	}
	return 0;
}

/* --- devices ------------------------------------------------------------------------------------------------- */

static bool is_access(const char *s, size_t n)
{
	if (n == 0 || n > 3)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr("rwm", s[i]) || memchr(s, s[i], i))
			return false;
	return true;
}

static bool climbs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (p[2] == '/' || !p[2]))
			return true;
	return false;
}

static int split_device(char *text, struct ct_device *d, struct err *e)
{
	char *second = strchr(text, ':'), *third;

	d->source = text;
	d->access = (char *)(uintptr_t) "rwm";
	if (second)
		*second++ = '\0';
	third = second ? strchr(second, ':') : NULL;
	if (third)
		*third++ = '\0';
	if (second && !third && is_access(second, strlen(second)))
		d->access = second;
	else
		d->destination = second;
	if (third && !is_access(third, strlen(third)))
		return err_set(e, ERR_USAGE, EINVAL, "invalid device mode: %.64s", third);
	if (third)
		d->access = third;
	if (!d->destination)
		d->destination = d->source;
	if (d->source[0] != '/' || climbs(d->source))
		return err_set(e, ERR_USAGE, EINVAL, "device \"%.300s\" is no absolute path", d->source);
	if (d->destination[0] != '/' || climbs(d->destination))
		return err_set(
			e, ERR_USAGE, EINVAL, "device \"%.300s\" is no absolute path in the container", d->destination);
	return 0;
}

int security_device(struct ct_config *c, const char *text, struct err *e)
{
	struct ct_device d = { NULL, NULL, NULL };
	char *copy;

	if (keep(c, text, &copy, e) < 0)
		return -e->num;
	if (split_device(copy, &d, e) < 0)
		return err_hint(e, FORM_DEVICE);
	struct ct_device *v = arena_array(&c->arena, struct ct_device, c->n_devices + 1);
	if (!v)
		return err_oom(e, "an option");
	if (c->n_devices)
		memcpy(v, c->devices, c->n_devices * sizeof(*v));
	v[c->n_devices++] = d;
	c->devices = v;
	return 0;
}

/* A number or "*", up to @end. */
static bool is_number(const char *s, size_t n)
{
	uint64_t v;

	return (n == 1 && *s == '*') || parse_u64_n(s, n, UINT32_MAX, &v);
}

int security_device_rule(struct ct_config *c, const char *text, struct err *e)
{
	const char *major = text[0] && strchr("abc", text[0]) && text[1] == ' ' ? text + 2 : NULL;
	size_t major_len = major ? strcspn(major, ":") : 0;
	const char *minor = major && major[major_len] ? major + major_len + 1 : NULL;
	size_t minor_len = minor ? strcspn(minor, " ") : 0;

	if (minor && minor[minor_len] && is_number(major, major_len) && is_number(minor, minor_len) &&
		is_access(minor + minor_len + 1, strlen(minor + minor_len + 1)))
		return opt_list_add(&c->arena, &c->device_cgroup_rules, text, e);
	err_set(e, ERR_USAGE, EINVAL, "invalid device cgroup format '%.100s'", text);
	return err_hint(e, FORM_RULE);
}
