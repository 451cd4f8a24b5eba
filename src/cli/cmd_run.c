/* run, create */
#include <unistd.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cli/newcontainer.h"
#include "engine/attach.h"
#include "engine/life.h"

static int print_id(const struct record *r, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	buf_printf(&b, "%s\n", r->id);
	return cli_write(&b, e);
}

/* What is promised here is there after a power cut. `run` does not wait for that: what it starts would not be. */
static int keep(const struct cli *c, struct record *r, struct err *e)
{
	struct err ignored = ERR_NONE; /* the first one tells more */
	int n = record_keep(&c->engine, r, e);

	if (n < 0)
		err_told(record_remove(&c->engine, r, &ignored));
	return n;
}

/* What no container has taken over. */
static void opts_done(void *opts)
{
	ct_config_done(&((struct run_opts *)opts)->c);
}

static int create(struct cli *c, struct err *e)
{
	struct record r = RECORD_INIT;
	int n = new_container(c, c->opts, &r, e);

	if (n == 0)
		n = keep(c, &r, e);
	if (n == 0)
		n = print_id(&r, e);
	record_done(&r);
	return n;
}

/* docker's statuses, also for a program that could not be executed. */
static void status_of_failure(struct cli *c, const struct err *e)
{
	c->fail_status = e->kind == ERR_EXEC_NOT_FOUND ? EXIT_NOT_FOUND
		: e->kind == ERR_EXEC_DENIED	       ? EXIT_DENIED
						       : EXIT_OURS;
}

static int in_front(struct cli *c, const struct run_opts *o, struct record *r, int session, struct err *e)
{
	const struct ct_config *ct = &r->config;
	struct attach_opts how = { .name = ct->name,
		.pid = r->status.pid,
		.no_stdin = !ct->attach_stdin,
		.no_stdout = !ct->attach_stdout,
		.no_stderr = !ct->attach_stderr,
		.sig_proxy = o->sig_proxy && !ct->tty,
		.detach_keys = o->detach_keys };
	int code = 0, end = attach_session(session, &how, &code, e);

	if (end < 0)
		return end;
	c->status = end == ATTACH_DETACHED ? 0 : code;
	return 0;
}

static int run(struct cli *c, struct err *e)
{
	struct run_opts *o = c->opts;
	struct record r = RECORD_INIT;
	int session = FD_NONE;

	if (o->detach_keys && attach_keys_check(o->detach_keys, e) < 0)
		return -e->num;
	int n = new_container(c, o, &r, e);
	struct start_how how = { .attach = !o->detach, .no_stdin = !r.config.open_stdin };
	if (n == 0) {
		n = engine_start(&c->engine, &r, &how, &session, e);
		if (n < 0)
			status_of_failure(c, e);
		/* As docker: it is there, for whoever wants to look at it or remove it. */
		struct err second = ERR_NONE;
		if (n < 0 && o->detach)
			err_told(print_id(&r, &second));
	}
	if (n == 0)
		n = o->detach ? print_id(&r, e) : in_front(c, o, &r, session, e);
	fd_close(&session);
	record_done(&r);
	return n;
}

const struct command cmd_run = {
	.name = "run",
	.operands = "IMAGE [COMMAND] [ARG...]",
	.summary = "Create and run a new container from an image",
	.opts = { .more = &run_table },
	.opts_size = sizeof(struct run_opts),
	.defaults = &run_defaults,
	.opts_done = opts_done,
	.max_operands = -1,
	.flags = CMD_ENGINE | CMD_STOP | CMD_EXIT_125,
	.run = run,
};

const struct command cmd_create = {
	.name = "create",
	.operands = "IMAGE [COMMAND] [ARG...]",
	.summary = "Create a new container",
	.opts = { .more = &create_table },
	.opts_size = sizeof(struct run_opts),
	.defaults = &run_defaults,
	.opts_done = opts_done,
	.max_operands = -1,
	.flags = CMD_ENGINE | CMD_STOP | CMD_EXIT_125,
	.run = create,
};
