/* Guarantees: nothing but a regular file below the given root is read, at most 1 MiB of it, 64 KiB
 * a line; a line that is not well-formed is passed over and never stands for root; numbers follow
 * base/str.h (no sign, blank, hex or leading zero). docker's rules for who wins: a number is a
 * number, even if a line calls somebody so. */
#include "engine/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "base/str.h"
#include "spec/user_file.h"
#include "sys/io.h"
#include "sys/path.h"

enum { MAX_FILE = 1 << 20, MAX_GIDS = 65536 /* NGROUPS_MAX */ };

/* --- files --------------------------------------------------------------------------------------------------- */

/* An absent file is an empty one. O_NONBLOCK: a FIFO must not hold us up; it is refused by its
 * type, as a device is, before anything is read. Symlinks lead where they would in the container.
 */
static int read_file(int root_fd, const char *path, struct buf *ret, struct err *e)
{
	struct stat st;
	auto_fd int place = path_open_in(root_fd, path, O_PATH, e);

	if (place == -ENOENT || place == -ENOTDIR) {
		err_clear(e);
		return 0;
	}
	if (place < 0)
		return err_wrap(e, "in the container");
	if (fstat(place, &st) < 0)
		return err_sys(e, "look at /%s in the container", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CORRUPT, EINVAL, "/%s in the container is no regular file", path);
	if (st.st_size > MAX_FILE)
		return err_set(e, ERR_CORRUPT, EFBIG, "/%s in the container has %lld bytes, %d are allowed", path,
			(long long)st.st_size, MAX_FILE);
	auto_fd int fd = openat(AT_FDCWD, path_proc(place).text, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open /%s in the container", path);
	return io_read_all(fd, MAX_FILE, ret, e) < 0 ? err_wrap(e, "/%s in the container", path) : 0;
}

/* --- groups -------------------------------------------------------------------------------------------------- */

struct gids {
	uint32_t *v;
	size_t n, cap;
};

static int add_gid(struct gids *l, uint32_t gid, struct err *e)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == gid)
			return 0;
	if (l->n == MAX_GIDS)
		return err_set(e, ERR_CORRUPT, E2BIG, "more than %d groups", MAX_GIDS);
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		uint32_t *v = reallocarray(l->v, cap, sizeof(*v));

		if (!v)
			return err_oom(e, "groups");
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = gid;
	return 0;
}

/* What the group file is asked for: read once, when it is needed. */
struct groups {
	int root_fd;
	bool loaded;
	struct buf text;
};

static int load_groups(struct groups *g, struct err *e)
{
	if (g->loaded)
		return 0;
	g->loaded = true;
	return read_file(g->root_fd, "etc/group", &g->text, e);
}

static int group_by_name(struct groups *g, const char *name, uint32_t *ret, struct err *e)
{
	struct user_group line;

	if (parse_u32(name, ret)) {
		if (*ret != UINT32_MAX)
			return 0;
		return err_set(e, ERR_USAGE, EINVAL, "group id %s is reserved, 0 to 4294967294 are allowed", name);
	}
	if (strspn(name, "0123456789") == strlen(name))
		return err_set(
			e, ERR_USAGE, EINVAL, "\"%.64s\" is no group id: 0 to 4294967294 without leading zeros", name);
	if (load_groups(g, e) < 0)
		return -e->num;
	for (struct user_file f = user_file(g->text.data, g->text.len); user_file_group(&f, &line);) {
		if (!user_text_is(line.name, name))
			continue;
		*ret = line.gid;
		return 0;
	}
	return err_set(e, ERR_USAGE, ENOENT, "unable to find group %.200s: no matching entries in group file", name);
}

static int groups_of_member(struct groups *g, const char *user, struct gids *l, struct err *e)
{
	struct user_group line;

	if (load_groups(g, e) < 0)
		return -e->num;
	for (struct user_file f = user_file(g->text.data, g->text.len); user_file_group(&f, &line);)
		if (user_list_has(line.members, user) && add_gid(l, line.gid, e) < 0)
			return -e->num;
	return 0;
}

/* --- users --------------------------------------------------------------------------------------------------- */

static int copy(struct user_text t, char **ret, struct err *e)
{
	*ret = strndup(t.s, t.n);
	return *ret ? 0 : err_oom(e, "a user");
}

static int take_entry(const struct user_passwd *line, struct user_ids *u, struct err *e)
{
	u->uid = line->uid;
	u->gid = line->gid;
	if (copy(line->name, &u->name, e) < 0)
		return -e->num;
	/* A home that is no path would be a surprise for whoever uses it. */
	if (line->home.n && line->home.s[0] == '/')
		return copy(line->home, &u->home, e);
	return 0;
}

static int find_user(int root_fd, const char *user, struct user_ids *u, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	bool number = parse_u32(user, &u->uid);
	struct user_passwd line;

	if (number && u->uid == UINT32_MAX)
		return err_set(e, ERR_USAGE, EINVAL, "user id %s is reserved, 0 to 4294967294 are allowed", user);
	if (!number && strspn(user, "0123456789") == strlen(user))
		return err_set(
			e, ERR_USAGE, EINVAL, "\"%.64s\" is no user id: 0 to 4294967294 without leading zeros", user);
	if (read_file(root_fd, "etc/passwd", &text, e) < 0)
		return -e->num;
	for (struct user_file f = user_file(text.data, text.len); user_file_passwd(&f, &line);)
		if (number ? line.uid == u->uid : user_text_is(line.name, user))
			return take_entry(&line, u, e);
	if (!number)
		return err_set(
			e, ERR_USAGE, ENOENT, "unable to find user %.200s: no matching entries in passwd file", user);
	u->gid = 0; /* docker's rule for an id without a line */
	return 0;
}

static int resolve(struct groups *g, char *user, const struct rc_str_list *more, struct user_ids *u, struct err *e)
{
	char *group = strchr(user, ':');
	struct gids l = { NULL, 0, 0 };
	uint32_t gid;
	int r;

	if (group)
		*group++ = '\0';
	if (find_user(g->root_fd, *user ? user : "0", u, e) < 0)
		return -e->num;
	/* A group that was asked for stands alone, as in docker: those of the group file are not added. The user's own
	 * is among the further ones, or a setgid program could shake off a group that is denied something
	 * (CVE-2022-2989). */
	r = group && *group ? group_by_name(g, group, &u->gid, e) : 0;
	if (r == 0)
		r = add_gid(&l, u->gid, e);
	if (r == 0 && !(group && *group) && u->name)
		r = groups_of_member(g, u->name, &l, e);
	for (size_t i = 0; r == 0 && more && i < more->n; i++) {
		r = group_by_name(g, more->v[i], &gid, e);
		if (r == 0)
			r = add_gid(&l, gid, e);
	}
	u->gids = l.v;
	u->n_gids = l.n;
	return r;
}

int user_resolve(
	int root_fd, const char *user, const struct rc_str_list *group_add, struct user_ids *ret, struct err *e)
{
	struct groups g = { .root_fd = root_fd, .text = BUF_INIT };
	auto_free char *text = strdup(user ? user : "");

	*ret = (struct user_ids)USER_IDS_INIT;
	if (!text)
		return err_oom(e, "a user");
	int r = resolve(&g, text, group_add, ret, e);
	buf_done(&g.text);
	if (r == 0 && !ret->home && !(ret->home = strdup("/")))
		r = err_oom(e, "a user");
	return r;
}

void user_ids_done(struct user_ids *u)
{
	free(u->gids);
	free(u->home);
	free(u->name);
	*u = (struct user_ids)USER_IDS_INIT;
}
