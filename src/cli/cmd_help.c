/* help: the texts of --help by another way, and the tables for tools/gen-docs (`help --dump-json`),
 * so that man pages and completion cannot say anything else than the parser. */
#include "base/str.h"
#include "cli/commands.h"
#include "cmdline/opt_dump.h"

struct help_opts {
	bool dump_json;
};

static const struct opt help_rows[] = {
	{ 0, "dump-json", NULL, OPT(FLAG, help_opts, dump_json), NULL },
};

static void dump_row(struct buf *b, const struct command_row *r)
{
	const struct command *cmd = r->command;

	opt_dump_text(b, "name", cmd->name);
	buf_str(b, ",");
	opt_dump_text(b, "top", r->top);
	buf_str(b, ",");
	opt_dump_text(b, "group", r->group);
	buf_str(b, ",");
	opt_dump_text(b, "sub", r->sub);
	buf_str(b, ",");
	opt_dump_text(b, "operands", cmd->operands);
	buf_str(b, ",");
	opt_dump_text(b, "summary", cmd->summary);
	buf_printf(b, ",\"hidden\":%s,", cmd->flags & CMD_HIDDEN ? "true" : "false");
	opt_dump(b, &cmd->opts);
}

static void dump(struct buf *b)
{
	buf_str(b, "{");
	opt_dump(b, &global_table);
	buf_str(b, ",\n\"groups\":[");
	for (const struct command_group *g = command_groups; g->name; g++) {
		buf_str(b, g == command_groups ? "{" : ",{");
		opt_dump_text(b, "name", g->name);
		buf_str(b, ",");
		opt_dump_text(b, "summary", g->summary);
		buf_str(b, "}");
	}
	buf_str(b, "],\n\"commands\":[");
	for (const struct command_row *r = command_rows; r->command; r++) {
		buf_str(b, r == command_rows ? "\n{" : ",\n{");
		dump_row(b, r);
		buf_str(b, "}");
	}
	buf_str(b, "]}\n");
}

static int help(struct cli *c, struct err *e)
{
	const struct help_opts *o = c->opts;
	const struct command_group *g = NULL;
	const struct command *cmd = NULL;
	AUTO(buf) struct buf b = BUF_INIT;
	int used;

	if (c->n_operands) {
		cmd = commands_find(c->operands, &used, &g, e);
		if (e->num)
			return -e->num;
	}
	if (o->dump_json)
		dump(&b);
	else if (cmd)
		usage_command(cmd, &b);
	else if (g)
		usage_group(g, &b);
	else
		usage_program(&b);
	return cli_write(&b, e);
}

const struct command cmd_help = {
	.name = "help",
	.operands = "[COMMAND [COMMAND]]",
	.summary = "Show the commands, or explain one of them",
	.opts = OPT_TABLE(help_rows),
	.opts_size = sizeof(struct help_opts),
	.max_operands = 2,
	.run = help,
};
