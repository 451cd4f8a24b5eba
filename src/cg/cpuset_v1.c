#include "cg/cpuset_v1.h"

#include <string.h>
#include "base/fmt.h"

enum { LIST_MAX = 4096 }; /* "0-3,8": far below a page even on the largest machines */

static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

static void fill_one(const struct cg_host *h, int hier, const char *path, const char *file)
{
	char value[LIST_MAX], own[LIST_MAX], part[CG_PATH_SIZE];

	value[0] = '\0';
	for (size_t n = 0;; n += 1 + strcspn(path + n + 1, "/")) {
		fmt_to(part, sizeof(part), "%.*s", (int)n, path);
		ssize_t len = cg_file_read(CG_AT(h, hier, part), file, own, sizeof(own));
		if (len > 0)
			memcpy(value, own, (size_t)len + 1);
		else if (len == 0 && value[0])
			(void)cg_file_write(h, hier, part, file, value); /* see the header */
		if (!path[n])
			return;
	}
}

void cg_cpuset_fill(const struct cg_host *h, int hier, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		fill_one(h, hier, path, files[i]);
}

void cg_cpuset_inherit(const struct cg_host *h, int hier, const char *path)
{
	char value[LIST_MAX], parent[CG_PATH_SIZE];
	const char *slash = strrchr(path, '/');

	if (hier != h->v1_of[CG_CPUSET] || !slash)
		return;
	/* A parent of our making has passed its own on: cg_cpuset_pass_on(). */
	if (slash != path && cg_file_read(CG_AT(h, hier, path), files[0], value, sizeof(value)) > 0)
		return;
	fmt_to(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		ssize_t len = cg_file_read(CG_AT(h, hier, parent), files[i], value, sizeof(value));

		if (len > 0)
			(void)cg_file_write(h, hier, path, files[i], value); /* see the header */
		else
			fill_one(h, hier, path, files[i]); /* a parent nobody has filled either */
	}
}

void cg_cpuset_pass_on(const struct cg_host *h, int hier, const char *path)
{
	if (hier == h->v1_of[CG_CPUSET])
		(void)cg_file_write(h, hier, path, "cgroup.clone_children", "1"); /* spares calls, nothing else */
}
