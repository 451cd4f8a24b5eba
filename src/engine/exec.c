/* `exec`. The program is a child of this process, started by the runtime in-process: no second
 * execve(2), no daemon asked.
 *
 * Theory of operation: the program gets pipes or a terminal of its own, never the user's
 * descriptors (a shell's terminal in a container could have keys typed into it). A session with the
 * container's monitor holds the program's pidfd: when it breaks, the monitor kills what was started
 * here. The program is reaped by us, or, after we are gone, by the host's init: a process that
 * joined a pid namespace from outside is no orphan of that namespace. */
#include "engine/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/attach.h"
#include "engine/exec_relay.h"
#include "engine/keys.h"
#include "engine/life.h"
#include "engine/user.h"
#include "mon/proto.h"
#include "sys/path.h"
#include "sys/proc.h"
#include "sys/unixsock.h"

struct execution {
	struct engine *en;
	struct record *r;
	const struct exec_opts *o;
	struct rt_exec req;
	struct user_ids user;
	struct arena arena;
	char user_text[32];
	struct rc_str_list env, gids, caps;
	int monitor; /* session with it, or FD_NONE */
	int theirs[3]; /* the program's streams */
	int in, out, err; /* our ends */
	struct rt_execed run;
};

/* --- what to run -------------------------------------------------------------------------------------------- */

static int add(struct arena *a, struct rc_str_list *l, size_t max, const char *text, struct err *e)
{
	if (!l->v)
		l->v = arena_array(a, char *, max);
	char *copy = arena_dup(a, text);
	if (!l->v || !copy)
		return err_oom(e, "the program's settings");
	l->v[l->n++] = copy;
	return 0;
}

static bool has_variable(const struct rc_str_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *rest = str_after(l->v[i], name);

		if (rest && *rest == '=')
			return true;
	}
	return false;
}

static int environment(struct execution *x, struct err *e)
{
	const struct rc_str_list *asked = &x->o->env, *ct = &x->r->config.env;
	size_t max = asked->n + 2;
	char home[4200];
	int r = 0;

	if (x->user.home && !has_variable(asked, "HOME") && !has_variable(ct, "HOME")) {
		fmt_to(home, sizeof(home), "HOME=%s", x->user.home);
		r = add(&x->arena, &x->env, max, home, e);
	}
	if (r == 0 && x->o->tty && !has_variable(asked, "TERM") && !has_variable(ct, "TERM"))
		r = add(&x->arena, &x->env, max, "TERM=xterm", e);
	for (size_t i = 0; r == 0 && i < asked->n; i++)
		r = add(&x->arena, &x->env, max, asked->v[i], e);
	x->req.env = &x->env;
	return r;
}

/* In the root of the container's first process, which is where its files are, whatever is mounted
 * there. */
static int look_up_user(struct execution *x, struct err *e)
{
	char path[32], gid[16];
	int r = 0;

	if (!x->o->user)
		return 0;
	fmt_to(path, sizeof(path), "/proc/%d/root", (int)x->r->status.pid);
	auto_fd int root = path_open_host(path, O_PATH | O_DIRECTORY, 0, e);
	if (root < 0)
		return err_wrap(e, "look up user %.64s", x->o->user);
	if (user_resolve(root, x->o->user, &x->r->config.group_add, &x->user, e) < 0)
		return -e->num;
	fmt_to(x->user_text, sizeof(x->user_text), "%u:%u", x->user.uid, x->user.gid);
	x->req.user = x->user_text;
	for (size_t i = 0; r == 0 && i < x->user.n_gids; i++) {
		fmt_to(gid, sizeof(gid), "%u", x->user.gids[i]);
		r = add(&x->arena, &x->gids, x->user.n_gids, gid, e);
	}
	x->req.additional_gids = &x->gids;
	x->req.groups_alone = true;
	return r;
}

static int privileges(struct execution *x, struct err *e)
{
	enum { CAPS = 64 };
	int r = 0;

	for (int i = 0; r == 0 && x->o->privileged && i < CAPS && rc_capability_name(i); i++)
		r = add(&x->arena, &x->caps, CAPS, rc_capability_name(i), e);
	x->req.caps = &x->caps;
	return r;
}

static int request(struct execution *x, struct err *e)
{
	x->req = (struct rt_exec){ .id = x->r->id, .args = x->o->args, .cwd = x->o->cwd, .tty = x->o->tty };
	int r = look_up_user(x, e);
	if (r == 0)
		r = environment(x, e);
	return r < 0 ? r : privileges(x, e);
}

/* --- streams ------------------------------------------------------------------------------------------------ */

static int one_pipe(int *ret_read, int *ret_write, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

static int nothing(int *ret, struct err *e)
{
	*ret = path_open_host("/dev/null", O_RDWR, 0, e);
	return *ret < 0 ? *ret : 0;
}

static int make_streams(struct execution *x, struct err *e)
{
	bool relayed = !x->o->detach && !x->o->tty;
	int r = relayed && x->o->interactive ? one_pipe(&x->theirs[0], &x->in, e) : nothing(&x->theirs[0], e);

	if (r == 0)
		r = relayed ? one_pipe(&x->out, &x->theirs[1], e) : nothing(&x->theirs[1], e);
	if (r == 0)
		r = relayed ? one_pipe(&x->err, &x->theirs[2], e) : nothing(&x->theirs[2], e);
	return r;
}

/* The runtime hands on descriptors 0 to 2: exchange them for the moment. */
int exec_launch(struct engine *en, const struct rt_exec *req, int take_theirs[3], struct rt_execed *ret, struct err *e)
{
	int ours[3] = { FD_NONE, FD_NONE, FD_NONE }, r = 0;

	for (int i = 0; r == 0 && i < 3; i++) {
		ours[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		if (ours[i] < 0 || dup2(take_theirs[i], i) < 0)
			r = err_sys(e, "hand the program its streams");
		fd_close(&take_theirs[i]);
	}
	if (r == 0)
		r = rt_exec_launch(&en->rt, req, ret, e);
	for (int i = 0; i < 3; i++) {
		if (ours[i] >= 0 && dup2(ours[i], i) < 0 && r == 0)
			r = err_sys(e, "take back the standard streams");
		fd_close(&ours[i]);
	}
	return r;
}

/* --- the monitor -------------------------------------------------------------------------------------------- */

static int tell(const struct execution *x, uint8_t type, int fd, struct err *e)
{
	int r = unix_send(x->monitor, &type, 1, &fd, fd >= 0 ? 1 : 0, e);

	return r < 0 ? err_wrap(e, "speak to the container's monitor") : 0;
}

static int refuse_state(const struct record *r, struct err *e)
{
	const char *name = r->config.name ? r->config.name : r->id;

	if (r->status.state == CT_PAUSED) {
		err_set(e, ERR_CONFLICT, EBUSY, "container %s is paused", name);
		return err_hint(e, "unpause it before exec");
	}
	if (r->status.state != CT_RUNNING)
		return err_set(e, ERR_CONFLICT, ESRCH, "container %s is not running", name);
	return 0;
}

/* --- the whole ---------------------------------------------------------------------------------------------- */

/* Since the launch our children are born in the container's pid namespace, and end with it: no place for a monitor.
 * False for a plain user, who has no power over the pid namespace that he comes from. */
static bool has_returned(void)
{
	struct err ignored = ERR_NONE;
	auto_fd int own = path_open_host("/proc/self/ns/pid", O_RDONLY, 0, &ignored);

	return own >= 0 && setns(own, CLONE_NEWPID) == 0;
}

/* A word that must arrive: to the monitor's successor, if it was killed since we met it. */
static int reach(struct execution *x, uint8_t type, int fd, struct err *e)
{
	enum { TRIES = 5 };

	for (int i = 0; tell(x, type, fd, e) < 0; i++) {
		if (i == TRIES)
			return -e->num;
		err_clear(e);
		fd_close(&x->monitor);
		int sock = has_returned() ? attach_connect(x->en, x->r, e) : attach_try(x->r, e);
		if (sock < 0)
			return sock;
		x->monitor = sock;
	}
	return 0;
}

/* The same, and a program that nobody would watch does not stay. */
static int hand_over(struct execution *x, uint8_t type, int fd, struct err *e)
{
	struct err ignored = ERR_NONE; /* it has ended, or is ours to end */
	bool found;

	if (reach(x, type, fd, e) == 0)
		return 0;
	err_told(proc_signal(x->run.pidfd, SIGKILL, &found, &ignored));
	return -e->num;
}

/* While the program runs. When there is no other monitor either, the container is about to end, and the program with
 * it. */
static void monitor_is_gone(void *arg)
{
	struct execution *x = arg;
	struct err ignored = ERR_NONE;

	if (reach(x, MON_EXEC, x->run.pidfd, &ignored) < 0)
		fd_close(&x->monitor);
}

static int follow(struct execution *x, int *ret_status, struct err *e)
{
	struct exec_relay relay = { .pid = x->run.pid,
		.pidfd = x->run.pidfd,
		.in = fd_steal(&x->in),
		.out = fd_steal(&x->out),
		.err = fd_steal(&x->err),
		.master = x->run.master,
		.interactive = x->o->interactive,
		.detach_keys = x->o->detach_keys,
		.monitor = &x->monitor,
		.monitor_is_gone = monitor_is_gone,
		.arg = x };
	int status = 0, r = hand_over(x, MON_EXEC, x->run.pidfd, e);

	if (r == 0)
		r = exec_relay(&relay, &status, e);
	/* The relay closes a stream at its end. */
	x->in = relay.in;
	x->out = relay.out;
	x->err = relay.err;
	x->run.master = relay.master;
	if (r < 0)
		return r;
	*ret_status = r == EXEC_DETACHED ? 0 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (r == EXEC_DETACHED && x->run.master >= 0)
		return hand_over(x, MON_EXEC_TERMINAL, x->run.master, e);
	struct err late = ERR_NONE;
	err_told(tell(x, MON_EXEC_DONE, FD_NONE, &late)); /* the container may have ended with the program */
	return 0;
}

static int leave(struct execution *x, int *ret_status, struct err *e)
{
	*ret_status = 0;
	/* A terminal needs somebody who keeps its other end. */
	return x->run.master >= 0 ? hand_over(x, MON_EXEC_TERMINAL, x->run.master, e) : 0;
}

static int run(struct execution *x, int *ret_status, struct err *e)
{
	int r = x->o->detach_keys ? attach_keys_check(x->o->detach_keys, e) : 0;

	if (r == 0)
		r = engine_refresh(x->en, x->r, e);
	if (r == 0)
		r = refuse_state(x->r, e);
	if (r == 0 && (!x->o->detach || x->o->tty))
		r = x->monitor = attach_connect(x->en, x->r, e);
	if (r >= 0)
		r = request(x, e);
	if (r == 0)
		r = make_streams(x, e);
	if (r == 0)
		r = exec_launch(x->en, &x->req, x->theirs, &x->run, e);
	if (r < 0)
		return r;
	return x->o->detach ? leave(x, ret_status, e) : follow(x, ret_status, e);
}

/* When the container ended meanwhile, that is what has to be said, whatever failed because of it. */
static int explain(const struct execution *x, struct err *e)
{
	enum { DYING_MS = 5000 }; /* a busy machine takes its time */
	struct err ignored = ERR_NONE;
	auto_fd int pidfd = FD_NONE;
	bool found = false;

	if (x->run.pid > 0 || x->r->status.state != CT_RUNNING)
		return -e->num;
	if (proc_open_same(x->r->status.pid, x->r->status.start_ticks, &found, &pidfd, &ignored) < 0)
		return -e->num;
	/* ESRCH: it has no namespaces any more. EPIPE: perhaps it takes with it what was to become the program.
	 * ENOMEM: so says clone(2) when a pid namespace ends. */
	bool perhaps = e->num == EPIPE || e->num == ENOMEM;
	if (found && e->num != ESRCH && !(perhaps && proc_wait_gone(pidfd, DYING_MS, &ignored) == 0))
		return -e->num;
	err_clear(e);
	return err_set(e, ERR_CONFLICT, ESRCH, "container %s is not running: its program has just ended",
		x->r->config.name ? x->r->config.name : x->r->id);
}

int engine_exec(struct engine *en, struct record *r, const struct exec_opts *o, int *ret_status, struct err *e)
{
	struct execution x = { .en = en,
		.r = r,
		.o = o,
		.user = USER_IDS_INIT,
		.monitor = FD_NONE,
		.theirs = { FD_NONE, FD_NONE, FD_NONE },
		.in = FD_NONE,
		.out = FD_NONE,
		.err = FD_NONE,
		.run = { .pidfd = FD_NONE, .master = FD_NONE } };
	int n = run(&x, ret_status, e) < 0 ? explain(&x, e) : 0;
	int *all[] = { &x.monitor, &x.theirs[0], &x.theirs[1], &x.theirs[2], &x.in, &x.out, &x.err, &x.run.pidfd,
		&x.run.master };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		fd_close(all[i]);
	user_ids_done(&x.user);
	arena_done(&x.arena);
	return n;
}
