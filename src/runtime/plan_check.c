/* Demands of config.json that contradict each other. Each line here spares the user a bare EPERM later. */
#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "runtime/plan.h"

static int need_ns(const struct runtime_config *c, enum rc_ns kind, const char *what, struct err *e)
{
	if (c->linux_.ns[kind].present)
		return 0;
	return err_set(e, ERR_CONFIG, EINVAL, "config.json: %s: needs a %s namespace of its own in /linux/namespaces",
		what, rc_ns_names[kind]);
}

/* Which namespace keeps the value of a sysctl (R1.12); -1: none, it belongs to the whole machine. */
static int sysctl_ns(const char *key)
{
	static const char *const ipc[] = { "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
		"kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced" };
	char dotted[256];
	size_t n = strlen(key);

	if (n >= sizeof(dotted))
		return -1;
	for (size_t i = 0; i <= n; i++)
		dotted[i] = key[i] == '/' ? '.' : key[i];
	for (size_t i = 0; i < ARRAY_SIZE(ipc); i++)
		if (str_eq(dotted, ipc[i]))
			return RC_NS_IPC;
	if (str_starts(dotted, "fs.mqueue."))
		return RC_NS_IPC;
	if (str_starts(dotted, "net."))
		return RC_NS_NET;
	if (str_eq(dotted, "kernel.hostname") || str_eq(dotted, "kernel.domainname"))
		return RC_NS_UTS;
	return str_starts(dotted, "user.") ? RC_NS_USER : -1;
}

/* Two fields for one value: the same in both, or it is a contradiction. */
static int check_name(const struct rc_kv *kv, const char *name, const char *have, struct err *e)
{
	const char *dot = kv->key + strlen("kernel");

	if (!str_starts(kv->key, "kernel") || (*dot != '.' && *dot != '/') || !str_eq(dot + 1, name) || !have ||
		str_eq(have, kv->value))
		return 0;
	return err_set(e, ERR_CONFIG, EINVAL, "config.json: /linux/sysctl: %s is \"%s\", but /%s is \"%s\"", kv->key,
		kv->value, name, have);
}

static int check_sysctl(const struct runtime_config *c, struct err *e)
{
	for (size_t i = 0; i < c->linux_.sysctl.n; i++) {
		const char *key = c->linux_.sysctl.v[i].key;
		int kind = sysctl_ns(key);

		if (kind < 0)
			return err_set(e, ERR_CONFIG, EINVAL,
				"config.json: /linux/sysctl: %s is not namespaced: "
				"setting it would change the whole machine",
				key);
		int r = check_name(&c->linux_.sysctl.v[i], "hostname", c->hostname, e);
		if (r == 0)
			r = check_name(&c->linux_.sysctl.v[i], "domainname", c->domainname, e);
		if (r < 0)
			return r;
		if (!c->linux_.ns[kind].present)
			return err_set(e, ERR_CONFIG, EINVAL,
				"config.json: /linux/sysctl: %s is not in a separate kernel "
				"namespace: it needs a %s namespace in /linux/namespaces",
				key, rc_ns_names[kind]);
	}
	return 0;
}

int plan_check(const struct runtime_config *c, struct err *e)
{
	const struct rc_linux *l = &c->linux_;
	int r = 0;

	if (!c->has_root || !c->root_path)
		return err_set(e, ERR_CONFIG, EINVAL, "config.json: /root/path: missing, it names the root filesystem");
	if (c->hostname)
		r = need_ns(c, RC_NS_UTS, "/hostname", e);
	if (r == 0 && c->domainname)
		r = need_ns(c, RC_NS_UTS, "/domainname", e);
	if (r == 0 && l->masked_paths.n)
		r = need_ns(c, RC_NS_MNT, "/linux/maskedPaths", e);
	if (r == 0 && l->readonly_paths.n)
		r = need_ns(c, RC_NS_MNT, "/linux/readonlyPaths", e);
	if (r == 0 && (l->uid_maps.n || l->gid_maps.n))
		r = need_ns(c, RC_NS_USER, "/linux/uidMappings", e);
	if (r == 0 && (l->boottime.set || l->monotonic.set))
		r = need_ns(c, RC_NS_TIME, "/linux/timeOffsets", e);
	if (r == 0 && l->n_net_devices)
		r = need_ns(c, RC_NS_NET, "/linux/netDevices", e);
	return r < 0 ? r : check_sysctl(c, e);
}
