/* pause and resume. */
#include "ocicli/commands.h"

static int pause_container(struct cli *c, struct err *e)
{
	return rt_pause(&c->rt, c->operands[0], e);
}

static int resume(struct cli *c, struct err *e)
{
	return rt_resume(&c->rt, c->operands[0], e);
}

const struct command cmd_pause = { .name = "pause",
	.operands = "CONTAINER",
	.summary = "stop all processes of a container where they are",
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE,
	.run = pause_container };
const struct command cmd_resume = { .name = "resume",
	.operands = "CONTAINER",
	.summary = "let a paused container go on",
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE,
	.run = resume };
