/* system check, system boot */
#include "base/str.h"
#include "cli/commands.h"
#include "engine/check.h"

struct system_check_opts {
	bool repair;
};

static const struct opt system_check_rows[] = {
	{ 0, "repair", NULL, OPT(FLAG, system_check_opts, repair), "Mend what is found" },
};

static void say(void *arg, const char *what, bool repaired)
{
	buf_printf(arg, "%s: %s\n", repaired ? "mended" : "found", what);
}

static int system_check(struct cli *c, struct err *e)
{
	const struct system_check_opts *o = c->opts;
	AUTO(buf) struct buf out = BUF_INIT;
	size_t left, images_left;

	if (check_containers(&c->engine, o->repair, say, &out, &left, e) < 0 ||
		check_images(&c->engine, o->repair, say, &out, &images_left, e) < 0)
		return -e->num;
	c->status = left > 0 || images_left > 0;
	return cli_write(&out, e);
}

const struct command cmd_system_check = {
	.name = "system check",
	.operands = "",
	.summary = "Find what crashes have left, and mend it",
	.opts = OPT_TABLE(system_check_rows),
	.opts_size = sizeof(struct system_check_opts),
	.flags = CMD_ENGINE,
	.run = system_check,
};

static void complain(void *arg, const char *what, bool repaired)
{
	(void)repaired;
	buf_printf(arg, "cannot start: %s\n", what);
}

static int system_boot(struct cli *c, struct err *e)
{
	AUTO(buf) struct buf out = BUF_INIT;
	size_t failed;

	if (boot_start(&c->engine, complain, &out, &failed, e) < 0)
		return -e->num;
	c->status = failed > 0;
	return cli_write(&out, e);
}

const struct command cmd_system_boot = {
	.name = "system boot",
	.operands = "",
	.summary = "Start the containers whose restart policy wants them running (once after a boot)",
	.flags = CMD_ENGINE,
	.run = system_boot,
};
