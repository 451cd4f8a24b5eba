/* events: what a container uses and what happens to it, one JSON object a line. */
#include "runtime/events.h"

#include <errno.h>
#include "base/str.h"
#include "ocicli/commands.h"

struct events_opts {
	const char *interval;
	bool stats;
};

static const struct opt events_rows[] = {
	{ 0, "interval", "DURATION", OPT(TEXT, events_opts, interval), "time between two lines (default: 5s)", NULL },
	{ 0, "stats", NULL, OPT(FLAG, events_opts, stats), "print one line and end", NULL },
};

static int emit(void *unused, const struct buf *line, struct err *e)
{
	(void)unused;
	return cli_write(line, e);
}

static int events(struct cli *c, struct err *e)
{
	const struct events_opts *o = c->opts;
	AUTO(buf) struct buf line = BUF_INIT;
	uint64_t interval_ms = 5000;

	if (o->interval && !parse_duration_ms(o->interval, &interval_ms)) {
		err_set(e, ERR_USAGE, EINVAL, "invalid value \"%s\" for --interval", o->interval);
		return err_hint(e, "such as 500ms, 5s or 1m30s");
	}
	if (!interval_ms)
		return err_set(e, ERR_USAGE, EINVAL, "duration interval must be greater than 0");
	if (!o->stats)
		return rt_events(&c->rt, c->operands[0], interval_ms, emit, NULL, e);
	int r = rt_stats(&c->rt, c->operands[0], &line, e);
	return r ? r : cli_write(&line, e);
}

const struct command cmd_events = { .name = "events",
	.operands = "CONTAINER",
	.summary = "print what a container uses, and when it runs out of memory, as JSON lines",
	.opts = OPT_TABLE(events_rows),
	.opts_size = sizeof(struct events_opts),
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE,
	.run = events };
