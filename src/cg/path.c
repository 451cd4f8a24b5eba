/* From linux.cgroupsPath to a normal absolute path. Pure text; nothing is looked up. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include "base/fmt.h"
#include "cg/tree.h"

static int refuse(struct err *e, const char *path, const char *why)
{
	err_set(e, ERR_CONFIG, EINVAL, "\"%.*s\" %s", 128, path, why);
	return err_wrap(e, "config.json: /linux/cgroupsPath");
}

/* Why @name of @n bytes cannot be a cgroup; NULL: it can. */
static const char *bad_component(const char *name, size_t n)
{
	if (n == 2 && name[0] == '.' && name[1] == '.')
		return "has a part that leads up: `..` components are not allowed";
	if (n > NAME_MAX)
		return "has a part longer than the 255 bytes allowed";
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return "has a control character";
	return NULL;
}

int cg_path_resolve(
	const char *cgroups_path, const char *id, char ret[static CG_PATH_SIZE], bool *ret_may_move, struct err *e)
{
	const char *from = cgroups_path && *cgroups_path ? cgroups_path : id;
	char out[CG_PATH_SIZE];
	size_t len = 0;

	for (const char *p = from; *p;) {
		size_t n = strcspn(p, "/");
		const char *bad = bad_component(p, n);

		if (bad)
			return refuse(e, from, bad);
		if (n > 0 && !(n == 1 && *p == '.')) {
			if (len + n + 2 > sizeof(out) - 256) /* room for "container" and file names */
				return refuse(e, from, "is too long");
			len += fmt_to(out + len, sizeof(out) - len, "/%.*s", (int)n, p);
		}
		p += n + (p[n] == '/');
	}
	if (len == 0)
		return refuse(e, from, "is the root cgroup, which cannot be a container's");
	memcpy(ret, out, len + 1);
	*ret_may_move = from[0] != '/';
	return 0;
}
