/* A plan: namespaces, mounts and program of one container, ready for the child. */
#include "runtime/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "runtime/notify_proxy.h"
#include "sys/io.h"
#include "sys/path.h"

void plan_init(struct rt_plan *p)
{
	*p = (struct rt_plan){ .hook_io = RT_HOOK_IO_INIT, .rootfs_fd = FD_NONE };
	struct child_plan *c = &p->child;

	c->sync = c->proc = c->start_listen = c->delegated = FD_NONE;
	c->small_mnt_ns = c->host_mnt_ns = c->root_tree = c->dev_nodes = FD_NONE;
	for (int i = 0; i < CG_MAX_HIER; i++)
		c->cg_tree[i] = FD_NONE;
}

void plan_done(struct rt_plan *p)
{
	struct child_plan *c = &p->child;

	for (size_t i = 0; i < c->n_join; i++)
		fd_close(&c->join[i].fd);
	for (size_t i = 0; i < c->n_mounts; i++) {
		fd_close(&c->mounts[i].tree);
		fd_close(&c->mounts[i].source_fd);
		fd_close(&c->mounts[i].idmap_userns);
	}
	for (int i = 0; i < CG_MAX_HIER; i++)
		fd_close(&c->cg_tree[i]);
	fd_close(&p->rootfs_fd);
	fd_close(&c->small_mnt_ns);
	fd_close(&c->host_mnt_ns);
	fd_close(&c->root_tree);
	fd_close(&c->dev_nodes);
	fd_close(&c->delegated);
	fd_close(&c->proc);
	fd_close(&c->start_listen);
	fd_close(&c->sync);
	rt_hook_io_done(&p->hook_io);
	seccomp_filter_done(&p->filter);
	arena_done(&p->arena);
	plan_init(p);
}

static int open_proc(struct err *e)
{
	struct statfs fs;
	auto_fd int fd = path_open_host("/proc", O_PATH | O_DIRECTORY, 0, e);

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return err_sys(e, "look at /proc");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return err_set(e, ERR_SYSTEM, ENODEV, "/proc is not a procfs");
	return fd_steal(&fd);
}

/* The root filesystem must be a directory that is not the host's own root (R5.4). */
int plan_rootfs(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	const char *path = in->config->root_path;
	struct stat st, host;
	char real[PATH_MAX];

	p->child.rootfs = path[0] == '/' ? path : arena_printf(&p->arena, "%s/%s", in->bundle, path);
	if (!p->child.rootfs)
		return err_oom(e, "the root filesystem's path");
	if (in->req->root)
		return 0; /* whoever makes it has looked at what is in it: plan_root_tree() */
	int fd = p->rootfs_fd = path_open_host(p->child.rootfs, O_PATH, 0, e);
	if (fd < 0) {
		bool absent = e->num == ENOENT;

		err_clear(e);
		return err_set(e, ERR_CONFIG, absent ? ENOENT : EACCES, "config.json: /root/path: %s %s",
			p->child.rootfs, absent ? "does not exist" : "cannot be opened");
	}
	if (fstat(fd, &st) < 0 || stat("/", &host) < 0)
		return err_sys(e, "look at %s", p->child.rootfs);
	if (!S_ISDIR(st.st_mode))
		return err_set(
			e, ERR_CONFIG, ENOTDIR, "config.json: /root/path: %s is not a directory", p->child.rootfs);
	if (st.st_dev == host.st_dev && st.st_ino == host.st_ino)
		return err_set(e, ERR_CONFIG, EINVAL,
			"config.json: /root/path: %s is the root of the host: the container would change the host "
			"itself",
			p->child.rootfs);
	struct path_proc at = path_proc(fd);
	int n = path_readlink(AT_FDCWD, at.text, real, sizeof(real), e); /* symlinks on the way resolved */
	if (n < 0)
		return n;
	p->child.rootfs = arena_dup(&p->arena, real);
	return p->child.rootfs ? 0 : err_oom(e, "the root filesystem's path");
}

/* Layers are idmapped through the container's user namespace, so such a root has to wait until that has its maps. */
static int plan_root_tree(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	const struct rt_root *root = in->req->root;

	p->child.root_later = root && p->maps;
	if (!root || p->child.root_later)
		return 0;
	p->child.root_tree = root->make(root->arg, FD_NONE, e);
	return p->child.root_tree < 0 ? err_wrap(e, "root filesystem") : 0;
}

/* In a user namespace with one id its owner had to give setgroups(2) up: in the one that is made, or in the one that
 * the engine of a plain user lives in. user_namespaces(7). */
static int groups_denied(const struct rt_plan_in *in, const struct rt_plan *p, bool *ret, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;

	*ret = p->maps && p->maps->deny_setgroups;
	if (p->maps || !in->ctx->rootless)
		return 0;
	if (io_read_file_at(AT_FDCWD, "/proc/self/setgroups", 16, &text, e) < 0)
		return -e->num;
	*ret = str_starts(text.data ? text.data : "", "deny");
	if (*ret && plan_wants_groups(in->config->process))
		return err_set(e, ERR_CONFIG, EPERM, "supplementary groups cannot be set in this user namespace");
	return 0;
}

static int program(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	const char *extra[4] = { NULL };
	char listen_fds[48];
	size_t n = 0;

	if (in->req->listen_fds) {
		fmt_to(listen_fds, sizeof(listen_fds), "LISTEN_FDS=%u", in->req->listen_fds);
		extra[n++] = listen_fds;
		extra[n++] = "LISTEN_PID=1";
	}
	if (in->req->notify_socket) {
		extra[n] = arena_printf(&p->arena, "NOTIFY_SOCKET=%s/" RT_NOTIFY_NAME,
			in->req->notify_at ? in->req->notify_at : RT_NOTIFY_MOUNT);
		if (!extra[n++])
			return err_oom(e, "the environment");
	}
	struct plan_program_in pi = { .ctx = in->ctx,
		.process = in->config->process,
		.linux_ = &in->config->linux_,
		.annotations = &in->config->annotations,
		.extra_env = extra,
		.keep_fds = in->req->preserve_fds + in->req->listen_fds,
		.listen_fds = in->req->listen_fds,
		.make_cwd = true,
		.in_userns = p->child.in_userns,
		.self = p->self };
	if (groups_denied(in, p, &pi.no_setgroups, e) < 0)
		return -e->num;
	return plan_program(&pi, &p->arena, &p->child.program, &p->filter, e);
}

int plan_build(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	struct child_plan *c = &p->child;
	const uint64_t sys_admin = UINT64_C(1) << 21;

	c->config = in->config;
	c->no_pivot = in->req->no_pivot;
	c->hook_io = &p->hook_io;
	c->bundle = in->bundle;
	c->cg_host = in->cg_host;
	c->cg_path = in->cg_path;
	c->cgroups = in->cg ? &in->cg->join : NULL;
	c->proc = open_proc(e);
	if (c->proc < 0)
		return c->proc;
	int r = proc_self(&p->self, e);
	p->may_clone_mounts = p->self.permitted & sys_admin;
	if (r == 0)
		r = rt_hook_io_open(&in->config->annotations, in->bundle_fd, &p->hook_io, e);
	if (r == 0)
		r = plan_rootfs(in, p, e);
	if (r == 0)
		r = plan_ns(in, p, e);
	for (int s = 0; s <= RC_HOOK_CREATE_RUNTIME; s++)
		c->hooks_runtime = c->hooks_runtime || in->config->hooks[s].n;
	if (r == 0)
		r = plan_mounts(in, p, e);
	if (r == 0)
		r = plan_devices(in, p, e);
	if (r == 0)
		r = plan_root_tree(in, p, e);
	if (r == 0)
		r = plan_small_ns(in, p, e);
	if (r == 0)
		r = program(in, p, e);
	if (r < 0)
		return r;
	if (!in->req->no_new_keyring) {
		char *name = arena_alloc(&p->arena, KEYRING_NAME_SIZE, 1);

		if (!name)
			return err_oom(e, "the keyring's name");
		keyring_name(in->req->id, name);
		c->keyring = name;
		c->keyring_label = in->config->process ? in->config->process->selinux_label : NULL;
	}
	return 0;
}
