/* All monitors of a user must be in one user namespace: a process of one cannot signal or join those of a sibling. So
 * the first one makes it and leaves a note in RUN/userns (a symlink "PID TICKS"); whoever comes later joins that
 * process's, or that of any monitor named in a status.json. A lock on RUN keeps two first ones apart. */
#include "engine/rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/record.h"
#include "ns/idmap.h"
#include "ns/kinds.h"
#include "sys/call.h"
#include "sys/lock.h"
#include "sys/path.h"
#include "sys/proc.h"

enum { LOCK_MS = 10000 };

/* --- somebody who is in it already ---------------------------------------------------------------------------- */

/* The user namespace of @pid, if it is a child of ours: one that we may enter. */
static int open_userns(int proc, pid_t pid, uint64_t ticks)
{
	struct err ignored = ERR_NONE;
	auto_fd int pidfd = FD_NONE;
	bool found;

	if (proc_open_same(pid, ticks, &found, &pidfd, &ignored) < 0 || !found)
		return FD_NONE;
	auto_fd int own = ns_open_of(proc, getpid(), RC_NS_USER, &ignored);
	auto_fd int fd = ns_open_of(proc, pid, RC_NS_USER, &ignored);
	if (own < 0 || fd < 0 || ns_same(own, fd, &ignored) != 0)
		return FD_NONE;
	return fd_steal(&fd);
}

static int from_note(const struct engine *en, int proc)
{
	char text[64], *space;
	uint64_t pid, ticks;
	ssize_t n = readlinkat(en->run_fd, "userns", text, sizeof(text) - 1);

	if (n <= 0)
		return FD_NONE;
	text[n] = '\0';
	space = strchr(text, ' ');
	if (!space)
		return FD_NONE;
	*space = '\0';
	if (!parse_u64(text, INT32_MAX, &pid) || !parse_u64(space + 1, UINT64_MAX, &ticks))
		return FD_NONE;
	return open_userns(proc, (pid_t)pid, ticks);
}

/* That of its monitor, or, when somebody killed that, of its program: a plain user's containers have none of their own.
 */
static int of_container(const struct record *r, int proc)
{
	struct err ignored = ERR_NONE;
	struct proc_stat st;
	bool found = false;

	if (r->status.monitor > 0 && record_monitored(r) && proc_stat(r->status.monitor, &found, &st, &ignored) == 0 &&
		found)
		return open_userns(proc, r->status.monitor, st.start_ticks);
	return r->status.pid > 0 ? open_userns(proc, r->status.pid, r->status.start_ticks) : FD_NONE;
}

static int from_records(const struct engine *en, int proc)
{
	struct err ignored = ERR_NONE;
	struct record_ids ids;
	int fd = FD_NONE;

	if (en->containers_fd < 0 || record_ids(en, &ids, &ignored) < 0)
		return FD_NONE;
	for (size_t i = 0; i < ids.n && fd < 0; i++) {
		struct record r = RECORD_INIT;

		if (record_open_id(en, ids.v[i], false, &r, &ignored) == 0)
			fd = of_container(&r, proc);
		err_clear(&ignored);
		record_done(&r);
	}
	record_ids_done(&ids);
	return fd;
}

/* --- a new one ------------------------------------------------------------------------------------------------ */

/* newuidmap has to be run by a process outside: a child made before. It writes the maps of its parent when told. */
static _Noreturn void mapper(const struct ns_idmap *m, int proc, int go, int report)
{
	struct err e = ERR_NONE;
	char c;

	if (read(go, &c, 1) == 1)
		err_told(ns_idmap_write(m, proc, getppid(), &e));
	if (e.num)
		err_send(report, &e);
	_exit(e.num ? 1 : 0);
}

static int map_ourselves(const struct ns_idmap *m, int proc, struct err *e)
{
	int go[2], report[2];
	bool got = false;

	if (pipe2(go, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	auto_fd int go_reader = go[0], go_writer = go[1];
	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	auto_fd int reader = report[0], writer = report[1];
	pid_t pid = fork();
	if (pid == 0) {
		fd_close(&go_writer);
		mapper(m, proc, go_reader, writer);
	}
	if (pid < 0)
		return err_sys(e, "fork");
	fd_close(&writer);
	if (unshare(CLONE_NEWUSER) < 0) {
		err_sys(e, "make a user namespace");
		err_hint(e,
			"this system does not let plain users have them (user.max_user_namespaces, "
			"kernel.unprivileged_userns_clone, AppArmor)");
		fd_close(&go_writer);
	} else if (write(go_writer, "", 1) < 0) {
		err_sys(e, "ask for id maps");
	}
	struct err theirs = ERR_NONE;
	int received = err_receive(reader, &got, &theirs);
	if ((received < 0 || got) && e->num == 0)
		*e = theirs;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return e->num ? -e->num : 0;
}

static int make_userns(int proc, struct err *e)
{
	struct arena arena = ARENA_INIT;
	struct rc_id_maps uids, gids;
	struct ns_idmap *m = calloc(1, sizeof(*m));
	int r = m ? ns_idmap_default(&arena, &uids, &gids, e) : err_oom(e, "id maps");

	if (r == 0)
		r = ns_idmap_prepare(&uids, &gids, m, e);
	if (r == 0)
		r = map_ourselves(m, proc, e);
	free(m);
	arena_done(&arena);
	return r;
}

/* --- enter ---------------------------------------------------------------------------------------------------- */

static int become_root(struct err *e)
{
	if (sys_setresgid(0, 0, 0) < 0 || sys_setresuid(0, 0, 0) < 0)
		return err_sys(e, "become root of the user namespace");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(e, "make a mount namespace");
	return 0;
}

int rootless_enter(struct engine *en, struct err *e)
{
	auto_fd int proc = path_open_host("/proc", O_PATH | O_DIRECTORY, 0, e);

	if (proc < 0 || lock_file(en->run_fd, true, LOCK_MS, "the directory of running containers", e) < 0)
		return -e->num;
	auto_fd int found = from_note(en, proc);
	if (found < 0)
		found = from_records(en, proc);
	int r = found < 0 ? make_userns(proc, e) : 0;
	if (found >= 0 && setns(found, CLONE_NEWUSER) < 0)
		r = err_sys(e, "enter the user namespace of the running containers");
	if (r == 0)
		r = become_root(e);
	if (r == 0 && found < 0)
		rootless_remember(en);
	(void)flock(en->run_fd, LOCK_UN);
	return r < 0 ? err_wrap(e, "run without root") : 0;
}

void rootless_remember(const struct engine *en)
{
	struct err ignored = ERR_NONE; /* without the note the records are searched */
	struct proc_stat st;
	char text[64];
	bool found;

	if (proc_stat(getpid(), &found, &st, &ignored) < 0 || !found)
		return;
	fmt_to(text, sizeof(text), "%d %llu", (int)getpid(), (unsigned long long)st.start_ticks);
	(void)unlinkat(en->run_fd, "userns", 0);
	if (symlinkat(text, en->run_fd, "userns") < 0)
		return; /* without the note the records are searched */
}
