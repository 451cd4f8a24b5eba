/* timer: runs command lines in turn (A B C, B C A, …) and prints what each run took.
 *
 * The plan comes on stdin, one directive per line, fields separated by tabs:
 *   rounds N, gap MS      how often; how long nothing runs before each timed sequence
 *   realtime              run everything under SCHED_FIFO, so that other work of the machine waits
 *   nice N                the same, less so, where a cgroup refuses real-time processes
 *   mounts N DIR          give the runs a mount namespace with N more bind mounts below DIR
 *   case NAME             begins a case; its lines follow
 *   pre|time|post ARG …   a program to run; `time` is measured, several in one case add up
 *   reap                  wait, untimed, until every orphan of the commands so far has ended
 * "%n" in an argument becomes the number of the round. One result line per case and round, tabs between:
 *   NAME round wall_ns user_us sys_us maxrss_kb minflt majflt nvcsw nivcsw status
 * The rest of a case is skipped in a round where one of its commands fails; `post` lines always run.
 *
 * It stays tiny on purpose: a child's peak RSS starts at that of the process that spawned it (getrusage(2)).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINES 512
#define MAX_ARGS 64
#define PLAN_BYTES 65536

extern char **environ;

struct line {
	enum { L_CASE, L_PRE, L_TIME, L_POST, L_REAP } kind;
	char *argv[MAX_ARGS]; /* of a case: its name */
};

struct result {
	uint64_t wall_ns;
	struct rusage use; /* sums; maxrss is the largest */
	int status;
};

static char plan[PLAN_BYTES];
static struct line lines[MAX_LINES];
static int n_lines, n_rounds = 1, gap_ms;
static posix_spawn_file_actions_t stdio;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "timer: ");
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s%s\n", err ? ": " : "", err ? strerror(err) : "");
	exit(2);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* @argv with "%n" replaced, in storage that the next call reuses. */
static char **expand(char *const argv[], int round)
{
	static char *out[MAX_ARGS + 1];
	static char text[8192];
	char *p = text, *const end = text + sizeof(text);
	int i;

	for (i = 0; argv[i]; i++) {
		out[i] = p;
		for (const char *s = argv[i]; *s; s++) {
			if (end - p < 16)
				die("arguments too long");
			if (s[0] == '%' && s[1] == 'n')
				p += sprintf(p, "%d", round), s++;
			else
				*p++ = *s;
		}
		*p++ = '\0';
	}
	out[i] = NULL;
	return out;
}

static void add_usage(struct rusage *sum, const struct rusage *u)
{
	timeradd(&sum->ru_utime, &u->ru_utime, &sum->ru_utime);
	timeradd(&sum->ru_stime, &u->ru_stime, &sum->ru_stime);
	if (u->ru_maxrss > sum->ru_maxrss)
		sum->ru_maxrss = u->ru_maxrss;
	sum->ru_minflt += u->ru_minflt;
	sum->ru_majflt += u->ru_majflt;
	sum->ru_nvcsw += u->ru_nvcsw;
	sum->ru_nivcsw += u->ru_nivcsw;
}

static int run(char *const argv[], int round, uint64_t *ret_ns, struct rusage *ret_use)
{
	char **args = expand(argv, round);
	int status, err;
	uint64_t start = now_ns();
	pid_t pid;

	err = posix_spawn(&pid, args[0], &stdio, NULL, args, environ);
	if (err) {
		errno = err;
		die("run %s", args[0]);
	}
	if (wait4(pid, &status, 0, ret_use) != pid)
		die("wait for %s", args[0]);
	*ret_ns = now_ns() - start;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void reap(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static void gap(void)
{
	struct timespec t = { gap_ms / 1000, gap_ms % 1000 * 1000000L };

	while (gap_ms && nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* The lines of the case that begins at lines[@first]. */
static void run_case(int first, int round)
{
	struct result r;
	struct rusage use;
	bool timed = false;
	uint64_t ns;

	memset(&r, 0, sizeof(r));
	for (int i = first + 1; i < n_lines && lines[i].kind != L_CASE; i++) {
		struct line *l = &lines[i];
		int status;

		if (l->kind == L_REAP)
			reap();
		if (l->kind == L_REAP || (r.status != 0 && l->kind != L_POST))
			continue;
		if (l->kind == L_TIME && !timed)
			gap();
		timed |= l->kind == L_TIME;
		status = run(l->argv, round, &ns, &use);
		if (l->kind == L_TIME) {
			r.wall_ns += ns;
			add_usage(&r.use, &use);
		}
		if (l->kind != L_POST && r.status == 0)
			r.status = status;
	}
	printf("%s\t%d\t%llu\t%lld\t%lld\t%ld\t%ld\t%ld\t%ld\t%ld\t%d\n", lines[first].argv[0], round,
		(unsigned long long)r.wall_ns, (long long)r.use.ru_utime.tv_sec * 1000000 + r.use.ru_utime.tv_usec,
		(long long)r.use.ru_stime.tv_sec * 1000000 + r.use.ru_stime.tv_usec, r.use.ru_maxrss, r.use.ru_minflt,
		r.use.ru_majflt, r.use.ru_nvcsw, r.use.ru_nivcsw, r.status);
	fflush(stdout);
}

static void many_mounts(int n, const char *dir)
{
	char path[512];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("mount namespace");
	if (mount("tmpfs", dir, "tmpfs", 0, NULL) < 0)
		die("mount %s", dir);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		if (mkdir(path, 0755) < 0 || mount(path, path, NULL, MS_BIND, NULL) < 0)
			die("bind %s", path);
	}
}

static void go_realtime(void)
{
	struct sched_param lowest = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &lowest) < 0)
		die("realtime");
}

static void be_nice(int value)
{
	if (setpriority(PRIO_PROCESS, 0, value) < 0)
		die("nice %d", value);
}

/* A line that is no part of a case; false if it is not one. */
static bool directive(char *const *fields, int n)
{
	int value = n > 1 ? (int)strtol(fields[1], NULL, 10) : 0;

	if (strcmp(fields[0], "rounds") == 0 && n == 2)
		n_rounds = value;
	else if (strcmp(fields[0], "gap") == 0 && n == 2)
		gap_ms = value;
	else if (strcmp(fields[0], "mounts") == 0 && n == 3)
		many_mounts(value, fields[2]);
	else if (strcmp(fields[0], "realtime") == 0 && n == 1)
		go_realtime();
	else if (strcmp(fields[0], "nice") == 0 && n == 2)
		be_nice(value);
	else
		return false;
	return true;
}

static void parse_line(char *text)
{
	static const char *const kinds[] = { "case", "pre", "time", "post", "reap" };
	char *fields[MAX_ARGS] = { NULL }, *save = NULL;
	int n = 0, kind = 0;

	for (char *w = strtok_r(text, "\t", &save); w; w = strtok_r(NULL, "\t", &save)) {
		if (n == MAX_ARGS - 1)
			die("too many arguments");
		fields[n++] = w;
	}
	if (n == 0 || directive(fields, n))
		return;
	while (kind < 5 && strcmp(kinds[kind], fields[0]) != 0)
		kind++;
	if (kind == 5 || n_lines == MAX_LINES || (kind != L_REAP && n < 2))
		die("plan: bad line: %s", fields[0]);
	lines[n_lines].kind = kind;
	memcpy(lines[n_lines++].argv, fields + 1, sizeof(fields) - sizeof(fields[0]));
}

static void read_plan(void)
{
	size_t len = 0;
	ssize_t n;
	char *save = NULL;

	while ((n = read(0, plan + len, sizeof(plan) - 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0 || len == sizeof(plan) - 1)
		die("read the plan (at most %d bytes)", PLAN_BYTES);
	errno = 0;
	for (char *l = strtok_r(plan, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		parse_line(l);
}

/* Every case once a round, in an order drawn anew each time: what one leaves behind (namespaces and cgroups die in the
 * background) hits all others alike. The same plan draws the same orders. */
static void run_all(void)
{
	static int order[MAX_LINES];
	unsigned seed = 1;
	int n = 0;

	for (int i = 0; i < n_lines; i++)
		if (lines[i].kind == L_CASE)
			order[n++] = i;
	for (int round = 0; round < n_rounds; round++) {
		for (int i = n - 1; i > 0; i--) {
			int other = rand_r(&seed) % (i + 1), swap = order[i];

			order[i] = order[other];
			order[other] = swap;
		}
		for (int i = 0; i < n; i++)
			run_case(order[i], round);
	}
}

int main(int argc, char **argv)
{
	const char *log = argc > 1 ? argv[1] : "/dev/null";

	if (argc > 2 || log[0] == '-') {
		fprintf(stderr, "usage: timer [FILE for the commands' stderr] < plan\n");
		return 2;
	}
	errno = 0;
	read_plan();
	/* the runtimes' orphans (the processes of created containers) come to us, so that `reap` can wait */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		die("subreaper");
	posix_spawn_file_actions_init(&stdio);
	posix_spawn_file_actions_addopen(&stdio, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&stdio, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&stdio, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	run_all();
	return 0;
}
