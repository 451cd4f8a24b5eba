#include "sys/proc.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/test.h"
#include "sys/call.h"

static uint64_t start_of(pid_t pid)
{
	struct err e = ERR_NONE;
	struct proc_stat st = { 0 };
	bool found = false;

	CHECK(proc_stat(pid, &found, &st, &e) == 0 && found, "%s", e.msg);
	return st.start_ticks;
}

TEST(a_process_is_known_by_its_start)
{
	struct err e = ERR_NONE;
	bool found = false;
	int fd = FD_NONE;
	uint64_t start = start_of(getpid());

	CHECK(proc_open_same(getpid(), start, &found, &fd, &e) == 0 && found, "%s", e.msg);
	fd_close(&fd);
	CHECK(proc_open_same(getpid(), start + 1, &found, &fd, &e) == 0 && !found, "another with the same number: %s",
		e.msg);
}

TEST(a_process_that_has_executed_nothing_is_known)
{
	struct err e = ERR_NONE;
	struct proc_stat st = { 0 };
	bool found = false;

	CHECK(proc_stat(getpid(), &found, &st, &e) == 0 && found && !st.forked, "this program: %s", e.msg);
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	CHECK(proc_stat(pid, &found, &st, &e) == 0 && found && st.forked, "a fork of it: %s", e.msg);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid, "reaped");
}

struct meeting {
	pthread_mutex_t hold;
	int tid_pipe[2];
};

static void *thread_main(void *arg)
{
	struct meeting *m = arg;
	pid_t tid = gettid();

	if (write(m->tid_pipe[1], &tid, sizeof(tid)) == sizeof(tid)) {
		pthread_mutex_lock(&m->hold);
		pthread_mutex_unlock(&m->hold);
	}
	return NULL;
}

/* The number of a recorded process may come back as that of a thread; pidfd_open(2) has another error then, the same as
 * for a process that is just being reaped. */
TEST(a_thread_is_not_the_process)
{
	struct err e = ERR_NONE;
	struct meeting m = { .hold = PTHREAD_MUTEX_INITIALIZER };
	pthread_t thread;
	pid_t tid = 0;
	bool found = true;
	int fd = FD_NONE;

	CHECK(pipe(m.tid_pipe) == 0, "pipe");
	pthread_mutex_lock(&m.hold);
	CHECK(pthread_create(&thread, NULL, thread_main, &m) == 0, "thread");
	CHECK(read(m.tid_pipe[0], &tid, sizeof(tid)) == sizeof(tid), "read");
	int r = proc_open_same(tid, start_of(tid), &found, &fd, &e);

	pthread_mutex_unlock(&m.hold);
	pthread_join(thread, NULL);
	CHECK(r == 0 && !found, "%s", e.msg);
	close(m.tid_pipe[0]);
	close(m.tid_pipe[1]);
}

/* By another process than its parent's, as a monitor that has adopted it. */
static int told_to_a_child(int pidfd)
{
	int told = -1, status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(proc_exit_status(pidfd, &told) && WIFEXITED(told) ? WEXITSTATUS(told) : 99);
	CHECK(waitpid(pid, &status, 0) == pid, "reaped");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(the_exit_status_of_somebody_elses_child)
{
	siginfo_t si;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(1);
	}
	auto_fd int alive = sys_pidfd_open(pid, 0);
	CHECK(told_to_a_child(alive) == 99, "of one that lives nothing is told");
	kill(pid, SIGKILL);
	CHECK(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT) == 0, "ended");
	CHECK(proc_exit_status(alive, &status) && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %x",
		status);
	CHECK(waitpid(pid, NULL, 0) == pid, "reaped");

	pid = fork();
	if (pid == 0)
		_exit(7);
	auto_fd int ended = sys_pidfd_open(pid, 0);
	CHECK(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT) == 0, "ended");
	CHECK(told_to_a_child(ended) == 7, "nobody has reaped it");
	CHECK(waitpid(pid, NULL, 0) == pid, "reaped");
	status = told_to_a_child(ended);
	CHECK(status == 7 || status == 99, "reaped, Linux 6.15 and later tells: %d", status);
}

TEST_MAIN(T(the_exit_status_of_somebody_elses_child), T(a_process_is_known_by_its_start),
	T(a_process_that_has_executed_nothing_is_known), T(a_thread_is_not_the_process))
