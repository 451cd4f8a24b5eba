/* A container's directory is made under its random id with the lock held, so whoever finds it without config.json and
 * without a lock sees what a killed creator left. A name is a symlink: symlinkat(2) fails when it is taken. One whose
 * container is gone or was never finished is taken over. */
#include "engine/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/idlink.h"
#include "engine/names.h"
#include "sys/atomic_file.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "sys/path.h"

enum { NAME_TRIES = 20, YOUNG_S = 10, LOOKED_AT_MS = 5000 };

static bool is_hex(const char *s)
{
	return strspn(s, "0123456789abcdef") == strlen(s);
}

static int not_found(const char *ref, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, ENOENT, "no such container: %.256s", ref);
	return err_hint(e, "\"tare ps -a\" lists all");
}

/* --- finding -------------------------------------------------------------------------------------------- */

static int open_list(const struct engine *en, DIR **ret, struct err *e)
{
	auto_fd int fd = openat(en->containers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret = fd < 0 ? NULL : fdopendir(fd);
	if (!*ret)
		return err_sys(e, "list %s/containers", en->data_path);
	(void)fd_steal(&fd);
	return 0;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static bool is_id(const char *name)
{
	return strlen(name) == CT_ID_LEN && is_hex(name);
}

static int find_prefix(const struct engine *en, const char *ref, char ret_id[static CT_ID_LEN + 1], struct err *e)
{
	DIR *dir __attribute__((cleanup(close_dir))) = NULL;
	size_t n = strlen(ref), found = 0;
	struct dirent *d;

	if (!n || n > CT_ID_LEN || !is_hex(ref))
		return not_found(ref, e);
	if (open_list(en, &dir, e) < 0)
		return -e->num;
	while ((d = readdir(dir))) {
		if (!is_id(d->d_name) || strncmp(d->d_name, ref, n) != 0)
			continue;
		if (found++)
			return err_set(
				e, ERR_CONFLICT, EEXIST, "several containers have an id that begins with %s", ref);
		memcpy(ret_id, d->d_name, CT_ID_LEN + 1);
	}
	return found ? 0 : not_found(ref, e);
}

int record_find(const struct engine *en, const char *ref, char ret_id[static CT_ID_LEN + 1], struct err *e)
{
	if (!str_len(ref) || strchr(ref, '/'))
		return not_found(ref ? ref : "", e);
	if (is_id(ref)) {
		memcpy(ret_id, ref, CT_ID_LEN + 1);
		return 0;
	}
	return idlink_read(en->names_fd, ref, ret_id) ? 0 : find_prefix(en, ref, ret_id, e);
}

int record_ids(const struct engine *en, struct record_ids *ret, struct err *e)
{
	DIR *dir __attribute__((cleanup(close_dir))) = NULL;
	struct dirent *d;
	size_t cap = 0;

	*ret = (struct record_ids){ .arena = ARENA_INIT };
	if (open_list(en, &dir, e) < 0)
		return -e->num;
	while ((d = readdir(dir))) {
		if (!is_id(d->d_name))
			continue;
		if (ret->n == cap) {
			char **v = arena_array(&ret->arena, char *, cap = cap ? cap * 2 : 64);

			if (!v)
				return err_oom(e, "the list of containers");
			if (ret->n)
				memcpy(v, ret->v, ret->n * sizeof(*v));
			ret->v = v;
		}
		ret->v[ret->n] = arena_dup(&ret->arena, d->d_name);
		if (!ret->v[ret->n++])
			return err_oom(e, "the list of containers");
	}
	return 0;
}

void record_ids_done(struct record_ids *l)
{
	arena_done(&l->arena);
}

/* --- reading -------------------------------------------------------------------------------------------- */

static int read_status(struct record *r, struct buf *text, struct err *e)
{
	text->len = 0;
	int n = io_read_regular_at(r->dir_fd, "status.json", RECORD_MAX_BYTES, text, e);

	if (n == -ENOENT) {
		err_clear(e);
		r->status = (struct ct_status)CT_STATUS_INIT;
		return 0;
	}
	return n < 0 ? n : ct_status_read(text->data, text->len, &r->status, e);
}

static bool has_config(int dir_fd)
{
	return faccessat(dir_fd, "config.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool record_abandoned(int dir_fd)
{
	struct stat st;

	/* A creator locks the directory one system call after making it. */
	if (has_config(dir_fd) || flock(dir_fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	return fstat(dir_fd, &st) == 0 && time(NULL) - st.st_mtime >= YOUNG_S;
}

/* Without config.json it is no container: one that is being made, or what a killed creator left, which goes now. */
static int not_made(const struct engine *en, const struct record *r, struct err *e)
{
	struct err ignored = ERR_NONE;

	if (record_abandoned(r->dir_fd) && path_remove_tree(en->containers_fd, r->id, &ignored) < 0)
		log_debug("container %.12s: %s", r->id, ignored.msg);
	return not_found(r->id, e);
}

static int read_config(const struct engine *en, struct record *r, struct buf *text, struct err *e)
{
	text->len = 0;
	int n = io_read_regular_at(r->dir_fd, "config.json", RECORD_MAX_BYTES, text, e);

	if (n == -ENOENT) {
		err_clear(e);
		return not_made(en, r, e);
	}
	if (n == 0)
		n = ct_config_read(text->data, text->len, &r->config, e);
	return n < 0 ? err_wrap(e, "container %.12s", r->id) : 0;
}

static int open_dir(const struct engine *en, const char *id, struct record *r, struct err *e)
{
	*r = (struct record)RECORD_INIT;
	memcpy(r->id, id, CT_ID_LEN + 1);
	r->dir_fd = openat(en->containers_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (r->dir_fd < 0)
		return errno == ENOENT ? not_found(id, e) : err_sys(e, "open container %.12s", id);
	return 0;
}

int record_open_id(const struct engine *en, const char *id, bool with_config, struct record *ret, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;

	if (open_dir(en, id, ret, e) < 0 || (with_config && read_config(en, ret, &text, e) < 0))
		return -e->num;
	return read_status(ret, &text, e) < 0 ? err_wrap(e, "container %.12s", id) : 0;
}

int record_open(const struct engine *en, const char *ref, struct record *ret, struct err *e)
{
	char id[CT_ID_LEN + 1];

	*ret = (struct record)RECORD_INIT;
	if (record_find(en, ref, id, e) < 0)
		return -e->num;
	int r = record_open_id(en, id, true, ret, e);
	if (r == -ENOENT) { /* in the words of the caller */
		err_clear(e);
		return not_found(ref, e);
	}
	return r;
}

void record_done(struct record *r)
{
	fd_close(&r->dir_fd);
	r->held = false;
	ct_config_done(&r->config);
}

/* --- the lock ------------------------------------------------------------------------------------------- */

int record_lock(struct record *r, int timeout_ms, struct err *e)
{
	struct stat st;

	if (r->held)
		return 0;
	if (lock_file(r->dir_fd, true, timeout_ms, "container", e) < 0) {
		err_wrap(e, "%.12s", r->id);
		return err_hint(e, "its monitor or another command is at work on it");
	}
	/* Removed, or half removed by a command or a monitor that was killed. */
	if ((fstat(r->dir_fd, &st) == 0 && st.st_nlink == 0) || record_is_gone(r)) {
		flock(r->dir_fd, LOCK_UN);
		return not_found(r->id, e);
	}
	r->held = true;
	AUTO(buf) struct buf text = BUF_INIT;
	return read_status(r, &text, e);
}

static const char exit_attr[] = "user.tare.exit";

void record_leave_exit(const struct record *r)
{
	int32_t code = r->status.exit_code;

	if (fsetxattr(r->dir_fd, exit_attr, &code, sizeof(code), 0) < 0)
		log_debug("container %.12s: its exit status is not kept for who waits for it", r->id);
}

bool record_last_exit(const struct record *r, int *ret_code)
{
	int32_t code;

	if (fgetxattr(r->dir_fd, exit_attr, &code, sizeof(code)) != sizeof(code))
		return false;
	*ret_code = code;
	return true;
}

int record_reload(struct record *r, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;

	return read_status(r, &text, e);
}

bool record_is_gone(const struct record *r)
{
	return !has_config(r->dir_fd);
}

bool record_monitored(const struct record *r)
{
	if (r->held)
		return false;
	if (flock(r->dir_fd, LOCK_SH | LOCK_NB) < 0)
		return true;
	flock(r->dir_fd, LOCK_UN);
	return false;
}

void record_unlock(struct record *r)
{
	if (r->held)
		flock(r->dir_fd, LOCK_UN);
	r->held = false;
}

/* --- making --------------------------------------------------------------------------------------------- */

static int new_id(struct ct_config *c, struct err *e)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t random[CT_ID_LEN / 2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_sys(e, "get random bytes");
	c->id = arena_alloc(&c->arena, CT_ID_LEN + 1, 1);
	if (!c->id)
		return err_oom(e, "a container");
	for (size_t i = 0; i < sizeof(random); i++) {
		c->id[2 * i] = digits[random[i] >> 4];
		c->id[2 * i + 1] = digits[random[i] & 15];
	}
	return 0;
}

/* Is the container that a name leads to gone, or was its creator killed before it was finished? */
static bool name_is_stale(const struct engine *en, const char *id)
{
	auto_fd int dir = openat(en->containers_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (dir < 0)
		return errno == ENOENT;
	return !has_config(dir) && flock(dir, LOCK_SH | LOCK_NB) == 0;
}

/* 0, -EEXIST when somebody has it, or another error with its message. */
static int claim_name(const struct engine *en, const char *name, const char *id, struct err *e)
{
	char holder[CT_ID_LEN + 1] = "";

	for (int i = 0; i < 2; i++) {
		if (idlink_make(en->names_fd, name, id) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(e, "claim the name %s", name);
		if (idlink_read(en->names_fd, name, holder) && !name_is_stale(en, holder))
			break;
		(void)unlinkat(en->names_fd, name, 0); /* the next attempt tells */
	}
	err_set(e, ERR_CONFLICT, EEXIST, "the name \"%s\" is already in use by container %.12s", name, holder);
	return err_hint(e, "remove or rename that container to use the name again");
}

static int take_name(const struct engine *en, struct ct_config *c, struct err *e)
{
	char name[NAMES_SIZE];

	if (c->name)
		return claim_name(en, c->name, c->id, e);
	for (unsigned i = 0; i < NAME_TRIES; i++) {
		names_random(name, i);
		int r = claim_name(en, name, c->id, e);
		if (r == -EEXIST && i + 1 < NAME_TRIES) {
			err_clear(e);
			continue;
		}
		if (r < 0)
			return r;
		c->name = arena_dup(&c->arena, name);
		return c->name ? 0 : err_oom(e, "a name");
	}
	return err_set(e, ERR_BUG, EEXIST, "no random name is free");
}

/* config.json makes it a container. */
static int write_config(const struct record *r, const struct ct_config *c, enum atomic_sync sync, struct err *e)
{
	AUTO(buf) struct buf config = BUF_INIT;

	ct_config_write(c, &config);
	return buf_err(&config, e) < 0
		? -e->num
		: atomic_write(r->dir_fd, "config.json", config.data, config.len, (struct atomic_how){ 0600, sync }, e);
}

int record_new(const struct engine *en, struct ct_config *c, struct record *ret, struct err *e)
{
	*ret = (struct record)RECORD_INIT;
	if (new_id(c, e) < 0)
		return -e->num;
	memcpy(ret->id, c->id, CT_ID_LEN + 1);
	if (mkdirat(en->containers_fd, c->id, 0700) < 0)
		return err_sys(e, "make a directory for the container in %s", en->data_path);
	ret->dir_fd = openat(en->containers_fd, c->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (ret->dir_fd < 0)
		err_sys(e, "open container %.12s", c->id);
	else if (flock(ret->dir_fd, LOCK_EX | LOCK_NB) < 0) /* whoever lists all looks at the lock for a moment */
		err_told(lock_file(ret->dir_fd, true, LOOKED_AT_MS, "container", e));
	ret->held = e->num == 0;
	if (e->num == 0)
		err_told(take_name(en, c, e));
	bool named = e->num == 0;
	if (e->num == 0)
		err_told(write_config(ret, c, ATOMIC_VOLATILE, e));
	if (e->num == 0) {
		ret->config = *c; /* the arena goes with it */
		*c = (struct ct_config){ .arena = ARENA_INIT };
		return 0;
	}
	struct err ignored = ERR_NONE; /* the first error tells more */
	if (named)
		(void)unlinkat(en->names_fd, c->name, 0);
	err_told(path_remove_tree(en->containers_fd, c->id, &ignored));
	record_done(ret);
	return -e->num;
}

/* --- changing ------------------------------------------------------------------------------------------- */

int record_save_status(const struct record *r, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	ct_status_write(&r->status, &b);
	if (buf_err(&b, e) < 0 ||
		atomic_write(r->dir_fd, "status.json", b.data, b.len, (struct atomic_how){ 0600, ATOMIC_VOLATILE }, e) <
			0)
		return err_wrap(e, "container %.12s", r->id);
	return 0;
}

int record_save_config(const struct record *r, struct err *e)
{
	return write_config(r, &r->config, ATOMIC_DURABLE, e) < 0 ? err_wrap(e, "container %.12s", r->id) : 0;
}

int record_keep(const struct engine *en, const struct record *r, struct err *e)
{
	if (record_save_config(r, e) < 0)
		return -e->num;
	if (fsync(en->containers_fd) < 0 || fsync(en->names_fd) < 0)
		return err_sys(e, "sync container %.12s", r->id);
	return 0;
}

int record_rename(const struct engine *en, struct record *r, const char *name, struct err *e)
{
	char *old = r->config.name;

	if (str_eq(old, name))
		return err_set(e, ERR_CONFLICT, EINVAL, "the container has the name \"%s\" already", name);
	if (claim_name(en, name, r->id, e) < 0)
		return -e->num;
	r->config.name = arena_dup(&r->config.arena, name);
	int n = r->config.name ? record_save_config(r, e) : err_oom(e, "a name");
	(void)unlinkat(en->names_fd, n < 0 ? name : old, 0); /* a name too many leads to the same container */
	/* --rm: its monitor may have removed it meanwhile, and knows the old name only. */
	if (record_is_gone(r)) {
		(void)unlinkat(en->names_fd, name, 0); /* gone already is fine */
		err_clear(e);
		return not_found(old, e);
	}
	return n;
}

/* The name, unless it has been given to another container meanwhile. */
static int free_name(const struct engine *en, const char *name, const char *id, bool *ret_ours, struct err *e)
{
	*ret_ours = name && idlink_is(en->names_fd, name, id);
	if (*ret_ours && unlinkat(en->names_fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(e, "free the name %s", name);
	return 0;
}

/* A monitor reads the configuration at its start, and somebody may have renamed the container since. */
static int free_new_name(const struct engine *en, const struct record *r, struct err *e)
{
	struct record now = RECORD_INIT;
	struct err gone = ERR_NONE;
	bool ours;
	int n = 0;

	if (record_open_id(en, r->id, true, &now, &gone) == 0)
		n = free_name(en, now.config.name, r->id, &ours, e);
	record_done(&now);
	return n;
}

/* What a container that wrote nothing leaves, overlayfs's working directories included, goes by name: reading five
 * directories takes three times as long. Whatever else there is, or is not, the tree's removal sees to. */
static void remove_known(int dir)
{
	static const struct {
		const char *name;
		int flags;
	} parts[] = {
		{ "work/work/incompat/volatile/dirty", 0 },
		{ "work/work/incompat/volatile", AT_REMOVEDIR },
		{ "work/work/incompat", AT_REMOVEDIR },
		{ "work/work", AT_REMOVEDIR },
		{ "work", AT_REMOVEDIR },
		{ "upper", AT_REMOVEDIR },
		{ "hosts", 0 },
		{ "hostname", 0 },
		{ "resolv.conf", 0 },
		{ "log.json", 0 },
		{ "status.json", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		(void)unlinkat(dir, parts[i].name, parts[i].flags);
}

int record_remove(const struct engine *en, struct record *r, struct err *e)
{
	bool ours;

	if (free_name(en, r->config.name, r->id, &ours, e) < 0 || (!ours && free_new_name(en, r, e) < 0))
		return -e->num;
	/* First what makes it a container: what is left of an interrupted removal is seen as such. */
	if (unlinkat(r->dir_fd, "config.json", 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove container %.12s", r->id);
	remove_known(r->dir_fd);
	/* A health check or a commit that had opened it may still put something in. */
	enum { TRIES = 5 };
	int n = path_remove_tree(en->containers_fd, r->id, e);
	for (int i = 1; i < TRIES && n == -ENOTEMPTY; i++) {
		err_clear(e);
		n = path_remove_tree(en->containers_fd, r->id, e);
	}
	return n;
}
