/* Bringing a container back from disk: the same record keeping as for a new one (creation.h), with criu in the place
 * of our child. criu runs inside the container's cgroup and in a mount namespace of its own, so that whatever
 * ends it leaves no mount behind; the restored first process becomes our child. */
#include "runtime/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "ns/kinds.h"
#include "runtime/creation.h"
#include "runtime/criuopts.h"
#include "runtime/delete.h"
#include "runtime/relay.h"
#include "runtime/start.h"
#include "spec/json.h"
#include "sys/call.h"
#include "sys/io.h"
#include "sys/path.h"

enum { MAX_DESCRIPTORS = 4096, MAX_CGROUP_FILE = 1 << 16, N_EXTERNAL = 2 };

static const char log_name[] = "restore.log";
static const char root_name[] = "criu-root";

struct restore {
	struct creation c;
	const struct rt_criu *q;
	struct criu_dirs dirs;
	struct criu_run run;
	struct buf opts;
	int rootfs;
	int ns[N_EXTERNAL];
	size_t n_ns;
	char mounted_root[PATH_MAX];
};

/* --- options ---------------------------------------------------------------------------------------------- */

static void add_inherited(struct buf *b, const char *key, int fd)
{
	AUTO(buf) struct buf inner = BUF_INIT;

	pb_str(&inner, 1, key);
	pb_int(&inner, 2, fd);
	if (inner.failed)
		b->failed = true;
	else
		pb_bytes(b, CRIU_INHERIT_FD, inner.data, inner.len);
}

/* Pipes that were its stdio become ours. Written by write_descriptors() of checkpoint.c, and by other runtimes. */
static int add_stdio(struct restore *r, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct json *list;
	int fd = 0;

	if (io_read_file_at(r->dirs.image, "descriptors.json", MAX_DESCRIPTORS, &text, e) < 0 ||
		json_parse(text.data ? text.data : "", text.len, &arena, &list, e) < 0)
		return err_wrap(e, "%s/descriptors.json", r->dirs.image_path);
	if (list->kind != JSON_KIND_ARRAY)
		return err_set(e, ERR_CORRUPT, EINVAL, "%s/descriptors.json: not a list", r->dirs.image_path);
	for (const struct json *v = list->first; v && fd < 3; v = v->next, fd++)
		if (v->kind == JSON_KIND_STRING && strstr(v->text, "pipe:"))
			add_inherited(&r->opts, v->text, fd);
	return 0;
}

static int add_namespaces(struct restore *r, struct err *e)
{
	static const char *const external[RC_N_NS] = { [RC_NS_NET] = "extRootNetNS", [RC_NS_PID] = "extRootPidNS" };
	static const char *const joined[RC_N_NS] = { [RC_NS_MNT] = "mnt",
		[RC_NS_IPC] = "ipc",
		[RC_NS_UTS] = "uts",
		[RC_NS_USER] = "user",
		[RC_NS_TIME] = "time" };

	for (int k = 0; k < RC_N_NS; k++) {
		const char *path = r->c.config.linux_.ns[k].path;

		if (!str_len(path))
			continue;
		if (external[k]) {
			int fd = ns_open_checked(path, (enum rc_ns)k, e);
			if (fd < 0)
				return err_wrap(e, "config.json: /linux/namespaces: %s", rc_ns_names[k]);
			add_inherited(&r->opts, external[k], CRIU_FIRST_FD + (int)r->n_ns);
			r->ns[r->n_ns++] = fd;
		} else if (joined[k]) {
			pb_pair(&r->opts, CRIU_JOIN_NS, joined[k], path);
		} else {
			return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
				"config.json: /linux/namespaces: criu cannot restore into a %s namespace by path",
				rc_ns_names[k]);
		}
	}
	return 0;
}

/* Where criu itself is in each hierarchy is where it is to put what it restores. */
static int add_cgroup_roots(struct restore *r, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	char path[32], *save;

	fmt_to(path, sizeof(path), "/proc/%d/cgroup", (int)r->run.pid);
	if (io_read_file_at(AT_FDCWD, path, MAX_CGROUP_FILE, &text, e) < 0)
		return -e->num;
	for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':'), *at = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!at)
			continue;
		*at = '\0';
		pb_pair(&r->opts, CRIU_CG_ROOT, controllers + 1, at + 1);
	}
	return 0;
}

static int build_opts(struct restore *r, struct err *e)
{
	const struct rt_criu *q = r->q;
	struct criu_mounts m = { .config = &r->c.config,
		.host = &r->c.cg_host,
		.cgroup_path = r->c.state.cgroup_path,
		.bundle = r->c.bundle,
		.root = r->rootfs,
		.root_path = r->c.plan.child.rootfs };

	if (criu_opts_common(q, &r->c.config, log_name, &r->opts, e) < 0)
		return -e->num;
	pb_str(&r->opts, CRIU_ROOT, r->mounted_root);
	pb_int(&r->opts, CRIU_EVASIVE_DEVICES, 1);
	pb_int(&r->opts, CRIU_RST_SIBLING, 1);
	if (q->tcp_close)
		pb_int(&r->opts, CRIU_TCP_CLOSE, 1);
	if (str_len(q->lsm_profile))
		pb_str(&r->opts, CRIU_LSM_PROFILE, q->lsm_profile);
	if (str_len(q->lsm_mount_context))
		pb_str(&r->opts, CRIU_LSM_MOUNT_CONTEXT, q->lsm_mount_context);
	if (add_stdio(r, e) < 0 || add_namespaces(r, e) < 0)
		return -e->num;
	return criu_opts_mounts(&m, &r->opts, e);
}

/* --- what criu tells us ------------------------------------------------------------------------------------- */

static int host_hooks(struct restore *r, pid_t pid, struct err *e)
{
	AUTO(buf) struct buf doc = BUF_INIT;
	struct rt_hook_io io;

	if (creation_state_json(&r->c, RT_CREATING, pid, &doc, e) < 0 ||
		rt_hook_io_open(&r->c.config.annotations, r->c.bundle_fd, &io, e) < 0)
		return -e->num;
	for (int s = RC_HOOK_PRESTART; s <= RC_HOOK_CREATE_RUNTIME && !e->num; s++)
		err_told(rt_hooks_run(&r->c.config.hooks[s], (enum rc_hook_stage)s, doc.data, doc.len, &io, e));
	rt_hook_io_done(&io);
	return e->num ? -e->num : 0;
}

static int take_process(struct restore *r, pid_t pid, struct err *e)
{
	r->c.pid = pid;
	r->c.pidfd = sys_pidfd_open(pid, 0); /* our child by CRIU_RST_SIBLING, so the number is its own */
	if (r->c.pidfd < 0) {
		r->c.pidfd = FD_NONE;
		return err_sys(e, "open a pidfd of the restored process");
	}
	return creation_record(&r->c, e);
}

static int on_notify(void *arg, const struct criu_answer *a, int *take_fd, struct err *e)
{
	struct restore *r = arg;

	if (str_eq(a->script, "setup-namespaces"))
		return host_hooks(r, a->pid, e);
	if (str_eq(a->script, "post-restore"))
		return take_process(r, a->pid, e);
	if (str_eq(a->script, "orphan-pts-master") && *take_fd >= 0) {
		fd_close(&r->c.master);
		r->c.master = fd_steal(take_fd);
	}
	return 0;
}

/* --- the run -------------------------------------------------------------------------------------------------- */

static int prepare_root(struct restore *r, struct err *e)
{
	struct rt_plan_in in = { .ctx = r->c.ctx,
		.req = r->c.req,
		.config = &r->c.config,
		.bundle = r->c.bundle,
		.bundle_fd = r->c.bundle_fd };
	char root[PATH_MAX];

	if (plan_rootfs(&in, &r->c.plan, e) < 0)
		return -e->num;
	r->c.state.rootfs = (char *)r->c.plan.child.rootfs;
	r->c.plan.child.in_userns = r->c.config.linux_.ns[RC_NS_USER].present;
	r->rootfs = path_open_host(r->c.plan.child.rootfs, O_PATH | O_DIRECTORY, 0, e);
	if (r->rootfs < 0)
		return err_wrap(e, "config.json: /root/path");
	if (path_absolute(r->c.ctx->root_path, root, e) < 0)
		return -e->num;
	if (!fmt_fits(r->mounted_root, sizeof(r->mounted_root), "%s/%s/%s", root, r->c.req->id, root_name))
		return err_num(e, ENAMETOOLONG, "%.64s…", root);
	return mkdirat(r->c.state_fd, root_name, 0700) < 0 ? err_sys(e, "make %s", r->mounted_root) : 0;
}

static int begin(struct restore *r, struct err *e)
{
	struct criu_start s = { .std = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
		.image_path = r->dirs.image_path,
		.work_path = r->dirs.work_path,
		.fds = r->ns,
		.n_fds = r->n_ns,
		.cgroup_fd = r->c.cg.dir_fd,
		.join = &r->c.cg.join,
		.root_from = r->c.plan.child.rootfs,
		.root_to = r->mounted_root };

	if (criu_begin(&r->run, &s, e) < 0)
		return -e->num;
	if (r->c.ctx->manager == RT_SYSTEMD) {
		r->c.pid = r->run.pid;
		if (creation_scope(&r->c, e) < 0)
			return -e->num;
	}
	if (creation_limits(&r->c, e) < 0 || creation_devices(&r->c, e) < 0 || add_cgroup_roots(r, e) < 0)
		return -e->num;
	return buf_err(&r->opts, e);
}

static int run(struct restore *r, struct err *e)
{
	const struct criu_listener listener = { on_notify, r };
	struct criu_answer a;

	if (criu_find(&r->run, e) < 0 || criu_dirs_open(r->q, false, &r->dirs, e) < 0 || prepare_root(r, e) < 0)
		return -e->num;
	if (build_opts(r, e) < 0 || begin(r, e) < 0)
		return -e->num;
	if (criu_request(&r->run, CRIU_RESTORE, &r->opts, &listener, &a, e) < 0) {
		criu_add_log(r->dirs.work, log_name, r->dirs.work_path, e);
		return -e->num;
	}
	if (criu_end(&r->run, e) < 0)
		return -e->num;
	(void)unlinkat(r->c.state_fd, root_name, AT_REMOVEDIR); /* delete would do it, too */
	return r->c.pidfd >= 0 ? 0 : err_set(e, ERR_SYSTEM, EPROTO, "criu did not tell which process it restored");
}

static int announce(struct restore *r, struct err *e)
{
	struct start_ctx s = { .config = &r->c.config, .state = &r->c.state, .pidfd = r->c.pidfd };

	if (r->c.master >= 0 && r->c.req->console_socket && send_console(r->c.req->console_socket, r->c.master, e) < 0)
		return -e->num;
	r->c.published = true;
	if (publish(r->c.req, rc_annotation(&r->c.config, "run.oci.pidfd_receiver"), r->c.pid, r->c.pidfd, e) < 0)
		return -e->num;
	return start_poststart(&s, e);
}

static void restore_done(struct restore *r)
{
	criu_done(&r->run);
	criu_dirs_done(&r->dirs);
	buf_done(&r->opts);
	fd_close(&r->rootfs);
	for (size_t i = 0; i < r->n_ns; i++)
		fd_close(&r->ns[i]);
	creation_done(&r->c);
}

/* The foreground: follow it to its end, then delete it. */
static int stay(struct restore *r, struct rt_relay *relay, int *ret_status, struct err *e)
{
	const struct rt_create *req = r->c.req;
	struct rt_relay_child ch = { .pid = r->c.pid,
		.pidfd = r->c.pidfd,
		.master = req->console_socket ? FD_NONE : r->c.master,
		.reap_others = !req->no_subreaper };

	if (rt_relay_wait(relay, &ch, ret_status, e) < 0 || req->keep)
		return e->num ? -e->num : 0;
	if (rt_state_lock(r->c.state_fd, e) == -ENOENT) { /* somebody deleted it meanwhile */
		err_clear(e);
		return 0;
	}
	return e->num ? -e->num
		      : rt_destroy(r->c.ctx, &r->c.cg_host, r->c.state_fd, &r->c.state,
				&r->c.config.hooks[RC_HOOK_POSTSTOP], e);
}

int rt_restore(
	struct rt_context *ctx, const struct rt_create *req, const struct rt_criu *q, int *ret_status, struct err *e)
{
	struct restore r = { .c = { .ctx = ctx, .req = req, .started = true, .restored = true },
		.q = q,
		.dirs = { FD_NONE, FD_NONE, NULL, NULL },
		.run = CRIU_RUN_INIT,
		.opts = BUF_INIT,
		.rootfs = FD_NONE };
	struct rt_relay relay = { .blocked = false };
	bool stays = !req->detach;

	*ret_status = 0;
	if ((!stays || rt_relay_begin(&relay, e) == 0) && creation_open(&r.c, false, e) == 0) {
		if (run(&r, e) < 0 || announce(&r, e) < 0) {
			criu_done(&r.run); /* it may hold the cgroup */
			creation_undo(&r.c);
		} else {
			rt_state_unlock(r.c.state_fd);
			if (stays)
				err_told(stay(&r, &relay, ret_status, e));
		}
	}
	restore_done(&r);
	rt_relay_end(&relay);
	return e->num ? err_wrap(e, "restore %s", req->id) : 0;
}
