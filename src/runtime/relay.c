/* Waiting for a container in the foreground.
 *
 * Signals stay blocked from before the child exists until its status is known; they are taken one by one
 * (sigwaitinfo, or signalfd where a terminal is polled as well) and sent on by pidfd, so none is lost, none
 * interrupts anything, and none can reach another process that got the same pid. Without a terminal a whole
 * wait is two system calls: sigwaitinfo for SIGCHLD, waitid. */
#include "runtime/relay.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include "runtime/relaytty.h"
#include "sys/call.h"

enum { SIGNALED = 128, N_OWN_POLL = 2 };

/* All but those that a fault in our own code raises; KILL and STOP cannot be blocked anyway. */
static void forwardable(sigset_t *set)
{
	static const int ours[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };

	sigfillset(set);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		sigdelset(set, ours[i]);
}

int rt_relay_begin(struct rt_relay *r, struct err *e)
{
	sigset_t set;

	forwardable(&set);
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, &r->saved) < 0)
		return err_sys(e, "block signals");
	r->blocked = true;
	return 0;
}

void rt_relay_end(struct rt_relay *r)
{
	if (r->blocked)
		(void)sigprocmask(SIG_SETMASK, &r->saved, NULL); /* cannot fail with these arguments */
	r->blocked = false;
}

static int status_of(const siginfo_t *si)
{
	return si->si_code == CLD_EXITED ? si->si_status : SIGNALED + si->si_status;
}

static void reap_orphans(const struct rt_relay_child *ch)
{
	siginfo_t si;

	for (;;) {
		si.si_pid = 0;
		/* Look first: ours is reaped by its pidfd only. */
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || si.si_pid == 0 || si.si_pid == ch->pid)
			return;
		(void)waitid(P_PID, (id_t)si.si_pid, &si, WEXITED | WNOHANG); /* a zombie of ours: cannot fail */
	}
}

/* *ret_ended once the child was reaped. */
static int try_reap(const struct rt_relay_child *ch, bool *ret_ended, int *ret_status, struct err *e)
{
	siginfo_t si = { 0 };

	if (waitid(P_PIDFD, (id_t)ch->pidfd, &si, WEXITED | WNOHANG) < 0)
		return err_sys(e, "wait for the container's process");
	if (ch->reap_others)
		reap_orphans(ch);
	*ret_ended = si.si_pid != 0;
	if (*ret_ended)
		*ret_status = status_of(&si);
	return 0;
}

static void forward(const struct rt_relay_child *ch, int sig)
{
	(void)sys_pidfd_send_signal(ch->pidfd, sig); /* ESRCH: its SIGCHLD is on the way */
}

static int wait_plain(const struct rt_relay_child *ch, int *ret_status, struct err *e)
{
	bool ended = false;
	sigset_t set;

	forwardable(&set);
	while (!ended) {
		int sig = sigwaitinfo(&set, NULL);

		if (sig < 0 && errno != EINTR)
			return err_sys(e, "wait for signals");
		if (sig == SIGCHLD && try_reap(ch, &ended, ret_status, e) < 0)
			return -e->num;
		if (sig > 0 && sig != SIGCHLD && sig != SIGWINCH)
			forward(ch, sig);
	}
	return 0;
}

/* --- with a terminal --------------------------------------------------------------------------------------- */

struct session {
	const struct rt_relay_child *ch;
	struct relay_tty tty;
	int sigfd;
	bool ended;
};

static int take_signal(struct session *s, int *ret_status, struct err *e)
{
	struct signalfd_siginfo si;

	if (read(s->sigfd, &si, sizeof(si)) != sizeof(si))
		return errno == EAGAIN || errno == EINTR ? 0 : err_sys(e, "read a signal");
	if (si.ssi_signo == SIGWINCH) {
		relay_tty_resize(&s->tty);
	} else if (si.ssi_signo == SIGCHLD) {
		if (!s->ended)
			return try_reap(s->ch, &s->ended, ret_status, e);
	} else if (s->ended) {
		s->tty.out = FD_NONE; /* only output that nobody takes keeps us: enough of that */
	} else {
		forward(s->ch, (int)si.ssi_signo);
	}
	return 0;
}

static int wait_terminal(struct session *s, int *ret_status, struct err *e)
{
	struct pollfd p[N_OWN_POLL + RELAY_N_POLL];

	while (!s->ended || relay_tty_pending(&s->tty)) {
		p[0] = (struct pollfd){ .fd = s->sigfd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = s->ended ? -1 : s->ch->pidfd, .events = POLLIN };
		relay_tty_poll(&s->tty, p + N_OWN_POLL);
		if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
			return err_sys(e, "wait for the terminal");
		if (p[0].revents && take_signal(s, ret_status, e) < 0)
			return -e->num;
		if (p[1].revents && !s->ended && try_reap(s->ch, &s->ended, ret_status, e) < 0)
			return -e->num;
		relay_tty_move(&s->tty, p + N_OWN_POLL);
		if (s->ended)
			relay_tty_hang_up(&s->tty);
	}
	return 0;
}

static int run_session(const struct rt_relay_child *ch, int *ret_status, struct err *e)
{
	struct session s = { .ch = ch };
	sigset_t set;

	forwardable(&set);
	sigdelset(&set, SIGPIPE);
	auto_fd int sigfd = s.sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sigfd < 0)
		return err_sys(e, "signalfd");
	/* Ours come from writing to a stdout that was closed; the container has no part in it. */
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	if (relay_tty_begin(&s.tty, ch->master, e) == 0)
		err_told(wait_terminal(&s, ret_status, e));
	relay_tty_end(&s.tty);
	(void)signal(SIGPIPE, old);
	return e->num ? -e->num : 0;
}

int rt_relay_wait(struct rt_relay *r, const struct rt_relay_child *ch, int *ret_status, struct err *e)
{
	(void)r; /* its signals are blocked, which is what we build on */
	return ch->master >= 0 ? run_session(ch, ret_status, e) : wait_plain(ch, ret_status, e);
}
