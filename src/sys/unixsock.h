#pragma once
/* Unix sockets by path, of any path length, and descriptors sent through them. unix(7). */
#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"

enum { UNIX_MAX_FDS = 32 };

/* unix_connect - a connected socket of @type (SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM), close-on-exec. */
int unix_connect(const char *path, int type, struct err *e) must_check;
/* unix_connect_at, unix_listen_at - of the name @name in directory @dirfd, whatever the length of its path.
 * Needs /proc. unix_listen_at binds with @mode, does not replace an existing file (-EADDRINUSE); for
 * SOCK_DGRAM it only binds. */
int unix_connect_at(int dirfd, const char *name, int type, struct err *e) must_check;
int unix_listen_at(int dirfd, const char *name, int type, mode_t mode, struct err *e) must_check;

/* unix_send - @n > 0 bytes and @n_fds descriptors (up to UNIX_MAX_FDS) in one message. CHILD. */
int unix_send(int sock, const void *data, size_t n, const int *fds, size_t n_fds, struct err *e) must_check;
/* Room for descriptors that come with a message. */
struct unix_fds {
	int *v;
	size_t max; /* up to UNIX_MAX_FDS */
	size_t n; /* how many came */
};
/* unix_receive - up to @size bytes and @ret_fds->max descriptors, close-on-exec, the caller's; more than fit is an
 * error and none is kept. Returns the number of bytes, 0 at the end. CHILD. */
int unix_receive(int sock, void *data, size_t size, struct unix_fds *ret_fds, struct err *e) must_check;

struct unix_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};
/* unix_peer_of - who connected (SO_PEERCRED). */
int unix_peer_of(int sock, struct unix_peer *ret, struct err *e) must_check;
