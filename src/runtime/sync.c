/* Messages between runtime and child. */
#include "runtime/sync.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEADER = offsetof(struct sync_msg, err) };

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int))];
};

int sync_pair(int ret[static 2], struct err *e)
{
	int r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret);

	return r < 0 ? err_sys(e, "make a socket pair") : 0;
}

static int send_parts(int sock, const void *data, size_t n, int fd)
{
	union control c;
	struct iovec iov = { (void *)data, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		memset(&c, 0, sizeof(c));
		m.msg_control = &c;
		m.msg_controllen = sizeof(c.space);
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(int));
	}
	ssize_t r;
	do
		r = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int sync_send(int sock, enum sync_type type, int32_t value, int fd, struct err *e)
{
	int32_t head[2] = { (int32_t)type, value };
	int r = send_parts(sock, head, sizeof(head), fd);

	return r < 0 ? err_num(e, -r, "send to the other side of a container's start") : 0;
}

void sync_send_err(int sock, const struct err *e)
{
	struct sync_msg m = { .type = SYNC_ERROR, .err = *e };

	(void)send_parts(sock, &m, sizeof(m), FD_NONE); /* nobody else to tell */
}

static int take_fd(struct msghdr *m)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	int fd;

	if (!h || h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
		return FD_NONE;
	memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

int sync_receive(int sock, struct sync_msg *m, int *ret_fd, struct err *e)
{
	union control c;
	struct iovec iov = { m, sizeof(*m) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c.space) };
	ssize_t n;

	/* ECONNRESET: the other side ended without having read all of ours. The kernel says so once, before what it had
	 * still to tell us. */
	do
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return err_sys(e, "hear from the other side of a container's start");
	if (n <= 0) {
		m->type = SYNC_EOF;
		m->value = 0;
	}
	auto_fd int fd = n > 0 ? take_fd(&h) : FD_NONE;
	if (n > 0 && n != HEADER && n != sizeof(*m))
		return err_set(e, ERR_BUG, EPROTO, "a message of %zd bytes from a container's start", n);
	if (n > 0 && (m->type == SYNC_ERROR) != (n == sizeof(*m)))
		return err_set(e, ERR_BUG, EPROTO, "a broken message of type %d from a container's start", m->type);
	if (n == sizeof(*m)) {
		m->err.msg[sizeof(m->err.msg) - 1] = '\0';
		m->err.hint[sizeof(m->err.hint) - 1] = '\0';
	}
	if (ret_fd)
		*ret_fd = fd_steal(&fd);
	return 0;
}

int sync_expect(int sock, enum sync_type type, int32_t *ret_value, int *ret_fd, struct err *e)
{
	struct sync_msg m;
	int r = sync_receive(sock, &m, ret_fd, e);

	if (r < 0)
		return r;
	if (m.type == SYNC_ERROR && m.err.num > 0) {
		*e = m.err;
		return -e->num;
	}
	if (m.type == SYNC_EOF)
		return err_set(e, ERR_SYSTEM, EPIPE, "the process that prepares the container died");
	if (m.type != (int32_t)type)
		return err_set(e, ERR_BUG, EPROTO, "message %d instead of %d", m.type, (int)type);
	if (ret_value)
		*ret_value = m.value;
	return 0;
}
