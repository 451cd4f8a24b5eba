/* attach */
#include <errno.h>
#include <unistd.h>
#include "base/str.h"
#include "cli/commands.h"
#include "engine/attach.h"
#include "engine/life.h"
#include "sys/io.h"

struct attach_cmd_opts {
	bool no_stdin, sig_proxy;
	const char *detach_keys;
};

static const struct opt attach_rows[] = {
	{ 0, "detach-keys", "KEYS", OPT(TEXT, attach_cmd_opts, detach_keys),
		"Keys that leave it running (default: ctrl-p,ctrl-q)" },
	{ 0, "no-stdin", NULL, OPT(FLAG, attach_cmd_opts, no_stdin), "Do not attach standard input" },
	{ 0, "sig-proxy", NULL, OPT(FLAG, attach_cmd_opts, sig_proxy), "Pass signals on to the program (default)" },
};

static const struct attach_cmd_opts attach_defaults = { .sig_proxy = true };

static int refuse_state(const struct record *r, struct err *e)
{
	if (r->status.state == CT_PAUSED) {
		err_set(e, ERR_CONFLICT, EBUSY, "you cannot attach to a paused container, unpause it first");
		return err_hint(e, "tare unpause %s", r->config.name);
	}
	if (r->status.state == CT_RESTARTING)
		return err_set(e, ERR_CONFLICT, EBUSY,
			"you cannot attach to a restarting container, wait until it is running");
	if (r->status.state != CT_RUNNING)
		return err_set(e, ERR_CONFLICT, ESRCH, "you cannot attach to a stopped container, start it first");
	return 0;
}

static int session(struct cli *c, const struct attach_cmd_opts *o, struct record *r, struct err *e)
{
	static const char detached[] = "read escape sequence\n";
	struct attach_opts how = { .name = r->config.name,
		.pid = r->status.pid,
		.no_stdin = o->no_stdin,
		.sig_proxy = o->sig_proxy && !r->config.tty,
		.detach_keys = o->detach_keys };
	int code = 0;
	auto_fd int sock = attach_connect(&c->engine, r, e);

	if (sock < 0)
		return sock;
	int end = attach_session(sock, &how, &code, e);
	if (end < 0)
		return end;
	c->status = end == ATTACH_DETACHED ? 1 : code; /* docker's */
	return end == ATTACH_DETACHED ? io_write_all(STDERR_FILENO, detached, sizeof(detached) - 1, e) : 0;
}

static int attach(struct cli *c, struct err *e)
{
	const struct attach_cmd_opts *o = c->opts;
	struct record r = RECORD_INIT;
	int n = attach_keys_check(o->detach_keys, e);

	if (n == 0)
		n = record_open(&c->engine, c->operands[0], &r, e);
	if (n == 0)
		n = engine_refresh(&c->engine, &r, e);
	if (n == 0)
		n = refuse_state(&r, e);
	if (n == 0)
		n = cli_check_tty(c, r.config.tty && !o->no_stdin, e);
	if (n == 0)
		n = session(c, o, &r, e);
	record_done(&r);
	return n;
}

const struct command cmd_attach = {
	.name = "attach",
	.operands = "CONTAINER",
	.summary = "Attach local standard input, output and error streams to a running container",
	.opts = OPT_TABLE(attach_rows),
	.opts_size = sizeof(struct attach_cmd_opts),
	.defaults = &attach_defaults,
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_ENGINE,
	.run = attach,
};
