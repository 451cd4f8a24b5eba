/* tare: containers for people. Options to the engine's structures, one call, words and exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cmdline/utf8.h"
#include "sys/path.h"

/* A descriptor of ours must not become the container's standard stream by accident. */
static int open_missing_stdio(struct err *e)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		int got = path_open_host("/dev/null", O_RDWR, 0, e);
		if (got < 0)
			return got;
		if (fcntl(got, F_SETFD, 0) < 0) /* standard streams are inherited */
			return err_sys(e, "keep /dev/null");
	}
	return 0;
}

static void set_log(const struct global_opts *g)
{
	enum log_level level = LOG_LVL_WARN;

	if (g->debug || str_eq(g->log_level, "debug"))
		level = LOG_LVL_DEBUG;
	else if (str_eq(g->log_level, "info"))
		level = LOG_LVL_INFO;
	else if (str_eq(g->log_level, "error"))
		level = LOG_LVL_ERROR;
	log_setup(STDERR_FILENO, LOG_FMT_TEXT, level);
}

static int check_operands(const struct cli *c, struct err *e)
{
	const struct command *cmd = c->command;
	int min = cmd->min_operands, max = cmd->max_operands;

	if (c->n_operands >= min && (max < 0 || c->n_operands <= max))
		return 0;
	/* docker's words. */
	if (min == max)
		err_set(e, ERR_USAGE, EINVAL, "\"tare %s\" requires %s%d argument%s", cmd->name, min ? "exactly " : "",
			min, min == 1 ? "" : "s");
	else
		err_set(e, ERR_USAGE, EINVAL, "\"tare %s\" requires at %s %d argument%s", cmd->name,
			c->n_operands < min ? "least" : "most", c->n_operands < min ? min : max,
			(c->n_operands < min ? min : max) == 1 ? "" : "s");
	return err_hint(e, "tare %s [OPTION...] %s", cmd->name, cmd->operands);
}

static int open_engine(struct cli *c, struct err *e)
{
	struct engine_where where = { .root = c->global.root, .run_root = c->global.run_root };
	int r = engine_open(&where, &c->engine, e);

	c->engine_is_open = r == 0;
	return r;
}

/* What goes into a container's documents must be what JSON can hold. */
static int check_text(const struct cli *c, struct err *e)
{
	if (!(c->command->flags & CMD_STOP))
		return 0;
	for (int i = 1; c->argv[i]; i++)
		if (!utf8_valid(c->argv[i]))
			return err_set(e, ERR_USAGE, EILSEQ, "argument %d is not UTF-8: %s", i, c->argv[i]);
	return 0;
}

static int run_command(struct cli *c, struct err *e)
{
	const struct command *cmd = c->command;
	AUTO(buf) struct buf b = BUF_INIT;
	struct opt_parse p = { .table = cmd->opts,
		.elsewhere = global_table,
		.arena = &c->arena,
		.docker = true,
		.stop_at_operand = cmd->flags & CMD_STOP };

	c->fail_status = cmd->flags & CMD_EXIT_125 ? EXIT_OURS : 1;
	c->opts = p.dest = arena_alloc(&c->arena, 1, cmd->opts_size + 1);
	if (!c->opts)
		return err_oom(e, "options");
	if (cmd->defaults)
		memcpy(c->opts, cmd->defaults, cmd->opts_size);
	int r = opt_parse(&p, c->operands, &c->n_operands, e);
	if (r == 0 && p.help) {
		usage_command(cmd, &b);
		return cli_write(&b, e);
	}
	if (r == 0)
		r = check_operands(c, e);
	if (r == 0)
		r = check_text(c, e);
	if (r < 0) {
		c->fail_status = EXIT_OURS;
		return r;
	}
	/* What we inherited besides the standard streams is nobody's business here, and a monitor that kept it open
	 * would keep whoever waits for its end. */
	if (!(cmd->flags & CMD_KEEPS_FDS))
		(void)close_range(3, ~0U, 0); /* before Linux 5.9: no such call, and no such care */
	if (cmd->flags & CMD_ENGINE)
		r = open_engine(c, e);
	if (r)
		return r;
	return cmd->each ? cli_each(c, cmd->each, c->opts, e) : cmd->run(c, e);
}

static int print_usage(const struct command_group *g, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	if (g)
		usage_group(g, &b);
	else
		usage_program(&b);
	return cli_write(&b, e);
}

/* `tare volume`, `tare volume --help`. */
static int run_group(const struct command_group *g, const char *word, struct err *e)
{
	if (word && !str_eq(word, "--help") && !str_eq(word, "-h")) {
		err_set(e, ERR_USAGE, EINVAL, "unknown flag: %s", word);
		return err_hint(e, "see tare %s --help", g->name);
	}
	return print_usage(g, e);
}

static int run(struct cli *c, char **argv, struct err *e)
{
	const struct command_group *g = NULL;
	int used = 0;
	struct opt_parse p = {
		.table = global_table, .dest = &c->global, .arena = &c->arena, .docker = true, .stop_at_operand = true
	};
	int r = opt_parse(&p, argv, &c->n_operands, e);

	if (r < 0)
		return r;
	set_log(&c->global);
	if (p.help || (!c->n_operands && !c->global.version))
		return print_usage(NULL, e);
	c->operands = argv;
	if (c->global.version) {
		static char *const word[] = { "version", NULL };

		c->command = commands_find(word, &used, &g, e);
		c->operands[0] = NULL;
		return run_command(c, e);
	}
	c->command = commands_find(argv, &used, &g, e);
	if (e->num)
		return -e->num;
	if (!c->command)
		return run_group(g, argv[1], e);
	c->operands += used;
	return run_command(c, e);
}

int main(int argc, char **argv)
{
	struct cli c = { .name = "tare", .argv = argv, .arena = ARENA_INIT, .fail_status = EXIT_OURS };
	struct err e = ERR_NONE;
	int r = open_missing_stdio(&e);
	/* The parser reorders its arguments; whoever needs them as they were has argv. */
	char **args = arena_array(&c.arena, char *, (size_t)argc + 1);

	if (!r && !args)
		r = err_oom(&e, "arguments");
	for (int i = 1; !r && i < argc; i++)
		args[i - 1] = argv[i];
	if (!r)
		r = run(&c, args, &e);
	if (r < 0 && e.num)
		err_print(STDERR_FILENO, c.name, &e);
	if (c.opts && c.command->opts_done)
		c.command->opts_done(c.opts);
	cli_free_images(&c);
	if (c.engine_is_open)
		engine_done(&c.engine);
	arena_done(&c.arena);
	return r < 0 ? c.fail_status : c.status;
}
