/* The monitor's loop. Guarantees: the program is never kept from writing for longer than clients
 * may hold it up; all it wrote before its end is in the log; memory does not grow with what it
 * writes nor with who listens.
 *
 * Theory of operation: one piece of output is under way at a time. It is read, offered to every
 * client, logged; the next one is read when no client is left that has to have it and could not
 * take it yet ("behind"). Input is the same the other way round, and is acknowledged, so that a
 * client never sends what cannot be taken. poll(2) looks at everything each time: there are few
 * descriptors, and no state to keep.
 *
 * When the program has ended the rest is read from its streams (what they hold is limited by the
 * kernel); clients that are behind get it from memory, after mon_loop(). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "mon/internal.h"
#include "sys/proc.h"

enum { P_PROGRAM, P_STDOUT, P_STDERR, P_MASTER, P_INPUT, P_LISTEN, P_PROBE, P_CLIENTS };

/* Lazily touched pages of their own, which go back to the kernel after use. */
struct memory {
	char chunk[MON_DATA_MAX];
	char input[MON_DATA_MAX];
	char out[LOG_OUT_SIZE];
	char part[2][LOG_LINE_MAX];
	struct state state;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- signals ------------------------------------------------------------------------------------------------ */

/* Who ends the monitor does not end the container: the signals that usually mean "end" are for the
 * program, and come to it by clients or kill. KILL cannot be helped. */
static void hold_signals(sigset_t *ret_before)
{
	static const int held[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP,
		SIGTTIN, SIGTTOU, SIGWINCH, SIGXFSZ };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, ret_before);
}

/* What came meanwhile is forgotten: it was for nobody. */
static void release_signals(const sigset_t *before)
{
	struct timespec none = { 0 };
	sigset_t pending;

	while (sigpending(&pending) == 0) {
		bool any = false;

		for (int sig = 1; sig < NSIG; sig++)
			any = any || (sigismember(&pending, sig) == 1 && sigismember(before, sig) == 0);
		if (!any || sigtimedwait(&pending, NULL, &none) < 0)
			break;
	}
	sigprocmask(SIG_SETMASK, before, NULL);
}

/* --- waiting ------------------------------------------------------------------------------------------------ */

static void watch(const struct state *s, struct pollfd *p)
{
	const struct mon *m = s->m;
	bool hold = clients_holding(s);
	bool input = s->input.start < s->input.end;

	p[P_PROGRAM] = (struct pollfd){ .fd = m->pidfd, .events = POLLIN };
	p[P_STDOUT] = (struct pollfd){ .fd = hold ? -1 : m->stdout_fd, .events = POLLIN };
	p[P_STDERR] = (struct pollfd){ .fd = hold ? -1 : m->stderr_fd, .events = POLLIN };
	p[P_MASTER] = (struct pollfd){ .fd = hold ? -1 : m->master, .events = POLLIN };
	p[P_INPUT] =
		(struct pollfd){ .fd = input ? (m->master >= 0 ? m->master : m->stdin_fd) : -1, .events = POLLOUT };
	p[P_LISTEN] = (struct pollfd){ .fd = m->listen_fd, .events = POLLIN };
	p[P_PROBE] = (struct pollfd){ .fd = s->probe.child.pid ? s->probe.child.pidfd : -1, .events = POLLIN };
	for (size_t i = 0; i < s->n_clients; i++) {
		const struct client *c = &s->clients[i];

		p[P_CLIENTS + i] = (struct pollfd){ .fd = c->fd,
			.events = (short)((c->waits ? 0 : POLLIN) | (c->behind ? POLLOUT : 0)) };
	}
}

static void sooner(int64_t *next, int64_t due)
{
	if (due && (!*next || due < *next))
		*next = due;
}

static int timeout(struct state *s)
{
	int64_t next = clients_stall(s);

	sooner(&next, s->probe.next);
	sooner(&next, s->kill_at);
	if (s->used_buffers || logfile_has_parts(&s->log))
		sooner(&next, s->last_output + MON_IDLE_MS);
	if (!next)
		return -1;
	int64_t left = next > s->now ? next - s->now : 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* A prompt without a line end is in the log, and memory that only bursts need is the kernel's
 * again. */
static void idle(struct state *s, struct memory *memory)
{
	if (s->now < s->last_output + MON_IDLE_MS)
		return;
	logfile_parts(&s->log);
	if (!s->used_buffers || clients_holding(s) || s->input.start < s->input.end)
		return;
	(void)madvise(memory, offsetof(struct memory, state), MADV_DONTNEED); /* advice */
	s->used_buffers = false;
}

/* --- one turn ----------------------------------------------------------------------------------------------- */

/* A few pieces in a row from a stream that is full; then others are looked at again. A hang-up
 * without data must be read, too: that is how the end is seen. */
static void read_stream(struct state *s, int *fd, uint8_t type)
{
	enum { IN_A_ROW = 8 };

	for (int i = 0; i < IN_A_ROW && !clients_holding(s); i++)
		if (!stream_read(s, fd, type) || s->chunk.len < MON_DATA_MAX)
			return;
}

static void read_streams(struct state *s, const struct pollfd *p)
{
	struct mon *m = s->m;

	if (p[P_STDOUT].revents)
		read_stream(s, &m->stdout_fd, MON_STDOUT);
	if (p[P_STDERR].revents)
		read_stream(s, &m->stderr_fd, MON_STDERR);
	if (p[P_MASTER].revents)
		read_stream(s, &m->master, MON_STDOUT);
}

static void serve(struct state *s, const struct pollfd *p, size_t n_clients)
{
	for (size_t i = 0; i < n_clients; i++) {
		struct client *c = &s->clients[i];
		short got = p[P_CLIENTS + i].revents;

		if (got & POLLIN)
			clients_receive(s, c);
		else if (got & (POLLHUP | POLLERR))
			c->gone = true;
	}
	clients_offer(s);
	if (p[P_LISTEN].revents)
		clients_accept(s);
	clients_sweep(s);
}

static int kill_in_time(struct state *s, struct err *e)
{
	bool found;

	if (!s->kill_at || s->now < s->kill_at)
		return 0;
	s->kill_at = 0;
	return proc_signal(s->m->pidfd, SIGKILL, &found, e);
}

static int turn(struct state *s, struct err *e)
{
	struct pollfd p[P_CLIENTS + MON_MAX_CLIENTS];
	size_t n_clients = s->n_clients;

	watch(s, p);
	int r = poll(p, P_CLIENTS + n_clients, timeout(s));
	if (r < 0 && errno != EINTR)
		return err_sys(e, "wait for the container");
	s->now = now_ms();
	if (r > 0) {
		if (p[P_INPUT].revents)
			input_write(s);
		read_streams(s, p);
		if (p[P_PROBE].revents)
			health_ended(s);
		serve(s, p, n_clients);
		s->ended = p[P_PROGRAM].revents != 0;
	}
	health_tick(s);
	return kill_in_time(s, e);
}

/* --- begin and end ------------------------------------------------------------------------------------------ */

static void unblock(int fd)
{
	int flags = fd >= 0 ? fcntl(fd, F_GETFL) : -1;

	if (flags >= 0 && !(flags & O_NONBLOCK))
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK); /* of an open pipe or terminal: works */
}

static int begin(struct memory *memory, struct mon *m, struct err *e)
{
	struct state *s = &memory->state;

	s->m = m;
	s->chunk.data = memory->chunk;
	s->input.data = memory->input;
	s->log.out = memory->out;
	s->log.part[0].data = memory->part[0];
	s->log.part[1].data = memory->part[1];
	s->probe.child.pidfd = FD_NONE;
	s->now = now_ms();
	/* Longer than anybody's life is for ever. */
	s->kill_at = m->timeout_ms && m->timeout_ms < INT64_MAX / 2 ? s->now + (int64_t)m->timeout_ms : 0;
	unblock(m->stdin_fd);
	unblock(m->stdout_fd);
	unblock(m->stderr_fd);
	unblock(m->master);
	unblock(m->listen_fd);
	if (logfile_open(&s->log, m, e) < 0)
		return -e->num;
	if (m->client >= 0) {
		struct client *c = clients_add(s, &m->client);

		c->founder = true;
		c->want = MON_WANT_STDOUT | MON_WANT_STDERR;
	}
	health_begin(s);
	return 0;
}

static int wait_status(struct mon *m, struct mon_result *ret, struct err *e)
{
	siginfo_t si = { 0 };
	int r;

	do
		r = waitid(P_PIDFD, (id_t)m->pidfd, &si, WEXITED);
	while (r < 0 && errno == EINTR);
	if (r == 0) {
		ret->wait_status = si.si_code == CLD_EXITED ? (si.si_status & 0xff) << 8
							    : si.si_status | (si.si_code == CLD_DUMPED ? 0x80 : 0);
		return 0;
	}
	if (errno != ECHILD)
		return err_sys(e, "wait for process %d", (int)m->pid);
	/* Adopted: somebody else reaps it, and may be at it just now. */
	struct pollfd p = { .fd = m->pidfd, .events = 0 };
	enum { REAP_MS = 1000 };
	ret->unknown = !proc_exit_status(m->pidfd, &ret->wait_status);
	while (ret->unknown && poll(&p, 1, REAP_MS) < 0 && errno == EINTR)
		;
	ret->unknown = ret->unknown && !proc_exit_status(m->pidfd, &ret->wait_status);
	return 0;
}

static void drain(struct state *s)
{
	struct mon *m = s->m;

	tail_begin(s);
	while (m->stdout_fd >= 0 && stream_read(s, &m->stdout_fd, MON_STDOUT))
		;
	while (m->stderr_fd >= 0 && stream_read(s, &m->stderr_fd, MON_STDERR))
		;
	while (m->master >= 0 && stream_read(s, &m->master, MON_STDOUT))
		;
	logfile_parts(&s->log);
}

static int run(struct memory *memory, struct mon *m, struct mon_result *ret, struct err *e)
{
	struct state *s = &memory->state;

	if (begin(memory, m, e) < 0)
		return -e->num;
	while (!s->ended) {
		if (turn(s, e) < 0)
			return -e->num;
		idle(s, memory);
	}
	drain(s);
	health_stop(s);
	logfile_close(&s->log);
	ret->lost_records = s->log.lost;
	if (wait_status(m, ret, e) < 0)
		return -e->num;
	return tail_result(s, ret, e);
}

int mon_loop(struct mon *m, struct mon_result *ret, struct err *e)
{
	sigset_t before;
	struct memory *memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*ret = (struct mon_result){ .wait_status = 0 };
	if (memory == MAP_FAILED)
		return err_oom(e, "the monitor");
	hold_signals(&before);
	int r = run(memory, m, ret, e);
	release_signals(&before);
	munmap(memory, sizeof(*memory));
	return r;
}
