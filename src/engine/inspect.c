#include "engine/inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "engine/health.h"
#include "engine/logs.h"
#include "engine/security.h"
#include "engine/volume.h"

#define NEVER "0001-01-01T00:00:00Z"

static void text(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "\"%s\":", key);
	buf_json_str(b, value ? value : "");
	buf_str(b, ",");
}

static void flag(struct buf *b, const char *key, bool on)
{
	buf_printf(b, "\"%s\":%s,", key, on ? "true" : "false");
}

/* docker's Running is true for a paused one, too. */
static int health(const struct record *r, struct buf *b, struct err *e)
{
	struct ct_health_state h;
	bool known = false;
	int n;

	if (!ct_health_wanted(&r->config.health))
		return 0;
	n = health_read(r, &known, &h, e);
	if (n < 0 || !known)
		return n;
	AUTO(buf) struct buf one = BUF_INIT;
	ct_health_write(&h, &one);
	buf_printf(b, ",\"Health\":%s", one.data ? one.data : "null");
	b->failed |= one.failed;
	return 0;
}

/* docker's Running is true for a paused one, too. */
static int state(const struct record *r, struct buf *b, struct err *e)
{
	const struct ct_status *s = &r->status;
	bool running = s->state == CT_RUNNING || s->state == CT_PAUSED || s->state == CT_RESTARTING;

	buf_str(b, "\"State\":{");
	text(b, "Status", ct_state_names[s->state]);
	flag(b, "Running", running);
	flag(b, "Paused", s->state == CT_PAUSED);
	flag(b, "Restarting", s->state == CT_RESTARTING);
	flag(b, "OOMKilled", s->oom_killed);
	flag(b, "Dead", false);
	buf_printf(b, "\"Pid\":%d,\"ExitCode\":%d,", (int)s->pid, s->exit_code);
	text(b, "Error", s->error);
	text(b, "StartedAt", s->started[0] ? s->started : NEVER);
	buf_str(b, "\"FinishedAt\":");
	buf_json_str(b, s->finished[0] ? s->finished : NEVER);
	int n = health(r, b, e);
	buf_str(b, "},");
	return n;
}

static void file_of(const struct engine *en, const struct record *r, const char *key, const char *name, struct buf *b)
{
	AUTO(buf) struct buf path = BUF_INIT;

	buf_printf(&path, "%s/containers/%s/%s", en->data_path, r->id, name);
	text(b, key, path.data);
	b->failed |= path.failed;
}

static void list(struct buf *b, const char *key, const struct rc_str_list *l)
{
	buf_printf(b, ",\"%s\":[", key);
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "");
		buf_json_str(b, l->v[i]);
	}
	buf_str(b, "]");
}

/* What is in force, not only what was asked for. */
static int host_config(const struct ct_config *c, struct buf *b, struct err *e)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct rc_str_list masked = { 0 }, readonly = { 0 };

	if (security_masked_paths(c, &a, &masked, e) < 0 || security_readonly_paths(c, &a, &readonly, e) < 0)
		return -e->num;
	buf_str(b, "\"HostConfig\":");
	ct_write_host(c, b);
	if (b->failed)
		return 0;
	b->len--; /* go on within the object */
	list(b, "MaskedPaths", &masked);
	list(b, "ReadonlyPaths", &readonly);
	buf_str(b, "},");
	return 0;
}

static void mount_source(const struct engine *en, const struct ct_mount *m, struct buf *b)
{
	AUTO(buf) struct buf path = BUF_INIT;

	if (m->type != CT_MOUNT_VOLUME) {
		text(b, "Source", m->source);
		return;
	}
	text(b, "Name", m->source);
	buf_printf(&path, "%s/volumes/%s/_data", en->data_path, m->source ? m->source : "");
	text(b, "Source", path.data);
	b->failed |= path.failed;
}

static void mounts(const struct engine *en, const struct ct_config *c, struct buf *b)
{
	buf_str(b, "\"Mounts\":[");
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct ct_mount *m = &c->mounts[i];
		char relabel[2] = { m->relabel, '\0' };

		buf_printf(b, "%s{\"Type\":\"%s\",", i ? "," : "", ct_mount_type_names[m->type]);
		mount_source(en, m, b);
		text(b, "Destination", m->destination);
		if (m->type == CT_MOUNT_VOLUME)
			text(b, "Driver", "local");
		text(b, "Mode", m->relabel ? relabel : m->read_only && m->type != CT_MOUNT_VOLUME ? "ro" : "");
		flag(b, "RW", !m->read_only);
		buf_str(b, "\"Propagation\":");
		buf_json_str(b, m->type == CT_MOUNT_BIND ? (m->propagation ? m->propagation : "rprivate") : "");
		buf_str(b, "}");
	}
	buf_str(b, "],");
}

/* Without a bridge there are no addresses: docker's keys with empty values, "none" and "host" as
 * the network's name. */
static void network(const struct record *r, struct buf *b)
{
	const struct ct_config *c = &r->config;
	const char *name = c->network ? c->network : "none";
	bool shared = str_starts(name, "container:");

	buf_str(b, "\"NetworkSettings\":{");
	text(b, "Bridge", "");
	text(b, "SandboxID", "");
	text(b, "SandboxKey", "");
	buf_str(b, "\"Ports\":{");
	for (size_t i = 0; i < c->exposed_ports.n && r->status.pid; i++) {
		buf_str(b, i ? "," : "");
		buf_json_str(b, c->exposed_ports.v[i]);
		buf_str(b, ":null");
	}
	buf_str(b,
		"},\"HairpinMode\":false,\"LinkLocalIPv6Address\":\"\",\"LinkLocalIPv6PrefixLen\":"
		"0,"
		"\"SecondaryIPAddresses\":null,\"SecondaryIPv6Addresses\":null,\"EndpointID\":\"\","
		"\"Gateway\":\"\","
		"\"GlobalIPv6Address\":\"\",\"GlobalIPv6PrefixLen\":0,\"IPAddress\":\"\","
		"\"IPPrefixLen\":0,"
		"\"IPv6Gateway\":\"\",\"MacAddress\":\"\",\"Networks\":{");
	if (!shared) {
		buf_json_str(b, name);
		buf_str(b,
			":{\"IPAMConfig\":null,\"Links\":null,\"Aliases\":null,\"MacAddress\":\"\","
			"\"DriverOpts\":null,"
			"\"GwPriority\":0,\"NetworkID\":\"\",\"EndpointID\":\"\",\"Gateway\":\"\","
			"\"IPAddress\":\"\","
			"\"IPPrefixLen\":0,\"IPv6Gateway\":\"\",\"GlobalIPv6Address\":\"\","
			"\"GlobalIPv6PrefixLen\":0,"
			"\"DNSNames\":null}");
	}
	buf_str(b, "}},");
}

static void driver_data(const struct engine *en, const struct record *r, struct buf *b)
{
	AUTO(buf) struct buf lower = BUF_INIT;
	const struct rc_str_list *layers = &r->config.layers;

	for (size_t i = layers->n; i-- > 0;) {
		const char *hex = str_after(layers->v[i], "sha256:");

		buf_printf(&lower, "%s%s/layers/%s", lower.len ? ":" : "", en->data_path, hex ? hex : layers->v[i]);
	}
	buf_str(b, "\"GraphDriver\":{\"Data\":{");
	text(b, "LowerDir", lower.data);
	file_of(en, r, "UpperDir", "upper", b);
	file_of(en, r, "WorkDir", "work", b);
	b->failed |= lower.failed;
	if (!b->failed)
		b->len--; /* the last comma */
	buf_str(b, "},\"Name\":\"overlay2\"},");
}

static void ours(const struct record *r, struct buf *b)
{
	const struct ct_config *c = &r->config;
	const struct ct_status *s = &r->status;

	buf_str(b, "\"Tare\":{");
	text(b, "Platform", c->platform);
	if (c->rootfs)
		text(b, "Rootfs", c->rootfs);
	if (c->userns_lifted)
		text(b, "UsernsLifted", c->userns_lifted);
	if (s->oom[0])
		text(b, "OOMVerdict", s->oom);
	flag(b, "ExitUnknown", s->exit_unknown);
	buf_printf(b, "\"Monitor\":%d,\"LostLogRecords\":%llu}", (int)s->monitor, (unsigned long long)logs_lost(r));
}

/* "Path" and "Args": the program and what follows. */
static void program(const struct ct_config *c, struct buf *b)
{
	size_t n = c->entrypoint.n + c->cmd.n;

	for (size_t i = 0; i < n; i++) {
		const char *arg = i < c->entrypoint.n ? c->entrypoint.v[i] : c->cmd.v[i - c->entrypoint.n];

		if (i == 0) {
			text(b, "Path", arg);
			buf_str(b, "\"Args\":[");
			continue;
		}
		buf_str(b, i > 1 ? "," : "");
		buf_json_str(b, arg);
	}
	buf_str(b, n ? "]," : "\"Path\":\"\",\"Args\":[],");
}

int inspect_container(const struct engine *en, const struct record *r, const struct inspect_size *size, struct buf *ret,
	struct err *e)
{
	const struct ct_config *c = &r->config;
	AUTO(buf) struct buf name = BUF_INIT;

	buf_str(ret, "{");
	text(ret, "Id", r->id);
	text(ret, "Created", c->created);
	program(c, ret);
	if (state(r, ret, e) < 0)
		return -e->num;
	text(ret, "Image", c->image_id);
	file_of(en, r, "ResolvConfPath", "resolv.conf", ret);
	file_of(en, r, "HostnamePath", "hostname", ret);
	file_of(en, r, "HostsPath", "hosts", ret);
	if (!c->log_driver || str_eq(c->log_driver, "json-file"))
		file_of(en, r, "LogPath", "log.json", ret);
	else
		text(ret, "LogPath", "");
	buf_printf(&name, "/%s", c->name);
	text(ret, "Name", name.data);
	buf_printf(ret, "\"RestartCount\":%u,", r->status.restart_count);
	text(ret, "Driver", "overlay2");
	text(ret, "Platform", "linux");
	text(ret, "MountLabel", "");
	text(ret, "ProcessLabel", c->selinux_label);
	text(ret, "AppArmorProfile", c->apparmor);
	buf_str(ret, "\"ExecIDs\":null,");
	if (host_config(c, ret, e) < 0)
		return -e->num;
	driver_data(en, r, ret);
	if (size->wanted)
		buf_printf(ret, "\"SizeRw\":%llu,\"SizeRootFs\":%llu,", (unsigned long long)size->rw,
			(unsigned long long)size->root);
	mounts(en, c, ret);
	buf_str(ret, "\"Config\":");
	ct_write_config(c, ret);
	buf_str(ret, ",");
	network(r, ret);
	ours(r, ret);
	buf_str(ret, "}");
	ret->failed |= name.failed;
	return buf_err(ret, e);
}
