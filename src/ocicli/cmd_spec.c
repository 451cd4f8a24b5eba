/* spec: a config.json to begin with. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/auxv.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "ocicli/commands.h"
#include "sys/io.h"
#include "sys/path.h"

struct spec_opts {
	const char *bundle, *file;
	bool rootless;
};

static const struct opt spec_rows[] = {
	{ 'b', "bundle", "DIR", OPT(TEXT, spec_opts, bundle), "the bundle (default: the working directory)", NULL },
	{ 'f', "file", "FILE", OPT(TEXT, spec_opts, file), "write FILE instead of config.json", NULL },
	{ 0, "rootless", NULL, OPT(FLAG, spec_opts, rootless), "for a container of a plain user", NULL },
};

#define CAPS \
	"[\n\t\t\t\t\"CAP_AUDIT_WRITE\",\n\t\t\t\t\"CAP_KILL\",\n\t\t\t\t\"CAP_NET_BIND_" \
	"SERVICE\"\n\t\t\t]"

static const char process_part[] =
	"\t\"process\": {\n"
	"\t\t\"terminal\": true,\n"
	"\t\t\"user\": {\n\t\t\t\"uid\": 0,\n\t\t\t\"gid\": 0\n\t\t},\n"
	"\t\t\"args\": [\n\t\t\t\"sh\"\n\t\t],\n"
	"\t\t\"env\": [\n"
	"\t\t\t\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\n"
	"\t\t\t\"TERM=xterm\"\n"
	"\t\t],\n"
	"\t\t\"cwd\": \"/\",\n"
	"\t\t\"capabilities\": {\n"
	"\t\t\t\"bounding\": " CAPS ",\n"
	"\t\t\t\"effective\": " CAPS ",\n"
	"\t\t\t\"permitted\": " CAPS "\n"
	"\t\t},\n"
	"\t\t\"rlimits\": [\n"
	"\t\t\t{\n\t\t\t\t\"type\": \"RLIMIT_NOFILE\",\n\t\t\t\t\"hard\": 1024,\n\t\t\t\t\"soft\": "
	"1024\n\t\t\t}\n"
	"\t\t],\n"
	"\t\t\"noNewPrivileges\": true\n"
	"\t},\n"
	"\t\"root\": {\n\t\t\"path\": \"rootfs\",\n\t\t\"readonly\": true\n\t},\n";

struct mount_row {
	const char *destination, *type, *source, *options; /* options: words with blanks between */
	const char *rootless_options; /* NULL: the same */
};

static const struct mount_row mounts[] = {
	{ "/proc", "proc", "proc", "", NULL },
	{ "/dev", "tmpfs", "tmpfs", "nosuid strictatime mode=755 size=65536k", NULL },
	{ "/dev/pts", "devpts", "devpts", "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5",
		"nosuid noexec newinstance ptmxmode=0666 mode=0620" }, /* a plain user maps no group
									  5 */
	{ "/dev/shm", "tmpfs", "shm", "nosuid noexec nodev mode=1777 size=65536k", NULL },
	{ "/dev/mqueue", "mqueue", "mqueue", "nosuid noexec nodev", NULL },
	{ "/sys", "sysfs", "sysfs", "nosuid noexec nodev ro", NULL },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid noexec nodev relatime ro", NULL },
};

/* The host's network namespace belongs to another user namespace, so sysfs cannot be mounted anew.
 */
static const struct mount_row rootless_sys = { "/sys", "none", "/sys", "rbind nosuid noexec nodev ro", NULL };

static const char *const masked[] = { "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi", NULL };
static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
	NULL };

static void add_mount(struct buf *b, const struct mount_row *m, bool rootless, bool first)
{
	const char *o = rootless && m->rootless_options ? m->rootless_options : m->options;

	buf_printf(b,
		"%s\t\t{\n\t\t\t\"destination\": \"%s\",\n\t\t\t\"type\": "
		"\"%s\",\n\t\t\t\"source\": \"%s\"",
		first ? "" : ",\n", m->destination, m->type, m->source);
	if (*o)
		buf_str(b, ",\n\t\t\t\"options\": [\n\t\t\t\t\"");
	for (const char *p = o; *p; p++) {
		if (*p == ' ')
			buf_str(b, "\",\n\t\t\t\t\"");
		else
			buf_add(b, p, 1);
	}
	buf_str(b, *o ? "\"\n\t\t\t]\n\t\t}" : "\n\t\t}");
}

static void add_namespaces(struct buf *b, bool rootless)
{
	struct statfs fs;
	bool v2 = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
	const char *names[] = { "pid", rootless ? NULL : "network", "ipc", "uts", "mount", v2 ? "cgroup" : NULL,
		rootless ? "user" : NULL };
	bool first = true;

	buf_str(b, "\t\t\"namespaces\": [\n");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!names[i])
			continue;
		buf_printf(b, "%s\t\t\t{\n\t\t\t\t\"type\": \"%s\"\n\t\t\t}", first ? "" : ",\n", names[i]);
		first = false;
	}
	buf_str(b, "\n\t\t],\n");
}

static void add_paths(struct buf *b, const char *key, const char *const *paths, const char *end)
{
	buf_printf(b, "\t\t\"%s\": [\n", key);
	for (; *paths; paths++)
		buf_printf(b, "\t\t\t\"%s\"%s\n", *paths, paths[1] ? "," : "");
	buf_printf(b, "\t\t]%s\n", end);
}

static void add_map(struct buf *b, const char *key, unsigned long host)
{
	buf_printf(b,
		"\t\t\"%s\": [\n\t\t\t{\n\t\t\t\t\"containerID\": 0,\n\t\t\t\t\"hostID\": %lu,\n"
		"\t\t\t\t\"size\": 1\n\t\t\t}\n\t\t],\n",
		key, host);
}

static void generate(struct buf *b, const char *hostname, bool rootless)
{
	buf_printf(b, "{\n\t\"ociVersion\": \"%s\",\n", CLI_SPEC_VERSION);
	buf_str(b, process_part);
	buf_printf(b, "\t\"hostname\": \"%s\",\n\t\"mounts\": [\n", hostname);
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		bool sys = rootless && str_eq(mounts[i].destination, "/sys");

		add_mount(b, sys ? &rootless_sys : &mounts[i], rootless, i == 0);
	}
	buf_str(b, "\n\t],\n\t\"linux\": {\n");
	if (rootless) {
		add_map(b, "uidMappings", getauxval(AT_EUID));
		add_map(b, "gidMappings", getauxval(AT_EGID));
	} else {
		buf_str(b,
			"\t\t\"resources\": {\n\t\t\t\"devices\": "
			"[\n\t\t\t\t{\n\t\t\t\t\t\"allow\": false,\n"
			"\t\t\t\t\t\"access\": \"rwm\"\n\t\t\t\t}\n\t\t\t]\n\t\t},\n");
	}
	add_namespaces(b, rootless);
	add_paths(b, "maskedPaths", masked, ",");
	add_paths(b, "readonlyPaths", readonly, "");
	buf_str(b, "\t}\n}\n");
}

static int spec(struct cli *c, struct err *e)
{
	const struct spec_opts *o = c->opts;
	const char *name = o->file ? o->file : "config.json", *dir = o->bundle && *o->bundle ? o->bundle : NULL;
	AUTO(buf) struct buf b = BUF_INIT;
	char path[PATH_MAX];

	generate(&b, c->like == LIKE_TARE ? "tare" : c->name, o->rootless);
	int r = buf_err(&b, e);
	if (r < 0)
		return r;
	if (!fmt_fits(
		    path, sizeof(path), "%s%s%s", dir && *name != '/' ? dir : "", dir && *name != '/' ? "/" : "", name))
		return err_set(e, ERR_USAGE, ENAMETOOLONG, "the path of %s is too long", name);
	auto_fd int fd = path_open_host(path, O_WRONLY | O_CREAT | O_EXCL, 0666, e);
	if (fd < 0 && e->num == EEXIST) {
		err_clear(e);
		return err_set(e, ERR_CONFLICT, EEXIST, "File %s exists. Remove it first", path);
	}
	if (fd < 0)
		return fd;
	return io_write_all(fd, b.data, b.len, e);
}

const struct command cmd_spec = { .name = "spec",
	.operands = "",
	.summary = "write a config.json to begin with",
	.opts = OPT_TABLE(spec_rows),
	.opts_size = sizeof(struct spec_opts),
	.run = spec };
