/* logs */
#include <errno.h>
#include "base/str.h"
#include "cli/commands.h"
#include "engine/logs.h"

struct logs_cmd_opts {
	struct logs_opts o;
	const char *since, *until, *tail;
};

static const struct opt logs_rows[] = {
	{ 'f', "follow", NULL, OPT(FLAG, logs_cmd_opts, o.follow),
		"Stay and show what comes, until the container has ended" },
	{ 't', "timestamps", NULL, OPT(FLAG, logs_cmd_opts, o.timestamps), "Show when each line was written" },
	{ 'n', "tail", "NUMBER", OPT(TEXT, logs_cmd_opts, tail), "Begin with the last NUMBER lines (default: all)" },
	{ 0, "since", "TIME", OPT(TEXT, logs_cmd_opts, since),
		"Show lines since TIME: 10m (ago), 2026-01-31T12:00:00Z, or seconds since 1970" },
	{ 0, "until", "TIME", OPT(TEXT, logs_cmd_opts, until), "Show lines before TIME" },
	{ 0, "details", NULL, OPT(FLAG, logs_cmd_opts, o.details),
		"Show labels, variables and tag that --log-opt added to the log" },
};

static int read_options(struct logs_cmd_opts *o, struct err *e)
{
	uint64_t n;

	o->o.tail = -1;
	if (o->tail && !str_eq(o->tail, "all") && !str_eq(o->tail, "-1")) {
		if (!parse_u64(o->tail, INT64_MAX, &n))
			return err_set(e, ERR_USAGE, EINVAL, "--tail %.64s: not a number, nor \"all\"", o->tail);
		o->o.tail = (int64_t)n;
	}
	o->o.has_since = o->since != NULL;
	o->o.has_until = o->until != NULL;
	if (o->since && logs_time("--since", o->since, &o->o.since, e) < 0)
		return -e->num;
	return o->until ? logs_time("--until", o->until, &o->o.until, e) : 0;
}

static int logs(struct cli *c, struct err *e)
{
	struct logs_cmd_opts *o = c->opts;
	struct record r = RECORD_INIT;
	int n = read_options(o, e);

	if (n == 0)
		n = record_open(&c->engine, c->operands[0], &r, e);
	if (n == 0)
		n = logs_show(&c->engine, &r, &o->o, e);
	record_done(&r);
	return n;
}

const struct command cmd_logs = {
	.name = "logs",
	.operands = "CONTAINER",
	.summary = "Fetch the logs of a container",
	.opts = OPT_TABLE(logs_rows),
	.opts_size = sizeof(struct logs_cmd_opts),
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_ENGINE,
	.run = logs,
};
