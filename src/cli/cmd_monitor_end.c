/* monitor-end: what tare-mon becomes when its program has ended. Not for people. */
#include <errno.h>
#include <fcntl.h>
#include "base/str.h"
#include "cli/commands.h"
#include "engine/monitor.h"
#include "engine/record.h"

struct monitor_end_opts {
	const char *id, *wait_status, *clients;
	int32_t dir, listen;
	uint64_t lost_records;
};

static const struct opt monitor_end_rows[] = {
	{ 0, "id", "ID", OPT(TEXT, monitor_end_opts, id), "the container" },
	{ 0, "dir", "FD", OPT(I32, monitor_end_opts, dir), "its directory, with the lock" },
	{ 0, "listen", "FD", OPT(I32, monitor_end_opts, listen), "its socket" },
	{ 0, "wait-status", "N", OPT(TEXT, monitor_end_opts, wait_status), "how the program ended, or \"unknown\"" },
	{ 0, "lost-records", "N", OPT(U64, monitor_end_opts, lost_records), "log records that could not be written" },
	{ 0, "clients", "FDS", OPT(TEXT, monitor_end_opts, clients), "sessions that wait for the end" },
};

static const struct monitor_end_opts monitor_end_defaults = { .dir = -1, .listen = -1 };

/* Inherited descriptors come without close-on-exec: the next program of the container must not get them. */
static int take(int32_t fd, const char *what, struct err *e)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_sys(e, "--%s %d", what, fd);
	return 0;
}

static int monitor_end(struct cli *c, struct err *e)
{
	const struct monitor_end_opts *o = c->opts;
	struct monitor_end end = {
		.id = o->id, .dir_fd = o->dir, .listen_fd = o->listen, .lost_records = o->lost_records
	};
	uint64_t status = 0;

	end.unknown = str_eq(o->wait_status, "unknown");
	if (!str_len(o->id) || (!end.unknown && !parse_u64(o->wait_status ? o->wait_status : "", INT32_MAX, &status)))
		return err_set(e, ERR_USAGE, EINVAL, "monitor-end is called by tare-mon only");
	end.wait_status = (int)status;
	end.client_list = o->clients;
	/* It may be started again, by this process. While the descriptors still survive an execve. */
	struct record r = RECORD_INIT;
	int n = record_open_id(&c->engine, o->id, true, &r, e);
	if (n == 0 && r.config.restart != CT_RESTART_NO)
		n = cli_protect_for(c, &r, e);
	record_done(&r);
	if (n < 0)
		return n;
	if (take(o->dir, "dir", e) < 0 || (o->listen >= 0 && take(o->listen, "listen", e) < 0))
		return -e->num;
	return monitor_resume(&c->engine, &end, e);
}

const struct command cmd_monitor_end = {
	.name = "monitor-end",
	.operands = "",
	.summary = "Settle the end of a container (called by tare-mon)",
	.opts = OPT_TABLE(monitor_end_rows),
	.opts_size = sizeof(struct monitor_end_opts),
	.defaults = &monitor_end_defaults,
	.flags = CMD_ENGINE | CMD_HIDDEN | CMD_KEEPS_FDS,
	.run = monitor_end,
};
