/* One probe of a container's health, in a process of its own, started by the monitor or by hand. */
#include "engine/health.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "base/units.h"
#include "engine/exec.h"
#include "engine/life.h"
#include "engine/programs.h"
#include "sys/atomic_file.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/proc.h"
#include "sys/proctree.h"

#define HEALTH_FILE "health.json"

enum { MAX_BYTES = 1 << 18, KILL_ROUNDS = 20 };

/* --- the record --------------------------------------------------------------------------------------------- */

int health_read(const struct record *r, bool *ret_known, struct ct_health_state *ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	*ret_known = false;
	if (io_read_file_at(r->dir_fd, HEALTH_FILE, MAX_BYTES, &b, e) < 0) {
		if (e->num != ENOENT)
			return -e->num;
		err_clear(e);
		return 0;
	}
	*ret_known = true;
	return ct_health_read(b.data ? b.data : "", b.len, ret, e);
}

static int save(const struct record *r, const struct ct_health_state *s, struct err *e)
{
	const struct atomic_how how = { .mode = 0600, .sync = ATOMIC_VOLATILE };
	AUTO(buf) struct buf b = BUF_INIT;

	ct_health_write(s, &b);
	return buf_err(&b, e) < 0 ? -e->num : atomic_write(r->dir_fd, HEALTH_FILE, b.data, b.len, how, e);
}

/* --- for the monitor ---------------------------------------------------------------------------------------- */

static int probe_argv(struct engine *en, struct record *r, struct mon *m, struct err *e)
{
	enum { N = 9 };
	struct arena *a = &r->config.arena;
	char *self = arena_alloc(a, PATH_MAX, 1), **argv = arena_array(a, char *, N);

	if (!self || !argv)
		return err_oom(e, "the health check");
	if (programs_self(self, e) < 0)
		return -e->num;
	const char *const words[N] = { self, "--root", en->data_path, "--run-root", en->run_path, "healthcheck", "run",
		r->id, NULL };
	memcpy(argv, words, sizeof(words));
	m->health.argv = argv;
	return 0;
}

int health_settings(struct engine *en, struct record *r, bool fresh, struct mon *m, struct err *e)
{
	struct ct_health h = ct_health_effective(&r->config.health);
	auto_free struct ct_health_state *none = NULL;

	m->health = (struct mon_health){ 0 };
	if (!ct_health_wanted(&r->config.health))
		return 0;
	m->health.interval_ms = h.interval_ms;
	m->health.start_period_ms = h.start_period_ms;
	m->health.start_interval_ms = h.start_interval_ms;
	if (probe_argv(en, r, m, e) < 0)
		return -e->num;
	none = calloc(1, sizeof(*none));
	if (!none)
		return err_oom(e, "the health check");
	return fresh ? save(r, none, e) : 0;
}

/* --- the probe ---------------------------------------------------------------------------------------------- */

struct run {
	struct rt_execed x;
	int out; /* what it says */
	char said[CT_HEALTH_OUTPUT];
	size_t n_said;
};

static int start(struct engine *en, struct record *r, struct run *p, struct err *e)
{
	const struct rc_str_list *test = &r->config.health.test;
	char *shell[] = { (char *)"/bin/sh", (char *)"-c", test->v[1], NULL };
	char **argv = arena_array(&r->config.arena, char *, test->n);
	int fds[2], theirs[3] = { FD_NONE, FD_NONE, FD_NONE };

	if (!argv)
		return err_oom(e, "the health check");
	memcpy(argv, test->v + 1, (test->n - 1) * sizeof(*argv));
	struct rt_exec req = { .id = r->id, .args = str_eq(test->v[0], "CMD-SHELL") ? shell : argv };
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	p->out = fds[0];
	theirs[1] = fds[1];
	theirs[2] = fcntl(fds[1], F_DUPFD_CLOEXEC, 3);
	theirs[0] = path_open_host("/dev/null", O_RDONLY, 0, e);
	if (theirs[2] < 0 && e->num == 0)
		err_sys(e, "make a pipe");
	if (e->num == 0)
		err_told(exec_launch(en, &req, theirs, &p->x, e));
	for (int i = 0; i < 3; i++)
		fd_close(&theirs[i]);
	return -e->num;
}

/* What fits is kept; the rest is read, so that the probe is not kept waiting. False at its end. */
static bool listen_to(struct run *p)
{
	char rest[4096];
	size_t room = sizeof(p->said) - p->n_said;
	ssize_t n = room ? read(p->out, p->said + p->n_said, room) : read(p->out, rest, sizeof(rest));

	if (n > 0 && room)
		p->n_said += (size_t)n;
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* False: it did not end in time. */
static bool in_time(struct run *p, uint64_t timeout_ms)
{
	int64_t end = now_ms() + (int64_t)timeout_ms;
	bool open = true;

	for (;;) {
		struct pollfd f[] = { { .fd = p->x.pidfd, .events = POLLIN },
			{ .fd = open ? p->out : -1, .events = POLLIN } };
		int64_t left = end - now_ms();

		if (left < 0 || poll(f, 2, left > INT32_MAX ? INT32_MAX : (int)left) == 0)
			return false;
		if (f[1].revents)
			open = listen_to(p);
		else if (f[0].revents)
			return true;
	}
}

static int code_of(struct run *p)
{
	int status = 0;

	while (waitpid(p->x.pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* docker's notation of a time limit in its message: "30s", "1.5s". */
static void timed_out(struct ct_probe *probe, uint64_t ms)
{
	char text[96];
	size_t n = ms % 1000
		? fmt_to(text, sizeof(text), "Health check exceeded timeout (%llums)", (unsigned long long)ms)
		: fmt_to(text, sizeof(text), "Health check exceeded timeout (%llus)", (unsigned long long)ms / 1000);

	probe->exit_code = CT_HEALTH_TIMED_OUT;
	ct_health_output(probe, text, n);
}

static int probe(struct engine *en, struct record *r, struct ct_probe *ret, struct err *e)
{
	struct run p = { .out = FD_NONE, .x = { .pidfd = FD_NONE, .master = FD_NONE } };
	uint64_t timeout_ms = ct_health_effective(&r->config.health).timeout_ms;
	struct err own = ERR_NONE;

	engine_now(ret->start);
	if (start(en, r, &p, &own) < 0) { /* a command that is not there is unhealthy, too */
		ret->exit_code = own.kind == ERR_EXEC_NOT_FOUND ? 127 : own.kind == ERR_EXEC_DENIED ? 126 : 125;
		ct_health_output(ret, own.msg, str_len(own.msg));
	} else if (in_time(&p, timeout_ms)) {
		ret->exit_code = code_of(&p);
		ct_health_output(ret, p.said, p.n_said);
	} else {
		err_told(proc_kill_tree(p.x.pidfd, KILL_ROUNDS, e));
		(void)code_of(&p);
		timed_out(ret, timeout_ms);
	}
	engine_now(ret->end);
	fd_close(&p.out);
	fd_close(&p.x.pidfd);
	return -e->num;
}

/* --- what follows ------------------------------------------------------------------------------------------- */

static bool in_start_period(const struct record *r, const struct ct_probe *p)
{
	struct timespec from, at;

	if (!rfc3339_parse(r->status.started, &from) || !rfc3339_parse(p->start, &at))
		return false;
	int64_t ms = ((int64_t)at.tv_sec - from.tv_sec) * 1000 + (at.tv_nsec - from.tv_nsec) / 1000000;
	return ms < (int64_t)r->config.health.start_period_ms;
}

/* Not as `kill` does it: nobody asked for the end, so the restart policy decides. */
static int kill_it(const struct record *r, struct err *e)
{
	bool found = false;
	int fd = FD_NONE;
	int n = proc_open_same(r->status.pid, r->status.start_ticks, &found, &fd, e);
	auto_fd int pidfd = fd;

	return n == 0 && found ? proc_signal(pidfd, SIGKILL, &found, e) : n;
}

/* The stop leaves us with the lock, and the start hands it on. */
static int restart(struct engine *en, struct record *r, struct err *e)
{
	struct start_how how = { .attach = false };
	int session = FD_NONE;

	if (engine_stop(en, r, NULL, -1, e) < 0 || engine_start(en, r, &how, &session, e) < 0)
		return -e->num;
	fd_close(&session);
	return 0;
}

static int act(struct engine *en, struct record *r, struct err *e)
{
	log_warn("container %s is unhealthy", r->config.name);
	switch (r->config.on_unhealthy) {
	case CT_UNHEALTHY_NONE: return 0;
	case CT_UNHEALTHY_KILL: return kill_it(r, e);
	case CT_UNHEALTHY_STOP: return engine_stop(en, r, NULL, -1, e);
	case CT_UNHEALTHY_RESTART: return restart(en, r, e);
	}
	return 0;
}

static int refuse(const struct record *r, struct err *e)
{
	const char *name = r->config.name;

	if (!ct_health_wanted(&r->config.health))
		return err_set(e, ERR_CONFLICT, EINVAL, "container %s has no health check", name);
	if (r->status.state == CT_PAUSED)
		return err_set(e, ERR_CONFLICT, EBUSY, "container %s is paused", name);
	if (r->status.state != CT_RUNNING)
		return err_set(e, ERR_CONFLICT, ESRCH, "container %s is not running", name);
	return 0;
}

int health_run(struct engine *en, struct record *r, bool *ret_healthy, struct err *e)
{
	auto_free struct ct_health_state *s = calloc(1, sizeof(*s));
	auto_free struct ct_probe *p = calloc(1, sizeof(*p));
	bool known;

	if (!s || !p)
		return err_oom(e, "a health check");
	if (engine_refresh(en, r, e) < 0 || refuse(r, e) < 0 || health_read(r, &known, s, e) < 0 ||
		probe(en, r, p, e) < 0)
		return -e->num;
	bool became_unhealthy = ct_health_add(s, &r->config.health, p, in_start_period(r, p));
	*ret_healthy = p->exit_code == 0;
	return save(r, s, e) < 0 ? -e->num : became_unhealthy ? act(en, r, e) : 0;
}
