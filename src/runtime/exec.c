/* `exec`: one more process in a running container. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/tree.h"
#include "ns/kinds.h"
#include "runtime/creation.h"
#include "runtime/probe.h"
#include "runtime/relay.h"
#include "runtime/start.h"
#include "runtime/trace.h"
#include "sys/call.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/proc.h"

enum { PROCESS_MAX = 4 << 20 };

struct execution {
	struct rt_context *ctx;
	const struct rt_exec *req;
	struct rt_container ct;
	struct runtime_config config;
	struct rc_process *process;
	struct arena arena;
	struct seccomp_filter filter;
	struct sched_set affinity_initial, affinity_final;
	struct exec_plan plan;
	struct rt_probe probe;
	struct cg cg;
	int sync, pidfd, master, proc;
	pid_t pid;
	bool stays; /* the caller: rt_exec_launch() */
};

/* --- the process to run ------------------------------------------------------------------------------- */

static int set_user(struct rc_process *p, const char *user, struct err *e)
{
	size_t n = strcspn(user, ":");
	uint64_t uid, gid = p->gid;

	if (!parse_u64_n(user, n, UINT32_MAX - 1, &uid) || (user[n] && !parse_u64(user + n + 1, UINT32_MAX - 1, &gid)))
		return err_set(e, ERR_USAGE, EINVAL, "--user %.64s: not UID[:GID], numbers from 0 to 4294967294", user);
	p->uid = (uint32_t)uid;
	p->gid = user[n] ? (uint32_t)gid : p->gid;
	return 0;
}

/* A variable given again replaces the one there: getenv(3) would find the first. */
static int add_env(struct arena *a, struct rc_process *p, const struct rc_str_list *more, struct err *e)
{
	char **v = arena_array(a, char *, p->env.n + more->n + 1);
	size_t n = p->env.n;

	if (!v)
		return err_oom(e, "the environment");
	if (n)
		memcpy(v, p->env.v, n * sizeof(*v));
	for (size_t i = 0; i < more->n; i++) {
		size_t len = strcspn(more->v[i], "="), k = 0;

		while (k < n && !(strncmp(v[k], more->v[i], len) == 0 && v[k][len] == '='))
			k++;
		v[k] = more->v[i];
		n += k == n;
	}
	p->env = (struct rc_str_list){ v, n };
	return 0;
}

static int add_groups(struct arena *a, struct rc_process *p, const struct rc_str_list *more, struct err *e)
{
	uint32_t *v = arena_array(a, uint32_t, p->n_additional_gids + more->n + 1);

	if (!v)
		return err_oom(e, "groups");
	if (p->n_additional_gids)
		memcpy(v, p->additional_gids, p->n_additional_gids * sizeof(*v));
	for (size_t i = 0; i < more->n; i++)
		if (!parse_u32(more->v[i], &v[p->n_additional_gids + i]))
			return err_set(e, ERR_USAGE, EINVAL, "--additional-gids %.64s: not a number", more->v[i]);
	p->additional_gids = v;
	p->n_additional_gids += more->n;
	return 0;
}

/* Ambient and inheritable sets stay as they are (CVE-2022-24769). */
static int add_caps(struct arena *a, struct rc_process *p, const struct rc_str_list *names, struct err *e)
{
	struct rc_capabilities *c = arena_new(a, struct rc_capabilities);

	if (!c)
		return err_oom(e, "capabilities");
	if (p->capabilities)
		*c = *p->capabilities;
	for (size_t i = 0; i < names->n; i++) {
		int n = rc_capability_number(names->v[i]);

		if (n < 0)
			return err_set(e, ERR_USAGE, EINVAL, "--cap %.64s: no such capability", names->v[i]);
		c->bounding |= UINT64_C(1) << n;
		c->permitted |= UINT64_C(1) << n;
		c->effective |= UINT64_C(1) << n;
	}
	p->capabilities = c;
	return 0;
}

static int process_of_options(struct execution *x, struct err *e)
{
	const struct rt_exec *q = x->req;
	struct rc_process *p = arena_new(&x->arena, struct rc_process);

	if (!p)
		return err_oom(e, "the process");
	if (!x->config.process)
		return err_set(
			e, ERR_CONFIG, EINVAL, "config.json: /process: missing, and no --process FILE was given");
	*p = *x->config.process;
	p->terminal = q->tty;
	p->console_height = p->console_width = 0;
	p->args.v = (char **)q->args;
	for (p->args.n = 0; q->args && q->args[p->args.n]; p->args.n++)
		;
	if (!p->args.n || !*p->args.v[0])
		return err_set(e, ERR_USAGE, EINVAL, "process args cannot be empty");
	p->cwd = q->cwd ? (char *)q->cwd : p->cwd;
	p->apparmor_profile = q->apparmor ? (char *)q->apparmor : p->apparmor_profile;
	p->selinux_label = q->process_label ? (char *)q->process_label : p->selinux_label;
	p->no_new_privileges = p->no_new_privileges || q->no_new_privs;
	x->process = p;
	int r = q->user ? set_user(p, q->user, e) : 0;
	if (r == 0 && q->env)
		r = add_env(&x->arena, p, q->env, e);
	if (q->groups_alone)
		p->n_additional_gids = 0;
	if (r == 0 && q->additional_gids)
		r = add_groups(&x->arena, p, q->additional_gids, e);
	if (r == 0 && q->caps && q->caps->n)
		r = add_caps(&x->arena, p, q->caps, e);
	return r;
}

static int process_of_file(struct execution *x, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	auto_fd int fd = path_open_host(x->req->process_file, O_RDONLY | O_NOCTTY, 0, e);
	int r = fd < 0 ? fd : io_read_all(fd, PROCESS_MAX, &text, e);

	if (r == 0)
		r = rc_process_read(text.data, text.len, NULL, &x->arena, &x->process, e);
	if (r < 0)
		return err_wrap(e, "%s", x->req->process_file);
	x->process->terminal = x->process->terminal || x->req->tty;
	x->process->no_new_privileges = x->process->no_new_privileges || x->req->no_new_privs;
	return 0;
}

/* --- where it goes ------------------------------------------------------------------------------------ */

static int open_container(struct execution *x, struct err *e)
{
	int r = rt_id_check(x->req->id, e);

	if (r == 0)
		r = rt_container_open_by(x->ctx, &x->probe, x->req->id, RT_UNLOCKED, &x->ct, e);
	if (r == 0)
		r = rt_container_refuse_half_made(&x->ct, x->req->id, e);
	if (r < 0)
		return r;
	if (x->ct.status == RT_STOPPED)
		return err_set(e, ERR_CONFLICT, ESRCH, "cannot exec in a stopped container");
	if (x->ct.status == RT_PAUSED && !x->req->ignore_paused)
		return err_set(
			e, ERR_CONFLICT, EBUSY, "cannot exec in a paused container (use --ignore-paused to override)");
	return rt_container_config(&x->ct, &x->config, e);
}

/* "[CONTROLLERS:]PATH" of --cgroup. */
static int open_sub_cgroup(struct execution *x, const char *path, struct err *e)
{
	const struct rc_str_list *subs = x->req->cgroups;
	char controllers[256];

	for (size_t i = 0; i < subs->n; i++) {
		const char *colon = strchr(subs->v[i], ':');

		if (colon && !fmt_fits(controllers, sizeof(controllers), "%.*s", (int)(colon - subs->v[i]), subs->v[i]))
			return err_set(e, ERR_USAGE, EINVAL, "--cgroup %.64s…: too long", subs->v[i]);
		cg_done(&x->cg);
		cg_init(&x->cg);
		int r = cg_open_sub(
			&x->probe.host, path, colon ? controllers : NULL, colon ? colon + 1 : subs->v[i], &x->cg, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_cgroup(struct execution *x, struct err *e)
{
	const char *path = x->ct.state.cgroup_path;

	if (!path || !*path)
		return 0;
	int r = rt_probe_host(&x->probe, e);
	if (r < 0)
		return r;
	if (x->req->cgroups && x->req->cgroups->n)
		return open_sub_cgroup(x, path, e);
	r = cg_open(&x->probe.host, path, &x->cg, e);
	return r < 0 ? err_wrap(e, "the container's cgroup") : 0;
}

static int plan_join(struct execution *x, struct err *e)
{
	struct exec_plan *p = &x->plan;
	unsigned have = x->ct.state.namespaces;

	for (int k = 0; k < RC_N_NS; k++)
		if (have & 1U << k)
			p->join_flags |= (int)ns_kinds[k].clone_flag;
	if (!(have & 1U << RC_NS_USER))
		return 0;
	auto_fd int own = ns_open_of(x->proc, getpid(), RC_NS_USER, e);
	auto_fd int theirs = own < 0 ? FD_NONE : ns_open_of(x->proc, x->ct.state.pid, RC_NS_USER, e);
	int same = own < 0 || theirs < 0 ? -e->num : ns_same(own, theirs, e);
	if (same < 0)
		return same;
	if (same)
		p->join_flags &= ~CLONE_NEWUSER; /* EINVAL, setns(2) */
	p->in_userns = !same;
	return 0;
}

static int plan_affinity(struct execution *x, struct err *e)
{
	const struct rc_process *p = x->process;
	int r = 0;

	if (p->cpu_affinity_initial) {
		r = sched_set_parse(
			"/process/execCPUAffinity/initial", p->cpu_affinity_initial, &x->affinity_initial, e);
		x->plan.affinity_initial = &x->affinity_initial;
	}
	if (r == 0 && p->cpu_affinity_final) {
		r = sched_set_parse("/process/execCPUAffinity/final", p->cpu_affinity_final, &x->affinity_final, e);
		x->plan.program.affinity = &x->affinity_final;
	}
	return r;
}

/* A user namespace that a plain user made denies setgroups(2), user_namespaces(7): then the process keeps the groups
 * it has, which mean nothing inside. */
static int setgroups_denied(struct execution *x, bool *ret, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	char path[32];

	fmt_to(path, sizeof(path), "%d/setgroups", (int)x->ct.state.pid);
	int r = io_read_file_at(x->proc, path, 16, &text, e);
	if (r < 0)
		return r;
	*ret = str_starts(text.data, "deny");
	if (*ret && plan_wants_groups(x->process))
		return err_set(e, ERR_CONFIG, EPERM, "supplementary groups cannot be set in this user namespace");
	return 0;
}

static int plan_exec(struct execution *x, struct err *e)
{
	const uint64_t sys_admin = UINT64_C(1) << 21;
	struct plan_program_in in = { .ctx = x->ctx,
		.process = x->process,
		.linux_ = &x->config.linux_,
		.annotations = &x->config.annotations,
		.keep_fds = x->req->preserve_fds };
	int r = proc_self(&in.self, e);

	x->proc = path_open_host("/proc", O_PATH | O_DIRECTORY, 0, e);
	if (r < 0 || x->proc < 0)
		return -e->num;
	r = plan_join(x, e);
	in.in_userns = x->plan.in_userns;
	if (r == 0 && (in.in_userns || x->ctx->rootless))
		r = setgroups_denied(x, &in.no_setgroups, e);
	if (r == 0)
		r = plan_program(&in, &x->arena, &x->plan.program, &x->filter, e);
	if (r == 0)
		r = plan_affinity(x, e);
	if (r < 0)
		return r;
	char *keyring = arena_alloc(&x->arena, KEYRING_NAME_SIZE, 1);
	if (!keyring)
		return err_oom(e, "the keyring's name");
	keyring_name(x->req->id, keyring);
	x->plan.keyring = keyring;
	x->plan.proc = x->proc;
	x->plan.target = x->ct.pidfd;
	x->plan.cgroups = &x->cg.join;
	/* Who has power over his own user namespace only cannot come back from the container's pid namespace to ours.
	 */
	bool cannot_return = x->ctx->rootless && !x->ctx->ends_process;
	x->plan.stage = (x->plan.in_userns && !(in.self.permitted & sys_admin)) || cannot_return;
	x->plan.handshake = x->process->terminal || x->plan.stage;
	return 0;
}

/* --- the clone ---------------------------------------------------------------------------------------- */

/* A pid namespace is entered by the children of who joins it: join, clone, go back. */
static int visit_pid_ns(struct execution *x, int *ret_back, struct err *e)
{
	if (x->plan.stage || !(x->plan.join_flags & CLONE_NEWPID))
		return 0;
	auto_fd int back = x->ctx->ends_process ? FD_NONE : ns_open_of(x->proc, getpid(), RC_NS_PID, e);
	if (back < 0 && !x->ctx->ends_process)
		return back;
	if (setns(x->ct.pidfd, CLONE_NEWPID) < 0)
		return err_sys(e, "join the container's pid namespace");
	x->plan.join_flags &= ~CLONE_NEWPID;
	*ret_back = fd_steal(&back);
	return 0;
}

static int clone_into(struct execution *x, int our_end, struct err *e)
{
	int pidfd = FD_NONE;
	struct clone_args args = { .flags = CLONE_PIDFD | (x->cg.dir_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uintptr_t)&pidfd,
		.cgroup = x->cg.dir_fd >= 0 ? (uint64_t)x->cg.dir_fd : 0,
		.exit_signal = SIGCHLD };

	x->pid = sys_clone3(&args);
	if (x->pid < 0 && errno == EBUSY && args.flags & CLONE_INTO_CGROUP) {
		/* An init system in the container has made cgroups of its own: go where its init is. */
		auto_fd int beside = cg_open_beside(&x->probe.host, x->ct.state.pid, e);

		if (beside < 0)
			return err_wrap(e, "the container's cgroup takes no processes");
		args.cgroup = (uint64_t)beside;
		x->pid = sys_clone3(&args);
	}
	if (x->pid == 0) {
		close(our_end);
		child_exec_main(&x->plan);
	}
	if (x->pid < 0)
		return err_sys(e, "clone the new process");
	x->pidfd = pidfd;
	return 0;
}

static int spawn(struct execution *x, struct err *e)
{
	auto_fd int back = FD_NONE;
	int pair[2];
	int r = sync_pair(pair, e);

	if (r < 0)
		return r;
	x->sync = pair[0];
	x->plan.sync = pair[1];
	r = visit_pid_ns(x, &back, e);
	if (r == 0)
		r = clone_into(x, pair[0], e);
	if (back >= 0 && setns(back, CLONE_NEWPID) < 0 && r == 0)
		r = err_sys(e, "return to the own pid namespace");
	fd_close(&x->plan.sync);
	return r == 0 && x->plan.stage ? spawn_take_staged(x->sync, &x->pid, &x->pidfd, e) : r;
}

static int converse(struct execution *x, struct err *e)
{
	struct start_ctx s = { .config = &x->config, .state = &x->ct.state, .pidfd = x->pidfd, .target_pid = x->pid };
	struct rt_create out = { .pid_file = x->req->pid_file, .pidfd_socket = x->req->pidfd_socket };
	int r = publish(&out, NULL, x->pid, x->pidfd, e);

	if (r == 0 && x->plan.handshake)
		r = sync_expect(x->sync, SYNC_READY, NULL, &x->master, e);
	if (r == 0 && x->master >= 0 && x->req->console_socket)
		r = send_console(x->req->console_socket, x->master, e);
	if (r == 0 && x->plan.handshake)
		r = sync_send(x->sync, SYNC_GO, 0, FD_NONE, e);
	return r < 0 ? r : start_follow(&s, x->sync, e);
}

static void undo(struct execution *x)
{
	if (x->pidfd < 0)
		return;
	(void)sys_pidfd_send_signal(x->pidfd, SIGKILL); /* it may be gone already */
	while (waitpid(x->pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (x->req->pid_file)
		(void)unlink(x->req->pid_file);
}

static int prepare(struct execution *x, struct err *e)
{
	rt_trace_phase(x->ctx->trace, "open the container");
	int r = open_container(x, e);

	rt_trace_phase(x->ctx->trace, "plan");
	if (r == 0)
		r = x->req->process_file ? process_of_file(x, e) : process_of_options(x, e);
	if (r == 0 && !x->stays && x->process->terminal && x->req->detach && !x->req->console_socket)
		r = err_set(
			e, ERR_USAGE, EINVAL, "cannot allocate tty if runc will detach without setting console socket");
	if (r == 0)
		r = open_cgroup(x, e);
	return r < 0 ? r : plan_exec(x, e);
}

static void execution_done(struct execution *x)
{
	if (x->ctx->ends_process)
		return;
	rt_container_done(&x->ct);
	runtime_config_done(&x->config);
	seccomp_filter_done(&x->filter);
	cg_done(&x->cg);
	rt_probe_done(&x->probe);
	arena_done(&x->arena);
	fd_close(&x->sync);
	fd_close(&x->pidfd);
	fd_close(&x->master);
	fd_close(&x->proc);
}

static int begin(struct execution *x, struct err *e)
{
	rt_trace_phase(x->ctx->trace, "spawn");
	int r = spawn(x, e);

	rt_trace_phase(x->ctx->trace, "start");
	if (r == 0)
		r = converse(x, e);
	if (r < 0)
		undo(x);
	return r;
}

static int go(struct execution *x, struct rt_relay *relay, int *ret_status, struct err *e)
{
	int r = begin(x, e);

	if (r < 0)
		return r;
	*ret_status = 0;
	if (x->req->detach)
		return 0;
	rt_trace_phase(x->ctx->trace, "the program");
	struct rt_relay_child ch = {
		.pid = x->pid, .pidfd = x->pidfd, .master = x->req->console_socket ? FD_NONE : x->master
	};
	return rt_relay_wait(relay, &ch, ret_status, e);
}

static struct execution execution_of(struct rt_context *ctx, const struct rt_exec *req)
{
	struct execution x = { .ctx = ctx, .req = req, .ct = RT_CONTAINER_INIT };

	x.sync = x.pidfd = x.master = x.proc = x.plan.sync = FD_NONE;
	cg_init(&x.cg);
	rt_probe_init(&x.probe);
	return x;
}

int rt_exec(struct rt_context *ctx, const struct rt_exec *req, int *ret_status, struct err *e)
{
	struct execution x = execution_of(ctx, req);
	struct rt_relay relay = { .blocked = false };
	int r;

	r = prepare(&x, e);
	if (r == 0 && !req->detach)
		r = rt_relay_begin(&relay, e);
	if (r == 0)
		r = go(&x, &relay, ret_status, e);
	if (relay.blocked)
		rt_relay_end(&relay);
	execution_done(&x);
	return r;
}

int rt_exec_launch(struct rt_context *ctx, const struct rt_exec *req, struct rt_execed *ret, struct err *e)
{
	struct execution x = execution_of(ctx, req);
	int r;

	x.stays = true;
	r = prepare(&x, e);
	if (r == 0)
		r = begin(&x, e);
	if (r == 0)
		*ret = (struct rt_execed){ .pid = x.pid, .pidfd = fd_steal(&x.pidfd), .master = fd_steal(&x.master) };
	execution_done(&x);
	return r;
}
