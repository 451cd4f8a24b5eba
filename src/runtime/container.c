/* A container as every command meets it: its directory, its state and what its first process does now. */
#include "runtime/statedir.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "runtime/probe.h"
#include "sys/io.h"

enum { MAX_CONFIG = 16 << 20 }; /* as runtime_config_read() */

int rt_container_open(
	struct rt_context *c, const char *id, enum rt_open_how how, struct rt_container *ret, struct err *e)
{
	struct rt_probe p;

	rt_probe_init(&p);
	int r = rt_container_open_by(c, &p, id, how, ret, e);
	rt_probe_done(&p);
	return r;
}

int rt_container_open_by(struct rt_context *c, struct rt_probe *p, const char *id, enum rt_open_how how,
	struct rt_container *ret, struct err *e)
{
	bool found = false;

	*ret = (struct rt_container)RT_CONTAINER_INIT;
	ret->state_fd = rt_state_open(c, id, e);
	if (ret->state_fd < 0)
		return -e->num;
	if (how == RT_LOCKED && rt_state_lock(ret->state_fd, e) < 0)
		return -e->num;
	if (rt_state_load(ret->state_fd, id, &found, &ret->state, e) < 0)
		return -e->num;
	if (found && rt_probe_status(p, &ret->state, &ret->status, &ret->pidfd, e) < 0)
		return -e->num;
	/* `run` is not done before the program is executed. With the lock in hand it is gone, and its child about to
	 * be. */
	bool making = found && how == RT_UNLOCKED && ret->state.in_one && ret->status == RT_CREATED;
	if (found && !making)
		return 0;
	ret->half_made = true;
	ret->status = RT_CREATING;
	if (making)
		return 0;
	/* With the lock in hand there is no living creator. Without it a shared one tells, for an instant. */
	ret->abandoned = how == RT_LOCKED || flock(ret->state_fd, LOCK_SH | LOCK_NB) == 0;
	if (how == RT_UNLOCKED && ret->abandoned)
		rt_state_unlock(ret->state_fd);
	/* Who removes it takes its state away first: what looked half made may just have been removed. */
	struct stat st;
	if (ret->abandoned && fstat(ret->state_fd, &st) == 0 && st.st_nlink == 0)
		return err_set(e, ERR_NOT_FOUND, ENOENT, "%s: container does not exist", id);
	return 0;
}

int rt_container_open_whole(
	struct rt_context *c, const char *id, enum rt_open_how how, struct rt_container *ret, struct err *e)
{
	if (rt_container_open(c, id, how, ret, e) < 0)
		return -e->num;
	return rt_container_refuse_half_made(ret, id, e);
}

void rt_container_done(struct rt_container *ct)
{
	fd_close(&ct->state_fd);
	fd_close(&ct->pidfd);
	rt_state_done(&ct->state);
}

int rt_container_refuse_half_made(const struct rt_container *ct, const char *id, struct err *e)
{
	if (!ct->half_made)
		return 0;
	if (!ct->abandoned)
		return err_set(e, ERR_CONFLICT, EBUSY, "container %s is being created", id);
	err_set(e, ERR_CORRUPT, EUCLEAN, "container %s is incomplete: its creation was interrupted", id);
	return err_hint(e, "\"delete --force %.64s\" clears it", id);
}

int rt_container_config(const struct rt_container *ct, struct runtime_config *ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	if (io_read_regular_at(ct->state_fd, "config.json", MAX_CONFIG, &b, e) < 0)
		return err_wrap(e, "the container's copy of its configuration");
	return runtime_config_read(b.data, b.len, NULL, false, ret, e);
}
