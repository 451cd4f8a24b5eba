/* Looks at the host for `check`: files, namespaces, mounts, hooks, the program. Only opens and
 * reads. */
#include "runtime/hostcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fmt.h"
#include "base/str.h"
#include "mnt/flags.h"
#include "ns/kinds.h"
#include "rdt/rdt.h"
#include "sys/io.h"
#include "sys/path.h"

static const struct hostcheck_where nowhere = { "/", 0 };
#define AT(p) ((struct hostcheck_where){ (p), 0 })
#define AT_N(p, n) ((struct hostcheck_where){ (p), (n) })

void hostcheck_add(const struct hostcheck *h, enum rc_severity severity, struct hostcheck_where where,
	const char *remedy, const char *format, ...)
{
	const char *mark = strchr(where.path, '#');
	char cause[1024], path[512];
	va_list ap;

	va_start(ap, format);
	fmt_v(cause, sizeof(cause), format, ap);
	va_end(ap);
	if (mark)
		fmt_to(path, sizeof(path), "%.*s%zu%s", (int)(mark - where.path), where.path, where.index, mark + 1);
	else
		fmt_to(path, sizeof(path), "%s", where.path);
	/* out of memory: hostcheck_run() tells */
	(void)!rc_problems_add(h->problems, &(struct rc_problem){ severity, path, cause, (char *)(uintptr_t)remedy });
}

static bool is_below(const char *path, const char *top)
{
	const char *rest = str_after(path, top);

	return rest && (!*rest || *rest == '/');
}

bool hostcheck_sound(const struct hostcheck *h, const char *path)
{
	for (size_t i = 0; i < h->n_document; i++) {
		const struct rc_problem *p = &h->problems->v[i];
		const char *at = str_eq(p->json_path, "/") ? "" : p->json_path;

		if (p->severity == RC_ERROR && (is_below(at, path) || is_below(path, at)))
			return false;
	}
	return true;
}

/* A path of config.json that is relative counts from the bundle. */
static int open_at_bundle(const struct hostcheck *h, const char *path, int flags)
{
	return openat(path[0] == '/' ? AT_FDCWD : h->bundle_fd, path, flags | O_CLOEXEC);
}

/* Returns the root directory, or FD_NONE after a finding. */
static int check_root(const struct hostcheck *h)
{
	const char *path = h->config->root_path;
	struct stat st, host;

	if (!hostcheck_sound(h, "/root") || !path || !*path)
		return FD_NONE;
	auto_fd int fd = open_at_bundle(h, path, O_PATH);
	if (fd < 0) {
		hostcheck_add(h, RC_ERROR, AT("/root/path"), "unpack the container's files there, or correct the path",
			"%s: %s", path, strerrordesc_np(errno));
		return FD_NONE;
	}
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode)) {
		hostcheck_add(h, RC_ERROR, AT("/root/path"), NULL, "%s is not a directory", path);
		return FD_NONE;
	}
	if (stat("/", &host) == 0 && host.st_dev == st.st_dev && host.st_ino == st.st_ino)
		hostcheck_add(h, RC_ERROR, AT("/root/path"), "use a copy or an overlay of it",
			"%s is the root directory of this machine", path);
	return fd_steal(&fd);
}

static bool executable_in(int root, const char *path, struct stat *st)
{
	auto_fd int fd = path_try_in(root, path, O_PATH);

	return fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_mode & 0111;
}

static const char *path_variable(const struct rc_process *p)
{
	for (size_t i = 0; i < p->env.n; i++)
		if (str_starts(p->env.v[i], "PATH="))
			return p->env.v[i] + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* Only a warning: a mount may bring the program. */
static void check_program(const struct hostcheck *h, int root)
{
	const struct rc_process *p = h->config->process;
	char path[PATH_MAX];
	struct stat st;

	if (root < 0 || !p || !p->args.n || !hostcheck_sound(h, "/process/args") ||
		!hostcheck_sound(h, "/process/env") || !hostcheck_sound(h, "/process/cwd"))
		return;
	const char *name = p->args.v[0];
	if (strchr(name, '/')) {
		bool fits = fmt_fits(
			path, sizeof(path), "%s%s%s", *name == '/' ? "" : p->cwd, *name == '/' ? "" : "/", name);
		if (!fits || !executable_in(root, path, &st))
			hostcheck_add(h, RC_WARNING, AT("/process/args/0"),
				"unless a mount brings it, create will fail",
				"no executable file %s in the root file system", name);
		return;
	}
	for (const char *d = path_variable(p); *d; d += strcspn(d, ":"), d += *d == ':')
		if (fmt_fits(path, sizeof(path), "%.*s/%s", (int)strcspn(d, ":"), d, name) &&
			executable_in(root, path, &st))
			return;
	hostcheck_add(h, RC_WARNING, AT("/process/args/0"), "unless a mount brings it, create will fail",
		"no executable file %s in $PATH of the root file system", name);
}

static void check_namespaces(const struct hostcheck *h)
{
	if (!hostcheck_sound(h, "/linux/namespaces"))
		return;
	for (int i = 0; i < RC_N_NS; i++) {
		const struct rc_namespace *ns = &h->config->linux_.ns[i];
		char proc[64];
		struct err e = ERR_NONE;

		if (!ns->present)
			continue;
		fmt_to(proc, sizeof(proc), "/proc/self/ns/%s", ns_kinds[i].proc_name);
		if (access(proc, F_OK) < 0)
			hostcheck_add(h, RC_ERROR, AT("/linux/namespaces"), NULL, "this kernel has no %s namespaces",
				ns_kinds[i].word);
		if (!ns->path)
			continue;
		auto_fd int fd = ns_open_checked(ns->path, (enum rc_ns)i, &e);
		if (fd < 0)
			hostcheck_add(h, RC_ERROR, AT("/linux/namespaces"),
				"name the namespace file of a running process", "%s", e.msg);
	}
}

static bool known_filesystem(const char *list, const char *type)
{
	size_t len = strlen(type);

	for (const char *line = list; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *name = line + strcspn(line, "\t") + 1;

		if (strcspn(name, "\n") == len && !memcmp(name, type, len))
			return true;
	}
	return false;
}

static void check_mount(const struct hostcheck *h, size_t i, const char *filesystems)
{
	const struct rc_mount *m = &h->config->mounts[i];
	struct err e = ERR_NONE;
	struct mnt_opts o;
	char place[32];

	fmt_to(place, sizeof(place), "/mounts/%zu", i);
	if (!hostcheck_sound(h, place))
		return;
	if (mnt_opts_parse(&m->options, &h->problems->arena, &o, &e) < 0) {
		hostcheck_add(h, RC_ERROR, AT_N("/mounts/#/options", i), NULL, "%s", e.msg);
		return;
	}
	bool bind = o.bind || str_eq(m->type, "bind");
	if (bind && m->source) {
		auto_fd int fd = open_at_bundle(h, m->source, O_PATH | (o.src_nofollow ? O_NOFOLLOW : 0));
		if (fd < 0)
			hostcheck_add(h, RC_ERROR, AT_N("/mounts/#/source", i), "make it, or correct the path",
				"%s: %s", m->source, strerrordesc_np(errno));
		if (mnt_opts_check_bind(&o, &e) < 0)
			hostcheck_add(h, RC_ERROR, AT_N("/mounts/#/options", i), NULL, "%s", e.msg);
	} else if (!bind && m->type && !str_eq(m->type, "none") && !str_eq(m->type, "cgroup") && *filesystems &&
		!known_filesystem(filesystems, m->type)) {
		hostcheck_add(h, RC_WARNING, AT_N("/mounts/#/type", i), "load the module that has it",
			"this kernel does not list file system %s", m->type);
	}
	if ((o.idmap || m->uid_maps.n) && !bind)
		hostcheck_add(
			h, RC_WARNING, AT_N("/mounts/#", i), NULL, "only file systems that allow it can be idmapped");
}

static void check_mounts(const struct hostcheck *h)
{
	AUTO(buf) struct buf list = BUF_INIT;
	struct err e = ERR_NONE;

	if (io_read_file_at(AT_FDCWD, "/proc/filesystems", 1 << 20, &list, &e) < 0)
		err_clear(&e); /* without the list this one check is left out */
	for (size_t i = 0; i < h->config->n_mounts; i++)
		check_mount(h, i, list.data ? list.data : "");
}

static void check_hooks(const struct hostcheck *h)
{
	for (int s = 0; s < RC_N_HOOK_STAGES; s++) {
		const struct rc_hook_list *l = &h->config->hooks[s];
		bool inside = s == RC_HOOK_CREATE_CONTAINER || s == RC_HOOK_START_CONTAINER;
		char where[64];

		fmt_to(where, sizeof(where), "/hooks/%s", rc_hook_stage_names[s]);
		if (!hostcheck_sound(h, where))
			continue;
		fmt_to(where, sizeof(where), "/hooks/%s/#/path", rc_hook_stage_names[s]);
		for (size_t i = 0; i < l->n; i++) {
			struct stat st;

			/* startContainer hooks live in the container's file system. */
			if (s == RC_HOOK_START_CONTAINER)
				continue;
			if (stat(l->v[i].path, &st) < 0)
				hostcheck_add(h, inside ? RC_WARNING : RC_ERROR, AT_N(where, i), NULL, "%s: %s",
					l->v[i].path, strerrordesc_np(errno));
			else if (!S_ISREG(st.st_mode) || access(l->v[i].path, X_OK) < 0)
				hostcheck_add(
					h, RC_ERROR, AT_N(where, i), "chmod +x", "%s cannot be executed", l->v[i].path);
		}
	}
}

static void check_sysctls(const struct hostcheck *h)
{
	const struct rc_kv_list *l = &h->config->linux_.sysctl;

	if (!hostcheck_sound(h, "/linux/sysctl"))
		return;
	for (size_t i = 0; i < l->n; i++) {
		char path[512], where[300];
		bool slashes = strchr(l->v[i].key, '/') != NULL;

		if (!fmt_fits(path, sizeof(path), "/proc/sys/%s", l->v[i].key))
			continue;
		for (char *p = path + strlen("/proc/sys/"); !slashes && *p; p++)
			if (*p == '.')
				*p = '/';
		fmt_to(where, sizeof(where), "/linux/sysctl/%s", l->v[i].key);
		if (access(path, F_OK) < 0)
			hostcheck_add(h, RC_WARNING, AT(where), "it may need a kernel module",
				"this host has no such sysctl");
	}
}

static void check_devices_of_host(const struct hostcheck *h)
{
	const struct rc_linux *l = &h->config->linux_;
	struct err e = ERR_NONE;

	for (size_t i = 0; i < l->n_net_devices && hostcheck_sound(h, "/linux/netDevices"); i++) {
		char path[64], where[64];

		fmt_to(path, sizeof(path), "/sys/class/net/%s", l->net_devices[i].host_name);
		fmt_to(where, sizeof(where), "/linux/netDevices/%s", l->net_devices[i].host_name);
		if (access(path, F_OK) < 0)
			hostcheck_add(h, RC_ERROR, AT(where), NULL, "this host has no network device of that name");
	}
	if (!l->intel_rdt || !hostcheck_sound(h, "/linux/intelRdt"))
		return;
	auto_fd int rdt = rdt_open_root(&e);
	if (rdt < 0)
		hostcheck_add(
			h, RC_ERROR, AT("/linux/intelRdt"), "mount -t resctrl resctrl /sys/fs/resctrl", "%s", e.msg);
}

int hostcheck_run(const struct hostcheck *h, struct err *e)
{
	auto_fd int root = check_root(h);

	check_program(h, root);
	check_namespaces(h);
	check_mounts(h);
	check_hooks(h);
	check_sysctls(h);
	check_devices_of_host(h);
	hostcheck_ids(h);
	hostcheck_limits(h);
	hostcheck_security(h);
	if (!h->config->linux_.ns[RC_NS_MNT].present && hostcheck_sound(h, "/linux/namespaces"))
		hostcheck_add(h, RC_ERROR, nowhere, "add {\"type\": \"mount\"} to linux.namespaces",
			"without a mount namespace the container's mounts would be the host's");
	return h->problems->failed ? err_oom(e, "the findings") : 0;
}
