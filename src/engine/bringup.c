/* The order is that of the need: what can be refused is looked at before anything is claimed, what is claimed is
 * recorded before it is used. */
#include "engine/bringup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/document.h"
#include "engine/etcfiles.h"
#include "engine/idrange.h"
#include "engine/life.h"
#include "engine/programs.h"
#include "engine/security.h"
#include "engine/sharing.h"
#include "engine/user.h"
#include "engine/volume.h"
#include "sys/atomic_file.h"
#include "sys/path.h"
#include "sys/proc.h"

/* --- facts -------------------------------------------------------------------------------------------------- */

struct plan {
	struct bringup *b;
	struct document_facts facts;
	struct user_ids user;
	struct sharing sharing;
	const char **volume_paths;
	char dir[PATH_MAX];
};

static void plan_done(struct plan *p)
{
	sharing_done(&p->sharing);
	user_ids_done(&p->user);
	free(p->volume_paths);
}

static bool has_volumes(const struct ct_config *c)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (c->mounts[i].type == CT_MOUNT_VOLUME)
			return true;
	return false;
}

/* Named volumes are made when they are first used, and filled from what the image has there. */
static int mounts(struct plan *p, struct err *e)
{
	struct ct_config *c = &p->b->r->config;
	auto_fd int view = has_volumes(c) ? rootfs_view(&p->b->rootfs, e) : FD_NONE;

	if (e->num)
		return -e->num;
	p->volume_paths = calloc(c->n_mounts, sizeof(*p->volume_paths));
	if (!p->volume_paths)
		return err_oom(e, "volumes");
	for (size_t i = 0; i < c->n_mounts; i++) {
		if (c->mounts[i].type == CT_MOUNT_BIND &&
			volume_bind(p->b->en, &c->mounts[i], p->facts.uid, p->facts.gid, e) < 0)
			return -e->num;
		if (c->mounts[i].type != CT_MOUNT_VOLUME)
			continue;
		if (volume_use(p->b->en, &c->mounts[i], view, &c->arena, &p->volume_paths[i], e) < 0)
			return err_wrap(e, "volume %s", c->mounts[i].source);
	}
	p->facts.volume_paths = p->volume_paths;
	return 0;
}

/* Users are looked up in the container's own files, which belong to whoever made the image. */
static int look_inside(struct plan *p, struct err *e)
{
	const struct ct_config *c = &p->b->r->config;
	auto_fd int users = rootfs_users(&p->b->rootfs, e);

	if (users < 0)
		return err_wrap(e, "root filesystem");
	if (user_resolve(users, c->user, &c->group_add, &p->user, e) < 0)
		return -e->num;
	p->facts.uid = p->user.uid;
	p->facts.gid = p->user.gid;
	p->facts.gids = p->user.gids;
	p->facts.n_gids = p->user.n_gids;
	p->facts.home = p->user.home;
	return c->n_mounts ? mounts(p, e) : 0;
}

static int own_ids(struct plan *p, struct err *e)
{
	struct record *r = p->b->r;
	const char *why = p->b->en->rootless ? NULL : security_needs_host_ids(&r->config);

	p->facts.rootless = p->b->en->rootless;
	if (p->b->en->rootless || why || p->facts.join[RC_NS_USER] || p->sharing.host_ids)
		return 0;
	r->status.id_slot = idrange_claim(p->b->en, r->id, e);
	if (r->status.id_slot < 0)
		return r->status.id_slot = -1, -e->num;
	p->facts.own_ids = true;
	p->facts.id_base = idrange_base(r->status.id_slot);
	p->facts.id_size = IDRANGE_SIZE;
	return 0;
}

static int collect(struct plan *p, struct err *e)
{
	struct bringup *b = p->b;
	const struct ct_config *c = &b->r->config;

	fmt_to(p->dir, sizeof(p->dir), "%s/containers/%s", b->en->data_path, b->r->id);
	p->facts.dir = p->dir;
	if (rootfs_open(b->en, b->r, &b->rootfs, e) < 0 || rootfs_prepare(b->r, e) < 0)
		return -e->num;
	if (sharing_open(b->en, c, &p->sharing, e) < 0)
		return -e->num;
	memcpy(p->facts.join, p->sharing.path, sizeof(p->facts.join));
	b->join_userns = p->sharing.userns;
	p->facts.id_size = p->sharing.id_slot >= 0 ? IDRANGE_SIZE : 0;
	if (c->init && programs_find("tare-init", b->init, e) < 0)
		return -e->num;
	p->facts.init = c->init ? b->init : NULL;
	if (look_inside(p, e) < 0)
		return -e->num;
	if (etcfiles_write(b->en, b->r, e) < 0)
		return -e->num;
	p->facts.has_files = true;
	if (own_ids(p, e) < 0)
		return -e->num;
	/* Only who owns the network namespace may mount its sysfs. */
	p->facts.bind_sys = (p->facts.own_ids || b->en->rootless) && str_eq(c->network, "host");
	return 0;
}

/* --- streams ------------------------------------------------------------------------------------------------ */

int bringup_null_stdio(struct err *e)
{
	auto_fd int fd = path_open_host("/dev/null", O_RDWR, 0, e);

	if (fd < 0)
		return fd;
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0)
			return err_sys(e, "let go of the standard streams");
	return 0;
}

/* Many programs open /dev/stdout by name: the pipe behind it has to be theirs. In a range of ids of its own the
 * container cannot see to it, because the pipe's present owner does not exist there. */
static int own_streams(const struct plan *p, const int program[3], bool with_stdin, struct err *e)
{
	int32_t slot = p->facts.own_ids ? p->b->r->status.id_slot : p->sharing.id_slot;
	uint32_t base = slot < 0 ? 0 : idrange_base(slot);

	if (slot < 0 || p->facts.uid >= IDRANGE_SIZE || p->facts.gid >= IDRANGE_SIZE)
		return 0;
	for (int i = with_stdin ? 0 : 1; i < 3; i++)
		if (program[i] >= 0 && fchown(program[i], base + p->facts.uid, base + p->facts.gid) < 0)
			return err_sys(e, "give the program its streams");
	return 0;
}

/* The program inherits our 0 to 2. */
static int take_streams(struct plan *p, bool with_stdin, struct err *e)
{
	struct bringup *b = p->b;
	int program[3] = { FD_NONE, FD_NONE, FD_NONE };
	int r = mon_streams(&b->mon, b->r->config.tty, with_stdin, program, e);

	if (r == 0)
		r = own_streams(p, program, with_stdin, e);
	for (int i = 0; i < 3; i++) {
		if (r == 0 && program[i] >= 0 && dup2(program[i], i) < 0)
			r = err_sys(e, "hand the program its streams");
		fd_close(&program[i]);
	}
	return r;
}

/* --- start -------------------------------------------------------------------------------------------------- */

static int make_root(void *arg, int userns, struct err *e)
{
	struct bringup *b = arg;

	return rootfs_mount(&b->rootfs, userns >= 0 ? userns : b->join_userns, e);
}

static int write_pidfile(const struct bringup *b, struct err *e)
{
	struct atomic_how how = { 0644, ATOMIC_VOLATILE };
	char text[16];

	if (!b->r->config.pidfile)
		return 0;
	size_t n = fmt_to(text, sizeof(text), "%d", (int)b->running.pid);
	return atomic_write(AT_FDCWD, b->r->config.pidfile, text, n, how, e) < 0 ? err_wrap(e, "--pidfile") : 0;
}

static int started(struct bringup *b, struct err *e)
{
	struct ct_status *s = &b->r->status;

	if (proc_boot_id(s->boot, e) < 0)
		return -e->num;
	s->state = CT_RUNNING;
	s->pid = b->running.pid;
	s->start_ticks = b->running.start_ticks;
	s->monitor = getpid();
	s->exit_code = 0;
	s->exit_unknown = s->oom_killed = s->stopped_by_user = false;
	s->error[0] = s->oom[0] = '\0';
	engine_now(s->started);
	return write_pidfile(b, e) < 0 ? -e->num : record_save_status(b->r, e);
}

static int launch(struct plan *p, const struct buf *document, bool with_stdin, struct err *e)
{
	struct bringup *b = p->b;
	struct rt_root root = { make_root, b };
	struct rt_create req = { .id = b->r->id, .bundle = p->dir, .text = document, .root = &root };

	if (take_streams(p, with_stdin, e) < 0)
		return -e->num;
	int r = rt_launch(&b->en->rt, &req, &b->running, e);
	struct err second = ERR_NONE;
	if (bringup_null_stdio(r < 0 ? &second : e) < 0 || r < 0)
		return -e->num;
	b->mon.pid = b->running.pid;
	b->mon.pidfd = fd_steal(&b->running.pidfd);
	b->mon.master = fd_steal(&b->running.master);
	return started(b, e);
}

static int run_plan(struct plan *p, bool with_stdin, struct err *e)
{
	AUTO(buf) struct buf document = BUF_INIT;

	if (collect(p, e) < 0 || document_write(&p->b->r->config, &p->facts, &document, e) < 0)
		return -e->num;
	return launch(p, &document, with_stdin, e);
}

static int code_of(const struct err *e)
{
	return e->kind == ERR_EXEC_NOT_FOUND ? 127 : e->kind == ERR_EXEC_DENIED ? 126 : 125;
}

static void failed(struct bringup *b, const struct err *why)
{
	struct ct_status *s = &b->r->status;
	struct err e = ERR_NONE;

	err_told(rt_delete(&b->en->rt, b->r->id, true, &e)); /* `rm` tries again */
	idrange_release(b->en, s->id_slot, b->r->id);
	s->id_slot = -1;
	s->pid = 0;
	s->exit_code = code_of(why);
	if (s->state != CT_CREATED) /* docker's "created" stays until a first start that worked */
		s->state = CT_EXITED;
	fmt_to(s->error, sizeof(s->error), "%s", why->msg);
	engine_now(s->finished);
	err_told(record_save_status(b->r, &e)); /* the error itself is on its way to the user */
}

int bringup(struct bringup *b, bool with_stdin, struct err *e)
{
	struct plan p __attribute__((cleanup(plan_done))) = { .b = b, .user = USER_IDS_INIT, .sharing = SHARING_INIT };

	b->running = (struct rt_running)RT_RUNNING_INIT;
	b->rootfs = (struct rootfs)ROOTFS_INIT;
	int r = run_plan(&p, with_stdin, e);
	if (r < 0) {
		rootfs_done(&b->rootfs);
		rt_running_done(&b->running);
		failed(b, e);
	}
	return r;
}

void bringup_done(struct bringup *b)
{
	rootfs_done(
		&b->rootfs); /* only now: dropping its detached mount waits for the kernel, and the overlay holds it */
	rt_running_done(&b->running);
	fd_close(&b->mon.pidfd);
	fd_close(&b->mon.stdin_fd);
	fd_close(&b->mon.stdout_fd);
	fd_close(&b->mon.stderr_fd);
	fd_close(&b->mon.master);
}
