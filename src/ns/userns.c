/* User namespaces that only serve as a map. */
#include "ns/userns.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ns/kinds.h"
#include "sys/call.h"

/* In the child: live until the parent closes its end of the pipe, or dies. */
static _Noreturn void park(int read_end, int write_end)
{
	char c;

	close(write_end);
	while (read(read_end, &c, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

int ns_userns_new(const struct ns_idmap *m, int procfd, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	auto_fd int read_end = fds[0], write_end = fds[1];
	/* No exit signal: the program may be watching SIGCHLD for its own children. */
	struct clone_args args = { .flags = CLONE_NEWUSER };
	pid_t pid = sys_clone3(&args);
	if (pid == 0)
		park(read_end, write_end);
	if (pid < 0)
		return err_sys(e, "clone into a new user namespace");
	int r = ns_idmap_write(m, procfd, pid, e);
	auto_fd int ns = r < 0 ? r : ns_open_of(procfd, pid, RC_NS_USER, e);
	fd_close(&write_end);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return ns < 0 ? err_wrap(e, "user namespace for an idmapped mount") : fd_steal(&ns);
}
