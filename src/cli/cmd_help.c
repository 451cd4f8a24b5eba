/* help: the texts of --help by another way, and the tables for tools/gen-docs (`help --dump-json`),
 * so that man pages and completion cannot say anything else than the parser. */
#include "base/str.h"
#include "cli/commands.h"

struct help_opts {
	bool dump_json;
};

static const struct opt help_rows[] = {
	{ 0, "dump-json", NULL, OPT(FLAG, help_opts, dump_json), NULL },
};

static void add_text(struct buf *b, const char *key, const char *value)
{
	buf_json_str(b, key);
	buf_str(b, ":");
	if (value)
		buf_json_str(b, value);
	else
		buf_str(b, "null");
}

static void dump_option(struct buf *b, const struct opt *o)
{
	char letter[2] = { o->letter, '\0' };

	if (o->type == OPT_HEADING) {
		add_text(b, "heading", o->help);
		return;
	}
	add_text(b, "letter", o->letter ? letter : NULL);
	buf_str(b, ",");
	add_text(b, "name", o->name);
	buf_str(b, ",");
	add_text(b, "arg", o->arg);
	buf_str(b, ",");
	add_text(b, "choices", o->choices);
	buf_str(b, ",");
	add_text(b, "help", o->help);
	buf_printf(b, ",\"repeat\":%s", o->type == OPT_LIST || o->type == OPT_CALL ? "true" : "false");
}

static void dump_options(struct buf *b, const struct opt_table *t)
{
	bool first = true;

	buf_str(b, "\"options\":[");
	for (const struct opt *o = NULL; (o = opt_each(t, o));) {
		if (!o->help)
			continue;
		buf_str(b, first ? "\n{" : ",\n{");
		first = false;
		dump_option(b, o);
		buf_str(b, "}");
	}
	buf_str(b, "]");
}

static void dump_row(struct buf *b, const struct command_row *r)
{
	const struct command *cmd = r->command;

	add_text(b, "name", cmd->name);
	buf_str(b, ",");
	add_text(b, "top", r->top);
	buf_str(b, ",");
	add_text(b, "group", r->group);
	buf_str(b, ",");
	add_text(b, "sub", r->sub);
	buf_str(b, ",");
	add_text(b, "operands", cmd->operands);
	buf_str(b, ",");
	add_text(b, "summary", cmd->summary);
	buf_printf(b, ",\"hidden\":%s,", cmd->flags & CMD_HIDDEN ? "true" : "false");
	dump_options(b, &cmd->opts);
}

static void dump(struct buf *b)
{
	buf_str(b, "{");
	dump_options(b, &global_table);
	buf_str(b, ",\n\"groups\":[");
	for (const struct command_group *g = command_groups; g->name; g++) {
		buf_str(b, g == command_groups ? "{" : ",{");
		add_text(b, "name", g->name);
		buf_str(b, ",");
		add_text(b, "summary", g->summary);
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
