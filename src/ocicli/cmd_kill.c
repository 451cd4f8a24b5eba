/* kill: a signal to a container, by number or name. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include "base/signal_name.h"
#include "base/str.h"
#include "ocicli/commands.h"

struct kill_opts {
	bool all, regex;
	int signal;
};

static const struct opt kill_rows[] = {
	{ 'a', "all", NULL, OPT(FLAG, kill_opts, all), "signal every process of the container", NULL },
	{ 'r', "regex", NULL, OPT(FLAG, kill_opts, regex), "CONTAINER is an extended regular expression", NULL },
};

static int kill_one(struct cli *c, const char *id, struct err *e)
{
	const struct kill_opts *o = c->opts;
	int r = rt_kill(&c->rt, id, o->signal, o->all, e);

	/* `kill --all` is how callers clean up: nothing left to kill is what they want. */
	if (r < 0 && o->all && c->like != LIKE_CRUN && e->kind == ERR_NOT_FOUND && e->num == ESRCH) {
		err_clear(e);
		return 0;
	}
	return r;
}

static int kill_command(struct cli *c, struct err *e)
{
	struct kill_opts *o = c->opts;

	int r = signal_number(c->n_operands > 1 ? c->operands[1] : "TERM", &o->signal, e);
	if (r < 0)
		return r;
	return o->regex ? cli_each_match(c, c->operands[0], kill_one, e) : kill_one(c, c->operands[0], e);
}

const struct command cmd_kill = { .name = "kill",
	.operands = "CONTAINER [SIGNAL]",
	.summary = "send a signal (default: TERM) to a container's first process",
	.opts = OPT_TABLE(kill_rows),
	.opts_size = sizeof(struct kill_opts),
	.min_operands = 1,
	.max_operands = 2,
	.flags = CMD_STATE | CMD_STOP,
	.run = kill_command };
