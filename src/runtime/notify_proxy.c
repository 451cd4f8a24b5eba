/* The messages of sd_notify(3), filtered line by line. */
#include "runtime/notify_proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <signal.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "sys/call.h"
#include "sys/unixsock.h"

enum {
	MAX_MESSAGE = 4096,
	BARRIER_MS = 30000, /* a manager older than systemd 246 knows no barrier */
	SOCKET_DIR_MODE = 0755,
	SOCKET_MODE = 0777 /* any user of the container; outside, ROOT/ID is 0700 */
};

static const char socket_name[] = RT_NOTIFY_NAME;

int rt_notify_prepare(int state_fd, struct err *e)
{
	if (mkdirat(state_fd, "notify", SOCKET_DIR_MODE) < 0 && errno != EEXIST)
		return err_sys(e, "make the directory of the notify socket");
	auto_fd int fd = openat(state_fd, "notify", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, SOCKET_DIR_MODE) < 0) /* mkdirat(2) heeds the umask */
		return err_sys(e, "open the directory of the notify socket");
	return fd_steal(&fd);
}

static int connect_abstract(const char *name, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(name);

	if (n < 2 || n > sizeof(a.sun_path))
		return err_set(e, ERR_USAGE, EINVAL, "NOTIFY_SOCKET: bad length");
	memcpy(a.sun_path + 1, name + 1, n - 1);
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		return err_sys(e, "connect to %s", name);
	return fd_steal(&fd);
}

static int connect_host(const char *name, struct err *e)
{
	if (name[0] == '@')
		return connect_abstract(name, e);
	if (name[0] == '/')
		return unix_connect(name, SOCK_DGRAM, e);
	return err_set(
		e, ERR_UNSUPPORTED, EAFNOSUPPORT, "NOTIFY_SOCKET: \"%.200s\" is neither a path nor @abstract", name);
}

/* The container's socket in @dir, bound. */
static int bind_socket(int dir, struct err *e)
{
	if (unlinkat(dir, socket_name, 0) < 0 && errno != ENOENT) /* of a start that was killed */
		return err_sys(e, "remove the old notify socket");
	auto_fd int sock = unix_listen_at(dir, socket_name, SOCK_DGRAM, SOCKET_MODE, e);
	if (sock < 0)
		return err_wrap(e, "notify socket");
	if (fchmodat(dir, socket_name, SOCKET_MODE, 0) < 0) /* bind(2) heeds the umask */
		return err_sys(e, "set the mode of the notify socket");
	return fd_steal(&sock);
}

int rt_notify_open(int state_fd, const char *host_socket, struct rt_notify *ret, struct err *e)
{
	auto_fd int dir = openat(state_fd, "notify", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return err_sys(e, "open the directory of the notify socket");
	auto_fd int sock = bind_socket(dir, e);
	if (sock < 0)
		return sock;
	auto_fd int host = connect_host(host_socket, e);
	if (host == -ENOENT || host == -ECONNREFUSED) {
		/* Closed, the container's socket refuses messages, as the host's does: nobody is there to take them. */
		log_debug("NOTIFY_SOCKET %s: nobody listens", host_socket);
		err_clear(e);
		return 0;
	}
	if (host < 0)
		return host;
	ret->sock = fd_steal(&sock);
	ret->host = fd_steal(&host);
	return 0;
}

void rt_notify_done(struct rt_notify *n)
{
	fd_close(&n->sock);
	fd_close(&n->host);
}

/* What a container may tell about itself. sd_notify(3) "Well-known assignments". */
static bool allowed(const char *line, size_t n)
{
	static const char *const words[] = { "READY=", "STATUS=", "ERRNO=", "BUSERROR=", "STOPPING=", "RELOADING=",
		"MONOTONIC_USEC=", "WATCHDOG=", "EXTEND_TIMEOUT_USEC=" };

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (n >= strlen(words[i]) && memcmp(line, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* The allowed lines of @in into @out (which has room for them); *ret_ready when READY=1 is among them. */
static size_t filter(const char *in, size_t n, char *out, bool *ret_ready)
{
	size_t n_out = 0;

	while (n > 0) {
		const char *nl = memchr(in, '\n', n);
		size_t len = nl ? (size_t)(nl - in) : n, step = nl ? len + 1 : len;

		if (len > 0 && allowed(in, len)) {
			memcpy(out + n_out, in, len);
			n_out += len;
			out[n_out++] = '\n';
			if (len == strlen("READY=1") && memcmp(in, "READY=1", len) == 0)
				*ret_ready = true;
		}
		in += step;
		n -= step;
	}
	return n_out;
}

/* Passes on one message, if there is one. */
static int pass_on(struct rt_notify *n, pid_t main_pid, bool *ret_ready, struct err *e)
{
	char in[MAX_MESSAGE], out[MAX_MESSAGE + 64];
	/* Descriptors that came along are not taken, so the kernel drops them. */
	ssize_t len = recv(n->sock, in, sizeof(in), MSG_DONTWAIT);

	if (len <= 0)
		return len < 0 && errno != EAGAIN && errno != EINTR
			? err_sys(e, "read from the container's notify socket")
			: 0;
	size_t n_out = filter(in, (size_t)len, out, ret_ready);
	if (n_out == 0)
		return 0;
	if (*ret_ready && main_pid > 0)
		n_out += fmt_to(out + n_out, sizeof(out) - n_out, "MAINPID=%d\n", (int)main_pid);
	return unix_send(n->host, out, n_out, NULL, 0, e);
}

/* sd_notify(3) "BARRIER=1": the manager closes the pipe when it has processed everything before. */
static int barrier(struct rt_notify *n, struct err *e)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	int r = unix_send(n->host, "BARRIER=1", strlen("BARRIER=1"), &p[1], 1, e);
	close(p[1]);
	struct pollfd wait = { .fd = p[0], .events = POLLIN };
	if (r == 0 && poll(&wait, 1, BARRIER_MS) < 0 && errno != EINTR)
		r = err_sys(e, "wait for the service manager");
	close(p[0]);
	return r;
}

enum until { UNTIL_READY, UNTIL_END };

static int pass_until(struct rt_notify *n, int pidfd, pid_t main_pid, enum until until, struct err *e)
{
	struct pollfd p[2] = { { .fd = n->sock, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };

	for (;;) {
		bool ready = false;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_sys(e, "wait for the container's notify socket");
		if (p[0].revents && pass_on(n, main_pid, &ready, e) < 0)
			return -e->num;
		if (ready && until == UNTIL_READY)
			return barrier(n, e);
		if (ready)
			main_pid = 0; /* told once */
		if (p[1].revents && !p[0].revents)
			return 0; /* it has ended, and everything it said was read */
	}
}

int rt_notify_wait_ready(struct rt_notify *n, int pidfd, pid_t main_pid, struct err *e)
{
	return pass_until(n, pidfd, main_pid, UNTIL_READY, e);
}

pid_t rt_notify_fork(struct rt_notify *n, int pidfd, pid_t main_pid, struct err *e)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return err_sys(e, "start the notify helper");
	if (pid > 0)
		return pid;
	struct err told_nobody = ERR_NONE;
	/* It must not outlive us, nor hold anything of ours open. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	struct rt_notify own = { dup(n->sock), dup(n->host) };
	int own_pidfd = dup(pidfd);
	if (dup2(own.sock, 0) < 0 || dup2(own.host, 1) < 0 || dup2(own_pidfd, 2) < 0)
		_exit(1);
	(void)close_range(3, ~0U, 0);
	own.sock = 0;
	own.host = 1;
	_exit(pass_until(&own, 2, main_pid, UNTIL_END, &told_nobody) < 0);
}
