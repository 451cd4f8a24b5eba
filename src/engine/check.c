#include "engine/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/idlink.h"
#include "cg/sweep.h"
#include "engine/life.h"
#include "engine/record.h"
#include "engine/volume.h"
#include "runtime/list.h"
#include "sys/path.h"

enum { LINE = 512 };

struct check {
	struct engine *en;
	bool repair;
	check_tell tell;
	void *arg;
	size_t left;
};

static void told(struct check *c, bool mended, const char *format, ...) printf_like(3, 4);
static void told(struct check *c, bool mended, const char *format, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, format);
	fmt_v(line, sizeof(line), format, ap);
	va_end(ap);
	c->left += !mended;
	c->tell(c->arg, line, mended);
}

/* --- containers -------------------------------------------------------------------------------------------- */

static bool check_half_made(struct check *c, const char *id)
{
	struct err e = ERR_NONE;
	auto_fd int dir = openat(c->en->containers_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (dir < 0 || !record_abandoned(dir))
		return false;
	bool mended = c->repair && path_remove_tree(c->en->containers_fd, id, &e) == 0;
	told(c, mended, "container %.12s: its creation or removal was interrupted%s%s", id, e.num ? ": " : "", e.msg);
	return true;
}

static void check_record(struct check *c, const char *id)
{
	struct record r = RECORD_INIT;
	struct err e = ERR_NONE;

	if (record_open_id(c->en, id, true, &r, &e) < 0) {
		if (e.kind != ERR_NOT_FOUND)
			told(c, false, "container %.12s: %s", id, e.msg);
	} else if (engine_needs_refresh(c->en, &r)) {
		/* --rm: that it is gone is what was wanted */
		bool mended = c->repair && (engine_refresh(c->en, &r, &e) == 0 || e.kind == ERR_NOT_FOUND);
		told(c, mended, "container %s: its monitor was killed%s%s", r.config.name, mended || !e.num ? "" : ": ",
			mended ? "" : e.msg);
	}
	record_done(&r);
}

static int check_records(struct check *c, struct err *e)
{
	struct record_ids ids;

	if (record_ids(c->en, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n; i++)
		if (!check_half_made(c, ids.v[i]))
			check_record(c, ids.v[i]);
	record_ids_done(&ids);
	return 0;
}

/* --- volumes ------------------------------------------------------------------------------------------------- */

static int check_volumes(struct check *c, struct err *e)
{
	size_t n;

	if (volume_sweep(c->en, c->repair, &n, e) < 0)
		return -e->num;
	if (n)
		told(c, c->repair, "%zu volume(s) whose creation or removal was interrupted", n);
	return 0;
}

/* --- symlinks whose target is the id of a container ---------------------------------------------------------- */

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static bool exists(const struct engine *en, const char *id)
{
	return strlen(id) == CT_ID_LEN && !strchr(id, '/') &&
		faccessat(en->containers_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int check_links(struct check *c, int at, const char *dir_name, const char *what, struct err *e)
{
	auto_fd int fd = openat(at, dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir __attribute__((cleanup(close_dir))) = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(e, "list %s", dir_name);
	(void)fd_steal(&fd);
	while ((d = readdir(dir))) {
		char id[CT_ID_LEN + 1];

		if (d->d_name[0] == '.' || (idlink_read(dirfd(dir), d->d_name, id) && exists(c->en, id)))
			continue;
		bool mended = c->repair && unlinkat(dirfd(dir), d->d_name, 0) == 0;
		told(c, mended, "%s %s belongs to a container that is gone", what, d->d_name);
	}
	return 0;
}

/* --- what the runtime still holds ---------------------------------------------------------------------------- */

static int check_runtime(struct check *c, struct err *e)
{
	struct rt_list l;

	if (rt_list(&c->en->rt, &l, e) < 0)
		return -e->num;
	for (size_t i = 0; i < l.n; i++) {
		struct err why = ERR_NONE;

		if (exists(c->en, l.v[i].id))
			continue;
		bool mended = c->repair && rt_delete(&c->en->rt, l.v[i].id, true, &why) == 0;
		told(c, mended, "%.64s runs or ran without a record%s%s", l.v[i].id, why.num ? ": " : "", why.msg);
	}
	rt_list_done(&l);
	return 0;
}

/* --- cgroups ------------------------------------------------------------------------------------------------- */

/* Another user's, or another data directory's, may be there too: only what nobody can be using is looked at. */
static bool cgroup_needed(void *ctx, const char *name)
{
	return strlen(name) != CT_ID_LEN || strspn(name, "0123456789abcdef") != CT_ID_LEN || exists(ctx, name);
}

static int check_cgroups(struct check *c, struct err *e)
{
	struct cg_sweep sweep = {
		.parent = "/tare", .older_s = 600, .remove = c->repair, .needed = cgroup_needed, .ctx = c->en
	};
	size_t n, left;

	if (c->en->rootless)
		return 0; /* where a plain user's are is known only with the container */
	if (cg_sweep(&sweep, &n, &left, e) < 0)
		return -e->num;
	if (n)
		told(c, left == 0, "%zu cgroup(s) of containers that are gone", n);
	return 0;
}

int check_containers(struct engine *en, bool repair, check_tell tell, void *arg, size_t *ret_left, struct err *e)
{
	struct check c = { .en = en, .repair = repair, .tell = tell, .arg = arg };

	if (check_records(&c, e) < 0 || check_links(&c, en->names_fd, ".", "the name", e) < 0 ||
		check_links(&c, en->run_fd, "ids", "the range of ids", e) < 0 || check_runtime(&c, e) < 0 ||
		check_cgroups(&c, e) < 0 || check_volumes(&c, e) < 0)
		return -e->num;
	*ret_left = c.left;
	return 0;
}

/* --- boot ---------------------------------------------------------------------------------------------------- */

static bool wanted(const struct record *r, bool cut_off)
{
	switch (r->config.restart) {
	case CT_RESTART_ALWAYS: return true;
	case CT_RESTART_UNLESS_STOPPED: return !r->status.stopped_by_user;
	case CT_RESTART_ON_FAILURE: return cut_off;
	case CT_RESTART_NO: break;
	}
	return false;
}

static int boot_one(struct engine *en, struct record *r, struct err *e)
{
	struct start_how how = { .attach = false };
	int session;
	bool was_running =
		r->status.state == CT_RUNNING || r->status.state == CT_RESTARTING || r->status.state == CT_PAUSED;

	if (r->status.state == CT_CREATED)
		return 0;
	if (engine_refresh(en, r, e) < 0)
		return -e->num;
	bool runs = r->status.state == CT_RUNNING || record_monitored(r);
	return runs || !wanted(r, was_running) ? 0 : engine_start(en, r, &how, &session, e);
}

int boot_start(struct engine *en, check_tell tell, void *arg, size_t *ret_failed, struct err *e)
{
	struct record_ids ids;
	size_t failed = 0;

	if (record_ids(en, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n; i++) {
		struct record r = RECORD_INIT;
		struct err why = ERR_NONE;

		if (record_open_id(en, ids.v[i], true, &r, &why) < 0 || boot_one(en, &r, &why) < 0) {
			failed++;
			tell(arg, why.msg, false);
		}
		record_done(&r);
	}
	record_ids_done(&ids);
	*ret_failed = failed;
	return 0;
}
