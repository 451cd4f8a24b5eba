/* The mount of type cgroup: the container's own directories, bound. A new cgroup superblock would look the same
 * and wait 8 to 20 ms for the kernel; see ARCHITECTURE.md "What the start path must not do". */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "mnt/bind.h"
#include "runtime/child/steps.h"
#include "sys/path.h"

/* The host's directory to show: our own cgroup where we see it as root of a namespace or of a v1 hierarchy; a v2
 * tree without a namespace is shown whole, as a mount of cgroup2 would be. */
int cgroup_mount_source(const struct child_plan *p, int hier, char *dst, size_t size, struct err *e)
{
	const struct cg_hier *h = &p->cg_host->hier[hier];
	bool whole = p->cg_host->mode == CG_V2 && !p->cg_own_ns;
	const char *base = h->dir[0] == '/' ? "" : "/sys/fs/cgroup/";

	if (!fmt_fits(dst, size, "%s%s%s", base, h->dir, whole ? "" : p->cg_path))
		return err_num(e, ENAMETOOLONG, "cgroup path %s", p->cg_path);
	return 0;
}

static int set_attrs(const struct child_mount *m, int fd, struct err *e)
{
	struct mount_attr a = { .attr_set = m->opts.attr_set | m->opts.rec_attr_set, .propagation = MS_PRIVATE };

	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &a, sizeof(a)) < 0)
		return err_sys(e, "set the attributes of the cgroup mount");
	return 0;
}

static int mount_single(const struct child_plan *p, const struct child_mount *m, struct mnt_at at, struct err *e)
{
	char source[CG_PATH_SIZE + 64];
	struct mnt_opts below = { .rec_attr_set = m->opts.rec_attr_set, .rec_attr_clr = m->opts.rec_attr_clr };
	int mnt = p->cg_tree[p->cg_host->unified], r = 0;

	if (mnt >= 0) { /* cloned with its own attributes */
		r = mnt_set_attrs(mnt, &below, e);
		return r < 0 ? r : mnt_move_at(mnt, at, e);
	}
	if (cgroup_mount_source(p, p->cg_host->unified, source, sizeof(source), e) < 0)
		return -e->num;
	mnt = mnt_clone(FD_NONE, source, &m->opts, p->slave_binds, e);
	return mnt < 0 ? mnt : mnt_move_at(mnt, at, e);
}

/* What the directory of a hierarchy is called below the mount: as on the host, "unified" for v2. */
static const char *shown_as(const struct cg_hier *h)
{
	const char *slash = strrchr(h->dir, '/');

	return slash ? slash + 1 : h->dir;
}

static int bind_one(const struct child_plan *p, int hier, int dirfd, struct err *e)
{
	char source[CG_PATH_SIZE + 64], at[64];
	const char *name = shown_as(&p->cg_host->hier[hier]);
	int r = cgroup_mount_source(p, hier, source, sizeof(source), e);

	if (r < 0)
		return r;
	if (mkdirat(dirfd, name, 0755) < 0)
		return err_sys(e, "make the directory of cgroup hierarchy %s", name);
	if (p->cg_tree[hier] >= 0) {
		if (move_mount(p->cg_tree[hier], "", dirfd, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return err_sys(e, "attach cgroup hierarchy %s", name);
		return 0;
	}
	struct path_proc dir = path_proc_rel(dirfd);
	fmt_to(at, sizeof(at), "%s/%s", dir.text, name);
	if (mount(source, at, NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
		return err_sys(e, "bind cgroup hierarchy %s", name);
	return 0;
}

/* "cpu" and "cpuacct" where the hierarchy is called "cpu,cpuacct". */
static void link_parts(const struct cg_hier *h, int dirfd)
{
	const char *name = shown_as(h), *part = name;

	if (!strchr(name, ','))
		return;
	while (*part) {
		char link[CG_DIR_SIZE];
		size_t n = strcspn(part, ",");

		fmt_to(link, sizeof(link), "%.*s", (int)n, part);
		if (symlinkat(name, dirfd, link) < 0)
			return; /* a convenience */
		part += n + (part[n] == ',');
	}
}

static int mount_split(const struct child_plan *p, const struct child_mount *m, struct mnt_at at, struct err *e)
{
	static const struct mnt_data mode = { (char *)"mode", (char *)"755" };
	static const struct mnt_opts opts = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.data = (struct mnt_data *)&mode,
		.n_data = 1 };
	static const struct mnt_fs tmpfs = { .type = "tmpfs", .source = "cgroup", .opts = &opts };
	int top = mnt_fs_detached(&tmpfs, e);
	int r = top < 0 ? top : mnt_move_at(top, at, e);

	for (int i = 0; r == 0 && i < p->cg_host->n_hier; i++) {
		r = bind_one(p, i, top, e);
		link_parts(&p->cg_host->hier[i], top);
	}
	return r < 0 ? r : set_attrs(m, top, e);
}

int cgroup_mount(const struct child_plan *p, const struct child_mount *m, struct mnt_at at, struct err *e)
{
	if (!p->cg_host || p->cg_host->mode == CG_NONE)
		return err_set(e, ERR_UNSUPPORTED, ENODEV, "this host has no cgroup hierarchy to show");
	if (p->cg_host->mode == CG_V2)
		return mount_single(p, m, at, e);
	return mount_split(p, m, at, e);
}
