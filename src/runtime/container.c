/* A container as every command meets it: its directory, its state and what its first process does now. */
#include "runtime/statedir.h"

#include <errno.h>
#include <sys/file.h>
#include "base/str.h"
#include "sys/proc.h"

static int same_boot(const struct rt_state *s, bool *ret, struct err *e)
{
	char boot[PROC_BOOT_ID_SIZE];

	if (proc_boot_id(boot, e) < 0)
		return -e->num;
	*ret = !s->boot_id || str_eq(boot, s->boot_id);
	return 0;
}

int rt_state_status(struct rt_context *c, const struct rt_state *s, enum rt_status *ret, int *ret_pidfd,
	struct err *e)
{
	bool alive = false, same = true;
	auto_fd int pidfd = FD_NONE;

	if (s->pid > 0 && proc_open_same(s->pid, s->start_ticks, &alive, &pidfd, e) < 0)
		return -e->num;
	/* Equal pids that started at the same tick of two boots are rare, so this is asked last. */
	if (alive && same_boot(s, &same, e) < 0)
		return -e->num;
	if (!alive || !same) {
		*ret = RT_STOPPED;
		*ret_pidfd = FD_NONE;
		return 0;
	}
	*ret = s->started ? RT_RUNNING : RT_CREATED;
	*ret_pidfd = fd_steal(&pidfd);
	return 0;
}

int rt_container_open(struct rt_context *c, const char *id, enum rt_open_how how, struct rt_container *ret,
	struct err *e)
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
	if (found)
		return rt_state_status(c, &ret->state, &ret->status, &ret->pidfd, e);
	ret->half_made = true;
	ret->status = RT_CREATING;
	/* With the lock in hand there is no living creator. Without it a shared one tells, for an instant. */
	ret->abandoned = how == RT_LOCKED || flock(ret->state_fd, LOCK_SH | LOCK_NB) == 0;
	if (how == RT_UNLOCKED && ret->abandoned)
		rt_state_unlock(ret->state_fd);
	return 0;
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
