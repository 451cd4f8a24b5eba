/* The program's streams and the monitor's socket are made here.
 *
 * The program's ends of stdout and stderr are open for reading and writing. So the pipe has a
 * reader as long as the program has it, and what is in it stays: when the monitor is killed the
 * program is not sent SIGPIPE, and the next monitor goes on where the last one stopped. All three
 * carry O_NOATIME, which means nothing on a pipe and tells the next monitor that a descriptor of
 * the program still is this pipe, not another one that the program put there. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "mon/mon.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/tty.h"
#include "sys/unixsock.h"

static int output_pipe(int *ret_ours, int *ret_theirs, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(e, "make a pipe for output");
	close(fds[1]);
	auto_fd int ours = fds[0];
	int theirs = path_open_host(path_proc(ours).text, O_RDWR | O_NOATIME, 0, e);
	if (theirs < 0)
		return err_wrap(e, "a pipe for output");
	*ret_ours = fd_steal(&ours);
	*ret_theirs = theirs;
	return 0;
}

static int input_pipe(int *ret_ours, int *ret_theirs, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe for input");
	if (fcntl(fds[0], F_SETFL, O_NOATIME) < 0 || fcntl(fds[1], F_SETFL, O_NONBLOCK) < 0) {
		err_sys(e, "set up a pipe for input");
		close(fds[0]);
		close(fds[1]);
		return -e->num;
	}
	*ret_theirs = fds[0];
	*ret_ours = fds[1];
	return 0;
}

static void none(struct mon *m)
{
	m->stdin_fd = m->stdout_fd = m->stderr_fd = m->master = FD_NONE;
}

int mon_streams(struct mon *m, bool terminal, bool with_stdin, int ret_program[3], struct err *e)
{
	int p[3] = { FD_NONE, FD_NONE, FD_NONE };
	int r = 0;

	none(m);
	if (!terminal) {
		if (with_stdin)
			r = input_pipe(&m->stdin_fd, &p[0], e);
		else
			r = p[0] = path_open_host("/dev/null", O_RDONLY, 0, e);
		if (r >= 0)
			r = output_pipe(&m->stdout_fd, &p[1], e);
		if (r >= 0)
			r = output_pipe(&m->stderr_fd, &p[2], e);
	}
	if (r < 0) {
		int *all[] = { &p[0], &p[1], &p[2], &m->stdin_fd, &m->stdout_fd, &m->stderr_fd };

		for (size_t i = 0; i < ARRAY_SIZE(all); i++)
			fd_close(all[i]);
		return r;
	}
	memcpy(ret_program, p, sizeof(p));
	return 0;
}

/* --- adoption ----------------------------------------------------------------------------------------------- */

/* Is descriptor @fd of @pid the pipe that a monitor gave it? */
static bool is_ours(pid_t pid, int fd)
{
	AUTO(buf) struct buf text = BUF_INIT;
	struct err e = ERR_NONE;
	char path[64];
	uint32_t flags;

	fmt_to(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid, fd);
	if (io_read_file_at(AT_FDCWD, path, 4096, &text, &e) < 0 || !text.data)
		return false;
	char *line = strstr(text.data, "flags:\t");
	if (!line)
		return false;
	line += 7;
	line[strcspn(line, "\n")] = '\0';
	return parse_octal(line + strspn(line, "0"), UINT32_MAX, &flags) && flags & O_NOATIME;
}

static int reopen(pid_t pid, int fd, int flags, int *ret, struct err *e)
{
	struct stat st;
	char path[64];

	*ret = FD_NONE;
	if (!is_ours(pid, fd))
		return 0;
	fmt_to(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	auto_fd int got = path_open_host(path, flags | O_NONBLOCK | O_NOCTTY, 0, e);
	if (got == -ENXIO || got == -ENOENT) { /* nobody reads it any more, or it was closed just now */
		err_clear(e);
		return 0;
	}
	if (got < 0)
		return got;
	if (fstat(got, &st) == 0 && S_ISFIFO(st.st_mode))
		*ret = fd_steal(&got);
	return 0;
}

int mon_reopen_streams(struct mon *m, bool terminal, struct err *e)
{
	none(m);
	/* The other end of a terminal is gone for good with the monitor that held it. */
	if (terminal)
		return 0;
	if (reopen(m->pid, 0, O_WRONLY, &m->stdin_fd, e) < 0 || reopen(m->pid, 1, O_RDONLY, &m->stdout_fd, e) < 0 ||
		reopen(m->pid, 2, O_RDONLY, &m->stderr_fd, e) < 0)
		return err_wrap(e, "take over the streams of process %d", (int)m->pid);
	return 0;
}

int mon_listen(struct mon *m, struct err *e)
{
	/* Of a monitor that was killed; we hold the lock, so nobody listens there. */
	if (unlinkat(m->dir_fd, MON_SOCKET, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove the old %s", MON_SOCKET);
	m->listen_fd = unix_listen_at(m->dir_fd, MON_SOCKET, SOCK_SEQPACKET, 0600, e);
	return m->listen_fd < 0 ? m->listen_fd : 0;
}
