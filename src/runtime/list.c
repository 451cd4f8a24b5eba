/* All containers of a state root. */
#include "runtime/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/log.h"
#include "runtime/probe.h"
#include "runtime/state.h"

struct names {
	char **v;
	size_t n, cap;
};

static bool add_name(struct names *names, struct arena *a, const char *name)
{
	if (names->n == names->cap) {
		size_t cap = names->cap ? names->cap * 2 : 64;
		char **v = arena_array(a, char *, cap);

		if (!v)
			return false;
		if (names->n)
			memcpy(v, names->v, names->n * sizeof(*v));
		names->v = v;
		names->cap = cap;
	}
	names->v[names->n] = arena_dup(a, name);
	return names->v[names->n++] != NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(struct rt_context *c, struct arena *a, struct names *ret, struct err *e)
{
	int fd = openat(c->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	struct err bad = ERR_NONE;

	if (!dir) {
		err_sys(e, "read %s", c->root_path);
		fd_close(&fd);
		return -e->num;
	}
	while (!e->num && (d = readdir(dir))) {
		if (rt_id_check(d->d_name, &bad) < 0) /* not a container: ".", "@mntns" */
			err_clear(&bad);
		else if (!add_name(ret, a, d->d_name))
			err_oom(e, "the list of containers");
	}
	closedir(dir);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return e->num ? -e->num : 0;
}

static char *keep(struct arena *a, const char *s)
{
	return arena_dup(a, s ? s : "");
}

static int fill(struct arena *a, struct rt_state *s, enum rt_status status, struct rt_list_entry *ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	pid_t pid = status == RT_STOPPED ? 0 : s->pid;

	rt_state_fill_owner(s);
	rt_state_document(s, status, pid, &b);
	if (buf_err(&b, e) < 0)
		return -e->num;
	*ret = (struct rt_list_entry){ keep(a, s->id), keep(a, s->bundle), keep(a, s->rootfs), keep(a, s->created),
		keep(a, s->owner), status, pid, keep(a, b.data) };
	if (!ret->id || !ret->bundle || !ret->rootfs || !ret->created || !ret->owner || !ret->json)
		return err_oom(e, "the list of containers");
	return 0;
}

static int add_one(struct rt_context *c, struct rt_probe *p, const char *id, struct rt_list *l, struct err *e)
{
	bool found = false;
	struct rt_state s = { .arena = ARENA_INIT };
	enum rt_status status;
	auto_fd int pidfd = FD_NONE;
	auto_fd int fd = rt_state_open(c, id, e);

	if (fd >= 0 && rt_state_load(fd, id, &found, &s, e) == 0 && found &&
		rt_probe_status(p, &s, &status, &pidfd, e) == 0 && fill(&l->arena, &s, status, &l->v[l->n], e) == 0)
		l->n++;
	rt_state_done(&s);
	return e->num ? -e->num : 0;
}

int rt_list(struct rt_context *c, struct rt_list *ret, struct err *e)
{
	struct rt_probe p;
	struct names names = { NULL, 0, 0 };

	*ret = (struct rt_list){ .arena = ARENA_INIT };
	if (read_names(c, &ret->arena, &names, e) < 0)
		return -e->num;
	ret->v = arena_array(&ret->arena, struct rt_list_entry, names.n + 1);
	if (!ret->v)
		return err_oom(e, "the list of containers");
	rt_probe_init(&p);
	for (size_t i = 0; i < names.n && !e->num; i++) {
		struct err one = ERR_NONE;

		if (add_one(c, &p, names.v[i], ret, &one) == -ENOMEM)
			*e = one;
		else if (one.num && one.kind != ERR_NOT_FOUND && one.num != ENOTDIR)
			log_warn("%s", one.msg);
	}
	rt_probe_done(&p);
	return e->num ? -e->num : 0;
}

void rt_list_done(struct rt_list *l)
{
	arena_done(&l->arena);
	*l = (struct rt_list){ .arena = ARENA_INIT };
}

void rt_list_json(const struct rt_list *l, struct buf *ret)
{
	if (l->n == 0)
		buf_str(ret, "null");
	for (size_t i = 0; i < l->n; i++) {
		buf_str(ret, i ? "," : "[");
		buf_str(ret, l->v[i].json);
	}
	if (l->n)
		buf_str(ret, "]");
}
