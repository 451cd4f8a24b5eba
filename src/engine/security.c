/* Capabilities, and when a container cannot have ids of its own. Guarantees: nothing that an image
 * says has a part in this; what a user adds is on his word only. */
#include "engine/security.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include "base/str.h"
#include "cmdline/opt.h"
#include "sec/caps.h"

#define BIT(n) (UINT64_C(1) << (n))

/* docker's set without NET_RAW, MKNOD and AUDIT_WRITE. ping works by net.ipv4.ping_group_range
 * (document.c); a device node made inside would be of no use, the cgroup's device rules and the
 * mounts' nodev refuse it; nobody outside the first user namespace may write audit records anyway.
 * linux/capability.h */
enum {
	CHOWN = 0,
	DAC_OVERRIDE = 1,
	FOWNER = 3,
	FSETID = 4,
	KILL = 5,
	SETGID = 6,
	SETUID = 7,
	SETPCAP = 8,
	NET_BIND_SERVICE = 10,
	SYS_CHROOT = 18,
	SETFCAP = 31
};

static const char all[] = "ALL";

uint64_t security_default_caps(void)
{
	return BIT(CHOWN) | BIT(DAC_OVERRIDE) | BIT(FOWNER) | BIT(FSETID) | BIT(KILL) | BIT(SETGID) | BIT(SETUID) |
		BIT(SETPCAP) | BIT(NET_BIND_SERVICE) | BIT(SYS_CHROOT) | BIT(SETFCAP);
}

/* --- options ------------------------------------------------------------------------------------------------ */

static int add_cap(struct ct_config *c, const char *name, const char *field, struct rc_str_list *l, struct err *e)
{
	int number = strcasecmp(name, all) == 0 || strcasecmp(name, "CAP_ALL") == 0 ? -1 : rc_capability_number(name);

	if (number >= 0)
		return opt_list_add(&c->arena, l, rc_capability_name(number), e);
	if (strcasecmp(name, all) == 0 || strcasecmp(name, "CAP_ALL") == 0)
		return opt_list_add(&c->arena, l, all, e);
	err_set(e, ERR_USAGE, EINVAL, "invalid %s: unknown capability: \"%.100s\"", field, name);
	return err_hint(e, "accepted: ALL, or a name as in capabilities(7), with or without CAP_");
}

int security_cap_add(struct ct_config *c, const char *name, struct err *e)
{
	return add_cap(c, name, "CapAdd", &c->cap_add, e);
}

int security_cap_drop(struct ct_config *c, const char *name, struct err *e)
{
	return add_cap(c, name, "CapDrop", &c->cap_drop, e);
}

/* --- effect ------------------------------------------------------------------------------------------------- */

static uint64_t mask_of(const struct rc_str_list *l, bool *ret_all)
{
	uint64_t m = 0;

	*ret_all = false;
	for (size_t i = 0; i < l->n; i++) {
		int number = rc_capability_number(l->v[i]);

		*ret_all = *ret_all || str_eq(l->v[i], all);
		if (number >= 0)
			m |= BIT(number);
	}
	return m;
}

int security_caps(const struct ct_config *c, uint64_t *ret, struct err *e)
{
	bool add_all, drop_all;
	uint64_t add = mask_of(&c->cap_add, &add_all), drop = mask_of(&c->cap_drop, &drop_all), have;

	if (!c->privileged && !add_all) {
		*ret = drop_all ? add : (security_default_caps() & ~drop) | add;
		return 0;
	}
	*ret = caps_all(caps_last());
	/* A new user namespace gives all of them, whatever we have. */
	if (security_needs_host_ids(c)) {
		if (caps_have(&have, e) < 0)
			return -e->num;
		*ret &= have;
	}
	/* docker forgets --cap-drop beside --privileged; who asks for less gets less. "--cap-drop
	 * ALL --cap-add ALL" is all, as there. */
	*ret = c->privileged && drop_all ? *ret & add : *ret & ~drop;
	return 0;
}

/* What the kernel grants to the first user namespace only: a container whose user adds one of these
 * wants it to work. capable() without a namespace in Linux 6.1. */
static const char *const global_caps[] = { "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_TIME", "CAP_SYS_BOOT",
	"CAP_SYS_NICE", "CAP_IPC_LOCK", "CAP_SYSLOG", "CAP_BPF", "CAP_PERFMON", "CAP_SYS_PACCT", "CAP_SYS_TTY_CONFIG",
	"CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_AUDIT_CONTROL", "CAP_AUDIT_READ",
	"CAP_AUDIT_WRITE", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_MKNOD", "CAP_SYS_RESOURCE" };

const char *security_needs_host_ids(const struct ct_config *c)
{
	if (c->privileged)
		return "--privileged";
	if (str_eq(c->userns_mode, "host"))
		return "--userns host";
	for (size_t i = 0; i < c->cap_add.n; i++) {
		if (str_eq(c->cap_add.v[i], all))
			return "--cap-add ALL";
		for (size_t k = 0; k < ARRAY_SIZE(global_caps); k++)
			if (str_eq(c->cap_add.v[i], global_caps[k]))
				return "--cap-add of a capability that has no effect in a user "
				       "namespace";
	}
	return NULL;
}
