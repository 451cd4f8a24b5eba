/* criu's service protocol: SOCK_SEQPACKET, one protobuf message a packet. */
#include "runtime/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/call.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/spawn.h"
#include "sys/unixsock.h"

enum {
	LOW_FDS = 64, /* above every number we hand out */
	MAX_FDS = 16,
	MAX_ANSWER = 65536,
	MAX_LOG = 64 << 20,
	LOG_LINES = 3
};

int criu_find(struct criu_run *run, struct err *e)
{
	if (spawn_find("criu", secure_getenv("PATH"), run->path, sizeof(run->path)))
		return 0;
	err_set(e, ERR_UNSUPPORTED, ENOSYS, "criu is not installed");
	return err_hint(e, "install the package criu");
}

/* --- the process ---------------------------------------------------------------------------------------- */

/* Opened here and not by the caller: criu mounts below its work directory, which the kernel allows only where the
 * directory was reached through criu's own mount namespace. */
static int open_dir(const char *path, struct err *e)
{
	return path ? path_open_host(path, O_RDONLY | O_DIRECTORY, 0, e) : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
}

/* criu looks descriptors up in the process that made its socket, so it has to be criu's process that makes it. */
static int make_service(int to_us, struct err *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket pair");
	return unix_send(to_us, "s", 1, &pair[0], 1, e) < 0 ? -e->num : pair[1];
}

/* Everything is moved above LOW_FDS first, so that no number is overwritten before it was used. */
static int place_fds(const struct criu_start *s, int to_us, int output, struct err *e)
{
	int from[MAX_FDS], n = 0;

	for (int i = 0; i < 3; i++)
		from[n++] = s->std[i] >= 0 ? s->std[i] : output;
	from[n++] = make_service(to_us, e);
	from[n++] = open_dir(s->image_path, e);
	from[n++] = open_dir(s->work_path, e);
	if (e->num)
		return -e->num;
	for (size_t i = 0; i < s->n_fds; i++)
		from[n++] = s->fds[i];
	for (int i = 0; i < n; i++) {
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, LOW_FDS);
		if (from[i] < 0)
			return err_sys(e, "move descriptors");
	}
	for (int i = 0; i < n; i++)
		if (dup2(from[i], i) < 0)
			return err_sys(e, "place descriptors");
	return close_range((unsigned)n, ~0U, 0) < 0 ? err_sys(e, "close_range") : 0;
}

/* criu wants its root to be a mount point below which nothing is hidden; in a namespace of its own the mount goes
 * with it, whatever ends it. */
static int own_mounts(const struct criu_start *s, struct err *e)
{
	if (!s->root_from)
		return 0;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(e, "make a mount namespace");
	if (mount(s->root_from, s->root_to, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(e, "bind %s on %s", s->root_from, s->root_to);
	return 0;
}

static _Noreturn void criu_main(const struct criu_run *run, const struct criu_start *s, int to_us)
{
	char *const argv[] = { (char *)"criu", (char *)"swrk", (char *)"3", NULL };
	char *const env[] = { (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	struct err e = ERR_NONE;
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if ((!s->join || cg_join_self(s->join, &e) == 0) && own_mounts(s, &e) == 0 &&
		place_fds(s, to_us, run->output, &e) == 0) {
		execve(run->path, argv, env);
		err_sys(&e, "execute %s", run->path);
	}
	err_send(to_us, &e);
	_exit(127);
}

/* The first message of the child: its socket, or why there is none. */
static int take_service(struct criu_run *run, int from_child, struct err *e)
{
	struct err got;
	int fd = FD_NONE;
	struct unix_fds fds = { &fd, 1, 0 };
	int n = unix_receive(from_child, &got, sizeof(got), &fds, e);

	if (n < 0)
		return err_wrap(e, "start criu");
	if (n == 1 && fds.n == 1) {
		run->sock = fd;
		return 0;
	}
	if (n != sizeof(got) || got.num <= 0)
		return err_set(e, ERR_SYSTEM, EPIPE, "criu was killed while it was started");
	got.msg[sizeof(got.msg) - 1] = got.hint[sizeof(got.hint) - 1] = '\0';
	*e = got;
	return err_wrap(e, "start criu");
}

int criu_begin(struct criu_run *run, const struct criu_start *s, struct err *e)
{
	struct clone_args args = { .flags = CLONE_PIDFD | (s->cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.exit_signal = SIGCHLD,
		.cgroup = s->cgroup_fd >= 0 ? (uint64_t)s->cgroup_fd : 0 };
	int pair[2], pidfd = FD_NONE;

	if (s->n_fds > MAX_FDS - CRIU_FIRST_FD)
		return err_set(e, ERR_BUG, E2BIG, "too many descriptors for criu");
	run->output = memfd_create("criu-output", MFD_CLOEXEC);
	if (run->output < 0)
		return err_sys(e, "memfd_create");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket pair");
	auto_fd int from_child = pair[0];
	args.pidfd = (uintptr_t)&pidfd;
	run->pid = sys_clone3(&args);
	if (run->pid == 0)
		criu_main(run, s, pair[1]);
	close(pair[1]);
	if (run->pid < 0)
		return err_sys(e, "start criu");
	run->pidfd = pidfd;
	return take_service(run, from_child, e);
}

int criu_end(struct criu_run *run, struct err *e)
{
	siginfo_t si = { 0 };
	int r;

	fd_close(&run->sock);
	do
		r = waitid(P_PIDFD, (id_t)run->pidfd, &si, WEXITED);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(e, "wait for criu");
	fd_close(&run->pidfd);
	if (si.si_code == CLD_EXITED && si.si_status == 0)
		return 0;
	return err_set(e, ERR_SYSTEM, ECANCELED, "criu failed: %s %d",
		si.si_code == CLD_EXITED ? "exit status" : "killed by signal", si.si_status);
}

void criu_done(struct criu_run *run)
{
	fd_close(&run->sock);
	if (run->pidfd >= 0) {
		/* With its socket closed it ends by itself; a pre-dump otherwise waits for more. */
		(void)sys_pidfd_send_signal(run->pidfd, SIGKILL);
		while (waitid(P_PIDFD, (id_t)run->pidfd, &(siginfo_t){ 0 }, WEXITED) < 0 && errno == EINTR)
			;
	}
	fd_close(&run->pidfd);
	fd_close(&run->output);
}

/* --- the protocol ---------------------------------------------------------------------------------------- */

static const char *type_name(uint64_t type)
{
	switch (type) {
	case CRIU_DUMP: return "DUMP";
	case CRIU_RESTORE: return "RESTORE";
	case CRIU_PRE_DUMP: return "PRE_DUMP";
	case CRIU_NOTIFY: return "NOTIFY";
	case CRIU_FEATURE_CHECK: return "FEATURE_CHECK";
	default: return "EMPTY";
	}
}

/* What it printed before it had a log, last lines first to be lost. */
static void add_output(struct criu_run *run, struct err *e)
{
	char text[512];
	off_t size = lseek(run->output, 0, SEEK_END);
	ssize_t n = size <= 0 ? 0
			      : pread(run->output, text, sizeof(text) - 1,
					size > (off_t)sizeof(text) - 1 ? size - (off_t)sizeof(text) + 1 : 0);

	if (n <= 0)
		return;
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\n')
			text[i] = ' ';
	text[n] = '\0';
	size_t len = strlen(e->msg);
	fmt_to(e->msg + len, sizeof(e->msg) - len, ": %s", text);
}

static int err_gone(struct criu_run *run, struct err *e)
{
	err_set(e, ERR_SYSTEM, EPIPE, "criu ended without an answer");
	err_hint(e, "\"criu check\" tells whether it works on this kernel");
	add_output(run, e);
	return -e->num;
}

static int send_request(struct criu_run *run, enum criu_type type, const struct buf *opts, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	pb_int(&b, 1, type);
	if (type == CRIU_NOTIFY)
		pb_int(&b, 3, 1); /* notify_success */
	if (type == CRIU_FEATURE_CHECK) {
		static const unsigned char both[] = { 1 << 3, 1, 2 << 3, 1 };

		pb_bytes(&b, 5, both, sizeof(both)); /* features */
	}
	if (opts)
		pb_bytes(&b, 2, opts->data, opts->len);
	if (buf_err(&b, e) < 0)
		return -e->num;
	if (send(run->sock, b.data, b.len, MSG_NOSIGNAL) >= 0)
		return 0;
	return errno == EPIPE || errno == ECONNRESET ? err_gone(run, e) : err_sys(e, "send to criu");
}

static int receive(struct criu_run *run, struct criu_answer *ret, int *ret_fd, struct err *e)
{
	auto_free char *data = malloc(MAX_ANSWER);
	struct unix_fds fds = { ret_fd, 1, 0 };

	if (!data)
		return err_oom(e, "criu's answer");
	int n = unix_receive(run->sock, data, MAX_ANSWER, &fds, e);
	if (n == 0 || n == -ECONNRESET) {
		err_clear(e);
		return err_gone(run, e);
	}
	if (n < 0)
		return err_wrap(e, "receive from criu");
	if (fds.n == 0)
		*ret_fd = FD_NONE;
	if (!criu_answer_parse(data, (size_t)n, ret))
		return err_set(e, ERR_SYSTEM, EPROTO, "criu sent a malformed answer of %d bytes", n);
	return 0;
}

static int err_unsuccessful(const struct criu_answer *a, struct err *e)
{
	return err_set(e, ERR_SYSTEM, a->cr_errno > 0 ? a->cr_errno : ECANCELED,
		"criu failed: type %s errno %d%s%.400s", type_name(a->type), a->cr_errno, a->message[0] ? ": " : "",
		a->message);
}

int criu_request(struct criu_run *run, enum criu_type type, const struct buf *opts,
	const struct criu_listener *listener, struct criu_answer *ret, struct err *e)
{
	if (send_request(run, type, opts, e) < 0)
		return -e->num;
	for (;;) {
		auto_fd int fd = FD_NONE;

		if (receive(run, ret, &fd, e) < 0)
			return -e->num;
		if (ret->type != CRIU_NOTIFY)
			break;
		/* Without an answer criu undoes what it has done; closing the socket is the plainest one. */
		if (listener && listener->notify(listener->arg, ret, &fd, e) < 0)
			return err_wrap(e, "at criu's %s", ret->script);
		if (send_request(run, CRIU_NOTIFY, NULL, e) < 0)
			return -e->num;
	}
	return ret->success ? 0 : err_unsuccessful(ret, e);
}

int criu_check_features(const char *path, bool *ret_mem_track, bool *ret_lazy, struct err *e)
{
	struct criu_run run = CRIU_RUN_INIT;
	struct criu_start s = { .std = { FD_NONE, FD_NONE, FD_NONE }, .cgroup_fd = FD_NONE };
	struct criu_answer a = { .type = 0 };

	fmt_to(run.path, sizeof(run.path), "%s", path);
	if (criu_begin(&run, &s, e) == 0)
		err_told(criu_request(&run, CRIU_FEATURE_CHECK, NULL, NULL, &a, e));
	criu_done(&run);
	if (e->num)
		return err_wrap(e, "ask criu for its features");
	*ret_mem_track = a.mem_track;
	*ret_lazy = a.lazy_pages;
	return 0;
}

/* --- its log ---------------------------------------------------------------------------------------------- */

void criu_add_log(int dirfd, const char *name, const char *dir, struct err *e)
{
	AUTO(buf) struct buf log = BUF_INIT;
	struct err ignored = ERR_NONE; /* no log, nothing to add */
	const char *last[LOG_LINES] = { NULL };
	size_t n = 0;

	if (io_read_file_at(dirfd, name, MAX_LOG, &log, &ignored) < 0 || !log.data)
		return;
	for (const char *p = log.data; (p = strstr(p, "Error (")); p++)
		last[n++ % LOG_LINES] = p;
	for (size_t i = n > LOG_LINES ? n - LOG_LINES : 0; i < n; i++) {
		const char *line = last[i % LOG_LINES];
		size_t len = strlen(e->msg);

		fmt_to(e->msg + len, sizeof(e->msg) - len, "; %.*s", (int)strcspn(line, "\n"), line);
	}
	err_hint(e, "log file: %s/%s", dir, name);
}
