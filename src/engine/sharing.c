#include "engine/sharing.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "ns/kinds.h"
#include "sys/path.h"
#include "sys/proc.h"

/* A descriptor of the other container's namespace, while a pidfd says that its pid still is its own. */
static int open_ns(const struct record *other, int proc, enum rc_ns kind, struct err *e)
{
	auto_fd int pidfd = FD_NONE;
	char boot[PROC_BOOT_ID_SIZE];
	bool found = false;

	if (proc_boot_id(boot, e) < 0)
		return -e->num;
	if (other->status.state == CT_RUNNING && str_eq(boot, other->status.boot) &&
		proc_open_same(other->status.pid, other->status.start_ticks, &found, &pidfd, e) < 0)
		return -e->num;
	if (!found) {
		err_set(e, ERR_CONFLICT, ESRCH, "container %s is not running, its namespaces cannot be joined",
			other->config.name);
		return err_hint(e, "\"tare start %s\" first", other->config.name);
	}
	return ns_open_of(proc, other->status.pid, kind, e);
}

static int keep(struct sharing *s, enum rc_ns kind, int fd)
{
	s->fd[kind] = fd;
	fmt_to(s->text[kind], sizeof(s->text[kind]), "/proc/self/fd/%d", fd);
	s->path[kind] = s->text[kind];
	return 0;
}

/* Only in the user namespace that owns a namespace does root of the container have power over it. */
static int join_owner(struct sharing *s, const struct record *other, int proc, struct err *e)
{
	if (other->status.id_slot < 0) {
		s->host_ids = true;
		return 0;
	}
	auto_fd int fd = open_ns(other, proc, RC_NS_USER, e);
	if (fd < 0)
		return fd;
	if (s->userns >= 0) {
		int same = ns_same(fd, s->userns, e);

		return same < 0 ? same
			: same	? 0
				: err_set(e, ERR_CONFLICT, EINVAL,
					  "the containers whose namespaces are to be joined live in "
					   "different user namespaces");
	}
	s->userns = fd_steal(&fd);
	s->id_slot = other->status.id_slot;
	return keep(s, RC_NS_USER, s->userns);
}

static int join(const struct engine *en, const char *mode, enum rc_ns kind, struct sharing *s, struct err *e)
{
	const char *ref = mode ? str_after(mode, "container:") : NULL;
	struct record other = RECORD_INIT;

	if (!ref)
		return 0;
	auto_fd int proc = path_open_host("/proc", O_PATH | O_DIRECTORY, 0, e);
	int r = proc < 0 ? proc : record_open(en, ref, &other, e);
	if (r == 0)
		r = open_ns(&other, proc, kind, e);
	if (r >= 0)
		r = keep(s, kind, r);
	if (r == 0)
		r = join_owner(s, &other, proc, e);
	record_done(&other);
	return r < 0 ? err_wrap(e, "--%s %s", kind == RC_NS_NET ? "network" : rc_ns_names[kind], mode) : 0;
}

int sharing_open(const struct engine *en, const struct ct_config *c, struct sharing *ret, struct err *e)
{
	*ret = (struct sharing)SHARING_INIT;
	if (join(en, c->network, RC_NS_NET, ret, e) < 0 || join(en, c->pid_mode, RC_NS_PID, ret, e) < 0 ||
		join(en, c->ipc_mode, RC_NS_IPC, ret, e) < 0)
		return -e->num;
	if (ret->host_ids && ret->userns >= 0)
		return err_set(e, ERR_CONFLICT, EINVAL,
			"one of the containers whose namespaces are to be joined has a range of ids of its own, the "
			"other has not");
	return 0;
}

void sharing_done(struct sharing *s)
{
	for (int k = 0; k < RC_N_NS; k++)
		fd_close(&s->fd[k]); /* userns is one of them */
	s->userns = FD_NONE;
}
