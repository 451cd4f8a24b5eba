/* help and version. `help --dump-json` writes the option tables for tools/gen-docs, so that man
 * pages and shell completion cannot say anything else than the parser. */
#include "base/str.h"
#include "cmdline/opt_dump.h"
#include "ocicli/commands.h"

struct help_opts {
	bool dump_json;
};

static const struct opt help_rows[] = {
	{ 0, "dump-json", NULL, OPT(FLAG, help_opts, dump_json), NULL, NULL },
};

static void dump(struct buf *b)
{
	buf_str(b, "{");
	opt_dump(b, &global_table);
	buf_str(b, ",\"commands\":[");
	for (size_t i = 0; cmd_table[i]; i++) {
		buf_str(b, i ? ",\n{" : "\n{");
		opt_dump_text(b, "name", cmd_table[i]->name);
		buf_str(b, ",");
		opt_dump_text(b, "operands", cmd_table[i]->operands);
		buf_str(b, ",");
		opt_dump_text(b, "summary", cmd_table[i]->summary);
		buf_str(b, ",");
		opt_dump(b, &cmd_table[i]->opts);
		buf_str(b, "}");
	}
	buf_str(b, "]}\n");
}

static int help(struct cli *c, struct err *e)
{
	const struct help_opts *o = c->opts;
	AUTO(buf) struct buf b = BUF_INIT;
	const struct command *cmd = NULL;

	if (c->n_operands) {
		cmd = cmd_find(c->operands[0]);
		if (!cmd)
			return err_set(e, ERR_USAGE, EINVAL, "unknown command \"%s\"", c->operands[0]);
	}
	if (o->dump_json)
		dump(&b);
	else
		cli_usage(c, cmd, &b);
	return cli_write(&b, e);
}

static int version(struct cli *c, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	cli_version(c, &b);
	return cli_write(&b, e);
}

const struct command cmd_help = { .name = "help",
	.operands = "[COMMAND]",
	.summary = "show the commands, or one of them",
	.opts = OPT_TABLE(help_rows),
	.opts_size = sizeof(struct help_opts),
	.max_operands = 1,
	.run = help };
const struct command cmd_version = {
	.name = "version", .operands = "", .summary = "print version and features", .run = version
};
