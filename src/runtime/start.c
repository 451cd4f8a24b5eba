/* Starting a created container, and what both `start` and `run` do while its program is executed. */
#include "runtime/start.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/log.h"
#include "base/str.h"
#include "runtime/delete.h"
#include "runtime/hooks.h"
#include "runtime/listener.h"
#include "runtime/probe.h"
#include "runtime/state.h"
#include "sys/path.h"
#include "sys/proc.h"
#include "sys/unixsock.h"

enum { END_MS = 5000 }; /* from SIGKILL to the end */

int start_follow(const struct start_ctx *s, int sock, struct err *e)
{
	struct sync_msg m;

	for (;;) {
		auto_fd int page = FD_NONE;
		int r = sync_receive(sock, &m, &page, e);

		if (r < 0)
			return r;
		if (m.type == SYNC_EOF)
			return 0;
		if (m.type == SYNC_ERROR && m.err.num > 0) {
			*e = m.err;
			return -e->num;
		}
		if (m.type != SYNC_LISTENER)
			return err_set(e, ERR_BUG, EPROTO, "message %d while the program is executed", m.type);
		r = listener_serve(s, page, sock, e);
		if (r < 0)
			return r;
	}
}

int start_poststart(const struct start_ctx *s, struct err *e)
{
	const struct rc_hook_list *hooks = &s->config->hooks[RC_HOOK_POSTSTART];
	AUTO(buf) struct buf doc = BUF_INIT;
	struct rt_hook_io io = RT_HOOK_IO_INIT;

	if (!hooks->n)
		return 0;
	auto_fd int bundle = path_open_host(s->state->bundle, O_PATH | O_DIRECTORY, 0, e);
	if (bundle < 0)
		return bundle;
	rt_state_document(s->state, RT_RUNNING, s->state->pid, &doc);
	int r = buf_err(&doc, e);
	if (r == 0)
		r = rt_hook_io_open(&s->config->annotations, bundle, &io, e);
	if (r == 0)
		r = rt_hooks_run(hooks, RC_HOOK_POSTSTART, doc.data, doc.len, &io, e);
	rt_hook_io_done(&io);
	return r;
}

int start_open_notify(int state_fd, const char *socket, struct rt_notify *ret, struct err *e)
{
	int r = socket ? rt_notify_open(state_fd, socket, ret, e) : 0;

	if (r == -ENOENT) { /* created without NOTIFY_SOCKET: there is no place in the container for it */
		err_clear(e);
		return 0;
	}
	return r < 0 ? err_wrap(e, "NOTIFY_SOCKET") : 0;
}

static int check_startable(const struct rt_container *ct, const char *id, struct err *e)
{
	int r = rt_container_refuse_half_made(ct, id, e);

	if (r < 0)
		return r;
	if (ct->status == RT_STOPPED)
		return err_set(e, ERR_CONFLICT, EINVAL, "cannot start a container that has stopped");
	if (ct->status != RT_CREATED || ct->state.started)
		return err_set(e, ERR_CONFLICT, EBUSY, "cannot start an already running container");
	return 0;
}

/* runtime-spec runtime.md "Lifecycle" 7 and 9: a failed hook of start ends in step 12, the container's destruction. */
static void destroy_failed(struct rt_context *c, const struct rt_container *ct, const struct runtime_config *config)
{
	struct err e = ERR_NONE;
	struct rt_probe p;
	bool found;

	rt_probe_init(&p);
	if (proc_signal(ct->pidfd, SIGKILL, &found, &e) < 0 || proc_wait_gone(ct->pidfd, END_MS, &e) < 0 ||
		rt_probe_host(&p, &e) < 0 ||
		rt_destroy(c, &p.host, ct->state_fd, &ct->state, &config->hooks[RC_HOOK_POSTSTOP], &e) < 0)
		log_warn("a hook failed, and so did deleting the container: %s", e.msg);
	rt_probe_done(&p);
}

static int start(struct rt_container *ct, const struct runtime_config *config, const char *notify_socket, struct err *e)
{
	struct start_ctx s = { .config = config, .state = &ct->state, .pidfd = ct->pidfd };

	if (!config->process)
		return err_set(e, ERR_CONFIG, EINVAL, "config.json: /process: missing, there is nothing to start");
	auto_fd int sock = unix_connect_at(ct->state_fd, "start.sock", SOCK_SEQPACKET, e);
	if (sock < 0)
		return err_wrap(e, "start socket");
	struct rt_notify notify __attribute__((cleanup(rt_notify_done))) = RT_NOTIFY_INIT;
	if (start_open_notify(ct->state_fd, notify_socket, &notify, e) < 0)
		return -e->num;
	/* Marked before: a program that ends at once must not be found neither started nor alive. */
	int r = rt_state_set_started(ct->state_fd, e);
	if (r == 0)
		r = sync_send(sock, SYNC_GO, 0, FD_NONE, e);
	if (r == 0)
		r = start_follow(&s, sock, e);
	if (r == 0)
		r = start_poststart(&s, e);
	if (r == 0 && notify.sock >= 0)
		r = rt_notify_wait_ready(&notify, ct->pidfd, ct->state.pid, e);
	return r;
}

int rt_start(struct rt_context *c, const char *id, const char *notify_socket, struct err *e)
{
	struct rt_container ct = RT_CONTAINER_INIT;
	struct runtime_config config;
	int r = rt_id_check(id, e);

	if (r == 0)
		r = rt_container_open(c, id, RT_LOCKED, &ct, e);
	if (r == 0)
		r = check_startable(&ct, id, e);
	if (r == 0)
		r = rt_container_config(&ct, &config, e);
	if (r == 0) {
		r = start(&ct, &config, notify_socket, e);
		if (r < 0 && config.process &&
			(config.hooks[RC_HOOK_START_CONTAINER].n || config.hooks[RC_HOOK_POSTSTART].n))
			destroy_failed(c, &ct, &config);
		runtime_config_done(&config);
	}
	rt_container_done(&ct);
	return r;
}
