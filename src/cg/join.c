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

void cg_join_done(struct cg_join *j)
{
	for (int i = 0; i < j->n; i++)
		fd_close(&j->v[i].fd);
	j->n = 0;
}
