/* count: prints how many user-space instructions a command executes, of all its processes, each until it executes a
 * program other than the command itself ("@exec" after the first). It steps through them with ptrace(2), so it needs no
 * performance counters (virtual machines often have none) and follows every system call (valgrind 3.19 stops at clone3,
 * pidfd_open and open_tree). Address space randomisation is off: the count is the same each time, but for what depends
 * on process ids. About 80,000 instructions a second.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS \
	(PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

static pid_t first;
static int first_execs; /* the first process may execute itself again; nobody else may */

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "count: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* The program is the command itself when its name says so: argv[0] of the new image. */
static bool executes_itself(pid_t pid)
{
	return pid == first && ++first_execs <= 2;
}

/* What to do with a stopped process; true when it was a step. */
static bool go_on(pid_t pid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_EXEC && !executes_itself(pid)) {
		ptrace(PTRACE_DETACH, pid, 0, 0);
		return false;
	}
	if (sig == SIGTRAP || sig == SIGSTOP) /* ours: a step, an event, the birth of a traced process */
		sig = 0;
	/* ESRCH: killed meanwhile; its end is reported next */
	if (ptrace(PTRACE_SINGLESTEP, pid, 0, sig) < 0 && errno != ESRCH)
		die("step");
	return event == 0 && sig == 0;
}

static unsigned long long step_all(int *ret_status)
{
	unsigned long long n = 0;
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return n;
		if (WIFSTOPPED(status))
			n += go_on(pid, status);
		else if (pid == first)
			*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

/* Tracer and traced take turns: on one processor a turn costs no interrupt to another. In front of other work, too: a
 * million turns are sensitive to it. Both are for speed alone. */
static void one_processor(void)
{
	struct sched_param lowest = { .sched_priority = 1 };
	cpu_set_t set;

	(void)sched_setscheduler(0, SCHED_FIFO, &lowest);
	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	unsigned long long n;
	int status = 1;

	if (argc < 2) {
		fprintf(stderr, "usage: count PROGRAM [ARG…]\n");
		return 2;
	}
	one_processor();
	first = fork();
	if (first == 0) {
		personality(ADDR_NO_RANDOMIZE);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execv(argv[1], argv + 1);
		die(argv[1]);
	}
	if (first < 0 || waitpid(first, &status, 0) != first || ptrace(PTRACE_SETOPTIONS, first, 0, OPTIONS) < 0 ||
		ptrace(PTRACE_CONT, first, 0, 0) < 0)
		die("trace");
	n = step_all(&status);
	fprintf(stderr, "%llu\n", n);
	return status;
}
