/* exec */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cmdline/envfile.h"
#include "cmdline/utf8.h"
#include "engine/exec.h"
#include "sys/io.h"
#include "sys/path.h"

enum { MAX_FILE_BYTES = 1 << 20 };

struct exec_cmd_opts {
	struct exec_opts o;
	struct rc_str_list env, env_files;
};

static const struct opt exec_rows[] = {
	{ 'd', "detach", NULL, OPT(FLAG, exec_cmd_opts, o.detach), "Return as soon as the program runs" },
	{ 0, "detach-keys", "KEYS", OPT(TEXT, exec_cmd_opts, o.detach_keys),
		"Keys that leave it running (default: ctrl-p,ctrl-q)" },
	{ 'e', "env", "NAME[=VALUE]", OPT(LIST, exec_cmd_opts, env), "Set a variable of the environment" },
	{ 0, "env-file", "FILE", OPT(LIST, exec_cmd_opts, env_files), "Set variables from FILE, one a line" },
	{ 'i', "interactive", NULL, OPT(FLAG, exec_cmd_opts, o.interactive), "Pass standard input on" },
	{ 0, "privileged", NULL, OPT(FLAG, exec_cmd_opts, o.privileged), "Give the program all capabilities" },
	{ 't', "tty", NULL, OPT(FLAG, exec_cmd_opts, o.tty), "Give the program a terminal" },
	{ 'u', "user", "USER[:GROUP]", OPT(TEXT, exec_cmd_opts, o.user), "Run as this user, by name or number" },
	{ 'w', "workdir", "DIR", OPT(TEXT, exec_cmd_opts, o.cwd), "Working directory in the container" },
};

/* --- environment -------------------------------------------------------------------------------------------- */

/* A name alone stands for our own variable; when we have none, for nothing. */
static int add_variable(struct cli *c, struct exec_cmd_opts *o, const char *v, struct err *e)
{
	size_t n = strcspn(v, "=");

	if (n == 0)
		return err_set(e, ERR_USAGE, EINVAL, "invalid environment variable: %s", v);
	if (!v[n]) {
		char **own = environ;

		while (*own && !(strncmp(*own, v, n) == 0 && (*own)[n] == '='))
			own++;
		if (!*own)
			return 0;
		v = *own;
	}
	if (!utf8_valid(v))
		return err_set(e, ERR_USAGE, EILSEQ, "environment variable %.*s: not UTF-8", (int)n, v);
	return opt_list_add(&c->arena, &o->o.env, v, e);
}

static int read_file(struct cli *c, const char *path, struct rc_str_list *ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	auto_fd int fd = path_open_host(path, O_RDONLY, 0, e);
	int r = fd < 0 ? fd : io_read_all(fd, MAX_FILE_BYTES, &b, e);

	if (r < 0)
		return err_wrap(e, "--env-file %s", path);
	return b.len ? envfile_parse(path, b.data, b.len, &c->arena, ret, e) : 0;
}

/* Later ones win: files, then -e. */
static int environment(struct cli *c, struct exec_cmd_opts *o, struct err *e)
{
	struct rc_str_list lines = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->env_files.n; i++)
		r = read_file(c, o->env_files.v[i], &lines, e);
	for (size_t i = 0; r == 0 && i < lines.n; i++)
		r = add_variable(c, o, lines.v[i], e);
	for (size_t i = 0; r == 0 && i < o->env.n; i++)
		r = add_variable(c, o, o->env.v[i], e);
	return r;
}

/* LeakSanitizer looks at us at our end, with a process of its own: that must not be born in the container's pid
 * namespace, as our children are when the runtime takes its shortest way. */
#ifdef __SANITIZE_ADDRESS__
enum { LEAVES_REST_TO_KERNEL = false };
#else
enum { LEAVES_REST_TO_KERNEL = true };
#endif

/* --- the command -------------------------------------------------------------------------------------------- */

static int check(struct cli *c, const struct exec_cmd_opts *o, struct err *e)
{
	if (o->o.cwd && *o->o.cwd != '/')
		return err_set(e, ERR_USAGE, EINVAL, "--workdir %.256s: not an absolute path", o->o.cwd);
	return o->o.detach ? 0 : cli_check_tty(c, o->o.tty && o->o.interactive, e);
}

static int exec(struct cli *c, struct err *e)
{
	struct exec_cmd_opts *o = c->opts;
	struct record r = RECORD_INIT;
	int n = check(c, o, e);

	o->o.args = c->operands + 1;
	if (n == 0)
		n = environment(c, o, e);
	if (n == 0)
		n = record_open(&c->engine, c->operands[0], &r, e);
	if (n == 0)
		n = cli_protect_for(c, &r, e);
	if (n < 0)
		c->fail_status = 1; /* docker's: nothing was tried in the container yet */
	if (n == 0) {
		c->engine.rt.ends_process = LEAVES_REST_TO_KERNEL;
		n = engine_exec(&c->engine, &r, &o->o, &c->status, e);
		/* docker's: 1 when there is nothing to execute it in. */
		if (n < 0)
			c->fail_status = e->kind == ERR_EXEC_NOT_FOUND		      ? EXIT_NOT_FOUND
				: e->kind == ERR_CONFLICT || e->kind == ERR_NOT_FOUND ? 1
										      : EXIT_DENIED;
	}
	record_done(&r);
	return n;
}

const struct command cmd_exec = {
	.name = "exec",
	.operands = "CONTAINER COMMAND [ARG...]",
	.summary = "Execute a command in a running container",
	.opts = OPT_TABLE(exec_rows),
	.opts_size = sizeof(struct exec_cmd_opts),
	.min_operands = 2,
	.max_operands = -1,
	.flags = CMD_ENGINE | CMD_STOP,
	.run = exec,
};
