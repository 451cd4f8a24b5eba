/* A container may nest cgroups far deeper than PATH_MAX allows to write down and RLIMIT_NOFILE allows to
 * hold open. So: names are read and the directory closed before going down, and when the relative path
 * grows long a new base descriptor is opened and the path starts anew. */
#include "cg/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fmt.h"

enum {
	REBASE_LEN = 3072, /* leaves room for one more name and a file in PATH_MAX */
	MAX_DEPTH = 10000, /* about 4 MiB of stack */
};

struct walk {
	cg_visit visit;
	void *arg;
	struct buf rel;
};

/* The sub-directories of @rel, each NUL-terminated, into @ret. An absent directory has none. */
static int read_names(int base, const char *rel, struct buf *ret, struct err *e)
{
	struct dirent *d;
	int fd = openat(base, rel, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : err_sys(e, "open cgroup directory");
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_oom(e, "a cgroup directory");
	}
	while ((d = readdir(dir)))
		if (d->d_type == DT_DIR && strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			buf_add(ret, d->d_name, strlen(d->d_name) + 1);
	closedir(dir);
	return buf_err(ret, e);
}

static int walk(struct walk *w, int base, int depth, struct err *e);

/* The same from a new base, so that the path stays short. */
static int walk_rebased(struct walk *w, int base, int depth, struct err *e)
{
	auto_fd int fd = openat(base, w->rel.data, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : err_sys(e, "open cgroup directory");
	struct walk deeper = { .visit = w->visit, .arg = w->arg };
	buf_str(&deeper.rel, ".");
	int r = buf_err(&deeper.rel, e);
	if (r == 0)
		r = walk(&deeper, fd, depth, e);
	buf_done(&deeper.rel);
	return r;
}

static int walk_children(struct walk *w, int base, int depth, const struct buf *names, struct err *e)
{
	size_t len = w->rel.len;

	for (size_t at = 0; at < names->len; at += strlen(names->data + at) + 1) {
		buf_printf(&w->rel, "/%s", names->data + at);
		if (buf_err(&w->rel, e) < 0)
			return -e->num;
		bool is_long = w->rel.len > REBASE_LEN;
		int r = is_long ? walk_rebased(w, base, depth + 1, e) : walk(w, base, depth + 1, e);
		if (r == 0 && is_long)
			r = w->visit(base, w->rel.data, w->arg, e);
		w->rel.len = len;
		w->rel.data[len] = '\0';
		if (r < 0)
			return r;
	}
	return 0;
}

static int walk(struct walk *w, int base, int depth, struct err *e)
{
	AUTO(buf) struct buf names = BUF_INIT;

	if (depth > MAX_DEPTH)
		return err_set(e, ERR_UNSUPPORTED, ELOOP, "cgroups nested more than %d deep", MAX_DEPTH);
	if (read_names(base, w->rel.data, &names, e) < 0 || walk_children(w, base, depth, &names, e) < 0)
		return -e->num;
	/* "." of a rebased walk is visited by its parent under its name. */
	return strcmp(w->rel.data, ".") == 0 ? 0 : w->visit(base, w->rel.data, w->arg, e);
}

int cg_walk(const struct cg_host *h, int hier, const char *path, cg_visit visit, void *arg, struct err *e)
{
	char full[4096];
	struct walk w = { .visit = visit, .arg = arg };

	if (cg_file_path(h, hier, path, NULL, full, e) < 0)
		return -e->num;
	buf_str(&w.rel, full);
	int r = buf_err(&w.rel, e);
	if (r == 0)
		r = walk(&w, h->root, 0, e);
	buf_done(&w.rel);
	return r;
}
