/* Mounts of a running container, changed from outside.
 *
 * What is mounted is made on the host, detached, before anything of the container is looked at. A child of ours
 * then enters the mount namespace (and nothing else of the container), resolves each destination once inside the
 * container's root and attaches to that descriptor. The container may rename what it likes meanwhile: the worst
 * it can reach is a mount elsewhere in its own root. Unmounting goes through the host's /proc/self/fd, which the
 * container cannot replace, since umount2(2) takes no descriptor. */
#include "runtime/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "mnt/bind.h"
#include "mnt/flags.h"
#include "mnt/fsmount.h"
#include "sys/path.h"
#include "sys/proc.h"

enum { MAX_MOUNTS = 1024 };

struct job {
	const struct rc_mount *doc;
	struct mnt_opts opts;
	int tree; /* the detached mount */
	bool dir;
};

struct work {
	struct arena arena;
	struct job *jobs;
	size_t n;
	int pidfd, root, proc; /* of the container's first process; its root; the host's /proc */
};

typedef int (*work_run)(const struct work *w, struct err *e);

static void work_done(struct work *w)
{
	for (size_t i = 0; w->jobs && i < w->n; i++)
		fd_close(&w->jobs[i].tree);
	fd_close(&w->root);
	fd_close(&w->proc);
	arena_done(&w->arena);
}

/* --- made on the host ---------------------------------------------------------------------------------- */

static int make_bind(struct job *j, struct err *e)
{
	const char *source = j->doc->source;
	struct stat st;

	if (!source || source[0] != '/')
		return err_set(e, ERR_CONFIG, EINVAL, "source: must be an absolute path");
	if (mnt_opts_check_bind(&j->opts, e) < 0)
		return -e->num;
	j->tree = mnt_clone(FD_NONE, source, &j->opts, false, e);
	if (j->tree < 0)
		return -e->num;
	if (fstat(j->tree, &st) < 0)
		return err_sys(e, "look at %s", source);
	j->dir = S_ISDIR(st.st_mode);
	return 0;
}

static int make_fs(struct job *j, struct arena *a, struct err *e)
{
	struct mnt_fs fs = { .type = j->doc->type,
		.opts = &j->opts,
		.ms_flags = mnt_opts_ms_flags(&j->opts),
		.ms_data = mnt_opts_ms_data(&j->opts, a) };

	if (!fs.type || !*fs.type)
		return err_set(e, ERR_CONFIG, EINVAL, "type: missing, and no option says bind");
	fs.source = j->doc->source ? j->doc->source : fs.type;
	j->dir = true;
	j->tree = mnt_fs_detached(&fs, e);
	return j->tree < 0 ? -e->num : 0;
}

static int make(struct job *j, struct arena *a, struct err *e)
{
	if (mnt_opts_parse(&j->doc->options, a, &j->opts, e) < 0)
		return -e->num;
	if (j->opts.remount || j->opts.idmap || j->doc->uid_maps.n || j->doc->gid_maps.n || j->opts.tmpcopyup ||
		j->opts.copy_symlink)
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP,
			"remount, idmap, tmpcopyup and copy-symlink work only when a container is created");
	return j->opts.bind || str_eq(j->doc->type, "bind") ? make_bind(j, e) : make_fs(j, a, e);
}

static int make_all(struct work *w, struct err *e)
{
	for (size_t i = 0; i < w->n; i++)
		if (make(&w->jobs[i], &w->arena, e) < 0)
			return err_wrap(e, "/%zu (%s)", i, w->jobs[i].doc->destination);
	return 0;
}

/* --- inside, in a child ----------------------------------------------------------------------------------- */

static int refuse_procfs(int target, struct err *e)
{
	struct statfs fs;

	if (fstatfs(target, &fs) < 0)
		return err_sys(e, "look at the mount point");
	if (fs.f_type == PROC_SUPER_MAGIC)
		return err_set(e, ERR_CONFIG, EINVAL, "nothing may be mounted inside /proc (CVE-2019-16884)");
	return 0;
}

static int umount_fd(const struct work *w, int fd, struct err *e)
{
	char path[32];

	fmt_to(path, sizeof(path), "self/fd/%d", fd);
	if (fchdir(w->proc) < 0 || umount2(path, MNT_DETACH) < 0)
		return err_sys(e, "unmount");
	return 0;
}

static int attach(const struct work *w, const struct job *j, struct err *e)
{
	const char *at = j->doc->destination;
	auto_fd int target = j->dir ? path_mkdir_in(w->root, at, 0755, e) : path_create_in(w->root, at, 0644, e);

	if (target == -EROFS)
		return err_hint(e, "the mount point is missing and the container's root is read-only");
	if (target < 0 || refuse_procfs(target, e) < 0 || mnt_move(j->tree, target, e) < 0)
		return -e->num;
	return mnt_propagate(j->tree, &j->opts, e);
}

static int attach_all(const struct work *w, struct err *e)
{
	for (size_t i = 0; i < w->n; i++) {
		if (attach(w, &w->jobs[i], e) == 0)
			continue;
		err_wrap(e, "/%zu (%s)", i, w->jobs[i].doc->destination);
		struct err ignored = ERR_NONE; /* the error that counts is the first */
		while (i-- > 0) {
			err_told(umount_fd(w, w->jobs[i].tree, &ignored));
			err_clear(&ignored);
		}
		return -e->num;
	}
	return 0;
}

static int is_mount_point(int fd, struct err *e)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) < 0)
		return err_sys(e, "look at the destination");
	return (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) ? 0
							   : err_set(e, ERR_CONFIG, EINVAL, "nothing is mounted there");
}

static int detach(const struct work *w, const struct job *j, struct err *e)
{
	const char *at = j->doc->destination;

	if (at[strspn(at, "/.")] == '\0')
		return err_set(e, ERR_CONFIG, EINVAL, "the root cannot be taken away");
	auto_fd int fd = path_open_nosym_in(w->root, at, O_PATH, e);
	if (fd < 0 || is_mount_point(fd, e) < 0)
		return -e->num;
	return umount_fd(w, fd, e);
}

static int detach_all(const struct work *w, struct err *e)
{
	for (size_t i = w->n; i-- > 0;)
		if (detach(w, &w->jobs[i], e) < 0)
			return err_wrap(e, "/%zu (%s)", i, w->jobs[i].doc->destination);
	return 0;
}

/* --- the way in --------------------------------------------------------------------------------------------- */

static _Noreturn void inside(const struct work *w, work_run run, int report)
{
	struct err e = ERR_NONE;

	umask(0);
	if (setns(w->pidfd, CLONE_NEWNS) < 0)
		err_sys(&e, "enter the container's mount namespace");
	else
		err_told(run(w, &e));
	if (e.num)
		err_send(report, &e);
	_exit(e.num != 0);
}

static int run_inside(const struct work *w, work_run run, struct err *e)
{
	bool got = false;
	int p[2], r;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	pid_t pid = fork();
	if (pid == 0)
		inside(w, run, p[1]);
	close(p[1]);
	r = pid < 0 ? err_sys(e, "start a process") : err_receive(p[0], &got, e);
	close(p[0]);
	int status = 0;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0 || got)
		return -e->num;
	return status ? err_set(e, ERR_SYSTEM, ECANCELED, "the helper inside the container was killed") : 0;
}

/* The root of the first process, which is the namespace's own unless pivot_root(2) was not used. */
static int open_root(const struct rt_container *ct, int proc, struct err *e)
{
	char path[32];
	bool alive;

	fmt_to(path, sizeof(path), "%d/root", (int)ct->state.pid);
	auto_fd int root = openat(proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "open the container's root");
	/* Still the process that the number was asked for. */
	if (proc_signal(ct->pidfd, 0, &alive, e) < 0)
		return -e->num;
	return alive ? fd_steal(&root) : err_set(e, ERR_NOT_FOUND, ESRCH, "container not running");
}

static int check(const struct rt_container *ct, const struct rc_mount *list, size_t n, struct err *e)
{
	if (ct->status == RT_STOPPED)
		return err_set(e, ERR_NOT_FOUND, ESRCH, "container not running");
	if (!(ct->state.namespaces & (1U << RC_NS_MNT)))
		return err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "the container has no mount namespace of its own");
	if (n > MAX_MOUNTS)
		return err_set(e, ERR_CONFIG, E2BIG, "%zu mounts, at most %d at a time", n, MAX_MOUNTS);
	for (size_t i = 0; i < n; i++)
		if (!str_len(list[i].destination))
			return err_set(e, ERR_CONFIG, EINVAL, "/%zu/destination: missing", i);
	return 0;
}

static int prepare(struct work *w, const struct rt_container *ct, const struct rc_mount *list, size_t n, struct err *e)
{
	w->jobs = arena_array(&w->arena, struct job, n + 1);
	if (!w->jobs)
		return err_oom(e, "mounts");
	for (w->n = 0; w->n < n; w->n++)
		w->jobs[w->n] = (struct job){ .doc = &list[w->n], .tree = FD_NONE };
	w->pidfd = ct->pidfd;
	w->proc = path_open_host("/proc", O_PATH | O_DIRECTORY, 0, e);
	if (w->proc < 0)
		return -e->num;
	w->root = open_root(ct, w->proc, e);
	return w->root < 0 ? -e->num : 0;
}

static int change(struct rt_context *c, const char *id, const struct rc_mount *list, size_t n, bool add, struct err *e)
{
	struct rt_container ct;
	struct work w = { .arena = ARENA_INIT, .root = FD_NONE, .proc = FD_NONE };

	if (rt_container_open_whole(c, id, RT_LOCKED, &ct, e) == 0 && check(&ct, list, n, e) == 0 &&
		prepare(&w, &ct, list, n, e) == 0 && (!add || make_all(&w, e) == 0))
		err_told(run_inside(&w, add ? attach_all : detach_all, e));
	work_done(&w);
	rt_container_done(&ct);
	return e->num ? -e->num : 0;
}

int rt_mounts_add(struct rt_context *c, const char *id, const struct rc_mount *list, size_t n, struct err *e)
{
	return change(c, id, list, n, true, e);
}

int rt_mounts_remove(struct rt_context *c, const char *id, const struct rc_mount *list, size_t n, struct err *e)
{
	return change(c, id, list, n, false, e);
}
