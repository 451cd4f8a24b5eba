/* The members of "HostConfig": what the container may, and what it gets. Where docker writes null, [] or {} for an
 * empty value we do, for programs tell these apart. */
#include <string.h>
#include "base/str.h"
#include "spec/container_parts.h"

const char *const ct_restart_names[] = { [CT_RESTART_NO] = "no",
	[CT_RESTART_ON_FAILURE] = "on-failure",
	[CT_RESTART_ALWAYS] = "always",
	[CT_RESTART_UNLESS_STOPPED] = "unless-stopped" };

static void bind_mode(const struct ct_mount *m, struct buf *b)
{
	const char *sep = ":";

#define WORD(condition, text) \
	do { \
		if (condition) { \
			buf_printf(b, "%s%s", sep, text); \
			sep = ","; \
		} \
	} while (0)
	WORD(m->read_only, "ro");
	WORD(m->relabel == 'z', "z");
	WORD(m->relabel == 'Z', "Z");
	WORD(m->chown, "U");
	WORD(m->idmap, "idmap");
	WORD(m->no_copy, "nocopy");
	WORD(m->propagation, m->propagation);
#undef WORD
}

static void write_binds(const struct ct_config *c, struct buf *b)
{
	const char *sep = "[";

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct ct_mount *m = &c->mounts[i];
		AUTO(buf) struct buf one = BUF_INIT;

		if (m->type == CT_MOUNT_TMPFS || m->anonymous)
			continue;
		buf_printf(&one, "%s:%s", m->source ? m->source : "", m->destination);
		bind_mode(m, &one);
		buf_str(b, sep);
		buf_json_str(b, one.data ? one.data : "");
		b->failed = b->failed || one.failed;
		sep = ",";
	}
	buf_str(b, *sep == '[' ? "null" : "]");
}

static void tmpfs_options(const struct ct_mount *m, struct buf *b)
{
	AUTO(buf) struct buf all = BUF_INIT;

	for (size_t i = 0; i < m->tmpfs_options.n; i++)
		buf_printf(&all, "%s%s", all.len ? "," : "", m->tmpfs_options.v[i]);
	if (m->read_only)
		buf_printf(&all, "%sro", all.len ? "," : "");
	if (m->tmpfs_size)
		buf_printf(&all, "%ssize=%llu", all.len ? "," : "", (unsigned long long)m->tmpfs_size);
	if (m->tmpfs_mode)
		buf_printf(&all, "%smode=%o", all.len ? "," : "", m->tmpfs_mode);
	buf_json_str(b, all.data ? all.data : "");
	b->failed = b->failed || all.failed;
}

static void write_tmpfs(const struct ct_config *c, struct buf *b)
{
	const char *sep = "{";

	for (size_t i = 0; i < c->n_mounts; i++) {
		if (c->mounts[i].type != CT_MOUNT_TMPFS)
			continue;
		buf_str(b, sep);
		buf_json_str(b, c->mounts[i].destination);
		buf_str(b, ":");
		tmpfs_options(&c->mounts[i], b);
		sep = ",";
	}
	if (*sep == ',')
		buf_str(b, "}");
}

static void write_log(const struct ct_config *c, struct buf *b)
{
	const char *sep = "";

	buf_str(b, "{\"Type\":");
	buf_json_str(b, c->log_driver ? c->log_driver : "json-file");
	buf_str(b, ",\"Config\":{");
	for (size_t i = 0; i < c->log_opts.n; i++) {
		buf_str(b, sep);
		buf_json_str(b, c->log_opts.v[i].key);
		buf_str(b, ":");
		buf_json_str(b, c->log_opts.v[i].value);
		sep = ",";
	}
	buf_str(b, "}}");
}

static int read_log(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("Type", rd_opt_string, struct ct_config, log_driver),
		RD("Config", rd_kv_list, struct ct_config, log_opts),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static void write_network(const struct ct_config *c, struct buf *b)
{
	buf_json_str(b, c->network ? c->network : "default");
}

static int read_network(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct ct_config *c = dst;
	int rc = rd_opt_string(r, v, f, &c->network);

	if (str_eq(c->network, "default"))
		c->network = NULL;
	return rc;
}

static void write_restart(const struct ct_config *c, struct buf *b)
{
	buf_printf(b, "{\"Name\":\"%s\",\"MaximumRetryCount\":%u}", ct_restart_names[c->restart], c->restart_max);
}

static const struct rd_word restart_words[] = { { "no", CT_RESTART_NO }, { "on-failure", CT_RESTART_ON_FAILURE },
	{ "always", CT_RESTART_ALWAYS }, { "unless-stopped", CT_RESTART_UNLESS_STOPPED }, { NULL, 0 } };

static int read_restart(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("Name", rd_word, struct ct_config, restart, .words = restart_words),
		RD("MaximumRetryCount", rd_u32, struct ct_config, restart_max, .max = UINT32_MAX),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static void write_oom_score(const struct ct_config *c, struct buf *b)
{
	buf_printf(b, "%lld", (long long)(c->oom_score_adj.set ? c->oom_score_adj.v : 0));
}

/* Docker shows 0 for "nothing said" as well; "OomScoreAdjSet" below "Tare" tells them apart. */
static int read_oom_score(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field range = { .min = -1000, .max = 1000 };
	struct ct_config *c = dst;
	int rc = rd_i64(r, v, &range, &c->oom_score_adj.v);

	c->oom_score_adj.set = c->oom_score_adj.v != 0;
	return rc;
}

static void write_pids(const struct ct_config *c, struct buf *b)
{
	if (c->pids_limit)
		buf_printf(b, "%lld", (long long)c->pids_limit);
	else
		buf_str(b, "null");
}

static int read_pids(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field range = { .min = -1, .max = INT64_MAX };

	return rd_i64(r, v, &range, &((struct ct_config *)dst)->pids_limit);
}

static void write_ulimits(const struct ct_config *c, struct buf *b)
{
	buf_str(b, "[");
	for (size_t i = 0; i < c->n_ulimits; i++) {
		const struct ct_ulimit *u = &c->ulimits[i];

		buf_str(b, i ? ",{\"Name\":" : "{\"Name\":");
		buf_json_str(b, u->name);
		/* Go's int64: -1 is unlimited. */
		buf_printf(b, ",\"Hard\":%lld,\"Soft\":%lld}", (long long)u->hard, (long long)u->soft);
	}
	buf_str(b, "]");
}

static int read_limit(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field range = { .min = -1, .max = INT64_MAX };
	int64_t n = 0;
	int rc = rd_i64(r, v, &range, &n);

	*(uint64_t *)dst = (uint64_t)n;
	return rc;
}

static int read_ulimit(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("Name", rd_name, struct ct_ulimit, name, RD_MUST),
		RD("Hard", read_limit, struct ct_ulimit, hard, RD_MUST),
		RD("Soft", read_limit, struct ct_ulimit, soft, RD_MUST),
	};
	struct ct_ulimit *u = dst;
	int rc = rd_object(r, v, fields, ARRAY_SIZE(fields), dst);

	if (rc == 0 && !ct_ulimit_resource(u->name, &u->resource))
		return rd_fail(r, "Name", NULL, "\"%.*s\" is no resource limit", RD_Q(u->name));
	return rc;
}

static int read_ulimits(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements each = { read_ulimit, sizeof(struct ct_ulimit), NULL };
	struct ct_config *c = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &each, &all, &c->n_ulimits);

	c->ulimits = all;
	return rc;
}

static void write_devices(const struct ct_config *c, struct buf *b)
{
	buf_str(b, "[");
	for (size_t i = 0; i < c->n_devices; i++) {
		const struct ct_device *d = &c->devices[i];

		buf_str(b, i ? ",{\"PathOnHost\":" : "{\"PathOnHost\":");
		buf_json_str(b, d->source);
		buf_str(b, ",\"PathInContainer\":");
		buf_json_str(b, d->destination);
		buf_str(b, ",\"CgroupPermissions\":");
		buf_json_str(b, d->access ? d->access : "rwm");
		buf_str(b, "}");
	}
	buf_str(b, "]");
}

static int read_device(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("PathOnHost", rd_name, struct ct_device, source, RD_MUST),
		RD("PathInContainer", rd_name, struct ct_device, destination, RD_MUST),
		RD("CgroupPermissions", rd_name, struct ct_device, access, RD_MUST),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static int read_devices(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements each = { read_device, sizeof(struct ct_device), NULL };
	struct ct_config *c = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &each, &all, &c->n_devices);

	c->devices = all;
	return rc;
}

static void write_throttles(const struct ct_config *c, struct buf *b, enum ct_throttle_kind kind)
{
	const char *sep = "";

	buf_str(b, "[");
	for (size_t i = 0; i < c->n_throttles; i++) {
		const struct ct_throttle *t = &c->throttles[i];

		if (t->kind != kind)
			continue;
		buf_printf(b, "%s{\"Path\":", sep);
		buf_json_str(b, t->path);
		buf_printf(
			b, ",\"%s\":%llu}", kind == CT_WEIGHT_DEVICE ? "Weight" : "Rate", (unsigned long long)t->rate);
		sep = ",";
	}
	buf_str(b, "]");
}

static int read_throttle(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("Path", rd_name, struct ct_throttle, path, RD_MUST),
		RD("Rate", rd_u64, struct ct_throttle, rate, .max = UINT64_MAX),
		RD("Weight", rd_u64, struct ct_throttle, rate, .max = 1000),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

/* Five keys of docker's fill one list of ours. */
static int read_throttles(struct rd *r, const struct json *v, struct ct_config *c, enum ct_throttle_kind kind)
{
	static const struct rd_elements each = { read_throttle, sizeof(struct ct_throttle), NULL };
	size_t n = 0;
	void *more = NULL;
	int rc = rd_list(r, v, &each, &more, &n);

	if (rc < 0 || !n)
		return rc;
	struct ct_throttle *all = arena_array(r->arena, struct ct_throttle, c->n_throttles + n);
	if (!all)
		return rd_oom(r);
	if (c->n_throttles)
		memcpy(all, c->throttles, c->n_throttles * sizeof(*all));
	memcpy(all + c->n_throttles, more, n * sizeof(*all));
	for (size_t i = 0; i < n; i++)
		all[c->n_throttles + i].kind = kind;
	c->throttles = all;
	c->n_throttles += n;
	return 0;
}

#define THROTTLE(name, kind) \
	static void write_##name(const struct ct_config *c, struct buf *b) \
	{ \
		write_throttles(c, b, kind); \
	} \
	static int read_##name(struct rd *r, const struct json *v, const struct rd_field *f, void *dst) \
	{ \
		return read_throttles(r, v, dst, kind); \
	}
THROTTLE(weights, CT_WEIGHT_DEVICE)
THROTTLE(read_bps, CT_READ_BPS)
THROTTLE(write_bps, CT_WRITE_BPS)
THROTTLE(read_iops, CT_READ_IOPS)
THROTTLE(write_iops, CT_WRITE_IOPS)

static const struct part host_rows[] = {
	PART_AGAIN("Binds", write_binds),
	PART("ContainerIDFile", TEXT, cidfile, "\"\""),
	PART_FN("LogConfig", write_log, read_log),
	PART_FN("NetworkMode", write_network, read_network),
	PART_FIXED("PortBindings", "{}"),
	PART_FN("RestartPolicy", write_restart, read_restart),
	PART("AutoRemove", BOOL, auto_remove, "false"),
	PART_FIXED("VolumeDriver", "\"\""),
	PART_FIXED("VolumesFrom", "null"),
	PART_FIXED("ConsoleSize", "[0,0]"),
	PART("Annotations", PAIRS, annotations, NULL),
	PART("CapAdd", LIST, cap_add, "null"),
	PART("CapDrop", LIST, cap_drop, "null"),
	PART("CgroupnsMode", TEXT, cgroupns_mode, "\"private\""),
	PART("Dns", LIST, dns, "[]"),
	PART("DnsOptions", LIST, dns_options, "[]"),
	PART("DnsSearch", LIST, dns_search, "[]"),
	PART("ExtraHosts", LIST, extra_hosts, "null"),
	PART("GroupAdd", LIST, group_add, "null"),
	PART("IpcMode", TEXT, ipc_mode, "\"private\""),
	PART_FIXED("Cgroup", "\"\""),
	PART_FIXED("Links", "null"),
	PART_FN("OomScoreAdj", write_oom_score, read_oom_score),
	PART("PidMode", TEXT, pid_mode, "\"\""),
	PART("Privileged", BOOL, privileged, "false"),
	PART_FIXED("PublishAllPorts", "false"),
	PART("ReadonlyRootfs", BOOL, read_only, "false"),
	PART("SecurityOpt", LIST, security_opt, "null"),
	PART_AGAIN("Tmpfs", write_tmpfs),
	PART("UTSMode", TEXT, uts_mode, "\"\""),
	PART("UsernsMode", TEXT, userns_mode, "\"\""),
	PART("ShmSize", U64, shm_size, "67108864"),
	PART("Sysctls", PAIRS, sysctls, NULL),
	PART_FIXED("Runtime", "\"tare\""),
	PART_FIXED("Isolation", "\"\""),
	PART("CpuShares", U64, cpu_shares, "0"),
	PART("Memory", I64, memory, "0"),
	PART("NanoCpus", U64, nano_cpus, "0"),
	PART("CgroupParent", TEXT, cgroup_parent, "\"\""),
	PART("BlkioWeight", U32, blkio_weight, "0"),
	PART_FN("BlkioWeightDevice", write_weights, read_weights),
	PART_FN("BlkioDeviceReadBps", write_read_bps, read_read_bps),
	PART_FN("BlkioDeviceWriteBps", write_write_bps, read_write_bps),
	PART_FN("BlkioDeviceReadIOps", write_read_iops, read_read_iops),
	PART_FN("BlkioDeviceWriteIOps", write_write_iops, read_write_iops),
	PART("CpuPeriod", U64, cpu_period, "0"),
	PART("CpuQuota", I64, cpu_quota, "0"),
	PART_FIXED("CpuRealtimePeriod", "0"),
	PART_FIXED("CpuRealtimeRuntime", "0"),
	PART("CpusetCpus", TEXT, cpuset_cpus, "\"\""),
	PART("CpusetMems", TEXT, cpuset_mems, "\"\""),
	PART_FN("Devices", write_devices, read_devices),
	PART("DeviceCgroupRules", LIST, device_cgroup_rules, "null"),
	PART_FIXED("DeviceRequests", "null"),
	PART("MemoryReservation", I64, memory_reservation, "0"),
	PART("MemorySwap", I64, memory_swap, "0"),
	PART("MemorySwappiness", OPT_U64, memory_swappiness, "null"),
	PART("OomKillDisable", BOOL, oom_kill_disable, "null"),
	PART_FN("PidsLimit", write_pids, read_pids),
	PART_FN("Ulimits", write_ulimits, read_ulimits),
	PART_FIXED("CpuCount", "0"),
	PART_FIXED("CpuPercent", "0"),
	PART_FIXED("IOMaximumIOps", "0"),
	PART_FIXED("IOMaximumBandwidth", "0"),
	PART("Init", BOOL, init, NULL),
};
const struct part_table parts_host = { host_rows, ARRAY_SIZE(host_rows) };
