/* Applying the changes of a container to the host: what is to be done, and whether it may be.
 *
 * Theory of operation
 *   collect   the changes of engine_diff() become items; a directory that hides what the host has in it (it is opaque)
 *             also gives one deletion for each name of the host's that the container no longer has there;
 *   judge     each item that the user wants is compared with the host as it is now: nothing to do, to be written,
 *             left out, or refused with a reason;
 *   write     only when nothing is refused (apply_write.c). */
#include "engine/apply_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/str.h"
#include "base/units.h"
#include "engine/life.h"
#include "sys/path.h"

enum { LOCK_MS = 10000 };

/* --- collect ------------------------------------------------------------------------------------------------- */

/* Is @path at or below @top? */
static bool at_or_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	while (n && top[n - 1] == '/')
		n--;
	return strncmp(path, top, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool wanted(const struct apply *a, const char *path)
{
	const struct rc_str_list *l = a->how->paths;

	for (size_t i = 0; i < l->n; i++)
		if (at_or_below(path, l->v[i]))
			return true;
	return l->n == 0;
}

/* Directories come before what is in them, so the last one on the way is the parent. */
static int parent_of(const struct apply *a, const char *path)
{
	int i = a->n ? (int)a->n - 1 : APPLY_NO_ITEM;

	while (i >= 0 && !(S_ISDIR(a->v[i].mode) && at_or_below(path, a->v[i].path)))
		i = a->v[i].parent;
	return i;
}

static int add_item(struct apply *a, const struct diff_change *change, struct err *e)
{
	if (a->n == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 256;
		struct apply_item *v = realloc(a->v, cap * sizeof(*v));

		if (!v)
			return err_oom(e, "changes");
		a->v = v;
		a->cap = cap;
	}
	struct apply_item *item = &a->v[a->n];
	*item = (struct apply_item){ .path = arena_dup(&a->arena, change->path),
		.kind = change->kind,
		.mode = change->mode,
		.fresh = change->fresh,
		.wanted = wanted(a, change->path),
		.parent = parent_of(a, change->path) };
	a->n++;
	if (!item->path)
		return err_oom(e, "changes");
	for (int i = item->parent; item->wanted && i >= 0 && !a->v[i].needed; i = a->v[i].parent)
		a->v[i].needed = true;
	return host_look(a, item, e);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* @path is a directory on both sides: what only the host has in it. */
static int add_hidden(struct apply *a, const char *path, struct err *e)
{
	const char *name;
	auto_fd int parent = host_parent(a, path, &name);
	auto_fd int upper = upper_open(a, path, O_RDONLY | O_DIRECTORY, e);
	auto_fd int fd = parent < 0 || upper < 0
		? FD_NONE
		: openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir __attribute__((cleanup(close_dir))) = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return e->num ? -e->num : err_sys(e, "list %s", path);
	(void)fd_steal(&fd);
	for (struct dirent *d; (d = readdir(dir));) {
		struct diff_change change = { .kind = DIFF_DELETED };
		struct stat st;

		if (str_eq(d->d_name, ".") || str_eq(d->d_name, ".."))
			continue;
		if (fstatat(upper, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !(S_ISCHR(st.st_mode) && !st.st_rdev))
			continue;
		change.path = arena_printf(&a->arena, "%s/%s", path, d->d_name);
		if (!change.path)
			return err_oom(e, "changes");
		if (add_item(a, &change, e) < 0)
			return -e->num;
	}
	return 0;
}

static int collect(void *ctx, const struct diff_change *change, struct err *e)
{
	struct apply *a = ctx;

	if (add_item(a, change, e) < 0)
		return -e->num;
	const struct apply_item *item = &a->v[a->n - 1];
	return item->fresh && item->host == HOST_THERE && S_ISDIR(item->seen.st_mode) ? add_hidden(a, item->path, e)
										      : 0;
}

/* --- judge --------------------------------------------------------------------------------------------------- */

static void say(struct apply_item *item, enum apply_verdict verdict, const char *why)
{
	item->verdict = verdict;
	item->why = why;
}

static bool is_own(const struct apply *a, const struct apply_item *item)
{
	for (size_t i = 0; i < ARRAY_SIZE(a->own) && item->host == HOST_THERE; i++)
		if (item->seen.st_dev == a->own[i].st_dev && item->seen.st_ino == a->own[i].st_ino)
			return true;
	return item->parent >= 0 && a->v[item->parent].own;
}

/* A directory that only has to be there. */
static bool is_way_only(const struct apply_item *item)
{
	return !item->wanted && item->host == HOST_THERE && S_ISDIR(item->seen.st_mode);
}

static int judge_change(const struct apply *a, struct apply_item *item, struct err *e)
{
	const char *why = NULL;

	if (host_equal(a, item, &item->same, e) < 0)
		return -e->num;
	if (item->same)
		return 0;
	if (host_obstacle(a, item, &why, e) < 0)
		return -e->num;
	if (!why && apply_special(a, item, &why, e) < 0)
		return -e->num;
	if (why)
		say(item, APPLY_REFUSE, why);
	return 0;
}

static int judge(const struct apply *a, struct apply_item *item, struct err *e)
{
	item->own = is_own(a, item);
	item->same = !item->wanted && (!item->needed || is_way_only(item));
	if (item->same)
		return 0;
	if (item->own)
		say(item, APPLY_REFUSE, "it belongs to tare");
	else if (S_ISSOCK(item->mode))
		say(item, APPLY_LEAVE, "it is a socket");
	else if (item->host == HOST_MOUNT && S_ISDIR(item->mode))
		item->same = true; /* what is in it speaks for itself */
	else if (item->host == HOST_MOUNT)
		say(item, APPLY_LEAVE, "it lies below a mount point of the host, which the container did not see");
	else if (item->host == HOST_ABSENT && !item->mode)
		item->same = true;
	else
		return judge_change(a, item, e);
	return 0;
}

static void count(struct apply_total *t, const struct apply_item *item)
{
	if (item->verdict == APPLY_LEAVE)
		t->left++;
	else if (item->verdict == APPLY_REFUSE)
		t->refused++;
	else if (!item->mode)
		t->deleted++;
	else if (item->host == HOST_THERE)
		t->changed++;
	else
		t->added++;
}

static enum diff_kind kind_now(const struct apply_item *item)
{
	return !item->mode ? DIFF_DELETED : item->host == HOST_THERE ? DIFF_CHANGED : DIFF_ADDED;
}

static int tell(const struct apply *a, const struct apply_item *item, struct err *e)
{
	const struct apply_change change = {
		.kind = kind_now(item), .path = item->path, .verdict = item->verdict, .why = item->why
	};

	return a->how->told ? a->how->told(a->how->ctx, &change, e) : 0;
}

static int judge_all(struct apply *a, struct err *e)
{
	struct apply_total t = { 0 };

	for (size_t i = 0; i < a->n; i++) {
		struct apply_item *item = &a->v[i];

		if (judge(a, item, e) < 0)
			return err_wrap(e, "%s", item->path);
		if (item->same)
			continue;
		count(&t, item);
		a->n_write += item->verdict == APPLY_WRITE;
		if ((a->how->dry_run || item->verdict != APPLY_WRITE) && tell(a, item, e) < 0)
			return -e->num;
	}
	a->total.left = t.left;
	a->total.refused = t.refused;
	if (a->how->dry_run)
		a->total = t;
	return 0;
}

static int check_paths(const struct apply *a, struct err *e)
{
	for (size_t i = 0; i < a->how->paths->n; i++) {
		const char *path = a->how->paths->v[i];
		bool found = false;

		for (size_t k = 0; k < a->n && !found; k++)
			found = at_or_below(a->v[k].path, path);
		if (!found) {
			err_set(e, ERR_NOT_FOUND, ENOENT, "the container changed nothing at or below %.512s", path);
			return err_hint(e, "tare diff lists what it changed");
		}
	}
	return 0;
}

/* --- the whole ----------------------------------------------------------------------------------------------- */

static int run(struct apply *a, struct err *e)
{
	if (engine_diff(a->en, a->r, collect, a, e) < 0 || check_paths(a, e) < 0 || judge_all(a, e) < 0)
		return -e->num;
	if (a->how->dry_run)
		return 0;
	if (a->total.refused) {
		err_set(e, ERR_CONFLICT, EEXIST, "%zu of its changes must not be written, so nothing was",
			a->total.refused);
		return err_hint(e, "name the paths to be applied; --force and --special allow more");
	}
	return apply_write(a, e);
}

/* Nobody may start it meanwhile. One that runs writes on while its changes are read: only by force. */
static int hold(struct engine *en, struct record *r, const struct apply_how *how, struct err *e)
{
	if (engine_refresh(en, r, e) < 0)
		return -e->num;
	enum ct_state s = r->status.state;
	if (s == CT_PAUSED || ((s == CT_RUNNING || s == CT_RESTARTING) && (how->force || how->dry_run)))
		return 0;
	if (s == CT_RUNNING || s == CT_RESTARTING) {
		err_set(e, ERR_CONFLICT, EBUSY, "it is %s", ct_state_names[s]);
		return err_hint(e, "stop or pause it first, or use --force");
	}
	return record_lock(r, LOCK_MS, e);
}

static int open_sides(struct apply *a, struct err *e)
{
	a->host_fd = path_open_host("/", O_PATH | O_DIRECTORY, 0, e);
	if (a->host_fd < 0)
		return a->host_fd;
	a->upper_fd = openat(a->r->dir_fd, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (a->upper_fd < 0 && errno != ENOENT) /* never started: no changes */
		return err_sys(e, "open the changes");
	if (fstat(a->en->data_fd, &a->own[0]) < 0 || fstat(a->en->run_fd, &a->own[1]) < 0)
		return err_sys(e, "look at tare's own directories");
	if (!rfc3339_parse(a->r->config.created, &a->since))
		return err_set(e, ERR_CORRUPT, EINVAL, "nobody knows when it was made");
	return 0;
}

int engine_apply(
	struct engine *en, struct record *r, const struct apply_how *how, struct apply_total *ret_total, struct err *e)
{
	struct apply a = { .en = en,
		.r = r,
		.how = how,
		.host_fd = FD_NONE,
		.upper_fd = FD_NONE,
		.rootless = en->rootless,
		.arena = ARENA_INIT };

	*ret_total = a.total;
	if (r->config.rootfs_kind != CT_ROOTFS_HOST) {
		err_set(e, ERR_UNSUPPORTED, ENOTSUP, "it does not stand on this machine");
		return err_hint(e, "only containers of the image \"host\" do; tare commit makes an image of others");
	}
	bool held = r->held;
	int n = hold(en, r, how, e);
	if (n == 0)
		n = open_sides(&a, e);
	if (n == 0)
		n = run(&a, e);
	*ret_total = a.total;
	if (r->held && !held)
		record_unlock(r);
	fd_close(&a.host_fd);
	fd_close(&a.upper_fd);
	arena_done(&a.arena);
	free(a.v);
	return n;
}
