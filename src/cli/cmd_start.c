/* start */
#include <errno.h>
#include "base/str.h"
#include "cli/commands.h"
#include "engine/attach.h"
#include "engine/life.h"

struct start_opts {
	bool attach, interactive;
	bool sig_proxy;
	const char *detach_keys;
};

static const struct opt start_rows[] = {
	{ 'a', "attach", NULL, OPT(FLAG, start_opts, attach),
		"stay in front: pass output and signals on, and the exit status" },
	{ 'i', "interactive", NULL, OPT(FLAG, start_opts, interactive), "stay in front, with standard input" },
	{ 0, "detach-keys", "KEYS", OPT(TEXT, start_opts, detach_keys),
		"keys that leave it running (default: ctrl-p,ctrl-q)" },
	{ 0, "sig-proxy", NULL, OPT(FLAG, start_opts, sig_proxy), "pass signals on to the program (default)" },
};

static const struct start_opts start_defaults = { .sig_proxy = true };

static bool runs(const struct record *r)
{
	return (r->status.state == CT_RUNNING || r->status.state == CT_RESTARTING) && record_monitored(r);
}

/* As docker: a container that runs already is no error, unless somebody wants to be in front of it. */
static int start_one(struct cli *c, const char *operand, void *arg, struct err *e)
{
	struct start_how how = { .attach = false };
	struct record r = RECORD_INIT;
	int session = FD_NONE, n = record_open(&c->engine, operand, &r, e);

	(void)arg;
	if (n == 0)
		n = engine_refresh(&c->engine, &r, e);
	if (n == 0)
		n = cli_protect_for(c, &r, e);
	if (n == 0 && !runs(&r))
		n = engine_start(&c->engine, &r, &how, &session, e);
	if (n == -EALREADY) {
		err_clear(e);
		n = 0;
	}
	record_done(&r);
	return n < 0 ? n : cli_print_line(operand, e);
}

static int follow(struct cli *c, const struct start_opts *o, struct record *r, int session, struct err *e)
{
	struct attach_opts how = { .name = r->config.name,
		.no_stdin = !o->interactive || !r->config.open_stdin,
		.sig_proxy = o->sig_proxy && !r->config.tty,
		.detach_keys = o->detach_keys };
	int code = 0, end = attach_session(session, &how, &code, e);

	if (end >= 0)
		c->status = end == ATTACH_DETACHED ? 0 : code;
	return end < 0 ? end : 0;
}

static int start_in_front(struct cli *c, const struct start_opts *o, struct err *e)
{
	struct start_how how = { .attach = true };
	struct record r = RECORD_INIT;
	int session = FD_NONE;

	if (c->n_operands > 1)
		return err_set(e, ERR_USAGE, EINVAL, "you cannot start and attach multiple containers at once");
	if (o->detach_keys && attach_keys_check(o->detach_keys, e) < 0)
		return -e->num;
	int n = record_open(&c->engine, c->operands[0], &r, e);
	if (n == 0)
		n = engine_refresh(&c->engine, &r, e);
	if (n == 0)
		n = cli_protect_for(c, &r, e);
	if (n == 0 && r.status.state == CT_RUNNING && record_monitored(&r))
		n = session = attach_connect(&c->engine, &r, e);
	else if (n == 0)
		n = engine_start(&c->engine, &r, &how, &session, e);
	if (n < 0 && e->kind == ERR_EXEC_NOT_FOUND)
		c->fail_status = EXIT_NOT_FOUND;
	else if (n < 0 && e->kind == ERR_EXEC_DENIED)
		c->fail_status = EXIT_DENIED;
	if (n >= 0)
		n = follow(c, o, &r, session, e);
	fd_close(&session);
	record_done(&r);
	return n;
}

static int start(struct cli *c, struct err *e)
{
	const struct start_opts *o = c->opts;

	return o->attach || o->interactive ? start_in_front(c, o, e) : cli_each(c, start_one, NULL, e);
}

const struct command cmd_start = {
	.name = "start",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Start one or more stopped containers",
	.opts = OPT_TABLE(start_rows),
	.opts_size = sizeof(struct start_opts),
	.defaults = &start_defaults,
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.run = start,
};
