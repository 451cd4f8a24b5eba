/* tare-init PROGRAM [ARGUMENT...]: process 1 of a container that was asked for --init. It starts
 * PROGRAM, hands it the signals it gets, reaps whoever is orphaned in the container and ends with
 * PROGRAM's exit status (128 + n for a signal). One file, nothing of ours but libc: it runs inside
 * the container.
 *
 * Theory of operation: all signals are blocked and taken by sigwaitinfo(2). The program has a
 * process group of its own, in front on the terminal if there is one, so that ^C goes to it and not
 * to us as well. When it stops (^Z) nobody is there to continue it, so it is continued by whoever
 * sends SIGCONT, as without an init. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_OURS = 125, EXIT_DENIED = 126, EXIT_NOT_FOUND = 127 };

static void say(const char *what, const char *name, int num)
{
	const char *const parts[] = { "tare-init: ", what, name, ": ", num ? strerrordesc_np(num) : "no program given",
		"\n" };
	char line[512];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (const char *p = parts[i]; p && *p && n < sizeof(line); p++)
			line[n++] = *p;
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* the exit status says it, too */
}

/* The terminal's foreground process group; without a terminal nothing happens. SIGTTOU is blocked.
 */
static void take_terminal(pid_t group)
{
	(void)ioctl(STDIN_FILENO, TIOCSPGRP, &group);
}

static _Noreturn void become(char **argv, const sigset_t *mask)
{
	(void)setpgid(0, 0); /* a child just forked: works */
	take_terminal(getpid());
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	say("execute ", argv[0], errno);
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_DENIED);
}

/* Collect all that have ended; true when the program is among them. */
static bool reap(pid_t program, int *ret_status)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR))
		if (pid == program) {
			*ret_status = status;
			ended = true;
		}
	return ended;
}

/* The program first; its children are its own business, as without an init. */
static void forward(pid_t program, const siginfo_t *si)
{
	/* From the terminal the program's group has got it already. */
	bool from_terminal = si->si_code == SI_KERNEL &&
		(si->si_signo == SIGINT || si->si_signo == SIGQUIT || si->si_signo == SIGTSTP);

	if (!from_terminal)
		(void)kill(program, si->si_signo); /* ended just now: SIGCHLD follows */
}

int main(int argc, char **argv)
{
	sigset_t all, before;
	siginfo_t si;
	int status = 0;

	if (argc < 2) {
		say("start", "", 0);
		return EXIT_OURS;
	}
	signal(SIGCHLD, SIG_DFL); /* inherited as ignored it would reap for us, and the status be lost */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	/* Not process 1 (--pid host): orphans come to us all the same. */
	if (getpid() != 1)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
	pid_t program = fork();
	if (program < 0) {
		say("start ", argv[1], errno);
		return EXIT_OURS;
	}
	if (program == 0)
		become(argv + 1, &before);
	for (;;) {
		int sig = sigwaitinfo(&all, &si);

		if (sig == SIGCHLD) {
			if (reap(program, &status))
				break;
		} else if (sig > 0) {
			forward(program, &si);
		}
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
