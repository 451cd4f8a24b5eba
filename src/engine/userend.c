#include "engine/userend.h"

#include <sys/signalfd.h>
#include <unistd.h>
#include "base/str.h"
#include "sys/tty.h"

int user_end_begin(struct user_end *u, struct err *e)
{
	static const int held[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCONT,
		SIGPIPE };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, &u->before);
	sigdelset(&set, SIGPIPE);
	u->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return u->signals < 0 ? err_sys(e, "wait for signals") : 0;
}

int user_end_raw(struct user_end *u, struct err *e)
{
	struct termios saved;

	if (!tty_is(STDIN_FILENO))
		return 0;
	if (tty_raw(STDIN_FILENO, &saved, e) < 0)
		return -e->num;
	if (!u->raw)
		u->saved = saved;
	u->raw = true;
	return 0;
}

bool user_end_gives_up(struct user_end *u, int sig)
{
	if ((sig != SIGINT && sig != SIGTERM) || ++u->asked_to_end < USER_END_PATIENCE)
		return false;
	u->fatal = sig;
	return true;
}

void user_end_done(struct user_end *u)
{
	struct err e = ERR_NONE;

	if (u->raw)
		err_told(tty_restore(STDIN_FILENO, &u->saved, &e)); /* it is gone: nothing to restore */
	if (u->signals < 0)
		return;
	fd_close(&u->signals);
	sigprocmask(SIG_SETMASK, &u->before, NULL);
	if (u->fatal) {
		signal(u->fatal, SIG_DFL);
		raise(u->fatal);
	}
}
