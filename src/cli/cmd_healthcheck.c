/* healthcheck run */
#include "base/str.h"
#include "cli/commands.h"
#include "engine/health.h"

static int healthcheck_run(struct cli *c, struct err *e)
{
	struct record r = RECORD_INIT;
	bool healthy = false;
	int n = record_open(&c->engine, c->operands[0], &r, e);

	if (n == 0)
		n = health_run(&c->engine, &r, &healthy, e);
	record_done(&r);
	c->status = !healthy;
	return n;
}

const struct command cmd_healthcheck_run = {
	.name = "healthcheck run",
	.operands = "CONTAINER",
	.summary = "Run the health check of a container now: exit status 0 if it is healthy",
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_ENGINE | CMD_EXIT_125,
	.run = healthcheck_run,
};
