/* Writing a container to disk. criu does the work; we tell it what lies outside the container, and delete the
 * container when its processes are gone. */
#include "runtime/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "runtime/criuopts.h"
#include "runtime/delete.h"
#include "runtime/probe.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/proc.h"

static const char log_name[] = "dump.log";

struct dump {
	struct rt_context *ctx;
	const struct rt_criu *q;
	struct rt_container ct;
	struct runtime_config config;
	struct rt_probe probe;
	struct criu_dirs dirs;
	struct criu_run run;
	struct buf opts;
	int root; /* of the container's first process */
};

static int check_features(struct dump *d, struct err *e)
{
	bool mem_track = false, lazy = false;

	if (!d->q->pre_dump && !d->q->lazy_pages)
		return 0;
	if (criu_check_features(d->run.path, &mem_track, &lazy, e) < 0)
		return -e->num;
	if (d->q->pre_dump && !mem_track)
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
			"criu is missing features: this kernel does not track memory "
			"changes, which --pre-dump needs");
	if (d->q->lazy_pages && !lazy)
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
			"criu is missing features: no userfaultfd, which --lazy-pages needs");
	return 0;
}

static int add_page_server(struct dump *d, struct err *e)
{
	AUTO(buf) struct buf inner = BUF_INIT;
	const char *at = d->q->page_server, *colon = at ? strrchr(at, ':') : NULL;
	char address[256];
	uint64_t port;

	if (!str_len(at))
		return 0;
	if (!colon || colon == at || !parse_u64(colon + 1, 65535, &port) || port == 0 ||
		!fmt_fits(address, sizeof(address), "%.*s", (int)(colon - at), at))
		return err_set(e, ERR_USAGE, EINVAL, "invalid value \"%.64s\" for --page-server: use ADDRESS:PORT", at);
	pb_str(&inner, 1, address);
	pb_int(&inner, 2, (int64_t)port);
	pb_bytes(&d->opts, CRIU_PAGE_SERVER, inner.data, inner.len);
	return buf_err(&inner, e);
}

/* A namespace that config.json gave a path to is somebody else's: criu is told to leave it alone. */
static int add_external_namespaces(struct dump *d, struct err *e)
{
	static const struct {
		enum rc_ns kind;
		const char *file, *name;
	} kinds[] = { { RC_NS_NET, "net", "extRootNetNS" }, { RC_NS_PID, "pid", "extRootPidNS" } };
	char path[64], text[64];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!str_len(d->config.linux_.ns[kinds[i].kind].path))
			continue;
		fmt_to(path, sizeof(path), "/proc/%d/ns/%s", (int)d->ct.state.pid, kinds[i].file);
		if (fstatat(AT_FDCWD, path, &st, 0) < 0)
			return err_sys(e, "look at %s", path);
		fmt_to(text, sizeof(text), "%s[%llu]:%s", kinds[i].file, (unsigned long long)st.st_ino, kinds[i].name);
		pb_str(&d->opts, CRIU_EXTERNAL, text);
	}
	return 0;
}

static void add_freezer(struct dump *d)
{
	const char *cgroup = d->ct.state.cgroup_path;
	int hier = cg_hier_of(&d->probe.host, CG_FREEZER);
	char path[PATH_MAX];

	if (!str_len(cgroup) || hier < 0)
		return;
	const char *dir = d->probe.host.hier[hier].dir;
	if (fmt_fits(path, sizeof(path), "%s%s%s", dir[0] == '/' ? "" : "/sys/fs/cgroup/", dir, cgroup))
		pb_str(&d->opts, CRIU_FREEZE_CGROUP, path);
}

static int build_opts(struct dump *d, struct err *e)
{
	const struct rt_criu *q = d->q;
	struct criu_mounts m = { .config = &d->config,
		.host = &d->probe.host,
		.cgroup_path = d->ct.state.cgroup_path,
		.bundle = d->ct.state.bundle,
		.root = d->root };

	if (criu_opts_common(q, &d->config, log_name, &d->opts, e) < 0)
		return -e->num;
	pb_int(&d->opts, CRIU_PID, d->ct.state.pid);
	pb_str(&d->opts, CRIU_ROOT, d->ct.state.rootfs);
	if (q->leave_running)
		pb_int(&d->opts, CRIU_LEAVE_RUNNING, 1);
	if (q->tcp_skip_in_flight)
		pb_int(&d->opts, CRIU_TCP_SKIP_IN_FLIGHT, 1);
	if (q->link_remap)
		pb_int(&d->opts, CRIU_LINK_REMAP, 1);
	if (str_len(q->parent_path))
		pb_str(&d->opts, CRIU_PARENT_IMG, q->parent_path);
	if (str_len(q->parent_path) || q->pre_dump)
		pb_int(&d->opts, CRIU_TRACK_MEM, 1);
	add_freezer(d);
	if (add_page_server(d, e) < 0 || add_external_namespaces(d, e) < 0)
		return -e->num;
	if (criu_opts_mounts(&m, &d->opts, e) < 0)
		return -e->num;
	return buf_err(&d->opts, e);
}

/* Which pipes its stdio were: whoever restores gives it others in their place. The name is known to other runtimes. */
static int write_descriptors(struct dump *d, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	char path[64], target[PATH_MAX];

	for (int i = 0; i < 3; i++) {
		struct err ignored = ERR_NONE; /* closed: nothing to connect */

		fmt_to(path, sizeof(path), "/proc/%d/fd/%d", (int)d->ct.state.pid, i);
		if (path_readlink(AT_FDCWD, path, target, sizeof(target), &ignored) < 0)
			target[0] = '\0';
		buf_str(&b, i ? "," : "[");
		buf_json_str(&b, target);
	}
	buf_str(&b, "]");
	if (buf_err(&b, e) < 0)
		return -e->num;
	auto_fd int fd =
		openat(d->dirs.image, "descriptors.json", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create %s/descriptors.json", d->dirs.image_path);
	return io_write_all(fd, b.data, b.len, e);
}

static int open_root(struct dump *d, struct err *e)
{
	char path[32];
	bool alive = false;

	fmt_to(path, sizeof(path), "/proc/%d/root", (int)d->ct.state.pid);
	d->root = path_open_host(path, O_PATH | O_DIRECTORY, 0, e);
	if (d->root < 0 || proc_signal(d->ct.pidfd, 0, &alive, e) < 0)
		return -e->num;
	return alive ? 0 : err_set(e, ERR_NOT_FOUND, ESRCH, "container not running");
}

static int open_all(struct dump *d, const char *id, struct err *e)
{
	if (rt_container_open_whole(d->ctx, id, RT_LOCKED, &d->ct, e) < 0)
		return -e->num;
	if (d->ct.status != RT_RUNNING && d->ct.status != RT_PAUSED)
		return err_set(e, ERR_CONFLICT, EINVAL, "container not running: cannot checkpoint a %s container",
			rt_status_names[d->ct.status]);
	if (criu_find(&d->run, e) < 0 || rt_container_config(&d->ct, &d->config, e) < 0)
		return -e->num;
	if (check_features(d, e) < 0 || rt_probe_host(&d->probe, e) < 0 || open_root(d, e) < 0)
		return -e->num;
	return criu_dirs_open(d->q, true, &d->dirs, e);
}

/* criu 3.15: tells when a lazy dump can be connected to; what waits on --status-fd reads one byte. */
static int on_notify(void *arg, const struct criu_answer *a, int *take_fd, struct err *e)
{
	struct dump *d = arg;

	(void)take_fd;
	if (!str_eq(a->script, "status-ready") || d->q->status_fd < 0)
		return 0;
	return io_write_all(d->q->status_fd, "", 1, e);
}

static int run(struct dump *d, struct err *e)
{
	struct criu_start s = { .std = { FD_NONE, FD_NONE, FD_NONE },
		.cgroup_fd = FD_NONE,
		.image_path = d->dirs.image_path,
		.work_path = d->dirs.work_path };
	const struct criu_listener listener = { on_notify, d };
	struct criu_answer a;

	if (!d->q->pre_dump && write_descriptors(d, e) < 0)
		return -e->num;
	if (build_opts(d, e) < 0 || criu_begin(&d->run, &s, e) < 0)
		return -e->num;
	if (criu_request(&d->run, d->q->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, &d->opts, &listener, &a, e) < 0) {
		criu_add_log(d->dirs.work, log_name, d->dirs.work_path, e);
		return -e->num;
	}
	/* After a pre-dump criu waits for the dump proper, which will be another run: criu_done() ends it. */
	return d->q->pre_dump ? 0 : criu_end(&d->run, e);
}

enum { END_MS = 5000 };

static int delete (struct dump *d, struct err *e)
{
	if (proc_wait_gone(d->ct.pidfd, END_MS, e) < 0)
		return -e->num;
	return rt_destroy(d->ctx, &d->probe.host, d->ct.state_fd, &d->ct.state, &d->config.hooks[RC_HOOK_POSTSTOP], e);
}

int rt_checkpoint(struct rt_context *c, const char *id, const struct rt_criu *q, struct err *e)
{
	struct dump d = { .ctx = c,
		.q = q,
		.ct = RT_CONTAINER_INIT,
		.dirs = { FD_NONE, FD_NONE, NULL, NULL },
		.run = CRIU_RUN_INIT,
		.opts = BUF_INIT,
		.root = FD_NONE };

	rt_probe_init(&d.probe);
	if (open_all(&d, id, e) == 0 && run(&d, e) == 0 && !q->leave_running && !q->pre_dump)
		err_told(delete (&d, e));
	criu_done(&d.run);
	criu_dirs_done(&d.dirs);
	buf_done(&d.opts);
	fd_close(&d.root);
	rt_probe_done(&d.probe);
	runtime_config_done(&d.config);
	rt_container_done(&d.ct);
	return e->num ? err_wrap(e, "checkpoint %s", id) : 0;
}
