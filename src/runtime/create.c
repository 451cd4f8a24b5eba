/* Creating a container. Whatever is left outside this process is recorded first (the claim of the id, the mark of the
 * cgroup), so that a SIGKILL at any instruction leaves what `delete --force` can clear. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "base/units.h"
#include "cg/scope.h"
#include "mnt/idmapped.h"
#include "net/link.h"
#include "ns/kinds.h"
#include "rdt/rdt.h"
#include "runtime/creation.h"
#include "runtime/delete.h"
#include "runtime/notify_proxy.h"
#include "runtime/state.h"
#include "runtime/sync.h"
#include "runtime/trace.h"
#include "sec/rlimit.h"
#include "sys/atomic_file.h"
#include "sys/call.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/proc.h"
#include "sys/unixsock.h"

enum { CONFIG_MAX = 16 << 20 };

static void creation_init(struct creation *c)
{
	c->bundle_fd = c->state_fd = c->sync = c->pidfd = c->master = FD_NONE;
	c->cg_host.root = FD_NONE;
	cg_init(&c->cg);
	plan_init(&c->plan);
}

void creation_done(struct creation *c)
{
	if (c->ctx->ends_process)
		return;
	plan_done(&c->plan);
	if (c->scope_path)
		(void)munmap(c->scope_path, CG_PATH_SIZE); /* a mapping of our own always can be given up */
	cg_done(&c->cg);
	cg_host_done(&c->cg_host);
	runtime_config_done(&c->config);
	rt_state_done(&c->state);
	buf_done(&c->text);
	fd_close(&c->bundle_fd);
	fd_close(&c->state_fd);
	fd_close(&c->sync);
	fd_close(&c->pidfd);
	fd_close(&c->master);
}

/* --- before anything is made -------------------------------------------------------------------- */

static int parse_config(struct creation *c, struct err *e)
{
	int r = runtime_config_read(c->text.data, c->text.len, NULL, false, &c->config, e);

	return r < 0 ? r : plan_check(&c->config, e);
}

static int read_config(struct creation *c, struct err *e)
{
	const char *name = c->req->config ? c->req->config : "config.json";
	int r = path_absolute(c->req->bundle ? c->req->bundle : ".", c->bundle, e);

	if (r < 0)
		return r;
	c->bundle_fd = path_open_host(c->bundle, O_RDONLY | O_DIRECTORY, 0, e);
	if (c->bundle_fd < 0)
		return err_wrap(e, "bundle");
	if (c->req->text) {
		buf_add(&c->text, c->req->text->data, c->req->text->len);
		r = buf_err(&c->text, e);
		return r < 0 ? r : parse_config(c, e);
	}
	auto_fd int fd = openat(c->bundle_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_sys(e, "open %s/%s", c->bundle, name);
	if (io_read_all(fd, CONFIG_MAX, &c->text, e) < 0)
		return err_wrap(e, "%s/%s", c->bundle, name);
	return parse_config(c, e);
}

static int check_process(const struct creation *c, bool separate_start, struct err *e)
{
	const struct rc_process *p = c->config.process;
	bool detached = separate_start || (c->req->detach && !c->stays);

	if (!p)
		return separate_start
			? 0
			: err_set(e, ERR_CONFIG, EINVAL, "config.json: /process: missing, there is nothing to run");
	if (p->terminal && detached && !c->req->console_socket) {
		err_set(e, ERR_USAGE, EINVAL, "cannot allocate tty if runc will detach without setting console socket");
		return err_hint(e, "use --console-socket");
	}
	if (!p->terminal && c->req->console_socket)
		return err_set(
			e, ERR_USAGE, EINVAL, "cannot use console socket if runc will not detach or allocate tty");
	return 0;
}

/* --- state -------------------------------------------------------------------------------------- */

static int fill_state(struct creation *c, struct err *e)
{
	struct rt_state *s = &c->state;
	char when[RFC3339_SIZE], boot[PROC_BOOT_ID_SIZE] = "";
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	rfc3339_format(&now, when);
	int r = rt_state_may_outlive_boot(c->ctx) ? proc_boot_id(boot, e) : 0;
	if (r < 0)
		return r;
	s->id = arena_dup(&s->arena, c->req->id);
	s->bundle = arena_dup(&s->arena, c->bundle);
	s->created = arena_dup(&s->arena, when);
	s->boot_id = boot[0] ? arena_dup(&s->arena, boot) : NULL;
	s->uid = (uint32_t)getauxval(AT_EUID); /* as geteuid(2), without a call */
	s->manager = c->ctx->manager;
	s->annotations = c->config.annotations;
	for (int k = 0; k < RC_N_NS; k++)
		s->namespaces |= c->config.linux_.ns[k].present ? 1U << k : 0;
	s->has_user_ns = c->config.linux_.ns[RC_NS_USER].present;
	s->has_poststop = c->config.hooks[RC_HOOK_POSTSTOP].n > 0;
	return s->id && s->bundle && s->created && (s->boot_id || !boot[0]) ? 0 : err_oom(e, "the container's state");
}

static int claim(struct creation *c, struct err *e)
{
	c->state_fd = rt_state_claim(c->ctx, c->req->id, e);
	if (c->state_fd < 0)
		return c->state_fd;
	auto_fd int fd = openat(c->state_fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create config.json in the state directory");
	return io_write_all(fd, c->text.data, c->text.len, e) < 0
		? err_wrap(e, "copy config.json to the state directory")
		: 0;
}

int creation_record(struct creation *c, struct err *e)
{
	struct proc_stat st;
	bool found;
	int r = proc_stat(c->pid, &found, &st, e);

	if (r < 0)
		return r;
	c->state.pid = c->pid;
	c->state.start_ticks = found ? st.start_ticks : 0;
	c->state.rootfs = arena_dup(&c->state.arena, c->plan.child.rootfs);
	c->state.started = c->started;
	c->state.restored = c->restored;
	return c->state.rootfs ? rt_state_save(c->state_fd, &c->state, e) : err_oom(e, "the container's state");
}

int creation_state_json(const struct creation *c, enum rt_status status, pid_t pid, struct buf *ret, struct err *e)
{
	rt_state_document(&c->state, status, pid, ret);
	return buf_err(ret, e);
}

/* --- the child ---------------------------------------------------------------------------------- */

static int listen_start(struct creation *c, bool separate_start, struct err *e)
{
	if (!separate_start)
		return 0;
	c->plan.child.start_listen = unix_listen_at(c->state_fd, "start.sock", SOCK_SEQPACKET, 0600, e);
	return c->plan.child.start_listen < 0 ? err_wrap(e, "start socket") : 0;
}

/* In a user namespace the child cannot raise a limit any more; lowering it does itself, last of all. */
static int raise_rlimits(struct creation *c, struct err *e)
{
	const struct rc_process *p = c->config.process;

	for (size_t i = 0; p && c->plan.child.in_userns && i < p->n_rlimits; i++) {
		struct rlimit have;

		if (prlimit(c->pid, (enum __rlimit_resource)p->rlimits[i].resource, NULL, &have) < 0)
			return err_sys(e, "read a limit of the container's first process");
		int r = p->rlimits[i].hard > have.rlim_max ? rlimit_apply(c->pid, &p->rlimits[i], 1, e) : 0;
		if (r < 0)
			return err_wrap(e, "config.json: /process/rlimits/%zu", i);
	}
	return 0;
}

/* What is idmapped through the container's own user namespace: the layers of its root, binds. The child has the binds'
 * descriptors since its birth; they are the same mounts. */
static int map_mounts(struct creation *c, int *ret_root_tree, struct err *e)
{
	struct child_plan *p = &c->plan.child;
	bool any = p->root_later;

	for (size_t i = 0; i < p->n_mounts; i++)
		any = any || p->mounts[i].idmap_own;
	if (!any)
		return 0;
	auto_fd int userns = ns_open_of(p->proc, c->pid, RC_NS_USER, e);
	if (userns < 0)
		return userns;
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].idmap_own &&
			mnt_idmap_apply(p->mounts[i].tree, userns, p->mounts[i].idmap_recursive, e) < 0)
			return err_wrap(e, "config.json: /mounts/%zu (%s)", i, p->mounts[i].doc->destination);
	if (!p->root_later)
		return 0;
	*ret_root_tree = c->req->root->make(c->req->root->arg, userns, e);
	return *ret_root_tree < 0 ? err_wrap(e, "root filesystem") : 0;
}

/* What a blocked child waits for: its maps, its scope. */
static int let_begin(struct creation *c, struct err *e)
{
	int r = 0;

	if (!c->plan.child.wait_maps)
		return 0;
	if (c->plan.maps)
		r = ns_idmap_write(c->plan.maps, c->plan.child.proc, c->pid, e);
	auto_fd int root_tree = FD_NONE;
	if (r == 0 && c->plan.maps)
		r = map_mounts(c, &root_tree, e);
	if (r == 0 && c->ctx->manager == RT_SYSTEMD)
		r = creation_scope(c, e);
	return r < 0 ? r : sync_send(c->sync, SYNC_GO, 0, root_tree, e);
}

static int move_net_devices(struct creation *c, struct err *e)
{
	const struct rc_linux *l = &c->config.linux_;

	if (!l->n_net_devices)
		return 0;
	auto_fd int ns = ns_open_of(c->plan.child.proc, c->pid, RC_NS_NET, e);
	for (size_t i = 0; ns >= 0 && i < l->n_net_devices; i++)
		if (net_link_move(l->net_devices[i].host_name, l->net_devices[i].container_name, ns, e) < 0)
			return err_wrap(e, "config.json: /linux/netDevices");
	return ns < 0 ? ns : 0;
}

static int run_host_hooks(struct creation *c, struct err *e)
{
	AUTO(buf) struct buf doc = BUF_INIT, creating = BUF_INIT;
	struct rt_hook_io io = c->plan.hook_io;
	const struct rc_hook_list *hooks = c->config.hooks;
	int r = 0;

	io.dir = c->bundle_fd;
	/* The deprecated prestart hooks were once part of start, and are told so, as by crun. */
	if (hooks[RC_HOOK_PRESTART].n)
		r = creation_state_json(c, RT_CREATED, c->pid, &doc, e);
	if (r == 0)
		r = rt_hooks_run(&hooks[RC_HOOK_PRESTART], RC_HOOK_PRESTART, doc.data, doc.len, &io, e);
	if (r == 0 && hooks[RC_HOOK_CREATE_RUNTIME].n)
		r = creation_state_json(c, RT_CREATING, c->pid, &creating, e);
	if (r == 0)
		r = rt_hooks_run(
			&hooks[RC_HOOK_CREATE_RUNTIME], RC_HOOK_CREATE_RUNTIME, creating.data, creating.len, &io, e);
	return r;
}

/* Nothing is left to be done between the child's READY and our GO: then GO waits for the child, not the child for GO,
 * which spares it a sleep and us a wake-up. `create` is apart: its caller goes on in between. */
static bool may_go_at_once(const struct creation *c, bool separate_start)
{
	const struct rc_process *p = c->config.process;

	return !separate_start && !c->plan.child.hooks_runtime && !(p && p->terminal) && c->cg_host.mode == CG_V2 &&
		!c->req->pid_file && !c->req->pidfd_socket && !c->req->notify_socket &&
		!rc_annotation(&c->config, "run.oci.pidfd_receiver");
}

/* The child reports; what it reports is a message of the table in docs/child.md. */
static int wait_ready(struct creation *c, struct err *e)
{
	int r;

	if (c->plan.child.no_ready) { /* of a child that died meanwhile whoever waits for the execution will hear */
		if (creation_go(c, e) < 0)
			err_clear(e);
		return 0;
	}

	if (c->plan.child.hooks_runtime) {
		r = sync_expect(c->sync, SYNC_NS_READY, NULL, NULL, e);
		if (r == 0)
			r = run_host_hooks(c, e);
		if (r == 0)
			r = sync_send(c->sync, SYNC_GO, 0, FD_NONE, e);
		if (r < 0)
			return r;
	}
	r = sync_expect(c->sync, SYNC_READY, NULL, &c->master, e);
	/* On v1 everything is denied before the rules follow one by one: a child in between could not make its device
	 * nodes. The program of v2 takes effect in one piece, and lets it. */
	return r == 0 && c->cg_host.mode != CG_V2 ? creation_devices(c, e) : r;
}

static int join_rdt(struct creation *c, struct err *e)
{
	const struct rc_intel_rdt *want = c->config.linux_.intel_rdt;
	struct rdt_made made = { .path = "" };

	if (!want)
		return 0;
	auto_fd int root = rdt_open_root(e);
	int r = root < 0 ? root : rdt_create(root, want, c->req->id, &made, e);
	if (r == 0) {
		c->state.intel_rdt_path = arena_dup(&c->state.arena, made.path);
		r = rdt_add_pid(root, want, c->req->id, c->pid, e);
	}
	return r < 0 ? err_wrap(e, "config.json: /linux/intelRdt") : 0;
}

/* While the child mounts, the parent sets limits and writes the state: two processors, one latency. */
static int work_beside_child(struct creation *c, struct err *e)
{
	int r = let_begin(c, e);

	if (r == 0)
		r = creation_limits(c, e);
	if (r == 0 && c->cg_host.mode == CG_V2)
		r = creation_devices(c, e);
	if (r == 0)
		r = creation_delegate(c, e);
	if (r == 0)
		r = raise_rlimits(c, e);
	if (r == 0)
		r = move_net_devices(c, e);
	if (r == 0)
		r = join_rdt(c, e);
	if (r == 0)
		r = creation_record(c, e);
	return r;
}

static int plan_hook_docs(struct creation *c, struct buf *creating, struct buf *created, struct err *e)
{
	struct child_plan *p = &c->plan.child;
	int r = 0;

	/* A process in a pid namespace is pid 1 there; hooks in the child see it as such. */
	if (c->config.hooks[RC_HOOK_CREATE_CONTAINER].n)
		r = creation_state_json(c, RT_CREATING, 0, creating, e);
	if (r == 0 && c->config.hooks[RC_HOOK_START_CONTAINER].n)
		r = creation_state_json(c, RT_CREATED, 0, created, e);
	p->hook_state_creating = creating->data;
	p->hook_state_creating_len = creating->len;
	p->hook_state_created = created->data;
	p->hook_state_created_len = created->len;
	return r;
}

static int share_scope_path(struct creation *c, struct err *e)
{
	if (c->ctx->manager != RT_SYSTEMD)
		return 0;
	void *p = mmap(NULL, CG_PATH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return err_sys(e, "map memory for the scope's path");
	c->scope_path = p;
	return 0;
}

static int make_child(struct creation *c, bool separate_start, struct err *e)
{
	if (share_scope_path(c, e) < 0)
		return -e->num;
	AUTO(buf) struct buf creating = BUF_INIT, created = BUF_INIT;
	auto_fd int notify = c->req->notify_socket ? rt_notify_prepare(c->state_fd, e) : FD_NONE;
	struct rt_plan_in in = { .ctx = c->ctx,
		.req = c->req,
		.config = &c->config,
		.bundle = c->bundle,
		.bundle_fd = c->bundle_fd,
		.cg_host = &c->cg_host,
		.cg = c->cg_made ? &c->cg : NULL,
		.cg_path = c->scope_path ? c->scope_path : c->cg.path,
		.notify_dir = notify };
	rt_trace_phase(c->ctx->trace, "plan");
	int r = c->req->notify_socket && notify < 0 ? notify : plan_build(&in, &c->plan, e);

	c->state.rootfs = (char *)c->plan.child.rootfs;
	if (r == 0)
		r = plan_hook_docs(c, &creating, &created, e);
	if (r == 0)
		r = creation_delegated_sub(c, e);
	if (r == 0)
		r = listen_start(c, separate_start, e);
	rt_trace_phase(c->ctx->trace, "spawn");
	c->plan.child.no_ready = may_go_at_once(c, separate_start);
	if (r == 0)
		r = spawn_container(c, e);
	if (r < 0)
		return r;
	rt_trace_phase(c->ctx->trace, "limits and hooks");
	r = work_beside_child(c, e);
	if (r < 0) {
		/* A child that failed knows more than we do. */
		struct sync_msg m;
		struct err own = ERR_NONE;

		(void)sys_pidfd_send_signal(c->pidfd, SIGKILL); /* it may be gone already */
		if (sync_receive(c->sync, &m, NULL, &own) == 0 && m.type == SYNC_ERROR && m.err.num > 0)
			*e = m.err;
		return -e->num;
	}
	rt_trace_phase(c->ctx->trace, "wait until ready");
	return wait_ready(c, e);
}

int creation_open(struct creation *c, bool separate_start, struct err *e)
{
	creation_init(c);
	int r = rt_id_check(c->req->id, e);

	rt_trace_phase(c->ctx->trace, "read config.json");
	if (r == 0)
		r = read_config(c, e);
	if (r == 0)
		r = check_process(c, separate_start, e);
	if (r == 0)
		r = fill_state(c, e);
	rt_trace_phase(c->ctx->trace, "claim the id");
	if (r == 0)
		r = claim(c, e);
	if (r < 0 && c->state_fd < 0)
		return r;
	rt_trace_phase(c->ctx->trace, "make the cgroup");
	if (r == 0)
		r = creation_cgroup(c, e);
	if (r < 0)
		creation_undo(c);
	return r;
}

int creation_make(struct creation *c, bool separate_start, struct err *e)
{
	int r = creation_open(c, separate_start, e);

	if (r < 0)
		return r;
	r = make_child(c, separate_start, e);
	if (r == 0 && c->master >= 0 && c->req->console_socket)
		r = send_console(c->req->console_socket, c->master, e);
	if (r == 0) {
		rt_trace_phase(c->ctx->trace, "publish");
		c->published = true;
		r = publish(c->req, rc_annotation(&c->config, "run.oci.pidfd_receiver"), c->pid, c->pidfd, e);
	}
	if (r < 0)
		creation_undo(c);
	return r;
}

int creation_go(struct creation *c, struct err *e)
{
	int r = c->go_sent ? 0 : sync_send(c->sync, SYNC_GO, 0, FD_NONE, e);

	c->go_sent = true;
	return r;
}

void creation_undo(struct creation *c)
{
	struct err ignored = ERR_NONE; /* the error that counts is the one that brought us here */

	if (c->pidfd >= 0) {
		(void)sys_pidfd_send_signal(c->pidfd, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (!c->cg_made)
		c->state.cgroup_path = NULL;
	if (c->req->pid_file && c->published)
		(void)unlink(c->req->pid_file);
	if (c->state_fd >= 0 && rt_destroy(c->ctx, &c->cg_host, c->state_fd, &c->state, NULL, &ignored) < 0)
		log_warn("container %s: %s; \"delete --force\" clears the rest", c->req->id, ignored.msg);
}

int send_console(const char *console_socket, int master, struct err *e)
{
	static const char name[] = "/dev/ptmx";
	auto_fd int sock = unix_connect(console_socket, SOCK_STREAM, e);

	if (sock < 0 || unix_send(sock, name, sizeof(name) - 1, &master, 1, e) < 0)
		return err_wrap(e, "console socket");
	return 0;
}

/* A file on the host, named by the caller. */
int publish(const struct rt_create *req, const char *pidfd_receiver, pid_t pid, int pidfd, struct err *e)
{
	const char *pidfd_socket = req->pidfd_socket ? req->pidfd_socket : pidfd_receiver;
	char text[16];
	size_t n = fmt_to(text, sizeof(text), "%d", (int)pid);

	if (pidfd_socket) {
		auto_fd int sock = unix_connect(pidfd_socket, SOCK_STREAM, e);

		if (sock < 0 || unix_send(sock, "pidfd", 5, &pidfd, 1, e) < 0)
			return err_wrap(e, "pidfd socket");
	}
	if (!req->pid_file)
		return 0;
	struct atomic_how how = { 0644, ATOMIC_VOLATILE };
	return atomic_write(AT_FDCWD, req->pid_file, text, n, how, e) < 0 ? err_wrap(e, "pid file") : 0;
}

int rt_create(struct rt_context *ctx, const struct rt_create *req, struct err *e)
{
	struct creation c = { .ctx = ctx, .req = req };
	int r = creation_make(&c, true, e);

	if (r == 0) {
		rt_state_unlock(c.state_fd);
		r = creation_go(&c, e);
		if (r < 0)
			creation_undo(&c);
	}
	creation_done(&c);
	return r;
}
