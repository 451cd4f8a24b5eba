/* The mounts and resource limits of a container by name and as JSON. */
#include <string.h>
#include <sys/resource.h>
#include "base/str.h"
#include "spec/container_parts.h"

static const struct {
	const char *name;
	int resource;
} limits[] = {
	{ "as", RLIMIT_AS },
	{ "core", RLIMIT_CORE },
	{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },
	{ "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

bool ct_ulimit_resource(const char *name, int *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (str_eq(limits[i].name, name)) {
			*ret = limits[i].resource;
			return true;
		}
	}
	return false;
}

const char *const ct_mount_type_names[] = {
	[CT_MOUNT_BIND] = "bind", [CT_MOUNT_VOLUME] = "volume", [CT_MOUNT_TMPFS] = "tmpfs"
};

static void flag(struct buf *b, const char *key, bool on)
{
	if (on)
		buf_printf(b, ",\"%s\":true", key);
}

static void text(struct buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	buf_printf(b, ",\"%s\":", key);
	buf_json_str(b, value);
}

static void write_mount(const struct ct_mount *m, struct buf *b)
{
	char relabel[2] = { m->relabel, '\0' };

	buf_printf(b, "{\"Type\":\"%s\"", ct_mount_type_names[m->type]);
	text(b, "Source", m->source);
	text(b, "Destination", m->destination);
	text(b, "Propagation", m->propagation);
	flag(b, "ReadOnly", m->read_only);
	flag(b, "RecursiveReadOnly", m->recursive_read_only);
	flag(b, "NonRecursive", m->non_recursive);
	flag(b, "Anonymous", m->anonymous);
	flag(b, "NoCopy", m->no_copy);
	flag(b, "Idmap", m->idmap);
	flag(b, "CreateSource", m->create_source);
	flag(b, "Chown", m->chown);
	text(b, "Relabel", m->relabel ? relabel : NULL);
	if (m->tmpfs_size)
		buf_printf(b, ",\"TmpfsSize\":%llu", (unsigned long long)m->tmpfs_size);
	if (m->tmpfs_mode)
		buf_printf(b, ",\"TmpfsMode\":%u", m->tmpfs_mode);
	for (size_t i = 0; i < m->tmpfs_options.n; i++) {
		buf_str(b, i ? "," : ",\"TmpfsOptions\":[");
		buf_json_str(b, m->tmpfs_options.v[i]);
	}
	buf_str(b, m->tmpfs_options.n ? "]}" : "}");
}

void ct_write_mounts(const struct ct_config *c, struct buf *b)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		buf_str(b, i ? "," : "[");
		write_mount(&c->mounts[i], b);
	}
	if (c->n_mounts)
		buf_str(b, "]");
}

static int read_relabel(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind != JSON_KIND_STRING || (!str_eq(v->text, "z") && !str_eq(v->text, "Z")))
		return rd_fail(r, NULL, NULL, "must be \"z\" or \"Z\"");
	*(char *)dst = v->text[0];
	return 0;
}

static int read_mount(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_word types[] = { { "bind", CT_MOUNT_BIND }, { "volume", CT_MOUNT_VOLUME },
		{ "tmpfs", CT_MOUNT_TMPFS }, { NULL, 0 } };
	static const struct rd_field fields[] = {
		RD("Type", rd_word, struct ct_mount, type, RD_MUST, .words = types),
		RD("Source", rd_name, struct ct_mount, source),
		RD("Destination", rd_name, struct ct_mount, destination, RD_MUST),
		RD("Propagation", rd_name, struct ct_mount, propagation),
		RD("ReadOnly", rd_bool, struct ct_mount, read_only),
		RD("RecursiveReadOnly", rd_bool, struct ct_mount, recursive_read_only),
		RD("NonRecursive", rd_bool, struct ct_mount, non_recursive),
		RD("Anonymous", rd_bool, struct ct_mount, anonymous),
		RD("NoCopy", rd_bool, struct ct_mount, no_copy),
		RD("Idmap", rd_bool, struct ct_mount, idmap),
		RD("CreateSource", rd_bool, struct ct_mount, create_source),
		RD("Chown", rd_bool, struct ct_mount, chown),
		RD("Relabel", read_relabel, struct ct_mount, relabel),
		RD("TmpfsSize", rd_u64, struct ct_mount, tmpfs_size, .max = UINT64_MAX),
		RD("TmpfsMode", rd_u32, struct ct_mount, tmpfs_mode, .max = 07777),
		RD("TmpfsOptions", rd_str_list, struct ct_mount, tmpfs_options),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

int ct_read_mounts(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements each = { read_mount, sizeof(struct ct_mount), NULL };
	struct ct_config *c = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &each, &all, &c->n_mounts);

	c->mounts = all;
	return rc;
}
