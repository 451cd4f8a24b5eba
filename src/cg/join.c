/* Runs in the child between clone3 and execve: write(2) on open descriptors and nothing else. */
#include "cg/join.h"

#include <errno.h>
#include <unistd.h>

/* cgroup-v1/cpusets.rst: a cpuset without cpus or mems takes no task. */
static int explain(const struct cg_join_one *one, struct err *e)
{
	err_sys(e, "write 0 to tasks");
	if (e->num == ENOSPC)
		err_hint(e, "cpuset.cpus or cpuset.mems of the cgroup is empty");
	else if (e->num == ENODEV)
		err_hint(e, "the cgroup was removed while the container was being made");
	else if (e->num == EACCES || e->num == EPERM)
		err_hint(e, "this cgroup is not delegated to you");
	return err_wrap(e, "join the %s cgroup", one->name);
}

int cg_join_self(const struct cg_join *j, struct err *e)
{
	for (int i = 0; i < j->n; i++) {
		ssize_t n;

		do
			n = write(j->v[i].fd, "0", 1);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return explain(&j->v[i], e);
	}
	return 0;
}

/* Nearly always they were opened in a row, and one call does. */
static bool close_row(const struct cg_join *j)
{
	int saved = errno;

	for (int i = 1; i < j->n; i++)
		if (j->v[i].fd != j->v[i - 1].fd + 1)
			return false;
	if (j->n == 0 || close_range((unsigned)j->v[0].fd, (unsigned)j->v[j->n - 1].fd, 0) < 0) {
		errno = saved;
		return false;
	}
	return true;
}

void cg_join_done(struct cg_join *j)
{
	if (close_row(j))
		j->n = 0;
	for (int i = 0; i < j->n; i++)
		fd_close(&j->v[i].fd);
	j->n = 0;
}
