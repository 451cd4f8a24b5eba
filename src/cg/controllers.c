/* A controller is there for a cgroup only if every cgroup above has it in cgroup.subtree_control. Each level
 * is read before it is written: a write takes the kernel's global cgroup lock and touches every child. */
#include "cg/controllers.h"

#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

/* Where a user finds what asked for it. */
static const char *json_path(enum cg_controller c)
{
	switch (c) {
	case CG_IO: return "/linux/resources/blockIO";
	case CG_HUGETLB: return "/linux/resources/hugepageLimits";
	case CG_CPUSET: return "/linux/resources/cpu";
	case CG_CPU: return "/linux/resources/cpu";
	case CG_MEMORY: return "/linux/resources/memory";
	case CG_PIDS: return "/linux/resources/pids";
	case CG_RDMA: return "/linux/resources/rdma";
	default: return "/linux/resources";
	}
}

static unsigned parse(char *text)
{
	unsigned set = 0;
	char *save = NULL;

	for (char *w = strtok_r(text, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
		for (unsigned c = 0; c < CG_N_CONTROLLERS; c++)
			if (c != CG_CPUACCT && str_eq(w, cg_controller_name(c, true)))
				set |= 1u << c;
	return set;
}

int cg_controllers_read(const struct cg_host *h, const char *path, const char *file, unsigned *ret)
{
	char text[512];
	ssize_t n = cg_file_read(CG_AT(h, h->unified, path), file, text, sizeof(text));

	if (n < 0)
		return (int)n;
	*ret = parse(text);
	return 0;
}

static int write_set(const struct cg_host *h, const char *path, unsigned set)
{
	char text[256];
	size_t len = 0;

	for (unsigned c = 0; c < CG_N_CONTROLLERS; c++)
		if (set & 1u << c)
			len += fmt_to(
				text + len, sizeof(text) - len, "%s+%s", len ? " " : "", cg_controller_name(c, true));
	return cg_file_write(h, h->unified, path, "cgroup.subtree_control", text);
}

static const char *shown(const char *path)
{
	return *path ? path : "/";
}

static int cannot(const char *path, enum cg_controller c, int num, struct err *e)
{
	err_num(e, num, "turn on the %s controller in cgroup %s", cg_controller_name(c, true), shown(path));
	if (num == EBUSY)
		err_hint(e, "processes in %s itself forbid it; move them to a cgroup below", shown(path));
	else if (num == EACCES || num == EPERM || num == EROFS)
		err_hint(e, "this cgroup is not delegated to you");
	return err_wrap(e, "%s", json_path(c));
}

/* Processes directly in it. The kernel's own root, which has no cgroup.type, may have them. */
static bool is_occupied(const struct cg_host *h, const char *path)
{
	char text[64];

	return cg_file_read(CG_AT(h, h->unified, path), "cgroup.type", text, sizeof(text)) > 0 &&
		cg_file_read(CG_AT(h, h->unified, path), "cgroup.procs", text, sizeof(text)) > 0;
}

/* One level. Together first, one by one if that is refused; but nothing at all where processes are: the kernel
 * would take cpu, cpuset and pids by turning the cgroup into a threaded one, and no process can enter a cgroup below
 * that any more (EOPNOTSUPP; cgroup-v2.rst "Threads"). */
static int enable_in(const struct cg_host *h, const char *path, unsigned todo, unsigned needed, struct err *e)
{
	if (is_occupied(h, path)) {
		needed &= todo;
		return needed ? cannot(path, (enum cg_controller)__builtin_ctz(needed), EBUSY, e) : 0;
	}
	if (write_set(h, path, todo) == 0)
		return 0;
	for (unsigned c = 0; c < CG_N_CONTROLLERS; c++) {
		if (!(todo & 1u << c))
			continue;
		int r = write_set(h, path, 1u << c);
		if (r < 0 && (needed & 1u << c))
			return cannot(path, c, -r, e);
	}
	return 0;
}

static int absent(const char *path, unsigned missing, struct err *e)
{
	enum cg_controller c = (enum cg_controller)__builtin_ctz(missing);

	err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "the %s controller is not available in cgroup %s",
		cg_controller_name(c, true), shown(path));
	err_hint(e, *path ? "it is not delegated to this cgroup" : "the kernel or an outer container lacks it");
	return err_wrap(e, "%s", json_path(c));
}

/* @path is cut at each slash in turn. *ret_more: is there a point in going further down. */
static int one_level(
	const struct cg_host *h, const char *path, unsigned needed, unsigned wanted, bool *ret_more, struct err *e)
{
	unsigned have = 0, on = 0;
	int r = cg_controllers_read(h, path, "cgroup.controllers", &have);

	if (r == 0 && !needed && !(wanted & have))
		return 0; /* nothing here that anybody wants */
	if (r == 0)
		r = cg_controllers_read(h, path, "cgroup.subtree_control", &on);
	if (r < 0)
		return needed ? err_num(e, -r, "read the controllers of cgroup %s", shown(path)) : 0;
	if (needed & ~have)
		return absent(path, needed & ~have, e);
	unsigned todo = (needed | wanted) & have & ~on;
	*ret_more = ((needed | wanted) & have) != 0;
	return todo ? enable_in(h, path, todo, needed, e) : 0;
}

int cg_controllers_enable(const struct cg_host *h, const char *path, unsigned needed, unsigned wanted, struct err *e)
{
	char part[CG_PATH_SIZE];
	unsigned have = 0;
	bool more = true;

	if (h->unified < 0 || !(needed | wanted))
		return 0;
	if (cg_controllers_read(h, path, "cgroup.controllers", &have) == 0 && !((needed | wanted) & ~have))
		return 0;
	for (const char *p = path; more && *p; p += 1 + strcspn(p + 1, "/")) {
		more = false;
		fmt_to(part, sizeof(part), "%.*s", (int)(p - path), path);
		if (one_level(h, part, needed, wanted, &more, e) < 0)
			return -e->num;
	}
	return 0;
}
