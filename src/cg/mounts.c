/* The container's own directories, opened in the parent so that the child only binds them. */
#include "cg/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/host_internal.h"

/* "cpu,cpuacct" may also be asked for as "cpu" and as "cpuacct": what systemd sets up on v1. */
static void add_links(struct cg_mounts *m, const char *name)
{
	for (const char *p = name; strchr(name, ',') && *p; p += strcspn(p, ","), p += *p == ',') {
		if (m->n == (int)ARRAY_SIZE(m->v))
			return;
		struct cg_mount *link = &m->v[m->n++];
		link->fd = FD_NONE;
		fmt_to(link->name, sizeof(link->name), "%.*s", (int)strcspn(p, ","), p);
		fmt_to(link->link, sizeof(link->link), "%s", name);
	}
}

static int add(const struct cg_host *h, int hier, const char *path, struct cg_mounts *m, struct err *e)
{
	const struct cg_hier *k = &h->hier[hier];
	const char *plain = str_after(k->name, "name=");
	char own[CG_PATH_SIZE];
	int fd = -ENOENT;

	if (*path)
		fd = cg_file_open(h, hier, path, NULL, O_PATH | O_DIRECTORY);
	/* Not ours there (rootless): what the container's processes will be in is what we are in. */
	if (fd == -ENOENT || fd == -EACCES) {
		if (cg_path_of(0, k, own, e) < 0)
			return -e->num;
		fd = cg_file_open(h, hier, str_eq(own, "/") ? "" : own, NULL, O_PATH | O_DIRECTORY);
	}
	if (fd < 0)
		return err_num(e, -fd, "open cgroup %s (%s) to mount it", path, k->v2 ? "v2" : k->name);
	struct cg_mount *one = &m->v[m->n++];
	one->fd = fd;
	one->link[0] = '\0';
	fmt_to(one->name, sizeof(one->name), "%s", k->v2 ? "unified" : plain ? plain : k->name);
	add_links(m, one->name);
	return 0;
}

int cg_mounts_open(const struct cg_host *h, const char *path, struct cg_mounts *ret, struct err *e)
{
	ret->n = 0;
	ret->single = h->mode == CG_V2;
	for (int i = 0; i < h->n_hier; i++)
		if (add(h, i, path, ret, e) < 0) {
			cg_mounts_done(ret);
			return -e->num;
		}
	return 0;
}

void cg_mounts_done(struct cg_mounts *m)
{
	for (int i = 0; i < m->n; i++)
		fd_close(&m->v[i].fd);
	m->n = 0;
}
