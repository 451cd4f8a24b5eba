/* state: what callers poll. */
#include "ocicli/commands.h"

static int state(struct cli *c, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	int r = rt_state_json(&c->rt, c->operands[0], &b, e);
	if (r < 0)
		return r;
	if (b.len && b.data[b.len - 1] != '\n')
		buf_str(&b, "\n");
	return cli_write(&b, e);
}

const struct command cmd_state = { .name = "state",
	.operands = "CONTAINER",
	.summary = "print the state of a container, as JSON",
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE,
	.run = state };
