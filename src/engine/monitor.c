/* Theory of operation
 *
 *   bring up ──► loop ──► settle the end ──► exit
 *      ▲  (tare-mon for      │
 *      └─── detached) ◄──────┘ restart policy
 *
 * A container in front keeps its monitor in this process: one execve(2) less on the way to /bin/true. A detached one
 * executes tare-mon, a twentieth of our size, for as long as the program runs; tare-mon executes us again for the end.
 * Same process throughout, so the lock, the children and the sockets stay. */
#include "engine/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/bringup.h"
#include "engine/health.h"
#include "engine/life.h"
#include "engine/logs.h"
#include "engine/programs.h"
#include "engine/restart.h"
#include "engine/rootless.h"
#include "sys/path.h"
#include "sys/proc.h"

enum { MAX_THEN = 16 };

/* --- reports to whoever asked for the start -------------------------------------------------------------------- */

/* One struct err; num 0 says that the program runs. */
static void report(int *fd, const struct err *e)
{
	if (*fd >= 0 && write(*fd, e, sizeof(*e)) < 0)
		log_debug("the starter of the container is gone");
	fd_close(fd);
}

static int receive_report(int fd, struct err *e)
{
	struct err got = ERR_NONE;
	ssize_t n;

	do
		n = read(fd, &got, sizeof(got));
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(got))
		return err_set(e, ERR_SYSTEM, EPIPE, "the container's monitor died while it was started");
	got.msg[sizeof(got.msg) - 1] = got.hint[sizeof(got.hint) - 1] = '\0';
	if (got.num)
		*e = got;
	return -got.num;
}

/* --- the loop -------------------------------------------------------------------------------------------------- */

static bool detached(const struct mon *m)
{
	return m->client < 0;
}

/* What of the caller's environment a monitor needs for the container's end and its next start. The rest may be secrets,
 * and stays for months. */
static bool for_monitor(const char *variable)
{
	static const char *const kept[] = { "TARE_", "XDG_", "DBUS_", "PATH=", "HOME=", "TMPDIR=", "ASAN_OPTIONS=" };

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (str_starts(variable, kept[i]))
			return true;
	return false;
}

static void keep_environment(void)
{
	char **to = environ;

	for (char **v = environ; v && *v; v++)
		if (for_monitor(*v))
			*to++ = *v;
	if (to)
		*to = NULL;
}

/* tare --root DATA --run-root RUN monitor-end --id ID: tare-mon adds the rest. */
static int become_tare_mon(struct engine *en, struct bringup *b, struct err *e)
{
	char program[PATH_MAX], self[PATH_MAX];
	char dir[16], listen_fd[16];
	char *then[MAX_THEN] = { self, (char *)"--root", en->data_path, (char *)"--run-root", en->run_path,
		(char *)"monitor-end", (char *)"--id", b->r->id, (char *)"--dir", dir, (char *)"--listen", listen_fd };

	if (programs_self(self, e) < 0 || programs_find("tare-mon", program, e) < 0)
		return -e->num;
	fmt_to(dir, sizeof(dir), "%d", b->mon.dir_fd);
	fmt_to(listen_fd, sizeof(listen_fd), "%d", b->mon.listen_fd);
	b->mon.then_argv = then;
	char **argv = mon_argv(&b->mon, program);
	b->mon.then_argv = NULL; /* ours ends with us */
	if (!argv)
		return err_oom(e, "the monitor's arguments");
	keep_environment();
	if (chdir("/") < 0) /* the caller's could not be unmounted */
		return err_sys(e, "enter /");
	execv(program, argv);
	return err_sys(e, "execute %s", program);
}

/* --- again? ---------------------------------------------------------------------------------------------------- */

/* Sleep before a restart; false when somebody wants the container to stay ended. */
static bool wait_for_restart(const struct record *r, uint64_t delay_ms)
{
	auto_fd int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct path_proc dir = path_proc(r->dir_fd);
	struct pollfd p = { watch, POLLIN, 0 };

	/* Watched before it is looked for, so that none is missed. */
	if (watch < 0 || inotify_add_watch(watch, dir.text, IN_CREATE) < 0)
		p.fd = -1;
	for (bool first = true;; first = false) {
		char events[4096];

		if (faccessat(r->dir_fd, "stop", F_OK, 0) == 0)
			return false;
		if (!first && read(watch, events, sizeof(events)) < 0)
			return true; /* the time is over */
		if (poll(&p, 1, (int)delay_ms) == 0)
			return faccessat(r->dir_fd, "stop", F_OK, 0) != 0;
	}
}

static bool wants_restart(struct engine *en, struct record *r)
{
	struct restart_facts f = { .policy = r->config.restart,
		.max = r->config.restart_max,
		.count = r->status.restart_count,
		.exit_code = r->status.exit_code,
		.stopped_by_user = r->status.stopped_by_user,
		.ran_ms = restart_ran_ms(r->status.started, r->status.finished),
		.last_delay_ms = r->status.restart_delay_ms };
	struct err e = ERR_NONE;
	uint64_t delay_ms;

	(void)en;
	if (r->config.auto_remove || !restart_decide(&f, &delay_ms))
		return false;
	r->status.restart_delay_ms = delay_ms;
	r->status.state = CT_RESTARTING;
	r->status.monitor = getpid();
	err_told(record_save_status(r, &e)); /* `ps` would show "exited" for a moment */
	bool go = wait_for_restart(r, delay_ms);
	if (go) {
		r->status.restart_count++;
		return true;
	}
	r->status.state = CT_EXITED;
	r->status.stopped_by_user = true;
	r->status.monitor = 0;
	err_told(record_save_status(r, &e));
	return false;
}

/* --- the cycle ------------------------------------------------------------------------------------------------- */

static int settle(struct engine *en, struct bringup *b, struct mon_result *end, bool *ret_removed, struct err *e)
{
	b->r->status.lost_records += end->lost_records;
	/* Without another run ahead, memory and descriptors are left to the kernel. */
	en->rt.ends_process = b->r->config.auto_remove || b->r->config.restart == CT_RESTART_NO;
	struct engine_end how = { .wait_status = end->wait_status, .unknown = end->unknown, .running = &b->running };
	return engine_ended(en, b->r, &how, ret_removed, e);
}

/* After the first start: until the container has ended for good. @b runs. */
static int cycle(struct engine *en, struct bringup *b, struct err *e)
{
	for (;;) {
		struct mon_result end = { .n_clients = 0 };
		bool removed;

		if (detached(&b->mon))
			return become_tare_mon(en, b, e);
		if (mon_loop(&b->mon, &end, e) < 0)
			return -e->num;
		b->mon.client = FD_NONE; /* it is one of end.clients now */
		int r = settle(en, b, &end, &removed, e);
		int code = r == 0 ? b->r->status.exit_code : 125;
		bool again = r == 0 && !removed && wants_restart(en, b->r);
		if (!again)
			record_done(b->r); /* whoever waits for the lock need not wait for a client that reads slowly */
		mon_tell_exit(&end, code);
		bringup_done(b);
		if (!again)
			return r;
		if (bringup(b, b->r->config.open_stdin, e) < 0)
			return -e->num;
	}
}

/* A session of our own, deaf to the terminal's signals and the shell's: ended by SIGKILL only. Blocked, not ignored:
 * one call, and the program gets its empty mask by the runtime anyway. */
static void prepare_process(void)
{
	sigset_t all;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

/* The user namespace of a plain user lives as long as somebody is in it. */
static void settle_in(const struct engine *en)
{
	prepare_process();
	if (en->rootless)
		rootless_remember(en);
}

/* Of --timeout, what is left of it when a run is taken over; at least something: the end is the monitor's work. */
static uint64_t time_left(const struct record *r, bool adopted)
{
	char now[CT_TIME_SIZE];
	uint64_t all = (uint64_t)r->config.timeout_s * 1000, ran;

	if (!adopted || !all)
		return all;
	engine_now(now);
	ran = restart_ran_ms(r->status.started, now);
	return ran < all ? all - ran : 1;
}

static int begin(struct engine *en, struct record *r, struct bringup *b, int client, struct err *e)
{
	*b = (struct bringup){ .en = en, .r = r, .join_userns = FD_NONE };
	b->mon = (struct mon)MON_INIT;
	b->mon.id = r->id;
	b->mon.name = r->config.name;
	b->mon.dir_fd = r->dir_fd;
	b->mon.client = client;
	b->mon.timeout_ms = time_left(r, r->status.state == CT_RUNNING);
	b->mon.stdin_once = r->config.open_stdin && client >= 0;
	if (logs_settings(&r->config, &r->config.arena, &b->mon, e) < 0 ||
		health_settings(en, r, r->status.state != CT_RUNNING, &b->mon, e) < 0)
		return -e->num;
	return mon_listen(&b->mon, e);
}

/* With --rm nothing is left of a container that did not start either. */
static void remove_failed(struct engine *en, struct record *r)
{
	struct err e = ERR_NONE;

	if (r->config.auto_remove && engine_remove(en, r, false, true, &e) < 0)
		log_warn("%s", e.msg);
}

static _Noreturn void monitor(struct engine *en, struct record *r, int client, bool with_stdin, int report_fd)
{
	struct bringup b;
	struct err e = ERR_NONE;

	settle_in(en);
	if (begin(en, r, &b, client, &e) == 0)
		err_told(bringup(&b, with_stdin, &e));
	if (e.num) {
		remove_failed(en, r);
		report(&report_fd, &e);
		_exit(1);
	}
	report(&report_fd, &e);
	if (cycle(en, &b, &e) < 0)
		log_error("monitor of %.12s: %s", r->id, e.msg);
	_exit(e.num ? 1 : 0);
}

/* In the child *ret_writer is the end for its report, in the parent *ret_reader the other one. Returns the child's pid,
 * 0 in the child. */
static pid_t fork_monitor(int *ret_reader, int *ret_writer, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	pid_t pid = fork();
	if (pid < 0)
		err_sys(e, "fork the container's monitor");
	*ret_reader = fds[0];
	*ret_writer = fds[1];
	fd_close(pid == 0 ? ret_reader : ret_writer);
	if (pid < 0)
		fd_close(ret_reader);
	return pid < 0 ? -e->num : pid;
}

int monitor_fork(struct engine *en, struct record *r, int session[static 2], bool with_stdin, struct err *e)
{
	auto_fd int reader = FD_NONE, writer = FD_NONE;
	pid_t pid = fork_monitor(&reader, &writer, e);

	if (pid == 0) {
		fd_close(&session[0]);
		monitor(en, r, session[1], with_stdin, fd_steal(&writer));
	}
	fd_close(&session[1]);
	if (pid < 0)
		return -e->num;
	/* Kept open here, it would keep the lock when the monitor has ended. */
	fd_close(&r->dir_fd);
	r->held = false;
	return receive_report(reader, e);
}

int monitor_resume(struct engine *en, const struct monitor_end *end, struct err *e)
{
	struct record r = RECORD_INIT;
	struct bringup b;
	struct mon_result left = { .wait_status = end->wait_status, .unknown = end->unknown };
	bool removed = false, again = false;

	if (mon_adopt_clients(&left, end->client_list, e) < 0 || record_open_id(en, end->id, true, &r, e) < 0)
		return -e->num;
	/* The one that has the lock. */
	fd_close(&r.dir_fd);
	r.dir_fd = end->dir_fd;
	r.held = true;
	r.status.lost_records += end->lost_records;
	int listen_fd = end->listen_fd;
	fd_close(&listen_fd); /* the next run makes a new one */
	settle_in(en);
	struct engine_end how = { .wait_status = end->wait_status, .unknown = end->unknown };
	int n = engine_ended(en, &r, &how, &removed, e);
	int code = n == 0 ? r.status.exit_code : 125;
	if (n == 0 && !removed)
		again = wants_restart(en, &r);
	if (!again)
		record_done(&r);
	mon_tell_exit(&left, code);
	if (again) {
		n = begin(en, &r, &b, FD_NONE, e);
		if (n == 0)
			n = bringup(&b, r.config.open_stdin, e);
		if (n == 0)
			n = cycle(en, &b, e);
	}
	record_done(&r);
	return n;
}

/* --- adoption -------------------------------------------------------------------------------------------------- */

static _Noreturn void adopt(struct engine *en, struct record *r, int report_fd)
{
	struct bringup b;
	struct err e = ERR_NONE;
	bool found = false;

	settle_in(en);
	if (begin(en, r, &b, FD_NONE, &e) == 0 && bringup_null_stdio(&e) == 0)
		err_told(proc_open_same(r->status.pid, r->status.start_ticks, &found, &b.mon.pidfd, &e));
	if (e.num == 0 && !found)
		err_set(&e, ERR_CONFLICT, ESRCH, "the program ended meanwhile");
	b.mon.pid = r->status.pid;
	b.mon.adopted = true;
	if (e.num == 0)
		err_told(mon_reopen_streams(&b.mon, r->config.tty, &e));
	r->status.monitor = getpid();
	if (e.num == 0)
		err_told(record_save_status(r, &e));
	if (e.num)
		record_done(r); /* and with it the lock, which whoever reads the report wants */
	report(&report_fd, &e);
	if (e.num == 0 && become_tare_mon(en, &b, &e) < 0)
		log_error("monitor of %.12s: %s", r->id, e.msg);
	_exit(1);
}

int monitor_adopt(struct engine *en, struct record *r, struct err *e)
{
	auto_fd int reader = FD_NONE, writer = FD_NONE;
	pid_t pid = fork_monitor(&reader, &writer, e);

	if (pid == 0)
		adopt(en, r, fd_steal(&writer));
	if (pid < 0)
		return -e->num;
	/* The lock is the new monitor's; a descriptor of our own to look at it. */
	int own = openat(en->containers_fd, r->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	fd_close(&r->dir_fd);
	r->dir_fd = own;
	r->held = false;
	return own < 0 ? err_sys(e, "open container %s again", r->config.name) : receive_report(reader, e);
}
