/* What needs two sections to decide. A joined namespace (one with a path) counts as present:
 * whether it is the runtime's own can only be told by looking at it. */
#include "spec/rc.h"

#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

/* The caller stands at the path of the value that needs the namespace. */
static int need_ns(struct rd *r, const struct runtime_config *c, enum rc_ns ns)
{
	static const char *const remedies[RC_N_NS] = {
		[RC_NS_NET] = "add {\"type\": \"network\"} to /linux/namespaces",
		[RC_NS_IPC] = "add {\"type\": \"ipc\"} to /linux/namespaces",
		[RC_NS_UTS] = "add {\"type\": \"uts\"} to /linux/namespaces",
		[RC_NS_USER] = "add {\"type\": \"user\"} to /linux/namespaces",
		[RC_NS_TIME] = "add {\"type\": \"time\"} to /linux/namespaces",
	};

	if (c->linux_.ns[ns].present)
		return 0;
	return rd_fail(r, NULL, remedies[ns], "needs a %s namespace, and /linux/namespaces has none", rc_ns_names[ns]);
}

static int need_ns_at(struct rd *r, const struct runtime_config *c, const char *section, const char *key, enum rc_ns ns)
{
	struct rd_path outer, inner;

	rd_enter(r, &outer, section ? section : key, 0);
	if (section)
		rd_enter(r, &inner, key, 0);
	int rc = need_ns(r, c, ns);
	rd_leave(r, &outer);
	return rc;
}

static int check_namespaces(struct rd *r, const struct runtime_config *c)
{
	const struct rc_linux *l = &c->linux_;
	const struct {
		const char *section, *key;
		enum rc_ns ns;
		bool used;
	} needs[] = {
		{ NULL, "hostname", RC_NS_UTS, c->hostname },
		{ NULL, "domainname", RC_NS_UTS, c->domainname },
		{ "linux", "uidMappings", RC_NS_USER, l->uid_maps.n },
		{ "linux", "gidMappings", RC_NS_USER, l->gid_maps.n },
		{ "linux", "timeOffsets", RC_NS_TIME, l->boottime.set || l->monotonic.set },
		{ "linux", "netDevices", RC_NS_NET, l->n_net_devices },
	};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(needs) && rc == 0; i++)
		if (needs[i].used)
			rc = need_ns_at(r, c, needs[i].section, needs[i].key, needs[i].ns);
	/* time_namespaces(7): offsets are fixed once a process is in the namespace */
	if (rc == 0 && (l->boottime.set || l->monotonic.set) && l->ns[RC_NS_TIME].path)
		rc = rd_fail(r, "linux/timeOffsets", NULL, "cannot change the time namespace joined by path");
	return rc;
}

static int check_sysctls(struct rd *r, const struct runtime_config *c)
{
	struct rd_path outer, inner, key;
	int rc = 0;

	rd_enter(r, &outer, "linux", 0);
	rd_enter(r, &inner, "sysctl", 0);
	for (size_t i = 0; i < c->linux_.sysctl.n && rc == 0; i++) {
		enum rc_ns ns = rc_sysctl_ns(c->linux_.sysctl.v[i].key);

		rd_enter(r, &key, c->linux_.sysctl.v[i].key, 0);
		if (ns != RC_N_NS)
			rc = need_ns(r, c, ns);
		rd_leave(r, &key);
	}
	rd_leave(r, &outer);
	return rc;
}

/* config.md "Linux mount options": idmap without mappings takes those of the user namespace, or is
 * an error. */
static int check_mount(struct rd *r, const struct runtime_config *c, const struct rc_mount *m)
{
	for (size_t i = 0; i < m->options.n; i++) {
		const char *word = m->options.v[i];

		if ((str_eq(word, "idmap") || str_eq(word, "ridmap")) && !m->uid_maps.n &&
			!c->linux_.ns[RC_NS_USER].present)
			return rd_fail(r, "options", "give uidMappings and gidMappings",
				"%s needs mappings, and neither the mount nor the container has "
				"any",
				word);
	}
	return 0;
}

static int check_mounts(struct rd *r, const struct runtime_config *c)
{
	struct rd_path outer, inner;
	int rc = 0;

	rd_enter(r, &outer, "mounts", 0);
	for (size_t i = 0; i < c->n_mounts && rc == 0; i++) {
		rd_enter(r, &inner, NULL, i);
		rc = check_mount(r, c, &c->mounts[i]);
		rd_leave(r, &inner);
	}
	rd_leave(r, &outer);
	return rc;
}

static bool notifies(const struct rc_seccomp *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (s->rules[i].action == RC_ACT_NOTIFY)
			return true;
	return false;
}

static int check_listener(struct rd *r, const struct runtime_config *c)
{
	const struct rc_seccomp *s = c->linux_.seccomp;

	if (!s || s->listener_path || rc_annotation(c, "run.oci.seccomp.receiver"))
		return 0;
	if (s->listener_metadata)
		return rd_fail(r, "linux/seccomp/listenerMetadata", NULL, "is given without a listenerPath");
	if (notifies(s))
		return rd_fail(r, "linux/seccomp/listenerPath", NULL, "is missing, rules with SCMP_ACT_NOTIFY need it");
	return 0;
}

int rc_check_together(struct rd *r, const struct runtime_config *c)
{
	int rc = check_namespaces(r, c);

	if (rc == 0)
		rc = check_sysctls(r, c);
	if (rc == 0)
		rc = check_mounts(r, c);
	return rc == 0 ? check_listener(r, c) : rc;
}
