/* version */
#include "cli/commands.h"

static int version(struct cli *c, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	buf_printf(&b, "tare version %s\n", TARE_VERSION);
	return cli_write(&b, e);
}

const struct command cmd_version = {
	.name = "version",
	.operands = "",
	.summary = "Show the version",
	.run = version,
};
