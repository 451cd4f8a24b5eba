/* ROOT/ID: the claim on an id, its lock, and the one small file that says what was made.
 *
 * Theory of operation. The directory is the claim: of N mkdir(2) one succeeds. Its maker holds flock(2) on it
 * until state.json is there, so "no state.json and nobody holds the lock" means that the maker was killed.
 * Removing needs the lock too, and a lock taken on a directory that has no name any more (st_nlink 0) is a
 * lost race; so whoever holds the lock of a named directory knows that ROOT/ID is that directory.
 *
 *   name        made by                      meaning
 *   making      rt_state_mark                symlink whose target says what to clear if we are killed
 *   state.json  rt_state_save                the container; replaced by rename(2)
 *   started     rt_state_set_started         its program runs or ran */
#include "runtime/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "runtime/stateformat.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/proc.h"

enum { MAX_STATE = 32 << 20 }; /* annotations come from a config.json of at most 16 MiB, escaped */

/* The directory's name, for messages: nothing on the way needs it otherwise. */
struct dir_name {
	char text[256];
};

static struct dir_name dir_name(int fd)
{
	struct dir_name d;
	struct path_proc link = path_proc(fd);
	ssize_t n = readlinkat(AT_FDCWD, link.text, d.text, sizeof(d.text) - 1);

	d.text[n > 0 ? n : 0] = '\0';
	return d;
}

bool rt_state_may_outlive_boot(const struct rt_context *c)
{
	struct statfs fs;

	return fstatfs(c->root_fd, &fs) < 0 || (unsigned long)fs.f_type != TMPFS_MAGIC;
}

static int err_absent(const char *id, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, ENOENT, "container does not exist");
	return err_wrap(e, "%s", id);
}

int rt_state_lock(int state_fd, struct err *e)
{
	struct stat st;
	int r;

	do
		r = flock(state_fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0 || fstat(state_fd, &st) < 0)
		return err_sys(e, "lock %s", dir_name(state_fd).text);
	if (st.st_nlink == 0)
		return err_set(e, ERR_NOT_FOUND, ENOENT, "container does not exist");
	return 0;
}

void rt_state_unlock(int state_fd)
{
	(void)flock(state_fd, LOCK_UN); /* cannot fail on a descriptor that was locked */
}

/* Says the same as `state` does about an id that is taken. */
static int err_taken(struct rt_context *c, const char *id, struct err *e)
{
	err_set(e, ERR_CONFLICT, EEXIST, "container with given ID already exists: %s", id);
	auto_fd int fd = openat(c->root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && faccessat(fd, "state.json", F_OK, 0) < 0)
		err_hint(e, "it is being created, or its creation was interrupted; \"delete --force %.64s\" clears it",
			id);
	return -e->num;
}

int rt_state_claim(struct rt_context *c, const char *id, struct err *e)
{
	if (rt_id_check(id, e) < 0)
		return -e->num;
	if (mkdirat(c->root_fd, id, 0700) < 0)
		return errno == EEXIST ? err_taken(c, id, e) : err_sys(e, "make %s/%s", c->root_path, id);
	auto_fd int fd = openat(c->root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT) {
		err_sys(e, "open %s/%s", c->root_path, id);
		(void)unlinkat(c->root_fd, id, AT_REMOVEDIR); /* removes nothing that is in use */
		return -e->num;
	}
	/* Between the two calls above somebody may have deleted it by force. */
	if (fd < 0)
		return err_set(e, ERR_CONFLICT, EEXIST, "container %s was deleted while it was created", id);
	if (rt_state_lock(fd, e) == 0)
		return fd_steal(&fd);
	if (e->kind != ERR_NOT_FOUND) {
		(void)unlinkat(c->root_fd, id, AT_REMOVEDIR);
		return -e->num;
	}
	err_clear(e);
	return err_set(e, ERR_CONFLICT, EEXIST, "container %s was deleted while it was created", id);
}

int rt_state_open(struct rt_context *c, const char *id, struct err *e)
{
	if (rt_id_check(id, e) < 0)
		return -e->num;
	int fd = openat(c->root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	return errno == ENOENT ? err_absent(id, e) : err_sys(e, "open %s/%s", c->root_path, id);
}

/* The lock makes one fixed temporary name enough; what a killed predecessor left there is overwritten. */
int rt_state_save(int state_fd, const struct rt_state *s, struct err *e)
{
	static const char tmp[] = "state.new";
	AUTO(buf) struct buf b = BUF_INIT;

	rt_state_format(s, &b);
	if (buf_err(&b, e) < 0)
		return err_wrap(e, "save the state of %s", s->id);
	auto_fd int fd = openat(state_fd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		err_sys(e, "create %s", tmp);
	else if (io_write_all(fd, b.data, b.len, e) == 0 && renameat(state_fd, tmp, state_fd, "state.json") < 0)
		err_sys(e, "rename %s", tmp);
	if (!e->num)
		return 0;
	if (fd >= 0)
		(void)unlinkat(state_fd, tmp, 0); /* the error that counts is already set */
	return err_wrap(e, "save the state in %s", dir_name(state_fd).text);
}

int rt_state_mark(int state_fd, const struct rt_state *s, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	rt_state_format_mark(s, &b);
	if (buf_err(&b, e) < 0)
		return -e->num;
	if (symlinkat(b.data, state_fd, "making") < 0)
		return err_sys(e, "make a note in %s", dir_name(state_fd).text);
	return 0;
}

int rt_state_set_started(int state_fd, struct err *e)
{
	if (mknodat(state_fd, "started", S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		return err_sys(e, "create %s/started", dir_name(state_fd).text);
	return 0;
}

int rt_state_load_mark(int state_fd, const char *id, struct rt_state *ret, struct err *e)
{
	char text[PATH_MAX];
	*ret = (struct rt_state){ .arena = ARENA_INIT };
	ssize_t n = readlinkat(state_fd, "making", text, sizeof(text));

	if (n < 0)
		return errno == ENOENT ? 0 : err_sys(e, "read %s/making", dir_name(state_fd).text);
	return rt_state_parse_mark(text, (size_t)n, id, ret, e);
}

static int corrupt(int state_fd, const char *id, struct err *e)
{
	e->kind = ERR_CORRUPT;
	err_hint(e, "\"delete --force %.64s\" removes the container", id);
	return err_wrap(e, "%s/state.json", dir_name(state_fd).text);
}

int rt_state_load(int state_fd, const char *id, bool *ret_found, struct rt_state *ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	*ret = (struct rt_state){ .arena = ARENA_INIT };
	auto_fd int fd = openat(state_fd, "state.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		*ret_found = false;
		return rt_state_load_mark(state_fd, id, ret, e) < 0 ? corrupt(state_fd, id, e) : 0;
	}
	if (fd < 0)
		return err_sys(e, "open %s/state.json", dir_name(state_fd).text);
	if (io_read_all(fd, MAX_STATE, &b, e) < 0)
		return e->num == EFBIG ? corrupt(state_fd, id, e)
				       : err_wrap(e, "%s/state.json", dir_name(state_fd).text);
	if (rt_state_parse(b.data, b.len, ret, e) < 0)
		return e->num == ENOMEM ? -ENOMEM : corrupt(state_fd, id, e);
	if (!str_eq(ret->id, id)) {
		err_set(e, ERR_CORRUPT, EINVAL, "/id: is \"%.255s\"", ret->id);
		return corrupt(state_fd, id, e);
	}
	ret->in_one = ret->started;
	if (!ret->started)
		ret->started = faccessat(state_fd, "started", F_OK, 0) == 0;
	*ret_found = true;
	return 0;
}

void rt_state_done(struct rt_state *s)
{
	arena_done(&s->arena);
	*s = (struct rt_state){ .arena = ARENA_INIT };
}

int rt_state_remove(struct rt_context *c, const char *id, int state_fd, struct err *e)
{
	static const char *const known[] = { "making", "state.json", "started", "config.json" };
	struct stat st;

	if (fstat(state_fd, &st) == 0 && st.st_nlink == 0)
		return 0; /* deleted by force; ROOT/ID, if there is one, belongs to another */
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		(void)unlinkat(state_fd, known[i], 0); /* absent ones are usual; the rest shows below */
	if (unlinkat(c->root_fd, id, AT_REMOVEDIR) == 0)
		return 0;
	if (path_remove_tree(c->root_fd, id, e) < 0)
		return err_wrap(e, "remove %s", c->root_path);
	return 0;
}
