/* Writing id maps. Guarantees: what is written was checked as a whole before the child exists, so the usual
 * mistakes are reported as such and not as the kernel's bare EINVAL. */
#include "ns/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/call.h"
#include "sys/spawn.h"

enum {
	MAX_ENTRIES = 10000, /* of a list as written, before joining */
	MAX_RANGES = 340, /* UID_GID_MAP_MAX_EXTENTS */
	HELPER_TIMEOUT_MS = 10000,
};

/* --- checks ------------------------------------------------------------------------------------------ */

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

static int check_pair(const struct rc_id_maps *m, size_t i, size_t j, const char *what, struct err *e)
{
	const struct rc_id_map *a = &m->v[i], *b = &m->v[j];

	if (overlap(a->container, a->size, b->container, b->size))
		return err_set(e, ERR_CONFIG, EINVAL,
			"%s: entries %zu (%u %u %u) and %zu (%u %u %u) overlap in container ids", what, i, a->container,
			a->host, a->size, j, b->container, b->host, b->size);
	if (overlap(a->host, a->size, b->host, b->size))
		return err_set(e, ERR_CONFIG, EINVAL,
			"%s: entries %zu (%u %u %u) and %zu (%u %u %u) overlap in host ids", what, i, a->container,
			a->host, a->size, j, b->container, b->host, b->size);
	return 0;
}

static int check_entry(const struct rc_id_map *a, size_t i, const char *what, struct err *e)
{
	uint32_t end;

	if (a->size == 0)
		return err_set(e, ERR_CONFIG, EINVAL, "%s: entry %zu has size 0", what, i);
	/* 4294967295 is no id; the last mappable is one below. */
	if (__builtin_add_overflow(a->container, a->size, &end) || __builtin_add_overflow(a->host, a->size, &end))
		return err_set(e, ERR_CONFIG, EINVAL, "%s: entry %zu (%u %u %u) goes beyond id 4294967294", what, i,
			a->container, a->host, a->size);
	return 0;
}

int ns_idmap_check(const struct rc_id_maps *m, const char *what, struct err *e)
{
	int r = 0;

	if (m->n == 0)
		return err_set(e, ERR_CONFIG, EINVAL, "%s: no entry, at least one is needed", what);
	if (m->n > MAX_ENTRIES)
		return err_set(
			e, ERR_CONFIG, E2BIG, "%s: %zu entries, at most %d are allowed", what, m->n, MAX_ENTRIES);
	for (size_t i = 0; r == 0 && i < m->n; i++) {
		r = check_entry(&m->v[i], i, what, e);
		for (size_t j = 0; r == 0 && j < i; j++)
			r = check_pair(m, j, i, what, e);
	}
	return r;
}

bool ns_idmap_to_host(const struct rc_id_maps *m, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct rc_id_map *a = &m->v[i];

		if (id >= a->container && id - a->container < a->size) {
			*ret = a->host + (id - a->container);
			return true;
		}
	}
	return false;
}

/* --- the text ---------------------------------------------------------------------------------------- */

static int add_line(struct ns_idmap_side *s, const struct rc_id_map *a, const char *what, struct err *e)
{
	size_t room = sizeof(s->text) - s->len;

	if (!fmt_fits(s->text + s->len, room, "%u %u %u\n", a->container, a->host, a->size))
		return err_set(e, ERR_CONFIG, E2BIG, "%s: the ranges do not fit into the %d bytes the kernel takes",
			what, NS_IDMAP_TEXT - 1);
	s->len += strlen(s->text + s->len);
	return 0;
}

static int make_text(const struct rc_id_maps *m, const char *what, struct ns_idmap_side *s, struct err *e)
{
	struct rc_id_map run = m->v[0];
	size_t n_ranges = 1;
	int r = 0;

	s->len = 0;
	for (size_t i = 1; r == 0 && i < m->n; i++) {
		const struct rc_id_map *a = &m->v[i];

		if (a->container == run.container + run.size && a->host == run.host + run.size) {
			run.size += a->size;
			continue;
		}
		n_ranges++;
		r = add_line(s, &run, what, e);
		run = *a;
	}
	if (r == 0)
		r = add_line(s, &run, what, e);
	if (r == 0 && n_ranges > MAX_RANGES)
		r = err_set(e, ERR_CONFIG, E2BIG, "%s: %zu ranges, the kernel takes at most %d", what, n_ranges,
			MAX_RANGES);
	return r;
}

static int effective_caps(uint64_t *ret, struct err *e)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3];

	if (sys_capget(&h, d) < 0)
		return err_sys(e, "read our capabilities");
	*ret = (uint64_t)d[1].effective << 32 | d[0].effective;
	return 0;
}

/* The one map a process without capabilities may write: its own id. */
static bool is_own(const struct rc_id_maps *m, uint32_t id)
{
	return m->n == 1 && m->v[0].size == 1 && m->v[0].host == id;
}

int ns_idmap_prepare(const struct rc_id_maps *uids, const struct rc_id_maps *gids, struct ns_idmap *ret, struct err *e)
{
	uint64_t caps = 0;
	int r = ns_idmap_check(uids, "uidMappings", e);

	if (r == 0)
		r = ns_idmap_check(gids, "gidMappings", e);
	if (r == 0)
		r = make_text(uids, "uidMappings", &ret->uid, e);
	if (r == 0)
		r = make_text(gids, "gidMappings", &ret->gid, e);
	if (r == 0)
		r = effective_caps(&caps, e);
	if (r < 0)
		return r;
	bool setuid = caps & 1ull << CAP_SETUID, setgid = caps & 1ull << CAP_SETGID;
	ret->uid.direct = setuid || is_own(uids, (uint32_t)geteuid());
	ret->gid.direct = setgid || is_own(gids, (uint32_t)getegid());
	ret->deny_setgroups = !setgid && ret->gid.direct;
	return 0;
}

/* --- writing ----------------------------------------------------------------------------------------- */

static int write_proc(int procfd, pid_t pid, const char *file, const char *text, size_t len, struct err *e)
{
	char name[48];

	fmt_to(name, sizeof(name), "%d/%s", (int)pid, file);
	auto_fd int fd = openat(procfd, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open /proc/%s", name);
	if (write(fd, text, len) == (ssize_t)len)
		return 0;
	err_sys(e, "write %s of the new user namespace", file);
	if (e->num == EPERM)
		err_hint(e, "the ids must be mapped in our own user namespace, and mapping id 0 needs CAP_SETFCAP");
	return -e->num;
}

static void helper_hint(const char *helper, struct err *e)
{
	bool group = strcmp(helper, "newgidmap") == 0;

	err_hint(e, "%s lets user %u have the ranges that /etc/sub%s lists: a line such as %u:100000:65536", helper,
		(unsigned)geteuid(), group ? "gid" : "uid", (unsigned)geteuid());
}

/* The words of @text, cut in place, behind the helper's name and the pid. */
static size_t split_words(char *text, char **argv, size_t n, size_t max)
{
	char *save, *word = strtok_r(text, " \n", &save);

	for (; word && n < max; word = strtok_r(NULL, " \n", &save))
		argv[n++] = word;
	argv[n] = NULL;
	return n;
}

static int run_helper(const char *helper, const struct ns_idmap_side *side, pid_t pid, struct err *e)
{
	enum { MAX_ARGS = 2 + 3 * MAX_RANGES };
	char path[512], pid_text[16], words[NS_IDMAP_TEXT], errors[512], how[48];
	char *argv[MAX_ARGS + 1] = { path, pid_text };
	char *envp[] = { NULL };
	int status;

	if (!spawn_find(helper, getenv("PATH"), path, sizeof(path)) && !spawn_find(helper, NULL, path, sizeof(path))) {
		err_set(e, ERR_UNSUPPORTED, ENOSYS,
			"mapping more than one's own id without privilege needs the program %s", helper);
		return err_hint(e, "install the package uidmap (Debian) or shadow-utils");
	}
	fmt_to(pid_text, sizeof(pid_text), "%d", (int)pid);
	memcpy(words, side->text, side->len + 1);
	(void)split_words(words, argv, 2, MAX_ARGS);
	struct spawn s = SPAWN_INIT;
	s.path = path;
	s.argv = argv;
	s.envp = envp;
	struct spawn_io io = { .errors = errors, .errors_size = sizeof(errors), .timeout_ms = HELPER_TIMEOUT_MS };
	int r = spawn_run(&s, &io, &status, e);
	if (r < 0)
		return r;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	spawn_status_text(status, how, sizeof(how));
	errors[strcspn(errors, "\n")] = '\0';
	err_set(e, ERR_SYSTEM, EPERM, "%s refused the id map (%s): %s", helper, how, errors);
	helper_hint(helper, e);
	return -e->num;
}

int ns_idmap_write(const struct ns_idmap *m, int procfd, pid_t pid, struct err *e)
{
	int r = 0;

	if (m->deny_setgroups)
		r = write_proc(procfd, pid, "setgroups", "deny", 4, e);
	if (r == 0)
		r = m->gid.direct ? write_proc(procfd, pid, "gid_map", m->gid.text, m->gid.len, e)
				  : run_helper("newgidmap", &m->gid, pid, e);
	if (r == 0)
		r = m->uid.direct ? write_proc(procfd, pid, "uid_map", m->uid.text, m->uid.len, e)
				  : run_helper("newuidmap", &m->uid, pid, e);
	return r;
}
