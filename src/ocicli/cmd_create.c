/* create, run and start. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/str.h"
#include "ocicli/commands.h"

#define REQ(type, member) OPT(type, rt_create, member)
#define COMMON_ROWS \
	{ 'b', "bundle", "DIR", REQ(TEXT, bundle), "the bundle (default: the working directory)", NULL }, \
		{ 'f', "config", "FILE", REQ(TEXT, config), "the configuration, instead of config.json of the bundle", \
			NULL }, \
		{ 0, "console-socket", "SOCKET", REQ(TEXT, console_socket), \
			"send the terminal's controlling side to this unix socket", NULL }, \
		{ 0, "pidfd-socket", "SOCKET", REQ(TEXT, pidfd_socket), \
			"send a pidfd of the container's first process to this unix socket", NULL }, \
		{ 0, "pid-file", "FILE", REQ(TEXT, pid_file), \
			"write the pid of the container's first process to FILE", NULL }, \
		{ 0, "no-pivot", NULL, REQ(FLAG, no_pivot), \
			"change the root without pivot_root(2): for a root on a ramdisk", NULL }, \
		{ 0, "no-new-keyring", NULL, REQ(FLAG, no_new_keyring), "keep the caller's session keyring", NULL }, \
		{ 0, "preserve-fds", "N", REQ(U32, preserve_fds), \
			"hand on N descriptors from 3 on, besides those of $LISTEN_FDS", NULL }, \
	{ \
		0, "no-subreaper", NULL, REQ(FLAG, no_subreaper), "do not become the reaper of orphaned processes", \
			NULL \
	}

static const struct opt create_rows[] = { COMMON_ROWS };
static const struct opt run_rows[] = {
	COMMON_ROWS,
	{ 'd', "detach", NULL, REQ(FLAG, detach), "return once the program runs", NULL },
	{ 0, "keep", NULL, REQ(FLAG, keep), "do not delete the container when it has ended", NULL },
};

/* sd_listen_fds(3): descriptors meant for another process are not ours to hand on. A caller that
 * sets no $LISTEN_PID means us. */
static uint32_t listen_fds(void)
{
	const char *n = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint32_t count, meant;

	if (!n || !parse_u32(n, &count))
		return 0;
	if (pid && *pid && (!parse_u32(pid, &meant) || meant != (uint32_t)getpid()))
		return 0;
	return count;
}

static void complete(struct cli *c, struct rt_create *q)
{
	const char *notify = getenv("NOTIFY_SOCKET");

	q->id = c->operands[0];
	if (!q->bundle || !*q->bundle)
		q->bundle = ".";
	q->listen_fds = listen_fds();
	q->notify_socket = notify && *notify ? notify : NULL;
	/* crun shows it where the host has it, runc below /run/notify. */
	q->notify_at = c->like == LIKE_CRUN && q->notify_socket && *notify == '/' ? notify : NULL;
}

/* The words runc puts in front, by which its callers cut the message; crun has none. */
static int wrap(const struct cli *c, struct err *e)
{
	return c->like == LIKE_CRUN ? -e->num : err_wrap(e, "%s failed", c->command->name);
}

/* Who calls us crun may count on a file whose name begins with a dot being no container; runc takes such an id. */
static int check_name(const struct cli *c, struct err *e)
{
	if (c->like != LIKE_CRUN || c->operands[0][0] != '.')
		return 0;
	return err_set(
		e, ERR_USAGE, EINVAL, "invalid container ID format: \"%.255s\" begins with a dot", c->operands[0]);
}

static int create(struct cli *c, struct err *e)
{
	struct rt_create *q = c->opts;

	complete(c, q);
	if (check_name(c, e) < 0)
		return -e->num;
	return rt_create(&c->rt, q, e) < 0 ? wrap(c, e) : 0;
}

static int run(struct cli *c, struct err *e)
{
	struct rt_create *q = c->opts;

	complete(c, q);
	if (check_name(c, e) < 0)
		return -e->num;
	return rt_run(&c->rt, q, &c->status, e) < 0 ? wrap(c, e) : 0;
}

static int start(struct cli *c, struct err *e)
{
	const char *notify = getenv("NOTIFY_SOCKET");

	return rt_start(&c->rt, c->operands[0], notify && *notify ? notify : NULL, e);
}

const struct command cmd_create = { .name = "create",
	.operands = "CONTAINER",
	.summary = "make a container, which then waits for start",
	.opts = OPT_TABLE(create_rows),
	.opts_size = sizeof(struct rt_create),
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE | CMD_ENTERS,
	.run = create };
const struct command cmd_run = { .name = "run",
	.operands = "CONTAINER",
	.summary = "make a container, run its program and delete it at the end",
	.opts = OPT_TABLE(run_rows),
	.opts_size = sizeof(struct rt_create),
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE | CMD_ENTERS,
	.run = run };
const struct command cmd_start = { .name = "start",
	.operands = "CONTAINER",
	.summary = "run the program of a created container",
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE,
	.run = start };
