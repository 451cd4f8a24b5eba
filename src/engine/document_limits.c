/* Limits and devices of a container. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/str.h"
#include "engine/document_parts.h"
#include "engine/security.h"
#include "sys/path.h"

enum { DEFAULT_PIDS = 4096, CPU_PERIOD_US = 100000 };

static void rlimit(struct buf *b, const char *name, uint64_t soft, uint64_t hard, const char **sep)
{
	buf_printf(b, "%s{\"type\":\"RLIMIT_", *sep);
	for (; *name; name++)
		buf_printf(b, "%c", *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
	buf_printf(b, "\",\"soft\":%llu,\"hard\":%llu}", (unsigned long long)soft, (unsigned long long)hard);
	*sep = ",";
}

/* No core files unless asked for; what was not asked for never goes beyond what we may set. */
void doc_rlimits(const struct ct_config *c, struct buf *b)
{
	bool core = false;
	const char *sep = "";

	buf_str(b, "\"rlimits\":[");
	for (size_t i = 0; i < c->n_ulimits; i++) {
		core = core || c->ulimits[i].resource == RLIMIT_CORE;
		rlimit(b, c->ulimits[i].name, c->ulimits[i].soft, c->ulimits[i].hard, &sep);
	}
	if (!core)
		rlimit(b, "core", 0, 0, &sep);
	buf_str(b, "],");
}

static void number(struct buf *b, const char *name, long long v, const char **sep)
{
	buf_printf(b, "%s\"%s\":%lld", *sep, name, v);
	*sep = ",";
}

static void memory(const struct ct_config *c, struct buf *b)
{
	const char *sep = "";

	buf_str(b, "\"memory\":{");
	if (c->memory)
		number(b, "limit", c->memory, &sep);
	/* As docker: as much swap again as memory, unless something is said. */
	if (c->memory_swap)
		number(b, "swap", c->memory_swap, &sep);
	else if (c->memory > 0)
		number(b, "swap", c->memory > INT64_MAX / 2 ? -1 : c->memory * 2, &sep);
	if (c->memory_reservation)
		number(b, "reservation", c->memory_reservation, &sep);
	if (c->memory_swappiness.set)
		number(b, "swappiness", (long long)c->memory_swappiness.v, &sep);
	if (c->oom_kill_disable)
		buf_printf(b, "%s\"disableOOMKiller\":true", sep);
	buf_str(b, "},");
}

static void cpu(const struct ct_config *c, struct buf *b)
{
	const char *sep = "";

	buf_str(b, "\"cpu\":{");
	if (c->cpu_shares)
		number(b, "shares", (long long)c->cpu_shares, &sep);
	if (c->nano_cpus) {
		number(b, "quota", (long long)(c->nano_cpus / (1000000000 / CPU_PERIOD_US)), &sep);
		number(b, "period", CPU_PERIOD_US, &sep);
	} else {
		if (c->cpu_quota)
			number(b, "quota", c->cpu_quota, &sep);
		if (c->cpu_period)
			number(b, "period", (long long)c->cpu_period, &sep);
	}
	if (c->cpuset_cpus) {
		buf_printf(b, "%s\"cpus\":", sep);
		buf_json_str(b, c->cpuset_cpus);
		sep = ",";
	}
	if (c->cpuset_mems) {
		buf_printf(b, "%s\"mems\":", sep);
		buf_json_str(b, c->cpuset_mems);
	}
	buf_str(b, "},");
}

static int look_at_device(const char *path, const char *option, struct stat *ret, struct err *e)
{
	auto_fd int fd = path_open_host(path, O_PATH, 0, e);

	if (fd < 0)
		return err_wrap(e, "--%s %s", option, path);
	if (fstat(fd, ret) < 0)
		return err_sys(e, "look at %s", path);
	if (!S_ISCHR(ret->st_mode) && !S_ISBLK(ret->st_mode))
		return err_set(e, ERR_USAGE, EINVAL, "--%s %s: not a device", option, path);
	return 0;
}

/* One list of linux.resources.blockIO: those of @c->throttles that are of @kind. */
static int throttles(const struct ct_config *c, enum ct_throttle_kind kind, struct buf *b, struct err *e)
{
	static const struct {
		const char *list, *member, *option;
	} words[CT_N_THROTTLES] = { { "weightDevice", "weight", "blkio-weight-device" },
		{ "throttleReadBpsDevice", "rate", "device-read-bps" },
		{ "throttleWriteBpsDevice", "rate", "device-write-bps" },
		{ "throttleReadIOPSDevice", "rate", "device-read-iops" },
		{ "throttleWriteIOPSDevice", "rate", "device-write-iops" } };

	buf_printf(b, "\"%s\":[", words[kind].list);
	for (size_t i = 0; i < c->n_throttles; i++) {
		struct stat st;

		if (c->throttles[i].kind != kind)
			continue;
		if (look_at_device(c->throttles[i].path, words[kind].option, &st, e) < 0)
			return -e->num;
		buf_printf(b, "%s{\"major\":%u,\"minor\":%u,\"%s\":%llu}", b->data[b->len - 1] == '[' ? "" : ",",
			major(st.st_rdev), minor(st.st_rdev), words[kind].member,
			(unsigned long long)c->throttles[i].rate);
	}
	buf_str(b, kind + 1 == CT_N_THROTTLES ? "]" : "],");
	return 0;
}

static int block_io(const struct ct_config *c, struct buf *b, struct err *e)
{
	if (!c->blkio_weight && !c->n_throttles)
		return 0;
	buf_str(b, "\"blockIO\":{");
	if (c->blkio_weight)
		buf_printf(b, "\"weight\":%u,", c->blkio_weight);
	for (int k = 0; k < CT_N_THROTTLES; k++)
		if (throttles(c, (enum ct_throttle_kind)k, b, e) < 0)
			return -e->num;
	buf_str(b, "},");
	return 0;
}

struct granted {
	struct buf *b;
	const char *access;
	bool own_ids;
};

static int each_device(const struct ct_device *d, device_told told, struct granted *g, struct err *e)
{
	g->access = d->access;
	return doc_each_device(d->source, d->destination ? d->destination : d->source, told, g, e);
}

static void add_rule(void *ctx, const struct stat *st, const char *place)
{
	const struct granted *g = ctx;
	const char *access = g->access;

	(void)place;
	buf_printf(g->b, ",{\"allow\":true,\"type\":\"%c\",\"major\":%u,\"minor\":%u,\"access\":\"%s\"}",
		S_ISBLK(st->st_mode) ? 'b' : 'c', major(st->st_rdev), minor(st->st_rdev), access ? access : "rwm");
}

/* "c 189:* rwm", checked by the option's parser. */
static void given_rule(struct buf *b, const char *text)
{
	size_t major_len = strcspn(text + 2, ":");
	const char *minor_at = text + 2 + major_len + 1;
	size_t minor_len = strcspn(minor_at, " ");

	buf_printf(b, ",{\"allow\":true,\"type\":\"%c\"", text[0]);
	if (text[2] != '*')
		buf_printf(b, ",\"major\":%.*s", (int)major_len, text + 2);
	if (minor_at[0] != '*')
		buf_printf(b, ",\"minor\":%.*s", (int)minor_len, minor_at);
	buf_printf(b, ",\"access\":\"%s\"}", minor_at + minor_len + 1);
}

static int device_rules(const struct ct_config *c, struct buf *b, struct err *e)
{
	if (c->privileged) {
		buf_str(b, "\"devices\":[{\"allow\":true,\"access\":\"rwm\"}],");
		return 0;
	}
	buf_str(b, "\"devices\":[{\"allow\":false,\"access\":\"rwm\"}");
	struct granted g = { .b = b };
	for (size_t i = 0; i < c->n_devices; i++)
		if (each_device(&c->devices[i], add_rule, &g, e) < 0)
			return -e->num;
	for (size_t i = 0; i < c->device_cgroup_rules.n; i++)
		given_rule(b, c->device_cgroup_rules.v[i]);
	buf_str(b, "],");
	return 0;
}

static void add_node(void *ctx, const struct stat *st, const char *place)
{
	const struct granted *g = ctx;

	doc_device(st, place, g->own_ids, g->b);
}

static int devices(const struct ct_config *c, const struct document_facts *f, struct buf *b, struct err *e)
{
	struct granted g = { .b = b, .own_ids = f->own_ids };

	buf_str(b, "\"devices\":[");
	if (c->privileged && doc_host_devices(f->rootless, b, e) < 0)
		return -e->num;
	for (size_t i = 0; i < c->n_devices; i++)
		if (each_device(&c->devices[i], add_node, &g, e) < 0)
			return -e->num;
	buf_str(b, "],");
	return 0;
}

int doc_resources(const struct ct_config *c, const struct document_facts *f, struct buf *b, struct err *e)
{
	int64_t pids = c->pids_limit ? c->pids_limit : DEFAULT_PIDS;
	/* The default must not be what keeps a plain user without a cgroup from starting anything; -1 is what a new
	 * cgroup has, also where there is no pids controller. */
	bool wanted = c->pids_limit ? c->pids_limit > 0 : !f->rootless && !c->privileged;

	if (devices(c, f, b, e) < 0)
		return -e->num;
	buf_str(b, "\"resources\":{");
	if (c->memory || c->memory_swap || c->memory_swappiness.set || c->memory_reservation || c->oom_kill_disable)
		memory(c, b);
	if (c->cpu_shares || c->nano_cpus || c->cpu_quota || c->cpu_period || c->cpuset_cpus || c->cpuset_mems)
		cpu(c, b);
	if (block_io(c, b, e) < 0)
		return -e->num;
	if (device_rules(c, b, e) < 0)
		return -e->num;
	if (wanted)
		buf_printf(b, "\"pids\":{\"limit\":%lld}", (long long)pids);
	else if (b->len && b->data[b->len - 1] == ',')
		b->len--;
	buf_str(b, "},");
	return 0;
}
