#pragma once
/* Plays a container for the monitor's tests: a program with the streams of mon_streams(), and its
 * monitor in a process of its own, which reports the result through a pipe. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/test.h"
#include "mon/mon.h"
#include "mon/proto.h"
#include "sys/call.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/tty.h"
#include "sys/unixsock.h"

struct played {
	struct mon mon;
	char dir[64];
	pid_t program, monitor;
	int client; /* of the founder, or FD_NONE */
	int report; /* what the monitor says at the end */
};

struct report {
	int result, wait_status, unknown;
	uint64_t lost;
	char msg[256];
};

static inline struct mon played_mon(struct played *p)
{
	struct mon m = MON_INIT;
	struct err e = ERR_NONE;

	strcpy(p->dir, "/tmp/tare-mon-test-XXXXXX");
	CHECK(mkdtemp(p->dir), "no directory");
	m.dir_fd = path_open_host(p->dir, O_RDONLY | O_DIRECTORY, 0, &e);
	m.id = "0123456789abcdef";
	m.name = "played";
	p->client = FD_NONE;
	return m;
}

/* The program is `/bin/sh -c @script`. */
static inline void played_program(struct played *p, const char *script, bool terminal, bool with_stdin)
{
	int program[3];
	struct err e = ERR_NONE;

	CHECK(mon_streams(&p->mon, terminal, with_stdin, program, &e) == 0, "%s", e.msg);
	int slave = FD_NONE;
	if (terminal) {
		p->mon.master = tty_open_master(AT_FDCWD, "/dev/ptmx", &e);
		slave = tty_open_slave(p->mon.master, &e);
		CHECK(slave >= 0, "%s", e.msg);
	}
	p->program = fork();
	if (p->program == 0) {
		setsid();
		for (int i = 0; i < 3; i++)
			if (!terminal)
				dup2(program[i], i);
		if (terminal && tty_take(slave, &e) < 0)
			_exit(98);
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(99);
	}
	for (int i = 0; i < 3; i++)
		fd_close(&program[i]);
	fd_close(&slave);
	p->mon.pid = p->program;
	p->mon.pidfd = sys_pidfd_open(p->program, 0);
	CHECK(p->mon.pidfd >= 0, "no pidfd");
}

/* The monitor: this process is forked with the program as its child, so it must be called before
 * played_program() and runs it itself. */
static inline void played_start(struct played *p, struct mon m, const char *script, bool terminal, bool with_stdin)
{
	int pair[2], report[2], pids[2];
	struct err e = ERR_NONE;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "no socket pair");
	CHECK(pipe2(report, O_CLOEXEC) == 0 && pipe2(pids, O_CLOEXEC) == 0, "no pipe");
	CHECK(mon_listen(&m, &e) == 0, "%s", e.msg);
	p->monitor = fork();
	if (p->monitor == 0) {
		struct mon_result r;
		struct report out = { 0 };

		close(pair[0]);
		p->mon = m;
		p->mon.client = pair[1];
		played_program(p, script, terminal, with_stdin);
		if (write(pids[1], &p->program, sizeof(pid_t)) < 0)
			_exit(97);
		out.result = mon_loop(&p->mon, &r, &e);
		out.wait_status = r.wait_status;
		out.unknown = r.unknown;
		out.lost = r.lost_records;
		memcpy(out.msg, e.msg, sizeof(out.msg) - 1);
		if (write(report[1], &out, sizeof(out)) < 0)
			_exit(97);
		if (out.result == 0)
			mon_tell_exit(&r,
				WIFSIGNALED(r.wait_status) ? 128 + WTERMSIG(r.wait_status)
							   : WEXITSTATUS(r.wait_status));
		_exit(0);
	}
	close(pair[1]);
	close(report[1]);
	close(pids[1]);
	CHECK(read(pids[0], &p->program, sizeof(pid_t)) == sizeof(pid_t), "no program");
	close(pids[0]);
	close(m.listen_fd);
	p->mon = m;
	p->client = pair[0];
	p->report = report[0];
}

static inline struct report played_end(struct played *p)
{
	struct report r;
	int status;

	CHECK(read(p->report, &r, sizeof(r)) == sizeof(r), "the monitor says nothing");
	fd_close(&p->client);
	CHECK(waitpid(p->monitor, &status, 0) == p->monitor && status == 0, "the monitor ended with %d", status);
	close(p->report);
	return r;
}

static inline void played_remove(struct played *p)
{
	struct err e = ERR_NONE;

	close(p->mon.dir_fd);
	auto_fd int tmp = path_open_host("/tmp", O_RDONLY | O_DIRECTORY, 0, &e);
	CHECK(tmp >= 0 && path_remove_tree(tmp, p->dir + strlen("/tmp/"), &e) == 0, "%s", e.msg);
}

static inline char *played_file(struct played *p, const char *name)
{
	struct buf b = BUF_INIT;
	struct err e = ERR_NONE;

	CHECK(io_read_file_at(p->mon.dir_fd, name, 1 << 26, &b, &e) == 0, "%s", e.msg);
	return b.data;
}

/* The next message of type @type; others are skipped but MON_EXIT. Returns its length without the
 * type, -1 at the end. */
static inline ssize_t played_next(int sock, uint8_t type, char *dst, size_t size)
{
	static char msg[MON_DATA_MAX + 1];

	for (;;) {
		ssize_t n = recv(sock, msg, sizeof(msg), 0);

		if (n <= 0)
			return -1;
		if ((uint8_t)msg[0] != type && (uint8_t)msg[0] != MON_EXIT)
			continue;
		if ((uint8_t)msg[0] != type)
			return -1;
		CHECK((size_t)n - 1 <= size, "message of %zd bytes", n - 1);
		memcpy(dst, msg + 1, (size_t)n - 1);
		return n - 1;
	}
}

static inline void played_send(int sock, uint8_t type, const void *data, size_t n)
{
	char msg[MON_DATA_MAX + 1] = { (char)type };

	memcpy(msg + 1, data, n);
	CHECK(send(sock, msg, n + 1, MSG_NOSIGNAL) == (ssize_t)n + 1, "message %d was not sent", type);
}
