/* tare-oci: the OCI runtime's command line. A thin front end: options to the structures of
 * runtime/runtime.h, one call, messages and exit status. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/str.h"
#include "base/log.h"
#include "ocicli/cli.h"
#include "runtime/trace.h"
#include "sec/selfexe.h"
#include "sys/path.h"

/* A descriptor of ours must not become the container's standard stream by accident. */
static int open_missing_stdio(struct err *e)
{
	struct pollfd std[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(std, 3, 0) < 0)
		return err_sys(e, "look at the standard streams");
	for (int fd = 0; fd < 3; fd++) {
		if (!(std[fd].revents & POLLNVAL))
			continue;
		int got = path_open_host("/dev/null", O_RDWR, 0, e);
		if (got < 0)
			return got;
		if (fcntl(got, F_SETFD, 0) < 0) /* standard streams are inherited */
			return err_sys(e, "keep /dev/null");
	}
	return 0;
}

static void set_name(struct cli *c, const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;
	const char *base = slash ? slash + 1 : argv0;

	c->name = "tare-oci";
	if (str_eq(base, "runc")) {
		c->name = "runc";
		c->like = LIKE_RUNC;
	} else if (str_eq(base, "crun")) {
		c->name = "crun";
		c->like = LIKE_CRUN;
	}
}

static int print_usage(struct cli *c, const struct command *cmd, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	cli_usage(c, cmd, &b);
	return cli_write(&b, e);
}

static int find_command(struct cli *c, struct err *e)
{
	const char *names[40], *near, *word = c->operands[0];
	size_t n = 0;

	c->command = cmd_find(word);
	if (c->command)
		return 0;
	for (; n < ARRAY_SIZE(names) && cmd_table[n]; n++)
		names[n] = cmd_table[n]->name;
	near = opt_nearest(word, names, n);
	err_set(e, ERR_USAGE, EINVAL, "unknown command \"%s\"", word);
	return near ? err_hint(e, "did you mean %s?", near) : err_hint(e, "see %s --help", c->name);
}

static int check_operands(const struct cli *c, struct err *e)
{
	const struct command *cmd = c->command;
	const char *how = "exactly";
	int want = cmd->min_operands;

	if (c->n_operands >= want && (cmd->max_operands < 0 || c->n_operands <= cmd->max_operands))
		return 0;
	if (cmd->max_operands != cmd->min_operands) {
		how = c->n_operands < want ? "a minimum of" : "a maximum of";
		want = c->n_operands < want ? want : cmd->max_operands;
	}
	err_set(e, ERR_USAGE, EINVAL, "\"%s\" requires %s %d argument(s)", cmd->name, how, want);
	return err_hint(e, "%s %s [OPTION]... %s", c->name, cmd->name, cmd->operands);
}

static int run_command(struct cli *c, struct err *e)
{
	const struct command *cmd = c->command;
	struct opt_parse p = { .table = cmd->opts,
		.elsewhere = global_table,
		.arena = &c->arena,
		.stop_at_operand = cmd->flags & CMD_STOP };

	c->opts = p.dest = arena_alloc(&c->arena, 1, cmd->opts_size + 1);
	if (!c->opts)
		return err_oom(e, "options");
	if (cmd->defaults)
		memcpy(c->opts, cmd->defaults, cmd->opts_size);
	c->operands++;
	int r = opt_parse(&p, c->operands, &c->n_operands, e);
	if (r < 0)
		return r;
	if (p.help)
		return print_usage(c, cmd, e);
	r = check_operands(c, e);
	if (!r && cmd->flags & CMD_ENTERS)
		r = selfexe_protect(c->argv, environ, e);
	if (!r && c->global.trace)
		r = rt_trace_open(c->global.trace, cmd->name, &c->trace, e);
	if (!r)
		r = cli_start(c, e);
	rt_trace_phase(c->trace, cmd->name);
	return r ? r : cmd->run(c, e);
}

static int run(struct cli *c, char **argv, struct err *e)
{
	struct opt_parse p = { .table = global_table, .dest = &c->global, .arena = &c->arena, .stop_at_operand = true };

	int r = opt_parse(&p, argv, &c->n_operands, e);
	if (r < 0)
		return r;
	if (p.help)
		return print_usage(c, NULL, e);
	if (c->global.version) {
		AUTO(buf) struct buf b = BUF_INIT;

		cli_version(c, &b);
		return cli_write(&b, e);
	}
	if (!c->n_operands) {
		err_set(e, ERR_USAGE, EINVAL, "please specify a command");
		return err_hint(e, "see %s --help", c->name);
	}
	c->operands = argv;
	r = find_command(c, e);
	return r ? r : run_command(c, e);
}

int main(int argc, char **argv)
{
	struct cli c = { .argv = argv, .arena = ARENA_INIT, .log_fd = FD_NONE, .fail_status = 1 };
	struct err e = ERR_NONE;
	int status = 0;

	set_name(&c, argc ? argv[0] : NULL);
	int r = open_missing_stdio(&e);
	/* The parser reorders its arguments; a second execution of ourselves needs them as they
	 * were. */
	char **args = arena_array(&c.arena, char *, (size_t)argc + 1);
	if (!r && !args)
		r = err_oom(&e, "arguments");
	for (int i = 1; !r && i < argc; i++)
		args[i - 1] = argv[i];
	if (!r)
		r = run(&c, args, &e);
	status = r < 0 ? c.fail_status : c.status;
	if (r < 0)
		cli_report(&c, &e);
	struct err trace_error = ERR_NONE;
	if (rt_trace_finish(c.trace, status, &trace_error) < 0)
		log_warn("%s", trace_error.msg);
	log_release(true);
	cli_stop(&c);
	return status;
}
