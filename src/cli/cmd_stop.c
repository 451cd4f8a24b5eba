/* stop, restart, kill, rm, wait, rename: one call of the engine for each operand */
#include <errno.h>
#include "base/str.h"
#include "cli/commands.h"
#include "engine/life.h"
#include "engine/names.h"

/* --- stop, restart ------------------------------------------------------------------------------------------- */

struct stop_opts {
	int32_t timeout_s;
	const char *signal;
};

static const struct opt stop_rows[] = {
	{ 't', "timeout", "SECONDS", OPT(I32, stop_opts, timeout_s),
		"kill after this long (default: the container's, 10)" },
	{ 0, "time", "SECONDS", OPT(I32, stop_opts, timeout_s), NULL },
	{ 's', "signal", "SIGNAL", OPT(TEXT, stop_opts, signal),
		"ask with this signal (default: the container's, TERM)" },
};

static const struct stop_opts stop_defaults = { .timeout_s = -1 };

static int stop_one(struct cli *c, const char *operand, void *arg, struct err *e)
{
	const struct stop_opts *o = arg;
	struct record r = RECORD_INIT;
	int n = record_open(&c->engine, operand, &r, e);

	if (n == 0)
		n = engine_stop(&c->engine, &r, o->signal, o->timeout_s, e);
	record_done(&r);
	return n < 0 ? n : cli_print_line(operand, e);
}

static int restart_one(struct cli *c, const char *operand, void *arg, struct err *e)
{
	const struct stop_opts *o = arg;
	struct start_how how = { .attach = false };
	struct record r = RECORD_INIT;
	int session, n = record_open(&c->engine, operand, &r, e);

	if (n == 0)
		n = cli_protect_for(c, &r, e);
	if (n == 0)
		n = engine_stop(&c->engine, &r, o->signal, o->timeout_s, e);
	if (n == 0)
		n = engine_start(&c->engine, &r, &how, &session, e);
	if (n == -EALREADY) { /* somebody else started it in between: that is one run too old */
		err_clear(e);
		n = engine_stop(&c->engine, &r, o->signal, o->timeout_s, e);
		if (n == 0)
			n = engine_start(&c->engine, &r, &how, &session, e);
	}
	record_done(&r);
	return n < 0 ? n : cli_print_line(operand, e);
}

const struct command cmd_stop = {
	.name = "stop",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Stop one or more running containers",
	.opts = OPT_TABLE(stop_rows),
	.opts_size = sizeof(struct stop_opts),
	.defaults = &stop_defaults,
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.each = stop_one,
};

const struct command cmd_restart = {
	.name = "restart",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Restart one or more containers",
	.opts = OPT_TABLE(stop_rows),
	.opts_size = sizeof(struct stop_opts),
	.defaults = &stop_defaults,
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.each = restart_one,
};

/* --- kill ---------------------------------------------------------------------------------------------------- */

struct kill_opts {
	const char *signal;
};

static const struct opt kill_rows[] = {
	{ 's', "signal", "SIGNAL", OPT(TEXT, kill_opts, signal), "signal to send (default: KILL)" },
};

static int kill_one(struct cli *c, const char *operand, void *arg, struct err *e)
{
	const struct kill_opts *o = arg;
	struct record r = RECORD_INIT;
	int n = record_open(&c->engine, operand, &r, e);

	if (n == 0)
		n = engine_kill(&c->engine, &r, o->signal, e);
	record_done(&r);
	return n < 0 ? n : cli_print_line(operand, e);
}

const struct command cmd_kill = {
	.name = "kill",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Kill one or more running containers",
	.opts = OPT_TABLE(kill_rows),
	.opts_size = sizeof(struct kill_opts),
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.each = kill_one,
};

/* --- rm ------------------------------------------------------------------------------------------------------ */

struct rm_opts {
	bool force, volumes;
};

static const struct opt rm_rows[] = {
	{ 'f', "force", NULL, OPT(FLAG, rm_opts, force), "kill it first if it runs; an absent one is no error" },
	{ 'v', "volumes", NULL, OPT(FLAG, rm_opts, volumes), "remove its anonymous volumes, too" },
};

static int rm_one(struct cli *c, const char *operand, void *arg, struct err *e)
{
	const struct rm_opts *o = arg;
	struct record r = RECORD_INIT;
	int n = record_open(&c->engine, operand, &r, e);

	if (n < 0 && e->kind == ERR_NOT_FOUND && o->force) {
		err_clear(e);
		record_done(&r);
		return 0;
	}
	if (n == 0)
		n = engine_remove(&c->engine, &r, o->force, o->volumes, e);
	record_done(&r);
	return n < 0 ? n : cli_print_line(operand, e);
}

const struct command cmd_rm = {
	.name = "rm",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Remove one or more containers",
	.opts = OPT_TABLE(rm_rows),
	.opts_size = sizeof(struct rm_opts),
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.each = rm_one,
};

/* --- wait, rename -------------------------------------------------------------------------------------------- */

static int wait_one(struct cli *c, const char *operand, void *arg, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct record r = RECORD_INIT;
	int code = 0, n = record_open(&c->engine, operand, &r, e);

	(void)arg;
	if (n == 0)
		n = engine_wait(&c->engine, &r, &code, e);
	record_done(&r);
	buf_printf(&b, "%d\n", code);
	return n < 0 ? n : cli_write(&b, e);
}

const struct command cmd_wait = {
	.name = "wait",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Block until one or more containers stop, then print their exit codes",
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.each = wait_one,
};

static int rename_(struct cli *c, struct err *e)
{
	const char *name = c->operands[1];
	struct record r = RECORD_INIT;

	if (names_check("container", name[0] == '/' ? name + 1 : name, e) < 0)
		return -e->num;
	int n = record_open(&c->engine, c->operands[0], &r, e);
	if (n == 0)
		n = record_rename(&c->engine, &r, name[0] == '/' ? name + 1 : name, e);
	record_done(&r);
	return n;
}

const struct command cmd_rename = {
	.name = "rename",
	.operands = "CONTAINER NEW_NAME",
	.summary = "Rename a container",
	.min_operands = 2,
	.max_operands = 2,
	.flags = CMD_ENGINE,
	.run = rename_,
};
