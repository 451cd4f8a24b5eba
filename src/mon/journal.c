/* Records for systemd's journal, in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a
 * datagram of NAME=VALUE lines; a value with line ends or other bytes goes as NAME, newline, 64-bit
 * length, bytes. */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "base/str.h"
#include "mon/logfile.h"
#include "sys/unixsock.h"

int journal_open(struct err *e)
{
	int fd = unix_connect("/run/systemd/journal/socket", SOCK_DGRAM, e);

	if (fd < 0) {
		err_wrap(e, "log driver journald");
		return err_hint(e, "is systemd-journald running?");
	}
	return fd;
}

bool journal_send(int fd, const struct journal_record *r)
{
	static const char *const priority[] = { "PRIORITY=6\nMESSAGE\n", "PRIORITY=3\nMESSAGE\n" };
	static const char more[] = "CONTAINER_PARTIAL_MESSAGE=true\n";
	uint64_t len = htole64(r->n);
	struct iovec iov[] = {
		{ (void *)r->fields, str_len(r->fields) },
		{ (void *)more, r->partial ? sizeof(more) - 1 : 0 },
		{ (void *)priority[r->stream], strlen(priority[r->stream]) },
		{ &len, sizeof(len) },
		{ (void *)r->line, r->n },
		{ (void *)"\n", 1 },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov) };
	ssize_t sent;

	if (r->n == 0 && !r->partial) /* docker logs no empty line there, and the journal takes none */
		return true;
	do
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent >= 0;
}
