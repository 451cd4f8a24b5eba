/* Hooks, run one at a time without trust in their manners: they may hang, fork, flood their output, or leave
 * a daemon that keeps every pipe open. We wait for the process (pidfd), never for the end of a pipe.
 *
 * stdin is a pipe filled before the hook exists when the document fits into one, else a memfd, so a hook that
 * does not read cannot block us. Output goes to a pipe that we drain while we wait, keeping the last
 * KEEP_OUTPUT bytes. A third, close-on-exec pipe carries the error of a failed execve. */
#include "runtime/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "sys/call.h"
#include "sys/io.h"
#include "sys/path.h"

enum {
	PIPE_ROOM = 65536, /* default capacity, pipe(7) */
	KEEP_OUTPUT = 1024, /* of what a failing hook printed, for the message */
	MAX_DRAIN = 64, /* reads after its end: a daemon may go on writing for ever */
	FD_REPORT = 3,
	LOW_FDS = 16
};

struct run {
	const struct rc_hook *hook;
	const struct rt_hook_io *io;
	int in, out_read, out_write, report_read, report_write, pidfd;
	pid_t pid;
	char tail[KEEP_OUTPUT];
	size_t n_tail;
};

static void run_done(struct run *r)
{
	fd_close(&r->in);
	fd_close(&r->out_read);
	fd_close(&r->out_write);
	fd_close(&r->report_read);
	fd_close(&r->report_write);
	fd_close(&r->pidfd);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- the hook's process ------------------------------------------------------------------------------- */

/* Descriptors 0 to 3 may be among ours, so all are moved up before any is put in its place. */
static int move_up(int fd)
{
	return fd > FD_REPORT ? fd : fcntl(fd, F_DUPFD_CLOEXEC, LOW_FDS);
}

static int place_fds(const struct run *r, int *ret_report, struct err *e)
{
	int in = move_up(r->in), report = move_up(r->report_write);
	int out = move_up(r->io->out_fd >= 0 ? r->io->out_fd : r->out_write);
	int err = move_up(r->io->err_fd >= 0 ? r->io->err_fd : r->out_write);

	if (in < 0 || out < 0 || err < 0 || report < 0)
		return err_sys(e, "move descriptors");
	*ret_report = report;
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		return err_sys(e, "set stdin, stdout and stderr");
	if (dup3(report, FD_REPORT, O_CLOEXEC) < 0)
		return err_sys(e, "set the report pipe");
	*ret_report = FD_REPORT;
	if (close_range(FD_REPORT + 1, ~0U, 0) < 0)
		return err_sys(e, "close_range");
	return 0;
}

static void default_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		(void)sys_signal_default(sig); /* KILL and STOP refuse, rightly */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void hook_main(struct run *r)
{
	char *const alone[] = { r->hook->path, NULL }, *const no_env[] = { NULL };
	struct err e = ERR_NONE;
	int report = r->report_write;

	default_signals();
	(void)setpgid(0, 0); /* so that a timeout reaches what it started */
	if (r->io->dir >= 0 && fchdir(r->io->dir) < 0)
		err_sys(&e, "enter the bundle directory");
	else if (place_fds(r, &report, &e) == 0) {
		execve(r->hook->path, r->hook->args.n ? r->hook->args.v : alone,
			r->hook->env.n ? r->hook->env.v : no_env);
		err_sys(&e, "execute it");
	}
	err_send(report, &e);
	_exit(127);
}

/* --- ours --------------------------------------------------------------------------------------------- */

static int open_stdin(const char *json, size_t len, struct err *e)
{
	int p[2];

	if (len > PIPE_ROOM) {
		auto_fd int mem = memfd_create("state", MFD_CLOEXEC);
		if (mem < 0 || io_write_all(mem, json, len, e) < 0)
			return e->num ? -e->num : err_sys(e, "memfd_create");
		return lseek(mem, 0, SEEK_SET) < 0 ? err_sys(e, "lseek") : fd_steal(&mem);
	}
	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(e, "make a pipe");
	ssize_t n = write(p[1], json, len);
	/* Only the reader's side goes to the hook, and it expects to block. */
	if ((size_t)n != len || fcntl(p[0], F_SETFL, 0) < 0)
		err_sys(e, "write the state to its stdin");
	close(p[1]);
	if (e->num) {
		close(p[0]);
		return -e->num;
	}
	return p[0];
}

static int open_pipe(int *ret_read, int *ret_write, struct err *e)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	*ret_read = p[0];
	*ret_write = p[1];
	return fcntl(p[0], F_SETFL, O_NONBLOCK) < 0 ? err_sys(e, "make a pipe non-blocking") : 0;
}

static int spawn(struct run *r, const char *json, size_t len, struct err *e)
{
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };

	r->in = open_stdin(json, len, e);
	if (r->in < 0 || open_pipe(&r->out_read, &r->out_write, e) < 0 ||
		open_pipe(&r->report_read, &r->report_write, e) < 0)
		return -e->num;
	args.pidfd = (uintptr_t)&r->pidfd;
	r->pid = sys_clone3(&args);
	if (r->pid == 0)
		hook_main(r);
	if (r->pid < 0) {
		r->pidfd = FD_NONE;
		return err_sys(e, "start a process");
	}
	fd_close(&r->in);
	fd_close(&r->out_write);
	fd_close(&r->report_write);
	(void)setpgid(r->pid, r->pid); /* whoever is first; EACCES once it has executed */
	return 0;
}

/* False at the end of the pipe or when there is nothing more now. */
static bool drain(struct run *r)
{
	char chunk[4096];
	ssize_t n = read(r->out_read, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR;
	if (n == 0)
		return false;
	size_t take = (size_t)n < KEEP_OUTPUT ? (size_t)n : KEEP_OUTPUT;
	size_t keep = r->n_tail < KEEP_OUTPUT - take ? r->n_tail : KEEP_OUTPUT - take;
	memmove(r->tail, r->tail + r->n_tail - keep, keep);
	memcpy(r->tail + keep, chunk + n - take, take);
	r->n_tail = keep + take;
	return true;
}

/* Until the process has ended: *ret_late when that took longer than allowed. */
static int wait_end(struct run *r, bool *ret_late, struct err *e)
{
	uint64_t limit_s = r->hook->timeout_s < INT32_MAX ? r->hook->timeout_s : INT32_MAX;
	int64_t deadline = now_ms() + (int64_t)limit_s * 1000;
	struct pollfd p[2] = { { .fd = r->pidfd, .events = POLLIN }, { .fd = r->out_read, .events = POLLIN } };

	for (;;) {
		int64_t left = limit_s ? deadline - now_ms() : -1;
		int wait_ms = left > INT32_MAX ? INT32_MAX : (int)left;

		if (limit_s && left <= 0) {
			*ret_late = true;
			return 0;
		}
		if (poll(p, 2, wait_ms) < 0 && errno != EINTR)
			return err_sys(e, "wait for it");
		if (p[0].revents) {
			for (int i = 0; i < MAX_DRAIN && drain(r); i++)
				;
			return 0;
		}
		if (p[1].revents && !drain(r) && (p[1].revents & POLLHUP))
			p[1].fd = -1; /* it closed its output and lives on */
	}
}

/* What it printed, one line, or nothing. */
static void add_output(struct run *r, struct err *e)
{
	char text[KEEP_OUTPUT + 1];
	size_t n = 0;

	for (size_t i = 0; i < r->n_tail; i++) {
		char c = r->tail[i];

		text[n++] = c == '\0' || c == '\n' || c == '\r' ? ' ' : c;
	}
	while (n > 0 && text[n - 1] == ' ')
		n--;
	if (n == 0)
		return;
	size_t len = strlen(e->msg);
	fmt_to(e->msg + len, sizeof(e->msg) - len, "; its output: %.*s", (int)n, text);
}

static int judge(struct run *r, bool late, const siginfo_t *si, struct err *e)
{
	bool got = false;

	if (late)
		err_set(e, ERR_CONFIG, ETIMEDOUT, "did not end within its timeout of %llu s and was killed",
			(unsigned long long)r->hook->timeout_s);
	else if (err_receive(r->report_read, &got, e) < 0 || got)
		e->kind = ERR_CONFIG; /* its words say what could not be executed */
	else if (si->si_code != CLD_EXITED)
		err_set(e, ERR_CONFIG, ECANCELED, "killed by signal %d (SIG%s)", si->si_status,
			sigabbrev_np(si->si_status) ? sigabbrev_np(si->si_status) : "RT");
	else if (si->si_status != 0)
		err_set(e, ERR_CONFIG, ECANCELED, "exit status %d", si->si_status);
	else
		return 0;
	add_output(r, e);
	return -e->num;
}

static int run_one(struct run *r, const char *json, size_t len, struct err *e)
{
	siginfo_t si = { 0 };
	bool late = false;
	int reaped;

	if (r->hook->path[0] != '/')
		return err_set(e, ERR_CONFIG, EINVAL, "the path must be absolute");
	if (spawn(r, json, len, e) < 0)
		return -e->num;
	/* After a failed wait too: nothing of it is to run on, and no zombie may stay. */
	if (wait_end(r, &late, e) < 0 || late)
		(void)kill(-r->pid, SIGKILL); /* not reaped yet, so the group's number is still its own */
	do
		reaped = waitid(P_PIDFD, (id_t)r->pidfd, &si, WEXITED);
	while (reaped < 0 && errno == EINTR);
	if (e->num)
		return -e->num;
	if (reaped < 0)
		return err_sys(e, "wait for it");
	return judge(r, late, &si, e);
}

static int run_hook(
	const struct rc_hook *hook, const char *json, size_t len, const struct rt_hook_io *io, struct err *e)
{
	struct run r = { .hook = hook,
		.io = io,
		.in = FD_NONE,
		.out_read = FD_NONE,
		.out_write = FD_NONE,
		.report_read = FD_NONE,
		.report_write = FD_NONE,
		.pidfd = FD_NONE };

	run_one(&r, json, len, e);
	run_done(&r);
	return -e->num;
}

static int err_hook(struct err *e, const struct rc_hook_list *list, size_t i, enum rc_hook_stage stage)
{
	return err_wrap(e, "%s hook #%zu %.300s", rc_hook_stage_names[stage], i, list->v[i].path);
}

int rt_hooks_run(const struct rc_hook_list *list, enum rc_hook_stage stage, const char *state_json, size_t state_len,
	const struct rt_hook_io *io, struct err *e)
{
	for (size_t i = 0; i < list->n; i++)
		if (run_hook(&list->v[i], state_json, state_len, io, e) < 0)
			return err_hook(e, list, i, stage);
	return 0;
}

void rt_hooks_run_all(const struct rc_hook_list *list, enum rc_hook_stage stage, const char *state_json,
	size_t state_len, const struct rt_hook_io *io)
{
	for (size_t i = 0; i < list->n; i++) {
		struct err e = ERR_NONE;

		if (run_hook(&list->v[i], state_json, state_len, io, &e) < 0) {
			err_hook(&e, list, i, stage);
			log_warn("%s hook failed with exit code or otherwise: %s", rc_hook_stage_names[stage], e.msg);
		}
	}
}

/* --- annotations ---------------------------------------------------------------------------------------- */

static int open_output(const struct rc_kv *kv, int *ret_fd, struct err *e)
{
	fd_close(ret_fd);
	if (kv->value[0] != '/')
		return err_set(
			e, ERR_CONFIG, EINVAL, "config.json: /annotations/%s: must be an absolute path", kv->key);
	*ret_fd = path_open_host(kv->value, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0600, e);
	if (*ret_fd >= 0)
		return 0;
	*ret_fd = FD_NONE;
	return err_wrap(e, "config.json: /annotations/%s", kv->key);
}

int rt_hook_io_open(const struct rc_kv_list *annotations, int bundle_dir, struct rt_hook_io *ret, struct err *e)
{
	struct rt_hook_io io = RT_HOOK_IO_INIT;

	io.dir = bundle_dir;
	for (size_t i = 0; i < annotations->n && !e->num; i++) {
		const struct rc_kv *kv = &annotations->v[i];

		if (str_eq(kv->key, "run.oci.hooks.stdout"))
			err_told(open_output(kv, &io.out_fd, e));
		else if (str_eq(kv->key, "run.oci.hooks.stderr"))
			err_told(open_output(kv, &io.err_fd, e));
	}
	if (e->num) {
		rt_hook_io_done(&io);
		return -e->num;
	}
	*ret = io;
	return 0;
}

void rt_hook_io_done(struct rt_hook_io *io)
{
	fd_close(&io->out_fd);
	fd_close(&io->err_fd);
}
