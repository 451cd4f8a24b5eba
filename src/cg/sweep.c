/* Cgroups that nobody uses any more: what a kill at the wrong moment left below the directory of our containers. */
#include "cg/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/cleanup.h"
#include "cg/tree.h"

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* The inode's times are those of the directory or, when the kernel had dropped it from memory, later ones: nothing
 * seems older than it is. */
static bool is_old(int dir, const char *name, int older_s)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime >= older_s;
}

static bool is_empty(const struct cg_host *h, int hier, const char *parent, const char *name)
{
	char path[CG_PATH_SIZE], text[16];

	return fmt_fits(path, sizeof(path), "%s/%s", parent, name) &&
		cg_file_read(CG_AT(h, hier, path), "cgroup.procs", text, sizeof(text)) == 0;
}

static int sweep_one(
	const struct cg_host *h, int hier, const struct cg_sweep *s, size_t *n, size_t *left, struct err *e)
{
	auto_fd int fd = cg_file_open(h, hier, s->parent, NULL, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return fd == -ENOENT ? 0 : err_num(e, -fd, "open cgroup %s", s->parent);
	DIR *dir __attribute__((cleanup(close_dir))) = fdopendir(fd);
	if (!dir)
		return err_sys(e, "read cgroup %s", s->parent);
	int at = fd_steal(&fd);
	for (const struct dirent *d; (d = readdir(dir));) {
		if (d->d_type != DT_DIR || d->d_name[0] == '.' || s->needed(s->ctx, d->d_name) ||
			!is_old(at, d->d_name, s->older_s) || !is_empty(h, hier, s->parent, d->d_name))
			continue;
		++*n;
		/* The kernel refuses when somebody has entered it meanwhile, or made cgroups below it. */
		if (!s->remove || (unlinkat(at, d->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT))
			++*left;
	}
	return 0;
}

int cg_sweep(const struct cg_sweep *s, size_t *ret_n, size_t *ret_left, struct err *e)
{
	struct cg_host h;
	int r = cg_host_open(CG_VERIFY, &h, e);

	*ret_n = *ret_left = 0;
	if (r < 0)
		return r;
	for (int i = 0; i < h.n_hier && r == 0; i++)
		r = sweep_one(&h, i, s, ret_n, ret_left, e);
	cg_host_done(&h);
	return r;
}
