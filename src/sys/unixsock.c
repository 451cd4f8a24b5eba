/* Unix sockets. Guarantees: a path of any length is reached; descriptors received are close-on-exec and either
 * all handed over or all closed. */
#include "sys/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/fmt.h"
#include "sys/path.h"

union control {
	char room[CMSG_SPACE(sizeof(int) * UNIX_MAX_FDS)];
	struct cmsghdr align;
};

static int new_socket(int type, struct err *e)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	return fd >= 0 ? fd : err_sys(e, "make a unix socket");
}

/* Connect through the descriptor: /proc/self/fd/N is short, and the file is looked up once. */
static int connect_fd(int file, const char *name, int type, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	auto_fd int sock = new_socket(type, e);
	int r;

	if (sock < 0)
		return sock;
	fmt_to(sa.sun_path, sizeof(sa.sun_path), "%s", path_proc(file).text);
	do
		r = connect(sock, (struct sockaddr *)&sa, sizeof(sa));
	while (r < 0 && errno == EINTR);
	return r < 0 ? err_sys(e, "connect to socket %s", name) : fd_steal(&sock);
}

int unix_connect(const char *path, int type, struct err *e)
{
	auto_fd int file = path_open_host(path, O_PATH, 0, e);

	return file < 0 ? err_wrap(e, "connect to a socket") : connect_fd(file, path, type, e);
}

int unix_connect_at(int dirfd, const char *name, int type, struct err *e)
{
	auto_fd int file = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return file < 0 ? err_sys(e, "connect to socket %s", name) : connect_fd(file, name, type, e);
}

int unix_listen_at(int dirfd, const char *name, int type, mode_t mode, struct err *e)
{
	enum { BACKLOG = 16 };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	auto_fd int sock = new_socket(type, e);

	if (sock < 0)
		return sock;
	if (!fmt_fits(sa.sun_path, sizeof(sa.sun_path), "%s/%s", path_proc(dirfd).text, name))
		return err_num(e, ENAMETOOLONG, "make socket %s", name);
	/* bind(2) makes the file with the mode of the socket, so it is never wider than asked, unix(7). */
	if (fchmod(sock, mode) < 0 || bind(sock, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_sys(e, "make socket %s", name);
	if (type != SOCK_DGRAM && listen(sock, BACKLOG) < 0) {
		err_sys(e, "listen on socket %s", name);
		(void)unlinkat(dirfd, name, 0); /* ours, just made; the error above is what counts */
		return -e->num;
	}
	return fd_steal(&sock);
}

int unix_send(int sock, const void *data, size_t n, const int *fds, size_t n_fds, struct err *e)
{
	union control c = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (n_fds > UNIX_MAX_FDS || n == 0)
		return err_set(e, ERR_BUG, EINVAL, "send %zu bytes with %zu descriptors", n, n_fds);
	if (n_fds) {
		msg.msg_control = c.room;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(h), fds, sizeof(int) * n_fds);
	}
	do
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return err_sys(e, "send through a unix socket");
	return (size_t)sent == n ? 0 : err_num(e, EMSGSIZE, "send through a unix socket: sent only a part");
}

/* Every descriptor the kernel installed, up to @max; the count of all that came. */
static size_t collect(struct msghdr *msg, int *fds, size_t max)
{
	size_t n = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		size_t here = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < here; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
			if (n < max)
				fds[n] = fd;
			else
				close(fd);
			n++;
		}
	}
	return n;
}

int unix_receive(int sock, void *data, size_t size, struct unix_fds *ret_fds, struct err *e)
{
	union control c;
	int got[UNIX_MAX_FDS];
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.room, .msg_controllen = sizeof(c) };
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "receive from a unix socket");
	size_t n_fds = collect(&msg, got, UNIX_MAX_FDS);
	if (n_fds > ret_fds->max || (msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
		for (size_t i = 0; i < n_fds && i < UNIX_MAX_FDS; i++)
			close(got[i]);
		return err_set(e, ERR_SYSTEM, EMSGSIZE, "a message with %zu descriptors came, %zu bytes and %zu fit",
			n_fds, size, ret_fds->max);
	}
	if (n_fds)
		memcpy(ret_fds->v, got, n_fds * sizeof(int));
	ret_fds->n = n_fds;
	return (int)n;
}

int unix_peer_of(int sock, struct unix_peer *ret, struct err *e)
{
	struct ucred c;
	socklen_t n = sizeof(c);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &c, &n) < 0)
		return err_sys(e, "ask who is behind a unix socket");
	*ret = (struct unix_peer){ .pid = c.pid, .uid = c.uid, .gid = c.gid };
	return 0;
}
