/* info, system info */
#include <fcntl.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cli/human.h"
#include "cli/pslist.h"
#include "cli/template.h"
#include "store/store.h"
#include "sys/io.h"
#include "sys/call.h"

enum { MAX_OS_RELEASE = 64 << 10 };

struct info_opts {
	const char *format;
};

static const struct opt info_rows[] = {
	{ 'f', "format", "FORMAT", OPT(TEXT, info_opts, format), "json, or a template" },
};

struct facts {
	size_t running, paused, stopped, images;
	struct utsname u;
	struct sysinfo si;
	char os[128];
	long cpus;
};

/* PRETTY_NAME of os-release(5). */
static void read_os(char *dst, size_t size)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct err e = ERR_NONE;
	const char *at;

	memcpy(dst, "Linux", sizeof("Linux"));
	if (io_read_file_at(AT_FDCWD, "/etc/os-release", MAX_OS_RELEASE, &b, &e) < 0 || !b.data)
		return;
	at = strstr(b.data, "PRETTY_NAME=");
	at = at ? at + strlen("PRETTY_NAME=") : "";
	at += *at == '"';
	size_t n = strcspn(at, "\"\n");
	if (n && n < size) {
		memcpy(dst, at, n);
		dst[n] = '\0';
	}
}

static int find_out(struct cli *c, struct facts *f, struct err *e)
{
	struct ps_want want = { .all = true };
	struct store_ids ids;
	struct store store;
	struct ps_list l;
	int r = ps_read(c, &want, &l, e);

	for (size_t i = 0; r == 0 && i < l.n; i++) {
		enum ct_state s = l.v[i]->state;

		f->running += s == CT_RUNNING || s == CT_RESTARTING;
		f->paused += s == CT_PAUSED;
		f->stopped += s != CT_RUNNING && s != CT_RESTARTING && s != CT_PAUSED;
	}
	ps_done(&l);
	if (r == 0)
		r = store_open(c->engine.data_fd, &store, e);
	if (r < 0 || store_ids_list(&store, &ids, e) < 0)
		return -e->num;
	f->images = ids.n;
	store_ids_done(&ids);
	if (uname(&f->u) < 0 || sysinfo(&f->si) < 0)
		return err_sys(e, "ask the kernel about this machine");
	f->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	read_os(f->os, sizeof(f->os));
	return 0;
}

static void text(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "\"%s\":", key);
	buf_json_str(b, value);
	buf_str(b, ",");
}

static void document(const struct cli *c, const struct facts *f, struct buf *b)
{
	buf_str(b, "{");
	text(b, "ID", c->engine.data_path); /* one installation is one data directory */
	buf_printf(b,
		"\"Containers\":%zu,\"ContainersRunning\":%zu,\"ContainersPaused\":%zu,"
		"\"ContainersStopped\":%zu,\"Images\":%zu,",
		f->running + f->paused + f->stopped, f->running, f->paused, f->stopped, f->images);
	text(b, "Driver", "overlay2");
	text(b, "LoggingDriver", "json-file");
	text(b, "CgroupDriver", c->engine.rt.manager == RT_SYSTEMD ? "systemd" : "cgroupfs");
	text(b, "KernelVersion", f->u.release);
	text(b, "OperatingSystem", f->os);
	text(b, "OSType", "linux");
	text(b, "Architecture", f->u.machine);
	buf_printf(b, "\"NCPU\":%ld,\"MemTotal\":%llu,", f->cpus, (unsigned long long)f->si.totalram * f->si.mem_unit);
	text(b, "DockerRootDir", c->engine.data_path);
	text(b, "RunDir", c->engine.run_path);
	text(b, "Name", f->u.nodename);
	text(b, "ServerVersion", TARE_VERSION);
	text(b, "DefaultRuntime", "tare");
	buf_printf(b, "\"SecurityOptions\":[\"name=seccomp,profile=builtin\"%s%s],\"Rootless\":%s}",
		sys_landlock_abi() < SYS_LANDLOCK_ABI_MIN ? "" : ",\"name=landlock\"",
		c->engine.rootless ? ",\"name=rootless\"" : "", c->engine.rootless ? "true" : "false");
}

static void plain(const struct cli *c, const struct facts *f, struct buf *b)
{
	char memory[HUMAN_SIZE];

	human_binary((uint64_t)f->si.totalram * f->si.mem_unit, memory);
	buf_printf(b,
		"Version: %s\nContainers: %zu\n Running: %zu\n Paused: %zu\n Stopped: %zu\nImages: "
		"%zu\n",
		TARE_VERSION, f->running + f->paused + f->stopped, f->running, f->paused, f->stopped, f->images);
	buf_printf(b,
		"Storage Driver: overlay2\nLogging Driver: json-file\nCgroup Driver: %s\nSecurity "
		"Options:\n seccomp\n  Profile: "
		"builtin\n landlock%s\n%s",
		c->engine.rt.manager == RT_SYSTEMD ? "systemd" : "cgroupfs",
		sys_landlock_abi() < SYS_LANDLOCK_ABI_MIN
			? ": not in this kernel, archives of images are read without it"
			: "",
		c->engine.rootless ? " rootless\n" : "");
	buf_printf(b,
		"Kernel Version: %s\nOperating System: %s\nOSType: linux\nArchitecture: %s\nCPUs: "
		"%ld\nTotal Memory: %s\n",
		f->u.release, f->os, f->u.machine, f->cpus, memory);
	buf_printf(b, "Name: %s\nRoot Dir: %s\nRun Dir: %s\n", f->u.nodename, c->engine.data_path, c->engine.run_path);
}

static int formatted(struct cli *c, const char *format, const struct facts *f, struct buf *out, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct template *t;
	struct json *doc;

	document(c, f, &b);
	if (buf_err(&b, e) < 0 || json_parse(b.data, b.len, &c->arena, &doc, e) < 0)
		return -e->num;
	if (str_eq(format, "json"))
		template_json(doc, out);
	else if (template_parse(format, &c->arena, &t, e) < 0 || template_run(t, doc, NULL, &c->arena, out, e) < 0)
		return -e->num;
	buf_str(out, "\n");
	return 0;
}

static int info(struct cli *c, struct err *e)
{
	const struct info_opts *o = c->opts;
	AUTO(buf) struct buf out = BUF_INIT;
	struct facts f = { 0 };
	int r = find_out(c, &f, e);

	if (r == 0 && o->format)
		r = formatted(c, o->format, &f, &out, e);
	else if (r == 0)
		plain(c, &f, &out);
	return r ? r : cli_write(&out, e);
}

const struct command cmd_info = {
	.name = "info",
	.operands = "",
	.summary = "Show this installation and its machine",
	.opts = OPT_TABLE(info_rows),
	.opts_size = sizeof(struct info_opts),
	.flags = CMD_ENGINE,
	.run = info,
};
