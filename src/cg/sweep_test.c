#include <errno.h>
#include <sys/stat.h>
#include "base/str.h"
#include "cg/sweep.h"
#include "cg/test_view.h"

static bool needed(void *ctx, const char *name)
{
	return str_eq(name, ctx);
}

static void wait_forever(void)
{
	for (;;)
		pause();
}

static void make(struct cg_host *h, const char *parent, const char *name, struct cg *ret)
{
	char path[CG_PATH_SIZE];
	struct err e = ERR_NONE;

	fmt_to(path, sizeof(path), "%s/%s", parent, name);
	CHECK(cg_create(h, &(struct cg_new){ .path = path }, ret, &e) == 0, "%s", e.msg);
}

static void sweep_in(enum view v)
{
	char parent[CG_PATH_SIZE], path[CG_PATH_SIZE];
	static char kept[] = "kept";
	struct err e = ERR_NONE;
	struct cg_host h;
	struct cg c[3];
	size_t n, left;

	if (!view_enter(v) || cg_host_open(CG_VERIFY, &h, &e) < 0 || h.n_hier == 0)
		return;
	view_path(parent, "sweep");
	make(&h, parent, "empty", &c[0]);
	make(&h, parent, kept, &c[1]);
	make(&h, parent, "busy", &c[2]);
	pid_t pid = view_child(&c[2], wait_forever);
	CHECK(pid > 0, "a process");

	struct cg_sweep s = { .parent = parent, .older_s = 1000, .remove = true, .needed = needed, .ctx = kept };
	CHECK(cg_sweep(&s, &n, &left, &e) == 0 && n == 0 && left == 0, "young: %zu %s", n, e.msg);
	s.older_s = 0;
	s.remove = false;
	CHECK(cg_sweep(&s, &n, &left, &e) == 0 && n >= (size_t)h.n_hier && left == n, "told: %zu %s", n, e.msg);
	s.remove = true;
	CHECK(cg_sweep(&s, &n, &left, &e) == 0 && n >= (size_t)h.n_hier && left == 0, "removed: %zu %zu", n, left);
	fmt_to(path, sizeof(path), "%s/empty", parent);
	CHECK(!cg_exists(&h, path), "the empty one");
	fmt_to(path, sizeof(path), "%s/kept", parent);
	CHECK(cg_exists(&h, path), "the one that is needed");
	fmt_to(path, sizeof(path), "%s/busy", parent);
	CHECK(cg_exists(&h, path) && kill(pid, 0) == 0, "the one with a process");

	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid, "the process");
	for (int i = 0; i < 3; i++)
		cg_done(&c[i]);
	CHECK(cg_remove(&h, parent, &e) == 0, "%s", e.msg);
	cg_host_done(&h);
}

TEST(what_nobody_uses_goes)
{
	sweep_in(VIEW_OWN);
	sweep_in(VIEW_V2);
	sweep_in(VIEW_V1);
}

TEST_MAIN(T(what_nobody_uses_goes))
