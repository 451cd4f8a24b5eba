/* The global options and what follows from them. */
#include "ocicli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/io.h"
#include "sys/path.h"

enum { MAX_INPUT_BYTES = 16 << 20 };

static const struct opt global_rows[] = {
	{ 'r', "root", "DIR", OPT(TEXT, global_opts, root), "where container state is kept (default: /run/NAME)",
		NULL },
	{ 'l', "log", "SINK", OPT(TEXT, global_opts, log),
		"log to a FILE, file:FILE, journald:IDENTIFIER or syslog:IDENTIFIER", NULL },
	{ 0, "log-format", "FORMAT", OPT(TEXT, global_opts, log_format), "text (default) or json", "text|json" },
	{ 0, "log-level", "LEVEL", OPT(TEXT, global_opts, log_level), "error, warning (default), info or debug",
		"error|warning|warn|info|debug" },
	{ 0, "debug", NULL, OPT(FLAG, global_opts, debug), "the same as --log-level debug", NULL },
	{ 's', "systemd-cgroup", NULL, OPT(FLAG, global_opts, systemd_cgroup),
		"let systemd make the cgroups; cgroupsPath is slice:prefix:name", NULL },
	{ 0, "cgroup-manager", "MANAGER", OPT(TEXT, global_opts, cgroup_manager),
		"cgroupfs (default), systemd or disabled", "cgroupfs|systemd|disabled" },
	{ 0, "rootless", "WHEN", OPT(TEXT, global_opts, rootless),
		"true, false or auto: go on where a plain user lacks a right to cgroups", NULL },
	{ 0, "trace", "FILE", OPT(TEXT, global_opts, trace),
		"write the phases of this command with times and system calls to FILE as JSON", NULL },
	{ 'v', "version", NULL, OPT(FLAG, global_opts, version), "print version and features", NULL },
	{ 'V', "Version", NULL, OPT(FLAG, global_opts, version), NULL, NULL },
	{ 0, "systemd-log", NULL, OPT_SKIP, 0, NULL, NULL },
	{ 0, "criu", "FILE", OPT_SKIP, 0, NULL, NULL },
};

const struct opt_table global_table = OPT_TABLE(global_rows);

/* The inode of the first user namespace is part of the kernel's ABI (PROC_USER_INIT_INO). */
static bool in_initial_userns(void)
{
	char text[64];
	ssize_t n = readlink("/proc/self/ns/user", text, sizeof(text) - 1);

	if (n < 0)
		return true; /* no /proc: nothing speaks for a user namespace */
	text[n] = '\0';
	return str_eq(text, "user:[4026531837]");
}

static int decide_rootless(const struct cli *c, bool plain_user, bool *ret, struct err *e)
{
	const char *v = c->global.rootless;

	if (!v || str_eq(v, "auto") || !*v)
		*ret = plain_user;
	else if (str_eq(v, "true") || str_eq(v, "1"))
		*ret = true;
	else if (str_eq(v, "false") || str_eq(v, "0"))
		*ret = false;
	else
		return err_set(e, ERR_USAGE, EINVAL, "invalid value \"%s\" for --rootless: use true, false or auto", v);
	return 0;
}

/* @dst: where state is kept. Root of the machine uses /run; anybody else, also root of a user
 * namespace that somebody else made, $XDG_RUNTIME_DIR. */
static int state_root(const struct cli *c, bool plain_user, char dst[static PATH_MAX], struct err *e)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR"), *user = getenv("USER");
	int fits;

	if (c->global.root) {
		int r = path_absolute(c->global.root, dst, e);
		if (!r && (!*c->global.root || str_eq(dst, "/")))
			return err_set(e, ERR_USAGE, EINVAL, "--root \"%s\" is the root directory of this machine",
				c->global.root);
		return r;
	}
	if (!plain_user || (getauxval(AT_EUID) == 0 && str_eq(user, "root")))
		fits = fmt_fits(dst, PATH_MAX, "/run/%s", c->name);
	else if (xdg && *xdg == '/')
		fits = fmt_fits(dst, PATH_MAX, "%s/%s", xdg, c->name);
	else
		fits = fmt_fits(dst, PATH_MAX, "/run/user/%u/%s", (unsigned)getauxval(AT_EUID), c->name);
	return fits ? 0 : err_set(e, ERR_USAGE, ENAMETOOLONG, "XDG_RUNTIME_DIR is too long");
}

static enum rt_cgroup_manager manager(const struct global_opts *g)
{
	if (str_eq(g->cgroup_manager, "disabled"))
		return RT_CGROUP_DISABLED;
	if (str_eq(g->cgroup_manager, "systemd") || (!g->cgroup_manager && g->systemd_cgroup))
		return RT_SYSTEMD;
	return RT_CGROUPFS;
}

int cli_start(struct cli *c, struct err *e)
{
	char root[PATH_MAX];
	bool rootless = false, plain_user;

	int r = cli_log_open(c, e);
	if (r < 0 || !(c->command->flags & CMD_STATE))
		return r;
	plain_user = getauxval(AT_EUID) != 0 || !in_initial_userns();
	r = decide_rootless(c, plain_user, &rootless, e);
	if (!r)
		r = state_root(c, plain_user, root, e);
	if (r < 0)
		return r;
	const char *kept = arena_dup(&c->arena, root);
	if (!kept)
		return err_oom(e, "the state root");
	r = rt_context_open(kept, &c->rt, e);
	if (r < 0)
		return r;
	c->rt_is_open = true;
	c->rt.manager = manager(&c->global);
	c->rt.rootless = rootless;
#ifndef __SANITIZE_ADDRESS__ /* its leak check wants to see everything freed */
	c->rt.ends_process = true;
#endif
	c->rt.trace = c->trace;
	/* XDG base directory specification: without the sticky bit a directory there may be cleaned
	 * away. */
	if (plain_user && !c->global.root)
		(void)fchmod(c->rt.root_fd, 01700); /* only a courtesy to the cleaner */
	return 0;
}

void cli_stop(struct cli *c)
{
	if (c->rt_is_open)
		rt_context_done(&c->rt);
	c->rt_is_open = false;
	fd_close(&c->log_fd);
	arena_done(&c->arena);
}

int cli_write(const struct buf *b, struct err *e)
{
	int r = buf_err(b, e);

	if (!r && b->len)
		r = io_write_all(STDOUT_FILENO, b->data, b->len, e);
	return r;
}

int cli_read_input(const char *path, struct buf *ret, struct err *e)
{
	auto_fd int fd = FD_NONE;

	if (str_eq(path, "-"))
		return io_read_all(STDIN_FILENO, MAX_INPUT_BYTES, ret, e);
	fd = path_open_host(path, O_RDONLY, 0, e);
	if (fd < 0)
		return fd;
	int r = io_read_all(fd, MAX_INPUT_BYTES, ret, e);
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}
