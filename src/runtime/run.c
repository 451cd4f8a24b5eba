/* `run`: create and start in one go, without the start socket, then stay in front of the program. */
#include <errno.h>
#include <unistd.h>
#include "base/log.h"
#include "runtime/creation.h"
#include "runtime/delete.h"
#include "runtime/relay.h"
#include "runtime/start.h"
#include "runtime/trace.h"

static int follow(struct creation *c, struct rt_relay *relay, int *ret_status, struct err *e)
{
	struct rt_relay_child ch = { .pid = c->pid,
		.pidfd = c->pidfd,
		.master = c->req->console_socket ? FD_NONE : c->master,
		.reap_others = !c->req->no_subreaper };

	return rt_relay_wait(relay, &ch, ret_status, e);
}

int creation_end(struct creation *c, struct err *e)
{
	if (c->req->keep)
		return 0;
	int r = rt_state_lock(c->state_fd, e);

	if (r == -ENOENT) { /* somebody deleted it meanwhile */
		err_clear(e);
		return 0;
	}
	return r < 0 ? r
		     : rt_destroy(c->ctx, &c->cg_host, c->state_fd, &c->state, &c->config.hooks[RC_HOOK_POSTSTOP], e);
}

int creation_start(struct creation *c, struct err *e)
{
	struct start_ctx s = { .config = &c->config, .state = &c->state, .pidfd = c->pidfd };
	struct rt_notify notify __attribute__((cleanup(rt_notify_done))) = RT_NOTIFY_INIT;
	int r = start_open_notify(c->state_fd, c->req->notify_socket, &notify, e);

	if (r == 0)
		r = creation_go(c, e);
	if (r == 0)
		r = start_follow(&s, c->sync, e);
	if (r == 0)
		r = start_poststart(&s, e);
	if (r < 0) {
		creation_undo(c);
		return r;
	}
	rt_state_unlock(c->state_fd);
	if (notify.sock < 0)
		return 0;
	if (c->req->detach)
		return rt_notify_wait_ready(&notify, c->pidfd, c->pid, e);
	pid_t helper = rt_notify_fork(&notify, c->pidfd, c->pid, e);
	return helper < 0 ? helper : 0;
}

static int stay(struct creation *c, struct rt_relay *relay, int *ret_status, struct err *e)
{
	rt_trace_phase(c->ctx->trace, "the program");
	int r = follow(c, relay, ret_status, e);

	rt_trace_phase(c->ctx->trace, "delete");
	return r < 0 ? r : creation_end(c, e);
}

int rt_run(struct rt_context *ctx, const struct rt_create *req, int *ret_status, struct err *e)
{
	struct creation c = { .ctx = ctx, .req = req, .started = true };
	struct rt_relay relay = { .blocked = false };
	int r = req->detach ? 0 : rt_relay_begin(&relay, e);

	if (r == 0)
		r = creation_make(&c, false, e);
	rt_trace_phase(ctx->trace, "start");
	if (r == 0)
		r = creation_start(&c, e);
	if (r == 0 && req->detach)
		*ret_status = 0;
	else if (r == 0)
		r = stay(&c, &relay, ret_status, e);
	if (relay.blocked)
		rt_relay_end(&relay);
	creation_done(&c);
	return r;
}
