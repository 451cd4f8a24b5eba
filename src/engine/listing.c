/* A container that runs under a living monitor takes nine system calls, one that rests six: both texts by their path
 * below DATA/containers, and the lock. That is asked for one by one: at each page of /proc/locks the kernel keeps all
 * others from locking, which takes until every processor has passed by (percpu_down_write()), 5 to 130 ms for a
 * thousand. Whatever is not as it should be is left to record.c and refresh.c. */
#include "engine/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/health.h"
#include "engine/life.h"
#include "engine/record.h"
#include "sys/dirnames.h"
#include "sys/io.h"

static bool runs(enum ct_state s)
{
	return s == CT_RUNNING || s == CT_PAUSED || s == CT_RESTARTING;
}

bool listed_runs(const struct listed *l)
{
	return runs(l->state);
}

int listing_begin(struct engine *en, bool all, struct arena *arena, struct listing *ret, struct err *e)
{
	*ret = (struct listing){ .en = en, .arena = arena, .all = all, .text = BUF_INIT, .own = ARENA_INIT };
	if (!all)
		return 0;
	auto_fd int oci = openat(en->run_fd, "oci", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (oci < 0)
		return errno == ENOENT ? 0 : err_sys(e, "list %s/oci", en->run_path);
	return dir_names(oci, &ret->own, &ret->started, &ret->n_started, e);
}

void listing_done(struct listing *l)
{
	buf_done(&l->text);
	arena_done(&l->own);
	free(l->started);
	*l = (struct listing){ .text = BUF_INIT, .own = ARENA_INIT };
}

static int read_text(struct listing *l, const char *id, const char *name, struct err *e)
{
	char path[CT_ID_LEN + 16];

	fmt_to(path, sizeof(path), "%s/%s", id, name);
	l->text.len = 0;
	return io_read_regular_at(l->en->containers_fd, path, RECORD_MAX_BYTES, &l->text, e);
}

static int read_status(struct listing *l, const char *id, struct ct_status *ret, struct err *e)
{
	int n = read_text(l, id, "status.json", e);

	if (n != -ENOENT)
		return n < 0 ? n : ct_status_read_listed(&l->text, ret, e);
	err_clear(e); /* never started; or gone, which its configuration will tell */
	*ret = (struct ct_status)CT_STATUS_INIT;
	return 0;
}

/* Does the status speak the truth? A monitor that holds the lock sees to that, or the runtime has nothing of it. */
static bool is_settled(const struct listing *l, const char *id, const struct ct_status *s)
{
	if (s->state == CT_CREATED || s->state == CT_EXITED)
		return !l->n_started || !bsearch(&id, l->started, l->n_started, sizeof(*l->started), str_by_bytes);
	auto_fd int dir = openat(l->en->containers_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return dir >= 0 && flock(dir, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* The exact and slow way; afterwards the texts tell the truth. */
static int settle(struct listing *l, const char *id, struct err *e)
{
	struct record r = RECORD_INIT;
	int n = record_open_id(l->en, id, true, &r, e);

	if (n == 0)
		n = engine_refresh(l->en, &r, e);
	record_done(&r);
	return n;
}

/* Out of line: a stack frame of 20 KiB, which most containers do not need. */
__attribute__((noinline)) static void read_health(const struct listing *l, struct listed *ret)
{
	struct record r = RECORD_INIT;
	struct ct_health_state health;
	struct err e = ERR_NONE;

	r.dir_fd = openat(l->en->containers_fd, ret->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (r.dir_fd < 0 || health_read(&r, &ret->has_health, &health, &e) < 0)
		ret->has_health = false;
	else if (ret->has_health)
		ret->health = health.status;
	fd_close(&r.dir_fd);
}

static int read_config(struct listing *l, const char *id, struct listed *ret, struct err *e)
{
	struct ct_config c;
	int n = read_text(l, id, "config.json", e);

	if (n < 0)
		return n;
	if (ct_config_read_listed(&l->text, l->arena, &c, e) < 0)
		return err_wrap(e, "container %.12s", id);
	ret->name = c.name;
	ret->created = c.created ? c.created : (char *)"";
	ret->image = c.image;
	ret->image_id = c.image_id;
	ret->rootfs = c.rootfs;
	ret->platform = c.platform;
	ret->network = c.network;
	ret->entrypoint = c.entrypoint;
	ret->cmd = c.cmd;
	ret->exposed_ports = c.exposed_ports;
	ret->labels = c.labels;
	ret->mounts = c.mounts;
	ret->n_mounts = c.n_mounts;
	if (ct_health_wanted(&c.health) && (ret->state == CT_RUNNING || ret->state == CT_PAUSED))
		read_health(l, ret); /* only what runs has one that means something */
	return 0;
}

int listing_read(struct listing *l, const char *id, struct listed *ret, struct err *e)
{
	struct ct_status s;
	int n = read_status(l, id, &s, e);

	if (n < 0)
		return err_wrap(e, "container %.12s", id);
	if (!l->all && !runs(s.state))
		return 0;
	if (!is_settled(l, id, &s) && (settle(l, id, e) < 0 || read_status(l, id, &s, e) < 0))
		return -e->num;
	*ret = (struct listed){ .state = s.state, .exit_code = s.exit_code, .exit_unknown = s.exit_unknown };
	memcpy(ret->id, id, CT_ID_LEN + 1);
	bool up = s.state == CT_RUNNING || s.state == CT_PAUSED;
	ret->since = arena_dup(l->arena, up ? s.started : s.finished);
	if (!ret->since)
		return err_oom(e, "a list");
	n = read_config(l, id, ret, e);
	if (n == -ENOENT) { /* being made, half removed, or gone: that is told, and mended, there */
		err_clear(e);
		n = settle(l, id, e);
		return n < 0 ? n : 0;
	}
	return n < 0 ? n : l->all || runs(s.state);
}
