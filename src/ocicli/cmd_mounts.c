/* mounts: add mounts to a running container, or take them away. */
#include "runtime/mounts.h"

#include <errno.h>
#include "base/str.h"
#include "ocicli/commands.h"

static int mounts(struct cli *c, struct err *e)
{
	const char *what = c->operands[0], *id = c->operands[1];
	AUTO(buf) struct buf text = BUF_INIT;
	struct rc_mount *list = NULL;
	size_t n = 0;

	bool add = str_eq(what, "add");
	if (!add && !str_eq(what, "remove"))
		return err_set(e, ERR_USAGE, EINVAL, "unknown command \"mounts %s\": use add or remove", what);
	int r = cli_read_input(c->operands[2], &text, e);
	if (!r)
		r = rc_mounts_read(text.data ? text.data : "", text.len, &c->arena, &list, &n, e);
	if (r < 0)
		return r;
	return add ? rt_mounts_add(&c->rt, id, list, n, e) : rt_mounts_remove(&c->rt, id, list, n, e);
}

const struct command cmd_mounts = { .name = "mounts",
	.operands = "[add|remove] CONTAINER FILE",
	.summary = "add the mounts listed in FILE (JSON) to a running container, or remove them",
	.min_operands = 3,
	.max_operands = 3,
	.flags = CMD_STATE,
	.run = mounts };
