#include "sys/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/test.h"

static char *no_env[] = { "PATH=/usr/bin:/bin", NULL };

static struct spawn shell(char *const argv[])
{
	struct spawn s = SPAWN_INIT;

	s.path = "/bin/sh";
	s.argv = argv;
	s.envp = no_env;
	return s;
}

#define SHELL(script) shell((char *const[]){ "sh", "-c", script, NULL })

static int run(struct spawn s, const char *input, char *errors, size_t size, int timeout_ms, struct err *e)
{
	struct spawn_io io = { .input = input,
		.input_len = input ? strlen(input) : 0,
		.errors = errors,
		.errors_size = size,
		.timeout_ms = timeout_ms };
	int status = -1, r = spawn_run(&s, &io, &status, e);

	return r < 0 ? r : status;
}

TEST(status_and_errors_come_back)
{
	struct err e = ERR_NONE;
	char errors[64], text[48];
	int status = run(SHELL("cat >&2; exit 3"), "said on stdin", errors, sizeof(errors), 5000, &e);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3, "%d %s", status, e.msg);
	CHECK(strcmp(errors, "said on stdin") == 0, "%s", errors);
	spawn_status_text(status, text, sizeof(text));
	CHECK(strcmp(text, "exit status 3") == 0, "%s", text);
	status = run(SHELL("kill -9 $$"), NULL, NULL, 0, 5000, &e);
	spawn_status_text(status, text, sizeof(text));
	CHECK(strcmp(text, "killed by signal 9") == 0, "%s", text);
}

TEST(only_the_end_of_much_is_kept)
{
	struct err e = ERR_NONE;
	char errors[16];
	int status = run(SHELL("i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789 >&2; "
			       "i=$((i+1)); done; printf 'the end' >&2"),
		NULL, errors, sizeof(errors), 20000, &e);

	CHECK(status == 0, "%d %s", status, e.msg);
	CHECK(strcmp(errors + strlen(errors) - 7, "the end") == 0 && strlen(errors) == 15, "%s", errors);
}

TEST(a_program_that_cannot_run_is_an_error)
{
	struct err e = ERR_NONE;
	struct spawn s = SHELL("true");

	s.path = "/nonexistent/program";
	CHECK(run(s, NULL, NULL, 0, 1000, &e) == -ENOENT, "%s", e.msg);
	CHECK(strstr(e.msg, "execute /nonexistent/program"), "%s", e.msg);
	err_clear(&e);
	s.path = "/etc/passwd";
	CHECK(run(s, NULL, NULL, 0, 1000, &e) == -EACCES, "%s", e.msg);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a child is left");
}

TEST(timeout_kills_the_whole_session)
{
	struct err e = ERR_NONE;
	int fds[2];
	char c;
	struct spawn s = SHELL("sleep 1000 & wait");

	CHECK(pipe2(fds, O_CLOEXEC) == 0, "pipe");
	s.stdout_fd = fds[1];
	s.new_session = true;
	CHECK(run(s, NULL, NULL, 0, 100, &e) == -ETIMEDOUT, "%s", e.msg);
	close(fds[1]);
	/* End of file: the sleeping grandchild, which holds the other copy, is gone too. */
	CHECK(read(fds[0], &c, 1) == 0, "somebody still holds the pipe");
	close(fds[0]);
}

TEST(a_daemon_does_not_hang_us)
{
	struct err e = ERR_NONE;
	char errors[64];
	int fds[2];
	struct spawn s = SHELL("(read x) <&5 & echo started >&2; exit 0");

	CHECK(pipe2(fds, 0) == 0, "pipe");
	CHECK(dup3(fds[0], 5, 0) == 5, "dup");
	s.keep_fd = 5;
	int status = run(s, NULL, errors, sizeof(errors), 5000, &e);
	CHECK(status == 0, "%d %s", status, e.msg);
	CHECK(strcmp(errors, "started\n") == 0, "\"%s\"", errors);
	close(5);
	close(fds[0]);
	close(fds[1]); /* ends the daemon */
}

/* As make(1) leaves them: signal(2) does not take their numbers. */
static void ignore_libcs_own(void)
{
	const struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} ignore = { .handler = (void *)SIG_IGN };

	for (int sig = 32; sig < 34; sig++)
		CHECK(syscall(SYS_rt_sigaction, sig, &ignore, NULL, sizeof(ignore.mask)) == 0, "ignore %d", sig);
}

TEST(nothing_else_is_inherited)
{
	struct err e = ERR_NONE;
	char errors[256];
	int a = fcntl(0, F_DUPFD, 63), b = fcntl(0, F_DUPFD, 200);
	sigset_t block;
	int status;

	signal(SIGINT, SIG_IGN);
	signal(SIGRTMIN + 3, SIG_IGN);
	ignore_libcs_own();
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	status = run(SHELL("ls -1 /proc/self/fd | tr '\\n' ' ' >&2; "
			   "grep -E '^Sig(Ign|Blk)' /proc/self/status | tr -d '\\n\\t' >&2"),
		NULL, errors, sizeof(errors), 5000, &e);
	sigprocmask(SIG_UNBLOCK, &block, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGRTMIN + 3, SIG_DFL);
	close(a);
	close(b);
	CHECK(status == 0, "%d %s", status, e.msg);
	CHECK(strcmp(errors, "0 1 2 3 SigBlk:0000000000000000SigIgn:0000000000000000") == 0, "%s", errors);
}

TEST(input_nobody_reads)
{
	static char big[1 << 20];
	struct err e = ERR_NONE;

	memset(big, 'x', sizeof(big) - 1);
	CHECK(run(SHELL("exit 0"), big, NULL, 0, 5000, &e) == 0, "%s", e.msg);
}

TEST(stdio_may_be_crossed)
{
	struct err e = ERR_NONE;
	int fds[2], status;
	char got[8] = "";
	struct spawn_child c;
	struct spawn s = SHELL("echo out; echo err >&2");

	/* Our pipe becomes descriptor 0 here and 1 and 2 there. */
	CHECK(pipe2(fds, O_CLOEXEC) == 0, "pipe");
	int old = fcntl(0, F_DUPFD_CLOEXEC, 10);
	CHECK(dup2(fds[1], 0) == 0, "dup2");
	s.stdout_fd = s.stderr_fd = 0;
	int r = spawn_start(&s, &c, &e);
	dup2(old, 0);
	close(old);
	close(fds[1]);
	CHECK(r == 0 && spawn_wait(&c, 5000, &status, &e) == 0 && status == 0, "%s", e.msg);
	CHECK(read(fds[0], got, 4) == 4 && strcmp(got, "out\n") == 0, "%s", got);
	CHECK(read(fds[0], got, 4) == 4 && strcmp(got, "err\n") == 0, "%s", got);
	close(fds[0]);
}

TEST(finding_programs)
{
	char path[64];

	CHECK(spawn_find("sh", "relative:/nonexistent:/bin", path, sizeof(path)), "sh");
	CHECK(strcmp(path, "/bin/sh") == 0, "%s", path);
	CHECK(!spawn_find("passwd", "/etc", path, sizeof(path)), "/etc/passwd is no program");
	CHECK(!spawn_find("etc", "/", path, sizeof(path)), "a directory is no program");
	CHECK(spawn_find("sh", NULL, path, sizeof(path)), "the default path has sh");
}

TEST_MAIN(T(status_and_errors_come_back), T(only_the_end_of_much_is_kept), T(a_program_that_cannot_run_is_an_error),
	T(timeout_kills_the_whole_session), T(a_daemon_does_not_hang_us), T(nothing_else_is_inherited),
	T(input_nobody_reads), T(stdio_may_be_crossed), T(finding_programs))
