/* delete: the container and everything it holds. */
#include "ocicli/commands.h"

struct delete_opts {
	bool force, regex;
};

static const struct opt delete_rows[] = {
	{ 'f', "force", NULL, OPT(FLAG, delete_opts, force),
		"kill what still runs, clear half-made containers; an absent one is no error", NULL },
	{ 'r', "regex", NULL, OPT(FLAG, delete_opts, regex), "CONTAINER is an extended regular expression", NULL },
};

static int delete_one(struct cli *c, const char *id, struct err *e)
{
	const struct delete_opts *o = c->opts;

	return rt_delete(&c->rt, id, o->force, e);
}

static int delete (struct cli *c, struct err *e)
{
	const struct delete_opts *o = c->opts;
	const char *what = c->operands[0];

	return o->regex ? cli_each_match(c, what, delete_one, e) : delete_one(c, what, e);
}

const struct command cmd_delete = { .name = "delete",
	.operands = "CONTAINER",
	.summary = "delete a container and all it holds",
	.opts = OPT_TABLE(delete_rows),
	.opts_size = sizeof(struct delete_opts),
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE,
	.run = delete };
