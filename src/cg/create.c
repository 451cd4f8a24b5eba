/* Making a container's cgroup: per hierarchy one mkdirat(2) and one openat(2) when all is as usual.
 *
 * Theory of operation. Hierarchies are tried at their usual place without a look at the mount table. A
 * `tasks` file that is missing in a directory we have just made means that the place is no cgroup mount:
 * everything is undone, the host description is verified (mountinfo), and the work starts over, once. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/controllers.h"
#include "cg/cpuset_v1.h"
#include "cg/freeze.h"
#include "cg/host_internal.h"
#include "cg/limits.h"
#include "cg/procs.h"
#include "cg/tree.h"

enum { RACES = 16 }; /* a parent removed between its mkdir and ours */

/* Not an errno that the calls here give. */
#define MISPLACED (-ENXIO)

static bool is_denied(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

/* Every cgroup above @path. */
static int make_parents(const struct cg_host *h, int hier, const char *path)
{
	char full[PATH_MAX], part[CG_PATH_SIZE];

	for (const char *p = path + 1; (p = strchr(p, '/')); p++) {
		fmt_to(part, sizeof(part), "%.*s", (int)(p - path), path);
		if (!fmt_fits(full, sizeof(full), "%s%s", h->hier[hier].dir, part))
			return -ENAMETOOLONG;
		if (mkdirat(h->root, full, 0755) == 0) {
			cg_cpuset_inherit(h, hier, part);
			cg_cpuset_pass_on(h, hier, part);
		} else if (errno != EEXIST)
			return errno == ENOENT ? MISPLACED : -errno;
	}
	return strchr(path + 1, '/') ? 0 : MISPLACED; /* no parent but the mount itself */
}

static int make_dir(const struct cg_host *h, int hier, const char *path, bool *ret_made)
{
	char full[PATH_MAX];
	int r = -ENOENT;

	if (!fmt_fits(full, sizeof(full), "%s%s", h->hier[hier].dir, path))
		return -ENAMETOOLONG;
	for (int i = 0; i < RACES && r == -ENOENT; i++) {
		r = mkdirat(h->root, full, 0755) == 0 ? 0 : -errno;
		*ret_made = r == 0;
		if (r == -EEXIST)
			return 0;
		if (r == -ENOENT && (r = make_parents(h, hier, path)) == 0)
			r = -ENOENT; /* once more */
	}
	return r;
}

static void remove_dir(const struct cg_host *h, int hier, const char *path)
{
	char full[PATH_MAX];

	if (fmt_fits(full, sizeof(full), "%s%s", h->hier[hier].dir, path))
		(void)unlinkat(h->root, full, AT_REMOVEDIR); /* undoing: nothing better is known */
}

/* What clone3 or the child will use of hierarchy @hier. */
static int open_entry(const struct cg_host *h, int hier, struct cg *c)
{
	const struct cg_hier *k = &h->hier[hier];

	if (k->v2) {
		int fd = cg_file_open(h, hier, c->path, NULL, O_PATH | O_DIRECTORY);

		if (fd >= 0)
			c->dir_fd = fd;
		return fd < 0 ? fd : 0;
	}
	int fd = cg_file_open(h, hier, c->path, "tasks", O_WRONLY);
	if (fd < 0)
		return fd;
	struct cg_join_one *one = &c->join.v[c->join.n++];
	one->fd = fd;
	fmt_to(one->name, sizeof(one->name), "%s", k->name);
	return 0;
}

static int make_one(const struct cg_host *h, int hier, struct cg *c, unsigned *existed)
{
	bool made = false;
	int r = make_dir(h, hier, c->path, &made);

	if (r < 0)
		return r;
	if (made)
		c->made |= 1u << hier;
	r = open_entry(h, hier, c);
	if (r == -ENOENT && made && !h->hier[hier].v2)
		return MISPLACED;
	if (r < 0 && made) {
		remove_dir(h, hier, c->path);
		c->made &= ~(1u << hier);
	}
	if (r < 0)
		return r;
	c->in |= 1u << hier;
	if (!made)
		*existed |= 1u << hier;
	if (hier == h->v1_of[CG_CPUSET])
		made ? cg_cpuset_inherit(h, hier, c->path) : cg_cpuset_fill(h, hier, c->path);
	return 0;
}

static int cannot_make(const struct cg_host *h, int hier, const char *path, int r, struct err *e)
{
	const char *name = h->hier[hier].v2 ? "v2" : h->hier[hier].name;

	err_num(e, -r, "make cgroup %s (%s)", path, name);
	if (r == -EROFS)
		err_hint(e, "the cgroup file system is mounted read-only");
	else if (is_denied(r))
		err_hint(e, "only root or the owner of a delegated cgroup can");
	else if (r == -EAGAIN || r == -ENOSPC)
		err_hint(e, "cgroup.max.descendants or cgroup.max.depth of a parent may be reached");
	else if (r == MISPLACED)
		err_hint(e, "the hierarchy is not mounted");
	return -e->num;
}

static void undo(const struct cg_host *h, struct cg *c)
{
	for (int i = 0; i < h->n_hier; i++)
		if (c->made & 1u << i)
			remove_dir(h, i, c->path);
	cg_done(c);
}

static void begin(struct cg *c, const char *path)
{
	cg_init(c);
	fmt_to(c->path, sizeof(c->path), "%s", path);
}

/* --- below our own cgroup ------------------------------------------------------------------------------ */

static bool try_below(const struct cg_host *h, const char *parent, const char *path, struct cg *c, unsigned *existed)
{
	char joined[CG_PATH_SIZE];

	if (str_eq(parent, "/"))
		parent = "";
	if (!fmt_fits(joined, sizeof(joined), "%s%s", parent, path))
		return false;
	begin(c, joined);
	if (make_one(h, h->unified, c, existed) == 0)
		return true;
	undo(h, c);
	return false;
}

/* A plain user may have a delegated cgroup. A sibling of ours is better than a child: a cgroup with processes
 * cannot give controllers to those below it. False: neither is possible. */
static bool move_near_us(const struct cg_host *h, const char *path, struct cg *c, unsigned *existed)
{
	struct err ignored = ERR_NONE;
	char own[CG_PATH_SIZE], parent[CG_PATH_SIZE];

	if (h->unified < 0 || cg_path_of(0, &h->hier[h->unified], own, &ignored) < 0)
		return false;
	const char *slash = strrchr(own, '/');
	if (!slash || str_starts(own, "/.."))
		return false; /* outside of our cgroup namespace's view */
	fmt_to(parent, sizeof(parent), "%.*s", (int)(slash - own), own);
	return try_below(h, parent, path, c, existed) || try_below(h, own, path, c, existed);
}

/* --- all of it ----------------------------------------------------------------------------------------- */

/* -1 and *e: an error; MISPLACED without *e: verify and start over. */
static int make_all(const struct cg_host *h, const struct cg_new *n, struct cg *c, unsigned *existed, struct err *e)
{
	int denied = -1, denied_r = 0;

	begin(c, n->path);
	for (int i = 0; i < h->n_hier; i++) {
		int r = make_one(h, i, c, existed);

		if (r == 0)
			continue;
		if (r == MISPLACED && !h->verified)
			return MISPLACED;
		if (!is_denied(r) || !(n->optional || n->may_move))
			return cannot_make(h, i, c->path, r, e);
		denied = i;
		denied_r = r;
	}
	if (denied < 0 || (c->in && n->optional))
		return 0;
	if (n->may_move && !c->in && move_near_us(h, n->path, c, existed))
		return 0;
	if (!n->optional)
		return cannot_make(h, denied, n->path, denied_r, e);
	cg_done(c);
	return 0; /* rootless without delegation: the container stays in our own cgroup */
}

/* What was there before: with processes it is somebody's; without, a killed runtime's. */
static int judge_existing(const struct cg_host *h, struct cg *c, struct err *e)
{
	bool frozen = false;

	if (cg_populated(h, c->path, &c->external, e) < 0 || cg_frozen(h, c->path, &frozen, e) < 0)
		return -e->num;
	if (!frozen)
		return 0;
	if (!c->external)
		return cg_freeze(h, c->path, false, 1000, e);
	err_set(e, ERR_CONFLICT, EBUSY, "cgroup %s is frozen, a container in it could never start", c->path);
	return err_hint(e, "resume what runs in it, or choose another cgroupsPath");
}

/* Statistics need the controllers as much as limits do; `needed` are those somebody asked a limit for. */
int cg_enable(const struct cg_host *h, const char *path, const struct rc_resources *res, struct err *e)
{
	unsigned needed = res ? cg_limits_controllers(res) : 0;
	unsigned wanted = 1u << CG_CPU | 1u << CG_MEMORY | 1u << CG_PIDS | 1u << CG_IO;

	for (unsigned i = 0; i < CG_N_CONTROLLERS; i++)
		if (h->v1_of[i] >= 0) {
			needed &= ~(1u << i);
			wanted &= ~(1u << i);
		}
	return cg_controllers_enable(h, path, needed, wanted, e);
}

int cg_create(struct cg_host *h, const struct cg_new *n, struct cg *ret, struct err *e)
{
	unsigned existed = 0;

	if (h->n_hier == 0) {
		begin(ret, "");
		if (n->optional)
			return 0;
		err_set(e, ERR_UNSUPPORTED, ENOENT, "no cgroup file system is mounted");
		return err_hint(e, "mount cgroup2 at /sys/fs/cgroup");
	}
	int r = make_all(h, n, ret, &existed, e);
	if (r == MISPLACED && !e->num) {
		undo(h, ret);
		existed = 0;
		if (cg_host_verify(h, e) < 0)
			return -e->num;
		if (h->n_hier == 0)
			return cg_create(h, n, ret, e);
		r = make_all(h, n, ret, &existed, e);
	}
	if (r == 0 && existed)
		r = judge_existing(h, ret, e);
	if (r == 0 && h->unified >= 0 && ret->in & 1u << h->unified)
		r = cg_enable(h, ret->path, n->res, e);
	if (r < 0)
		undo(h, ret);
	return r;
}

/* --- existing ones ------------------------------------------------------------------------------------- */

void cg_init(struct cg *c)
{
	c->path[0] = '\0';
	c->external = false;
	c->in = c->made = 0;
	c->dir_fd = FD_NONE;
	c->join.n = 0;
}

void cg_done(struct cg *c)
{
	fd_close(&c->dir_fd);
	cg_join_done(&c->join);
	c->path[0] = '\0';
	c->in = c->made = 0;
}

static int open_in(const struct cg_host *h, int hier, const char *path, struct cg *c, struct err *e)
{
	fmt_to(c->path, sizeof(c->path), "%s", path);
	int r = open_entry(h, hier, c);

	if (r == 0)
		c->in |= 1u << hier;
	else if (r != -ENOENT && !is_denied(r))
		return err_num(e, -r, "open cgroup %s (%s)", path, h->hier[hier].v2 ? "v2" : h->hier[hier].name);
	return 0;
}

int cg_open(const struct cg_host *h, const char *path, struct cg *ret, struct err *e)
{
	begin(ret, path);
	if (!*path)
		return 0;
	for (int i = 0; i < h->n_hier; i++)
		if (open_in(h, i, path, ret, e) < 0) {
			cg_done(ret);
			return -e->num;
		}
	if (ret->in)
		return 0;
	cg_done(ret);
	return err_set(e, ERR_NOT_FOUND, ENOENT, "cgroup %s is gone or not accessible", path);
}

/* Does hierarchy @hier carry one of the comma-separated @controllers? */
static bool selected(const struct cg_hier *hier, const char *controllers)
{
	if (!controllers)
		return true;
	for (const char *p = controllers; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t n = strcspn(p, ",");

		for (const char *q = hier->name; *q; q += strcspn(q, ","), q += *q == ',')
			if (strcspn(q, ",") == n && strncmp(p, q, n) == 0)
				return true;
	}
	return false;
}

int cg_open_sub(const struct cg_host *h, const char *path, const char *controllers, const char *sub, struct cg *ret,
	struct err *e)
{
	char below[CG_PATH_SIZE], joined[CG_PATH_SIZE];
	bool may_move;
	unsigned found = 0;

	below[0] = '\0';
	if (strspn(sub, "/") != strlen(sub) && cg_path_resolve(sub, "", below, &may_move, e) < 0)
		return -e->num;
	if (!fmt_fits(joined, sizeof(joined), "%s%s", path, below))
		return err_num(e, ENAMETOOLONG, "cgroup %.256s", sub);
	begin(ret, path);
	for (int i = 0; i < h->n_hier; i++) {
		bool here = selected(&h->hier[i], controllers);

		if (open_in(h, i, here ? joined : path, ret, e) < 0) {
			cg_done(ret);
			return -e->num;
		}
		if (here)
			found |= ret->in & 1u << i;
	}
	fmt_to(ret->path, sizeof(ret->path), "%s", path);
	if (found)
		return 0;
	cg_done(ret);
	return err_set(e, ERR_NOT_FOUND, ENOENT, "the container has no cgroup \"%.256s\"%s%s", sub,
		controllers ? " of controller " : "", controllers ? controllers : "");
}

bool cg_exists(const struct cg_host *h, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	if (!*path)
		return false;
	for (int i = 0; i < h->n_hier; i++)
		if (fmt_fits(full, sizeof(full), "%s%s", h->hier[i].dir, path) &&
			fstatat(h->root, full, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}
