/* The mounts of a container: docker's own, then what the user asked for. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/document_parts.h"
#include "sys/path.h"

enum { DEFAULT_SHM = 64 << 20 };

static void mount_head(struct buf *b, const char *destination, const char *type, const char *source)
{
	buf_str(b, b->data && b->data[b->len - 1] == '[' ? "{\"destination\":" : ",{\"destination\":");
	buf_json_str(b, destination);
	buf_str(b, ",\"type\":");
	buf_json_str(b, type);
	buf_str(b, ",\"source\":");
	buf_json_str(b, source);
	buf_str(b, ",\"options\":[");
}

/* @options: words between commas, none of which needs an escape. */
static void mount_fs(struct buf *b, const char *destination, const char *type, const char *options)
{
	mount_head(b, destination, type, type);
	for (const char *p = options; *p;) {
		size_t n = strcspn(p, ",");

		buf_printf(b, "%s\"%.*s\"", p == options ? "" : ",", (int)n, p);
		p += n + (p[n] == ',');
	}
	buf_str(b, "]}");
}

/* Not every host has it. */
static void bind_of_host(struct buf *b, const char *path)
{
	struct err absent = ERR_NONE;
	auto_fd int fd = path_open_host(path, O_PATH | O_DIRECTORY, 0, &absent);

	if (fd < 0)
		return;
	mount_head(b, path, "bind", path);
	buf_str(b, "\"rbind\",\"nosuid\",\"noexec\",\"nodev\"]}");
}

static bool user_mounts(const struct ct_config *c, const char *destination)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (str_eq(c->mounts[i].destination, destination))
			return true;
	return false;
}

static void standard(const struct ct_config *c, const struct document_facts *f, struct buf *b)
{
	bool host_pid = str_eq(c->pid_mode, "host") && f->own_ids, host_ipc = str_eq(c->ipc_mode, "host");
	AUTO(buf) struct buf shm = BUF_INIT;

	if (host_pid) {
		mount_head(b, "/proc", "bind", "/proc");
		buf_str(b, "\"rbind\",\"nosuid\",\"noexec\",\"nodev\"]}");
	} else {
		mount_fs(b, "/proc", "proc", "nosuid,noexec,nodev");
	}
	if (!user_mounts(c, "/dev"))
		mount_fs(b, "/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
	mount_fs(b, "/dev/pts", "devpts",
		f->rootless ? "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"
			    : "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	if (f->bind_sys) {
		mount_head(b, "/sys", "bind", "/sys");
		buf_str(b,
			c->privileged ? "\"rbind\",\"nosuid\",\"noexec\",\"nodev\"]}"
				      : "\"rbind\",\"nosuid\",\"noexec\",\"nodev\",\"rro\"]}");
	} else {
		mount_fs(b, "/sys", "sysfs", c->privileged ? "nosuid,noexec,nodev" : "nosuid,noexec,nodev,ro");
	}
	mount_fs(b, "/sys/fs/cgroup", "cgroup", c->privileged ? "nosuid,noexec,nodev" : "nosuid,noexec,nodev,ro");
	if (host_ipc && f->own_ids) {
		bind_of_host(b, "/dev/mqueue");
	} else {
		mount_fs(b, "/dev/mqueue", "mqueue", "nosuid,noexec,nodev");
	}
	if (user_mounts(c, "/dev/shm") || str_eq(c->ipc_mode, "none"))
		return;
	if (host_ipc) {
		bind_of_host(b, "/dev/shm");
		return;
	}
	buf_printf(&shm, "nosuid,noexec,nodev,mode=1777,size=%llu",
		(unsigned long long)(c->shm_size ? c->shm_size : DEFAULT_SHM));
	mount_fs(b, "/dev/shm", "tmpfs", shm.data ? shm.data : "");
	b->failed = b->failed || shm.failed;
}

/* hosts, hostname and resolv.conf, unless the user brings his own. */
static void files(const struct ct_config *c, const struct document_facts *f, struct buf *b)
{
	static const char *const names[] = { "resolv.conf", "hostname", "hosts" };
	char at[32];

	for (size_t i = 0; f->has_files && i < ARRAY_SIZE(names); i++) {
		AUTO(buf) struct buf source = BUF_INIT;

		buf_printf(&source, "%s/%s", f->dir, names[i]);
		fmt_to(at, sizeof(at), "/etc/%s", names[i]);
		if (user_mounts(c, at))
			continue;
		mount_head(b, at, "bind", source.data ? source.data : "");
		buf_str(b, f->own_ids ? "\"bind\",\"idmap\"]}" : "\"bind\"]}");
		b->failed = b->failed || source.failed;
	}
}

/* --tz: the host's file, as the image need not have any. */
static void time_zone(const struct ct_config *c, const struct document_facts *f, struct buf *b)
{
	AUTO(buf) struct buf source = BUF_INIT;

	if (!c->timezone || user_mounts(c, "/etc/localtime"))
		return;
	if (str_eq(c->timezone, "local"))
		buf_str(&source, "/etc/localtime");
	else
		buf_printf(&source, "/usr/share/zoneinfo/%s", c->timezone);
	mount_head(b, "/etc/localtime", "bind", source.data ? source.data : "");
	buf_str(b, f->own_ids ? "\"bind\",\"idmap\",\"ro\"]}" : "\"bind\",\"ro\"]}");
	b->failed = b->failed || source.failed;
}

static void word(struct buf *b, const char *option)
{
	buf_str(b, b->data[b->len - 1] == '[' ? "" : ",");
	buf_json_str(b, option);
}

static bool tmpfs_says(const struct ct_mount *m, const char *prefix)
{
	for (size_t i = 0; i < m->tmpfs_options.n; i++)
		if (str_starts(m->tmpfs_options.v[i], prefix))
			return true;
	return false;
}

static void tmpfs(const struct ct_mount *m, struct buf *b)
{
	char text[48];

	mount_head(b, m->destination, "tmpfs", "tmpfs");
	if (!tmpfs_says(m, "suid"))
		word(b, "nosuid");
	if (!tmpfs_says(m, "dev"))
		word(b, "nodev");
	if (!tmpfs_says(m, "exec"))
		word(b, "noexec");
	for (size_t i = 0; i < m->tmpfs_options.n; i++)
		word(b, m->tmpfs_options.v[i]);
	if (m->tmpfs_size) {
		fmt_to(text, sizeof(text), "size=%llu", (unsigned long long)m->tmpfs_size);
		word(b, text);
	}
	if (m->tmpfs_mode || !tmpfs_says(m, "mode=")) {
		fmt_to(text, sizeof(text), "mode=%o", m->tmpfs_mode ? m->tmpfs_mode : 01777U);
		word(b, text);
	}
	if (m->read_only)
		word(b, "ro");
	buf_str(b, "]}");
}

static void bind(const struct ct_mount *m, const char *source, const struct document_facts *f, struct buf *b)
{
	mount_head(b, m->destination, "bind", source);
	word(b, m->non_recursive ? "bind" : "rbind");
	word(b, m->propagation ? m->propagation : "rprivate");
	if (m->recursive_read_only)
		word(b, "rro");
	else if (m->read_only)
		word(b, "ro");
	/* Owners show as they are on disk, whatever range the container's ids come from. */
	if (f->own_ids || m->idmap)
		word(b, "idmap");
	if (m->type == CT_MOUNT_VOLUME)
		word(b, "nodev");
	buf_str(b, "]}");
}

static int user_mount(const struct ct_config *c, const struct document_facts *f, size_t i, struct buf *b, struct err *e)
{
	const struct ct_mount *m = &c->mounts[i];
	const char *source = m->type == CT_MOUNT_VOLUME && f->volume_paths ? f->volume_paths[i] : m->source;

	if (m->type == CT_MOUNT_TMPFS)
		tmpfs(m, b);
	else if (source)
		bind(m, source, f, b);
	else
		return err_set(e, ERR_BUG, EINVAL, "volume %s has no place", m->source);
	return 0;
}

/* What lies on /etc would hide our files. */
static bool on_etc(const struct ct_mount *m)
{
	const char *rest = str_after(m->destination, "/etc");

	return rest && strspn(rest, "/") == strlen(rest);
}

int doc_mounts(const struct ct_config *c, const struct document_facts *f, struct buf *b, struct err *e)
{
	buf_str(b, "\"mounts\":[");
	standard(c, f, b);
	for (size_t i = 0; i < c->n_mounts; i++)
		if (on_etc(&c->mounts[i]) && user_mount(c, f, i, b, e) < 0)
			return -e->num;
	files(c, f, b);
	time_zone(c, f, b);
	if (f->init) {
		mount_head(b, DOC_INIT_PATH, "bind", f->init);
		buf_str(b, "\"bind\",\"ro\",\"nosuid\",\"nodev\"]}");
	}
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!on_etc(&c->mounts[i]) && user_mount(c, f, i, b, e) < 0)
			return -e->num;
	buf_str(b, "],");
	return 0;
}
