/* Which processes belong to a container: those of its cgroup, or, without one of its own, those in its pid
 * namespace. */
#include "runtime/statedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/procs.h"
#include "runtime/probe.h"
#include "sys/proc.h"

static bool same_pid_ns(int procfd, const char *pid, const struct stat *want)
{
	char path[64];
	struct stat st;

	return fmt_fits(path, sizeof(path), "%.20s/ns/pid", pid) && fstatat(procfd, path, &st, 0) == 0 &&
		st.st_ino == want->st_ino && st.st_dev == want->st_dev;
}

static int scan_proc(DIR *proc, pid_t init, struct proc_list *ret, struct err *e)
{
	struct stat want;
	char path[64];
	struct dirent *d;
	uint64_t pid;

	fmt_to(path, sizeof(path), "%d/ns/pid", (int)init);
	if (fstatat(dirfd(proc), path, &want, 0) < 0)
		return err_sys(e, "read the pid namespace of process %d", (int)init);
	while ((d = readdir(proc)))
		if (parse_u64(d->d_name, INT32_MAX, &pid) && same_pid_ns(dirfd(proc), d->d_name, &want) &&
			proc_list_add(ret, (pid_t)pid, e) < 0)
			return -e->num;
	return 0;
}

static int pids_of_namespace(const struct rt_state *s, pid_t **ret_pids, size_t *ret_n, struct err *e)
{
	struct proc_list l = { NULL, 0, 0 };
	int fd = openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *proc = fd < 0 ? NULL : fdopendir(fd);

	if (!proc) {
		err_sys(e, "read /proc");
		fd_close(&fd);
		return -e->num;
	}
	if (s->namespaces & (1U << RC_NS_PID))
		err_told(scan_proc(proc, s->pid, &l, e));
	else
		err_told(proc_list_add(&l, s->pid, e));
	closedir(proc);
	if (e->num) {
		free(l.v);
		return -e->num;
	}
	*ret_pids = l.v;
	*ret_n = l.n;
	return 0;
}

int rt_pids(struct rt_context *c, const char *id, pid_t **ret_pids, size_t *ret_n, struct err *e)
{
	struct rt_container ct;
	struct rt_probe p;

	rt_probe_init(&p);
	if (rt_container_open_whole(c, id, RT_UNLOCKED, &ct, e) == 0) {
		const struct rt_state *s = &ct.state;

		if (ct.status == RT_STOPPED)
			err_set(e, ERR_NOT_FOUND, ESRCH, "container not running");
		else if (!s->cgroup_path || !s->cgroup_path[0] || s->cgroup_external)
			err_told(pids_of_namespace(s, ret_pids, ret_n, e));
		else if (rt_probe_host(&p, e) == 0)
			err_told(cg_pids(&p.host, s->cgroup_path, ret_pids, ret_n, e));
	}
	rt_probe_done(&p);
	rt_container_done(&ct);
	return e->num ? -e->num : 0;
}
