/* Guarantees: the agent gets descriptor and state in one message or the start fails; an agent that does not answer
 * cannot hold the start for more than SEND_MS. */
#include "sec/seccomp_notify.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include "sys/unixsock.h"

enum { SEND_MS = 10000, RETRY_MS = 10 };

void seccomp_notify_json(
	struct buf *ret, const char *oci_version, pid_t pid, const char *metadata, const char *state_json)
{
	buf_str(ret, "{\"ociVersion\":");
	buf_json_str(ret, oci_version);
	buf_printf(ret, ",\"fds\":[\"seccompFd\"],\"pid\":%d", (int)pid);
	if (metadata && metadata[0]) {
		buf_str(ret, ",\"metadata\":");
		buf_json_str(ret, metadata);
	}
	buf_str(ret, ",\"state\":");
	buf_str(ret, state_json);
	buf_str(ret, "}");
}

int seccomp_notify_fetch(int pidfd, int child_fd, struct err *e)
{
	int fd = pidfd_getfd(pidfd, child_fd, 0); /* comes close-on-exec */

	return fd < 0 ? err_sys(e, "take the seccomp listener from the container's process") : fd;
}

/* A listener with a full backlog answers EAGAIN, and poll(2) cannot wait for room in it. */
static int connect_soon(const char *path, struct err *e)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };

	for (int waited = 0;; waited += RETRY_MS) {
		int sock = unix_connect(path, SOCK_STREAM | SOCK_NONBLOCK, e);

		if (sock >= 0 || e->num != EAGAIN || waited >= SEND_MS)
			return sock;
		err_clear(e);
		(void)nanosleep(&pause, NULL); /* a signal only makes the pause shorter */
	}
}

int seccomp_notify_connect(const char *path, struct err *e)
{
	const struct timeval limit = { .tv_sec = SEND_MS / 1000 };
	auto_fd int sock = connect_soon(path, e);

	if (sock < 0)
		return err_wrap(e, "seccomp listenerPath");
	if (fcntl(sock, F_SETFL, 0) < 0 || setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return err_sys(e, "seccomp listenerPath %s", path);
	return fd_steal(&sock);
}

int seccomp_notify_send(int agent, const char *json, int listener_fd, struct err *e)
{
	return unix_send(agent, json, __builtin_strlen(json), &listener_fd, 1, e);
}
