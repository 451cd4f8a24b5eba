/* The members of "Config", "HostConfig" and "Tare". Where docker writes null, [] or {} for an empty
 * value we do, for programs tell these apart. check-size: table */
#include <string.h>
#include "base/str.h"
#include "spec/container_parts.h"

enum { MAX_HEALTH_RETRIES = 1 << 20 };
#define NS_PER_MS UINT64_C(1000000)

/* --- Config ------------------------------------------------------------------------------------ */

static void write_domain(const struct ct_config *c, struct buf *b)
{
	buf_json_str(b, c->domainname ? c->domainname : "");
}

static void write_hostname(const struct ct_config *c, struct buf *b)
{
	char short_id[13] = "";

	if (c->hostname) {
		buf_json_str(b, c->hostname);
		return;
	}
	if (str_len(c->id) >= sizeof(short_id) - 1)
		memcpy(short_id, c->id, sizeof(short_id) - 1);
	buf_json_str(b, short_id);
}

/* The first digits of the id are what a container without --hostname has; they are not stored as
 * given. */
static int read_hostname(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct ct_config *c = dst;
	int rc = rd_opt_string(r, v, f, &c->hostname);

	if (rc == 0 && c->hostname && c->id && strlen(c->hostname) == 12 && str_starts(c->id, c->hostname))
		c->hostname = NULL;
	return rc;
}

static int read_domain(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return rd_opt_string(r, v, f, &((struct ct_config *)dst)->domainname);
}

/* Docker's "Volumes": where the image and -v without a source want one. */
static void write_volumes(const struct ct_config *c, struct buf *b)
{
	const char *sep = "{";

	for (size_t i = 0; i < c->n_mounts; i++) {
		if (!c->mounts[i].anonymous)
			continue;
		buf_str(b, sep);
		buf_json_str(b, c->mounts[i].destination);
		buf_str(b, ":{}");
		sep = ",";
	}
	buf_str(b, *sep == '{' ? "null" : "}");
}

static void write_ms(struct buf *b, const char *key, uint64_t ms, const char **sep)
{
	if (!ms)
		return;
	buf_printf(b, "%s\"%s\":%llu", *sep, key, (unsigned long long)(ms * NS_PER_MS));
	*sep = ",";
}

static void write_health(const struct ct_config *c, struct buf *b)
{
	const struct ct_health *h = &c->health;
	const char *sep = "";

	if (!h->test.n && !h->interval_ms && !h->timeout_ms && !h->start_period_ms && !h->start_interval_ms &&
		!h->retries)
		return;
	buf_str(b, "{");
	for (size_t i = 0; i < h->test.n; i++) {
		buf_str(b, i ? "," : "\"Test\":[");
		buf_json_str(b, h->test.v[i]);
	}
	if (h->test.n) {
		buf_str(b, "]");
		sep = ",";
	}
	write_ms(b, "Interval", h->interval_ms, &sep);
	write_ms(b, "Timeout", h->timeout_ms, &sep);
	write_ms(b, "StartPeriod", h->start_period_ms, &sep);
	write_ms(b, "StartInterval", h->start_interval_ms, &sep);
	if (h->retries)
		buf_printf(b, "%s\"Retries\":%u", sep, h->retries);
	buf_str(b, "}");
}

static int read_ns(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	uint64_t ns = 0;
	int rc = rd_u64(r, v, f, &ns);

	*(uint64_t *)dst = ns / NS_PER_MS;
	return rc;
}

static int read_health(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("Test", rd_str_list, struct ct_health, test),
		RD("Interval", read_ns, struct ct_health, interval_ms, .max = INT64_MAX),
		RD("Timeout", read_ns, struct ct_health, timeout_ms, .max = INT64_MAX),
		RD("StartPeriod", read_ns, struct ct_health, start_period_ms, .max = INT64_MAX),
		RD("StartInterval", read_ns, struct ct_health, start_interval_ms, .max = INT64_MAX),
		RD("Retries", rd_u32, struct ct_health, retries, .max = MAX_HEALTH_RETRIES),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), &((struct ct_config *)dst)->health);
}

static void write_stop_timeout(const struct ct_config *c, struct buf *b)
{
	if (c->stop_timeout_s >= 0)
		buf_printf(b, "%d", c->stop_timeout_s);
}

static int read_stop_timeout(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field range = { .min = -1, .max = INT32_MAX };

	return rd_i32(r, v, &range, &((struct ct_config *)dst)->stop_timeout_s);
}

static const struct part config_rows[] = {
	PART_FN("Hostname", write_hostname, read_hostname),
	PART_FN("Domainname", write_domain, read_domain),
	PART("User", TEXT, user, "\"\""),
	PART("AttachStdin", BOOL, attach_stdin, "false"),
	PART("AttachStdout", BOOL, attach_stdout, "false"),
	PART("AttachStderr", BOOL, attach_stderr, "false"),
	PART("ExposedPorts", SET, exposed_ports, NULL),
	PART("Tty", BOOL, tty, "false"),
	PART("OpenStdin", BOOL, open_stdin, "false"),
	PART("StdinOnce", BOOL, stdin_once, "false"),
	PART("Env", LIST, env, "null"),
	PART("Cmd", LIST, cmd, "null"),
	PART_FN("Healthcheck", write_health, read_health),
	PART("Image", TEXT, image, "\"\""),
	PART_FN("Volumes", write_volumes, NULL),
	PART("WorkingDir", TEXT, working_dir, "\"\""),
	PART("Entrypoint", LIST, entrypoint, "null"),
	PART_FIXED("OnBuild", "null"),
	PART("Labels", PAIRS, labels, "{}"),
	PART("StopSignal", TEXT, stop_signal, NULL),
	PART_FN("StopTimeout", write_stop_timeout, read_stop_timeout),
};
const struct part_table parts_config = { config_rows, ARRAY_SIZE(config_rows) };

/* --- HostConfig -------------------------------------------------------------------------------- */

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
	PART_FN("Binds", write_binds, NULL),
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
	PART_FN("Tmpfs", write_tmpfs, NULL),
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

/* --- Tare -------------------------------------------------------------------------------------- */

static const struct rd_word rootfs_words[] = { { "image", CT_ROOTFS_IMAGE }, { "directory", CT_ROOTFS_DIR },
	{ "host", CT_ROOTFS_HOST }, { NULL, 0 } };
static const struct rd_word unhealthy_words[] = { { "none", CT_UNHEALTHY_NONE }, { "restart", CT_UNHEALTHY_RESTART },
	{ "kill", CT_UNHEALTHY_KILL }, { "stop", CT_UNHEALTHY_STOP }, { NULL, 0 } };

static void write_format(const struct ct_config *c, struct buf *b)
{
	buf_printf(b, "%d", CT_FORMAT);
}

static void write_rootfs_kind(const struct ct_config *c, struct buf *b)
{
	buf_json_str(b, rootfs_words[c->rootfs_kind].word);
}

static int read_rootfs_kind(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field words = { .words = rootfs_words };

	return rd_word(r, v, &words, &((struct ct_config *)dst)->rootfs_kind);
}

static void write_unhealthy(const struct ct_config *c, struct buf *b)
{
	if (c->on_unhealthy != CT_UNHEALTHY_NONE)
		buf_json_str(b, unhealthy_words[c->on_unhealthy].word);
}

static int read_unhealthy(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field words = { .words = unhealthy_words };

	return rd_word(r, v, &words, &((struct ct_config *)dst)->on_unhealthy);
}

static void write_oom_set(const struct ct_config *c, struct buf *b)
{
	if (c->oom_score_adj.set)
		buf_str(b, "true");
}

static int read_oom_set(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return rd_bool(r, v, f, &((struct ct_config *)dst)->oom_score_adj.set);
}

static const struct part tare_rows[] = {
	PART_FN("Format", write_format, NULL),
	PART_FN("RootfsKind", write_rootfs_kind, read_rootfs_kind),
	PART("Rootfs", TEXT, rootfs, NULL),
	PART("Layers", LIST, layers, NULL),
	PART("Platform", TEXT, platform, NULL),
	PART("NoNewPrivileges", BOOL, no_new_privs, NULL),
	PART("Seccomp", TEXT, seccomp, NULL),
	PART("AppArmor", TEXT, apparmor, NULL),
	PART("SELinuxLabel", TEXT, selinux_label, NULL),
	PART("SystemPathsUnconfined", BOOL, systempaths_unconfined, NULL),
	PART("MaskedPaths", LIST, masked_paths, NULL),
	PART("ReadonlyPaths", LIST, readonly_paths, NULL),
	PART("UnmaskedPaths", LIST, unmasked_paths, NULL),
	PART_FN("OnUnhealthy", write_unhealthy, read_unhealthy),
	PART_FN("OomScoreAdjSet", write_oom_set, read_oom_set),
	PART("Umask", OPT_U64, umask, NULL),
	PART("Timezone", TEXT, timezone, NULL),
	PART("Timeout", U32, timeout_s, NULL),
	PART("PidFile", TEXT, pidfile, NULL),
	PART("UsernsLifted", TEXT, userns_lifted, NULL),
	PART_FN("Mounts", ct_write_mounts, ct_read_mounts),
};
const struct part_table parts_tare = { tare_rows, ARRAY_SIZE(tare_rows) };
