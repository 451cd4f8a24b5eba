/* Theory of operation. A volume is made as DATA/volumes/.tmp-RANDOM with its lock held, and renamed
 * to its name with RENAME_NOREPLACE: one of several makers wins, the others find it. It is removed
 * by a rename to .del-RANDOM under its lock, after a look at the configurations of all containers.
 * A start writes the container's configuration before it asks for the volume, and takes the
 * volume's lock and checks the name again: so either the remover sees the container, or the start
 * sees that the volume is gone and makes it anew. What a killed command leaves begins with a dot,
 * is locked by nobody and is swept by the next prune. */
#include "engine/volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cmdline/opt.h"
#include "engine/life.h"
#include "engine/mountopt_words.h"
#include "engine/record.h"
#include "engine/volume_dir.h"
#include "sys/atomic_file.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "sys/path.h"

enum { LOCK_MS = 60000, MAX_RECORD = 1 << 20, MAX_CONFIG = 16 << 20, RANDOM_BYTES = 32, TRIES = 100, DATA_MODE = 0755 };

/* --- places -------------------------------------------------------------------------------------------------- */

int volume_dir_all(const struct engine *en, bool make, struct err *e)
{
	int fd = openat(en->data_fd, "volumes", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (fd < 0 && errno == ENOENT && (mkdirat(en->data_fd, "volumes", 0700) == 0 || errno == EEXIST))
		fd = openat(en->data_fd, "volumes", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open %s/volumes", en->data_path) : fd;
}

static bool same_file(int fd, int dir, const char *name)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev &&
		a.st_ino == b.st_ino;
}

int volume_dir_locked(const struct engine *en, const char *name, struct err *e)
{
	auto_fd int all = volume_dir_all(en, false, e);

	if (all == -ENOENT)
		return FD_NONE;
	if (all < 0 || mountopt_volume_name(name, e) < 0)
		return -e->num;
	for (int i = 0; i < TRIES; i++) {
		auto_fd int fd = openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 && errno == ENOENT)
			return FD_NONE;
		if (fd < 0)
			return err_sys(e, "open volume %s", name);
		if (lock_file(fd, true, LOCK_MS, name, e) < 0)
			return -e->num;
		if (same_file(fd, all, name))
			return fd_steal(&fd);
	}
	return err_set(e, ERR_CONFLICT, EBUSY, "volume %s is made and removed all the time", name);
}

int volume_random_name(char dst[static VOLUME_NAME_SIZE], struct err *e)
{
	uint8_t bytes[RANDOM_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_sys(e, "random name for a volume");
	for (size_t i = 0; i < sizeof(bytes); i++)
		fmt_to(dst + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* --- options ------------------------------------------------------------------------------------------------- */

const char *volume_option(const struct volume_record *r, const char *key)
{
	for (size_t i = 0; i < r->options.n; i++)
		if (str_eq(r->options.v[i].key, key))
			return r->options.v[i].value;
	return NULL;
}

bool volume_has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; p && *p;) {
		size_t n = strcspn(p, ",");

		if (n == len && memcmp(p, word, n) == 0)
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

/* What docker's local driver hands to mount(8); here a bind and a tmpfs, which need no server and
 * no device. */
static int check_options(const struct volume_want *w, struct err *e)
{
	struct volume_record r = { .options = w->options };
	const char *type = volume_option(&r, "type"), *device = volume_option(&r, "device"),
		   *o = volume_option(&r, "o");
	bool bind = volume_has_word(o, "bind") || volume_has_word(o, "rbind");

	for (size_t i = 0; i < w->options.n; i++)
		if (!str_eq(w->options.v[i].key, "type") && !str_eq(w->options.v[i].key, "device") &&
			!str_eq(w->options.v[i].key, "o"))
			return err_set(e, ERR_USAGE, EINVAL, "create %s: invalid option: \"%.100s\"",
				w->name ? w->name : "volume", w->options.v[i].key);
	if (!w->options.n)
		return 0;
	if (bind && (!device || device[0] != '/'))
		return err_set(e, ERR_USAGE, EINVAL, "create %s: o=bind goes with device=DIRECTORY, an absolute path",
			w->name ? w->name : "volume");
	if (bind && (!type || str_eq(type, "none") || str_eq(type, "bind")) &&
		(str_eq(o, "bind") || str_eq(o, "rbind")))
		return 0;
	if (str_eq(type, "tmpfs") && !bind)
		return 0;
	return err_set(e, ERR_UNSUPPORTED, ENOTSUP, "create %s: type=%s,o=%s is not supported",
		w->name ? w->name : "volume", type ? type : "", o ? o : "");
}

/* The words of o= for a tmpfs are those of --tmpfs. */
static int check_tmpfs(const struct volume_want *w, struct err *e)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct volume_record r = { .options = w->options };
	struct ct_mount m = { .type = CT_MOUNT_TMPFS };
	const char *o = volume_option(&r, "o");
	char *words = o ? arena_dup(&a, o) : NULL;

	if (!str_eq(volume_option(&r, "type"), "tmpfs"))
		return 0;
	for (char *p = words, *next; p; p = next) {
		next = strchr(p, ',');
		if (next)
			*next++ = '\0';
		if (mountopt_tmpfs_word(&a, p, &m, e) < 0)
			return -e->num;
	}
	return 0;
}

static int check_want(const struct volume_want *w, struct err *e)
{
	if (w->driver && !str_eq(w->driver, "local")) {
		err_set(e, ERR_UNSUPPORTED, ENOTSUP, "volume driver \"%.100s\" is not supported", w->driver);
		return err_hint(e, "\"local\" is the only one");
	}
	if (w->name && mountopt_volume_name(w->name, e) < 0)
		return -e->num;
	if (check_options(w, e) < 0 || check_tmpfs(w, e) < 0)
		return err_hint(e,
			"accepted: -o type=none -o device=DIRECTORY -o o=bind, or -o type=tmpfs -o "
			"o=size=SIZE,mode=MODE");
	return 0;
}

/* --- making -------------------------------------------------------------------------------------------------- */

static int write_record(int dir, const struct volume_want *w, const char *name, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	struct volume_record r = { .name = (char *)(uintptr_t)name, .labels = w->labels, .options = w->options };
	struct rc_kv anonymous = { (char *)(uintptr_t)VOLUME_ANONYMOUS_LABEL, (char *)(uintptr_t) "" };
	char now[CT_TIME_SIZE];

	engine_now(now);
	r.created = now;
	if (w->anonymous)
		r.labels = (struct rc_kv_list){ &anonymous, 1 };
	volume_record_write(&r, NULL, &text);
	if (buf_err(&text, e) < 0)
		return -e->num;
	/* One that was made for a container is gone with it: a power cut takes both. */
	const struct atomic_how how = { 0600, w->anonymous ? ATOMIC_VOLATILE : ATOMIC_DURABLE };
	return atomic_write(dir, "volume.json", text.data, text.len, how, e);
}

/* A finished directory under a name with a dot, locked. */
static int make_hidden(int all, const struct volume_want *w, const char *name, const char *hidden, struct err *e)
{
	if (mkdirat(all, hidden, 0700) < 0)
		return err_sys(e, "make a volume");
	auto_fd int dir = openat(all, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open a new volume");
	if (lock_file(dir, true, 0, name, e) < 0)
		return -e->num;
	/* fchmod: the umask has no say in it, the mode is seen inside. */
	if (mkdirat(dir, "_data", DATA_MODE) < 0 || fchmodat(dir, "_data", DATA_MODE, 0) < 0)
		return err_sys(e, "make a volume");
	return write_record(dir, w, name, e) < 0 ? -e->num : fd_steal(&dir);
}

static bool same_options(const struct rc_kv_list *a, const struct volume_record *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!str_eq(a->v[i].value, volume_option(b, a->v[i].key)))
			return false;
	return !a->n || a->n == b->options.n;
}

static int check_existing(const struct engine *en, const struct volume_want *w, struct err *e)
{
	AUTO(volume) struct volume v = VOLUME_INIT;

	if (volume_open(en, w->name, &v, e) < 0)
		return -e->num;
	if (same_options(&w->options, &v.record))
		return 0;
	err_set(e, ERR_CONFLICT, EEXIST, "create %s: a volume of that name exists with other options", w->name);
	return err_hint(e, "see tare volume inspect %s", w->name);
}

static int try_create(
	const struct engine *en, const struct volume_want *w, const char *name, bool *ret_existed, struct err *e)
{
	char random[VOLUME_NAME_SIZE], hidden[VOLUME_NAME_SIZE + 8];
	auto_fd int all = volume_dir_all(en, true, e);

	if (all < 0 || volume_random_name(random, e) < 0)
		return -e->num;
	*ret_existed = faccessat(all, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (*ret_existed)
		return 0;
	fmt_to(hidden, sizeof(hidden), ".tmp-%s", random);
	auto_fd int dir = make_hidden(all, w, name, hidden, e);
	if (dir >= 0 && renameat2(all, hidden, all, name, RENAME_NOREPLACE) == 0)
		return w->anonymous || fsync(all) == 0 ? 0 : err_sys(e, "sync %s/volumes", en->data_path);
	struct err second = ERR_NONE;
	*ret_existed = dir >= 0 && errno == EEXIST;
	if (dir >= 0 && !*ret_existed)
		err_sys(e, "name a volume");
	err_told(path_remove_tree(all, hidden, &second)); /* what stays is swept */
	return *ret_existed ? 0 : -e->num;
}

int volume_create(const struct engine *en, const struct volume_want *w, char ret_name[static VOLUME_NAME_SIZE],
	bool *ret_existed, struct err *e)
{
	struct volume_want want = *w;

	if (check_want(w, e) < 0)
		return -e->num;
	if (w->name)
		fmt_to(ret_name, VOLUME_NAME_SIZE, "%s", w->name);
	else if (volume_random_name(ret_name, e) < 0)
		return -e->num;
	want.name = ret_name;
	want.anonymous = w->anonymous || !w->name;
	/* It may be removed between our finding it and looking at it. */
	for (int i = 0; i < TRIES; i++) {
		if (try_create(en, &want, ret_name, ret_existed, e) < 0)
			return err_wrap(e, "create %s", ret_name);
		if (!*ret_existed || check_existing(en, &want, e) == 0)
			return 0;
		if (e->kind != ERR_NOT_FOUND)
			return -e->num;
		err_clear(e);
	}
	return err_set(e, ERR_CONFLICT, EBUSY, "create %s: it is made and removed all the time", ret_name);
}

/* --- looking ------------------------------------------------------------------------------------------------- */

static int not_found(const char *name, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, ENOENT, "get %.256s: no such volume", name);
	return err_hint(e, "\"tare volume ls\" lists all");
}

int volume_open(const struct engine *en, const char *name, struct volume *ret, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	struct err why = ERR_NONE;
	const char *device;

	*ret = (struct volume)VOLUME_INIT;
	if (mountopt_volume_name(name, &why) < 0)
		return not_found(name, e);
	auto_fd int all = volume_dir_all(en, false, e);
	if (all == -ENOENT)
		return not_found(name, e);
	if (all < 0)
		return all;
	ret->dir_fd = openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->dir_fd < 0)
		return errno == ENOENT ? not_found(name, e) : err_sys(e, "open volume %s", name);
	int r = io_read_file_at(ret->dir_fd, "volume.json", MAX_RECORD, &text, e);
	if (r == -ENOENT) { /* removed this very moment */
		err_clear(e);
		return not_found(name, e);
	}
	if (r < 0 || volume_record_read(text.data ? text.data : "", text.len, &ret->arena, &ret->record, e) < 0)
		return err_wrap(e, "volume %s", name);
	device = volume_option(&ret->record, "device");
	bool bind = device && !str_eq(volume_option(&ret->record, "type"), "tmpfs");
	ret->mountpoint = bind ? arena_dup(&ret->arena, device)
			       : arena_printf(&ret->arena, "%s/volumes/%s/_data", en->data_path, name);
	return ret->mountpoint ? 0 : err_oom(e, "a volume");
}

void volume_done(struct volume *v)
{
	fd_close(&v->dir_fd);
	arena_done(&v->arena);
	*v = (struct volume)VOLUME_INIT;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int open_list(int fd, DIR **ret, struct err *e)
{
	auto_fd int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret = again < 0 ? NULL : fdopendir(again);
	if (!*ret)
		return err_sys(e, "list volumes");
	(void)fd_steal(&again);
	return 0;
}

int volume_list(const struct engine *en, struct arena *a, struct rc_str_list *ret, struct err *e)
{
	DIR *dir __attribute__((cleanup(close_dir))) = NULL;
	auto_fd int all = volume_dir_all(en, false, e);

	*ret = (struct rc_str_list){ NULL, 0 };
	if (all == -ENOENT)
		return 0;
	if (all < 0 || open_list(all, &dir, e) < 0)
		return -e->num;
	for (struct dirent *d; (d = readdir(dir));) {
		if (d->d_name[0] == '.')
			continue;
		char *name = arena_dup(a, d->d_name);
		if (!name)
			return err_oom(e, "the list of volumes");
		if (opt_list_add(a, ret, name, e) < 0)
			return -e->num;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), str_by_bytes);
	return 0;
}

/* --- who uses it --------------------------------------------------------------------------------------------- */

/* Most configurations do not have the name anywhere in them: those are not parsed. */
static int mounts_it(const struct engine *en, const char *id, const char *name, bool *ret, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	AUTO(ct_config) struct ct_config c = { .id = NULL };
	char path[CT_ID_LEN + 16];

	*ret = false;
	fmt_to(path, sizeof(path), "%s/config.json", id);
	int r = io_read_regular_at(en->containers_fd, path, MAX_CONFIG, &text, e);
	if (r == -ENOENT || r == -ENOTDIR) { /* not finished, or removed meanwhile */
		err_clear(e);
		return 0;
	}
	if (r < 0)
		return err_wrap(e, "container %.12s", id);
	if (!text.data || !memmem(text.data, text.len, name, strlen(name)))
		return 0;
	if (ct_config_read(text.data, text.len, &c, e) < 0)
		return err_wrap(e, "container %.12s", id);
	for (size_t i = 0; i < c.n_mounts; i++)
		*ret = *ret || (c.mounts[i].type == CT_MOUNT_VOLUME && str_eq(c.mounts[i].source, name));
	return 0;
}

int volume_users(const struct engine *en, const char *name, struct arena *a, struct rc_str_list *ret, struct err *e)
{
	AUTO(record_ids) struct record_ids ids = { .n = 0 };

	*ret = (struct rc_str_list){ NULL, 0 };
	if (record_ids(en, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n; i++) {
		bool uses;

		if (mounts_it(en, ids.v[i], name, &uses, e) < 0)
			return -e->num;
		char *id = uses ? arena_dup(a, ids.v[i]) : NULL;
		if (uses && !id)
			return err_oom(e, "the users of a volume");
		if (uses && opt_list_add(a, ret, id, e) < 0)
			return -e->num;
	}
	return 0;
}

/* --- removing ------------------------------------------------------------------------------------------------ */

/* Gone in one step; then its files, for as long as that takes. @dir is locked. */
static int discard(const struct engine *en, const char *name, int dir, struct err *e)
{
	char random[VOLUME_NAME_SIZE], hidden[VOLUME_NAME_SIZE + 8];
	auto_fd int all = volume_dir_all(en, true, e);

	if (all < 0 || volume_unmount(dir, e) < 0 || volume_random_name(random, e) < 0)
		return -e->num;
	fmt_to(hidden, sizeof(hidden), ".del-%s", random);
	if (renameat(all, name, all, hidden) < 0)
		return err_sys(e, "remove volume %s", name);
	return path_remove_tree(all, hidden, e) < 0 ? err_wrap(e, "remove volume %s", name) : 0;
}

static int in_use(const char *name, const struct rc_str_list *users, struct err *e)
{
	AUTO(buf) struct buf ids = BUF_INIT;

	for (size_t i = 0; i < users->n && i < 10; i++)
		buf_printf(&ids, "%s%.12s", i ? ", " : "", users->v[i]);
	return err_set(e, ERR_CONFLICT, EBUSY, "remove %s: volume is in use - [%s%s]", name, ids.data ? ids.data : "",
		users->n > 10 ? ", ..." : "");
}

/* @but: a container that does not count. */
static int remove_unless_used(
	const struct engine *en, const char *name, const char *but, bool *ret_found, struct err *e)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct rc_str_list users;
	auto_fd int dir = volume_dir_locked(en, name, e);

	*ret_found = dir >= 0;
	if (dir == FD_NONE)
		return 0;
	if (dir < 0 || volume_users(en, name, &a, &users, e) < 0)
		return -e->num;
	for (size_t i = 0; i < users.n; i++)
		if (!str_eq(users.v[i], but))
			return in_use(name, &users, e);
	return discard(en, name, dir, e);
}

int volume_remove(const struct engine *en, const char *name, bool force, struct err *e)
{
	struct err why = ERR_NONE;
	bool found;

	if (mountopt_volume_name(name, &why) < 0)
		return force ? 0 : not_found(name, e);
	if (remove_unless_used(en, name, NULL, &found, e) < 0)
		return -e->num;
	return found || force ? 0 : not_found(name, e);
}

int volume_remove_anonymous(const struct engine *en, const struct ct_config *c, struct err *e)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct ct_mount *m = &c->mounts[i];
		bool found;

		if (m->type != CT_MOUNT_VOLUME || !m->anonymous)
			continue;
		int r = remove_unless_used(en, m->source, c->id, &found, e);
		if (r == -EBUSY && e->kind == ERR_CONFLICT)
			err_clear(e); /* --volumes-from: it goes with the last of them, or by prune */
		else if (r < 0)
			return r;
	}
	return 0;
}

static int sweep_one(int all, const char *name, bool remove, size_t *n, struct err *e)
{
	struct err busy = ERR_NONE;
	auto_fd int dir = openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	/* Somebody is at it: then it is not left over. */
	if (dir < 0 || lock_file(dir, true, 0, name, &busy) < 0)
		return 0;
	if (!same_file(dir, all, name))
		return 0;
	if (remove && path_remove_tree(all, name, e) < 0)
		return err_wrap(e, "remove what a killed command left of a volume");
	++*n;
	return 0;
}

int volume_sweep(const struct engine *en, bool remove, size_t *ret_n, struct err *e)
{
	DIR *dir __attribute__((cleanup(close_dir))) = NULL;
	auto_fd int all = volume_dir_all(en, false, e);

	*ret_n = 0;
	if (all == -ENOENT)
		return 0;
	if (all < 0 || open_list(all, &dir, e) < 0)
		return -e->num;
	for (struct dirent *d; (d = readdir(dir));)
		if ((str_starts(d->d_name, ".tmp-") || str_starts(d->d_name, ".del-")) &&
			sweep_one(all, d->d_name, remove, ret_n, e) < 0)
			return -e->num;
	return 0;
}
