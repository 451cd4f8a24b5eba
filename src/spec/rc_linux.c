/* linux (config-linux.md), except for its larger sections, which have files of their own. */
#include "spec/rc.h"

#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

enum { NAME_MAX_LEN = 255 }; /* of a directory, a cgroup, a resctrl group */

/* --- namespaces --------------------------------------------------------------------------------- */

const char *const rc_ns_names[RC_N_NS] = {
	[RC_NS_PID] = "pid",
	[RC_NS_NET] = "network",
	[RC_NS_MNT] = "mount",
	[RC_NS_IPC] = "ipc",
	[RC_NS_UTS] = "uts",
	[RC_NS_USER] = "user",
	[RC_NS_CGROUP] = "cgroup",
	[RC_NS_TIME] = "time",
};

static const struct rd_word ns_words[] = {
	{ "pid", RC_NS_PID },
	{ "network", RC_NS_NET },
	{ "mount", RC_NS_MNT },
	{ "ipc", RC_NS_IPC },
	{ "uts", RC_NS_UTS },
	{ "user", RC_NS_USER },
	{ "cgroup", RC_NS_CGROUP },
	{ "time", RC_NS_TIME },
	{ NULL, 0 },
};

struct ns_entry {
	int kind;
	char *path;
};

static int read_ns_path(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && v->n > 0 && v->text[0] != '/')
		return rd_fail(r, NULL, NULL, "\"%.*s\" must be an absolute path of the host", RD_Q(v->text));
	return rd_opt_string(r, v, f, dst);
}

static int read_ns(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("type", rd_word, struct ns_entry, kind, RD_MUST, .words = ns_words),
		RD("path", read_ns_path, struct ns_entry, path),
	};

	((struct ns_entry *)dst)->kind = -1;
	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

int rc_read_namespaces(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements elements = { read_ns, sizeof(struct ns_entry), NULL };
	struct rc_namespace *kinds = dst;
	size_t n = 0, where[RC_N_NS] = { 0 };
	void *all = NULL;
	int rc = rd_list(r, v, &elements, &all, &n);

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct ns_entry *entry = (const struct ns_entry *)all + i;
		struct rd_path here;

		if (entry->kind < 0)
			continue; /* unknown and reported */
		if (kinds[entry->kind].present) {
			rd_enter(r, &here, NULL, i);
			rc = rd_fail(r, "type", NULL, "\"%s\" is entry %zu already", rc_ns_names[entry->kind],
				where[entry->kind]);
			rd_leave(r, &here);
			continue;
		}
		kinds[entry->kind] = (struct rc_namespace){ true, entry->path };
		where[entry->kind] = i;
	}
	return rc;
}

static int read_offset(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("secs", rd_i64, struct rc_time_offset, secs, .min = INT64_MIN, .max = INT64_MAX),
		RD("nanosecs", rd_u32, struct rc_time_offset, nanosecs, .max = 999999999),
	};

	((struct rc_time_offset *)dst)->set = true;
	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

int rc_read_time_offsets(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("boottime", read_offset, struct rc_linux, boottime),
		RD("monotonic", read_offset, struct rc_linux, monotonic),
	};

	/* the keys name clocks, they are no fields: one that cannot be offset must not pass in
	 * silence */
	for (const struct json *m = v->kind == JSON_KIND_OBJECT ? v->first : NULL; m; m = m->next) {
		struct rd_path here;
		int rc = 0;

		if (strcmp(m->key, "boottime") == 0 || strcmp(m->key, "monotonic") == 0)
			continue;
		rd_enter(r, &here, m->key, 0);
		rc = rd_fail(r, NULL, NULL, "is no clock with an offset, allowed are boottime and monotonic");
		rd_leave(r, &here);
		if (rc < 0)
			return rc;
	}
	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

/* --- paths and words ---------------------------------------------------------------------------- */

/* Either a path below the cgroup mount or, for the systemd driver, slice:prefix:name. */
static int read_cgroups_path(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && rd_path_climbs(v->text))
		return rd_fail(r, NULL, NULL, "\"%.*s\" has a \"..\"", RD_Q(v->text));
	for (const char *s = v->kind == JSON_KIND_STRING ? v->text : NULL; s && *s; s += strspn(s, "/")) {
		size_t n = strcspn(s, "/");

		if (n > NAME_MAX_LEN)
			return rd_fail(r, NULL, NULL, "a part of it has %zu bytes, Linux allows %d", n, NAME_MAX_LEN);
		s += n;
	}
	return rd_opt_string(r, v, f, dst);
}

static int read_absolute_paths(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_str_list *list = dst;
	int rc = rd_str_list(r, v, f, list);

	for (size_t i = 0; i < list->n && rc == 0; i++) {
		struct rd_path here;

		if (list->v[i][0] == '/')
			continue;
		rd_enter(r, &here, NULL, i);
		rc = rd_fail(r, NULL, NULL, "\"%.*s\" must be an absolute path of the container", RD_Q(list->v[i]));
		rd_leave(r, &here);
	}
	return rc;
}

static int read_propagation(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	enum { RECURSIVE = 0x100 };
	static const struct rd_word words[] = {
		{ "shared", RC_PROP_SHARED },
		{ "slave", RC_PROP_SLAVE },
		{ "private", RC_PROP_PRIVATE },
		{ "unbindable", RC_PROP_UNBINDABLE },
		{ "rshared", RC_PROP_SHARED | RECURSIVE },
		{ "rslave", RC_PROP_SLAVE | RECURSIVE },
		{ "rprivate", RC_PROP_PRIVATE | RECURSIVE },
		{ "runbindable", RC_PROP_UNBINDABLE | RECURSIVE },
		{ NULL, 0 },
	};
	struct rc_linux *l = dst;
	int64_t value;

	if (v->kind == JSON_KIND_STRING && v->n == 0)
		return 0;
	if (!rd_lookup(v, words, &value))
		return rd_unknown_word(r, v, words);
	l->rootfs_propagation = (enum rc_propagation)(value & ~RECURSIVE);
	l->rootfs_propagation_recursive = value & RECURSIVE;
	return 0;
}

static int read_personality_flag(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_word none[] = { { NULL, 0 } };

	return rd_unknown_word(r, v, none);
}

static int read_personality_flags(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements flags = { read_personality_flag, 1, NULL };
	void *all = NULL;
	size_t n = 0;

	return rd_list(r, v, &flags, &all, &n);
}

static int read_personality(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_word domains[] = {
		{ "LINUX", 0 },
		{ "LINUX32", 8 },
		{ NULL, 0 },
	}; /* PER_LINUX, PER_LINUX32: personality(2) */
	struct personality {
		int domain;
	} p = { 0 };
	static const struct rd_field fields[] = {
		RD("domain", rd_word, struct personality, domain, RD_MUST, .words = domains),
		RD_ALL("flags", read_personality_flags),
	};
	int rc = rd_object(r, v, fields, ARRAY_SIZE(fields), &p);

	*(struct rc_opt_u64 *)dst = (struct rc_opt_u64){ true, (uint64_t)p.domain };
	return rc;
}

/* --- sysctl ------------------------------------------------------------------------------------- */

/* "." and "/" both separate the parts of a key, sysctl(8); which of them came first decides how the
 * other is read when the file is opened, but not whose the key is. */
static bool key_is(const char *key, const char *pattern)
{
	for (; *pattern; key++, pattern++)
		if (*key != *pattern && !(*key == '/' && *pattern == '.'))
			return *pattern == '*';
	return *key == '\0';
}

enum rc_ns rc_sysctl_ns(const char *key)
{
	static const struct {
		const char *pattern;
		enum rc_ns ns;
	} owners[] = {
		{ "net.*", RC_NS_NET },
		{ "fs.mqueue.*", RC_NS_IPC },
		{ "kernel.msgmax", RC_NS_IPC },
		{ "kernel.msgmnb", RC_NS_IPC },
		{ "kernel.msgmni", RC_NS_IPC },
		{ "kernel.sem", RC_NS_IPC },
		{ "kernel.shmall", RC_NS_IPC },
		{ "kernel.shmmax", RC_NS_IPC },
		{ "kernel.shmmni", RC_NS_IPC },
		{ "kernel.shm_rmid_forced", RC_NS_IPC },
		{ "kernel.domainname", RC_NS_UTS },
		{ "kernel.hostname", RC_NS_UTS },
		{ "user.*", RC_NS_USER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		if (key_is(key, owners[i].pattern))
			return owners[i].ns;
	return RC_N_NS;
}

static int check_sysctl(struct rd *r, const struct rc_kv *kv)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@/-";
	size_t n = strspn(kv->key, alphabet);

	if (kv->key[n])
		return rd_fail(r, NULL, NULL, "the key may consist of letters, digits and _ . @ / - only");
	for (const char *s = kv->key; s; s = strpbrk(s, "./")) {
		s += s != kv->key;
		if (strcspn(s, "./") == 0)
			return rd_fail(r, NULL, NULL, "the key has an empty part or \"..\"");
	}
	if (strchr(kv->value, '\n'))
		return rd_fail(r, NULL, NULL, "the value has a line break");
	if (rc_sysctl_ns(kv->key) == RC_N_NS)
		return rd_fail(r, NULL, NULL,
			"belongs to no namespace, so it would change the host; allowed are net.*, "
			"user.*, fs.mqueue.* and the "
			"ipc and uts keys of kernel.*");
	return 0;
}

int rc_read_sysctl(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_kv_list *list = dst;
	int rc = rd_kv_list(r, v, f, list);

	for (size_t i = 0; i < list->n && rc == 0; i++) {
		struct rd_path here;

		rd_enter(r, &here, list->v[i].key, 0);
		rc = check_sysctl(r, &list->v[i]);
		rd_leave(r, &here);
	}
	return rc;
}

/* --- memory policy and cache classes --------------------------------------------------------------- */

/* linux/mempolicy.h */
enum {
	POLICY_DEFAULT,
	POLICY_PREFERRED,
	POLICY_BIND,
	POLICY_INTERLEAVE,
	POLICY_LOCAL,
	POLICY_PREFERRED_MANY,
	POLICY_WEIGHTED_INTERLEAVE
};
enum { F_STATIC_NODES = 1 << 15, F_RELATIVE_NODES = 1 << 14, F_NUMA_BALANCING = 1 << 13 };

static int read_policy_flag(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_word words[] = {
		{ "MPOL_F_NUMA_BALANCING", F_NUMA_BALANCING },
		{ "MPOL_F_RELATIVE_NODES", F_RELATIVE_NODES },
		{ "MPOL_F_STATIC_NODES", F_STATIC_NODES },
		{ NULL, 0 },
	};
	int64_t bit = 0;

	if (!rd_lookup(v, words, &bit))
		return rd_unknown_word(r, v, words);
	*(unsigned *)dst = (unsigned)bit;
	return 0;
}

static int read_policy_flags(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements flags = { read_policy_flag, sizeof(unsigned), NULL };
	struct rc_memory_policy *p = dst;
	void *all = NULL;
	size_t n = 0;
	int rc = rd_list(r, v, &flags, &all, &n);

	for (size_t i = 0; i < n; i++)
		p->mode_flags |= ((const unsigned *)all)[i];
	return rc;
}

/* set_mempolicy(2), "mode" and "nodemask" */
static int check_policy(struct rd *r, const struct rc_memory_policy *p)
{
	bool without = p->mode == POLICY_DEFAULT || p->mode == POLICY_LOCAL;

	if (without && p->nodes)
		return rd_fail(r, "nodes", NULL, "MPOL_DEFAULT and MPOL_LOCAL take none");
	if (without && p->mode_flags)
		return rd_fail(r, "flags", NULL, "MPOL_DEFAULT and MPOL_LOCAL take none");
	if (!without && p->mode != POLICY_PREFERRED && !p->nodes)
		return rd_fail(r, "nodes", NULL, "is missing, this mode needs at least one");
	if ((p->mode_flags & F_STATIC_NODES) && (p->mode_flags & F_RELATIVE_NODES))
		return rd_fail(r, "flags", NULL, "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	if ((p->mode_flags & F_NUMA_BALANCING) && p->mode != POLICY_BIND && p->mode != POLICY_PREFERRED_MANY)
		return rd_fail(
			r, "flags", NULL, "MPOL_F_NUMA_BALANCING goes with MPOL_BIND and MPOL_PREFERRED_MANY only");
	return 0;
}

int rc_read_memory_policy(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_word modes[] = {
		{ "MPOL_DEFAULT", POLICY_DEFAULT },
		{ "MPOL_BIND", POLICY_BIND },
		{ "MPOL_INTERLEAVE", POLICY_INTERLEAVE },
		{ "MPOL_WEIGHTED_INTERLEAVE", POLICY_WEIGHTED_INTERLEAVE },
		{ "MPOL_PREFERRED", POLICY_PREFERRED },
		{ "MPOL_PREFERRED_MANY", POLICY_PREFERRED_MANY },
		{ "MPOL_LOCAL", POLICY_LOCAL },
		{ NULL, 0 },
	};
	static const struct rd_field fields[] = {
		RD("mode", rd_word, struct rc_memory_policy, mode, RD_MUST, .words = modes),
		RD("nodes", rd_cpu_list, struct rc_memory_policy, nodes, .max = RC_MAX_NODE),
		RD_ALL("flags", read_policy_flags),
	};
	size_t errors = r->n_errors;
	void *p = NULL;
	int rc = rc_new_object(r, v, &RC_SHAPE(fields, struct rc_memory_policy), &p);

	*(struct rc_memory_policy **)dst = p;
	return rc == 0 && r->n_errors == errors ? check_policy(r, p) : rc;
}

static int read_clos_id(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	bool text = v->kind == JSON_KIND_STRING && strcmp(v->text, "/") != 0; /* "/": the root class */

	if (text &&
		(strchr(v->text, '/') || strchr(v->text, '\n') || rd_path_climbs(v->text) ||
			strcmp(v->text, ".") == 0 || v->n > NAME_MAX_LEN))
		return rd_fail(r, NULL, NULL, "\"%.*s\" must be \"/\" or the name of one directory", RD_Q(v->text));
	return rd_opt_string(r, v, f, dst);
}

static int read_schema(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && strchr(v->text, '\n'))
		return rd_fail(r, NULL, NULL, "has a line break, one line is allowed");
	return rd_opt_string(r, v, f, dst);
}

static int read_bandwidth_schema(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && v->n > 0 && !str_starts(v->text, "MB:"))
		return rd_fail(r, NULL, NULL, "\"%.*s\" must begin with MB:", RD_Q(v->text));
	return read_schema(r, v, f, dst);
}

static int read_schemata(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_str_list *list = dst;
	int rc = rd_str_list(r, v, f, list);

	for (size_t i = 0; i < list->n && rc == 0; i++) {
		struct rd_path here;

		if (!strchr(list->v[i], '\n'))
			continue;
		rd_enter(r, &here, NULL, i);
		rc = rd_fail(r, NULL, NULL, "has a line break, each entry is one line");
		rd_leave(r, &here);
	}
	return rc;
}

int rc_read_intel_rdt(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("closID", read_clos_id, struct rc_intel_rdt, clos_id),
		RD("l3CacheSchema", read_schema, struct rc_intel_rdt, l3_cache_schema),
		RD("memBwSchema", read_bandwidth_schema, struct rc_intel_rdt, mem_bw_schema),
		RD("schemata", read_schemata, struct rc_intel_rdt, schemata),
		RD("enableMonitoring", rd_bool, struct rc_intel_rdt, enable_monitoring),
		RD("enableCMT", rd_bool, struct rc_intel_rdt, enable_cmt), /* 1.1 to 1.2 */
		RD("enableMBM", rd_bool, struct rc_intel_rdt, enable_mbm),
	};

	return rc_new_object(r, v, &RC_SHAPE(fields, struct rc_intel_rdt), dst);
}

/* --- the whole ---------------------------------------------------------------------------------- */

int rc_read_linux(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("namespaces", rc_read_namespaces, struct rc_linux, ns),
		RD("uidMappings", rc_read_id_maps, struct rc_linux, uid_maps),
		RD("gidMappings", rc_read_id_maps, struct rc_linux, gid_maps),
		RD_ALL("timeOffsets", rc_read_time_offsets),
		RD_ALL("devices", rc_read_devices),
		RD_ALL("netDevices", rc_read_net_devices),
		RD("cgroupsPath", read_cgroups_path, struct rc_linux, cgroups_path),
		RD("resources", rc_read_resources, struct rc_linux, resources),
		RD_ALL("rootfsPropagation", read_propagation),
		RD("seccomp", rc_read_seccomp, struct rc_linux, seccomp),
		RD("sysctl", rc_read_sysctl, struct rc_linux, sysctl),
		RD("maskedPaths", read_absolute_paths, struct rc_linux, masked_paths),
		RD("readonlyPaths", read_absolute_paths, struct rc_linux, readonly_paths),
		RD("mountLabel", rd_opt_string, struct rc_linux, mount_label),
		RD("intelRdt", rc_read_intel_rdt, struct rc_linux, intel_rdt),
		RD("memoryPolicy", rc_read_memory_policy, struct rc_linux, memory_policy),
		RD("personality", read_personality, struct rc_linux, personality),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}
