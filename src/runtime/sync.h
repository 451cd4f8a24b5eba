#pragma once
/* What runtime and child say to each other over one SOCK_SEQPACKET pair (or, at start, a connection of
 * the start socket): small typed messages; an error message is the child's last word. All CHILD. */
#include <stdint.h>
#include "base/err.h"

enum sync_type {
	SYNC_EOF = 0, /* the other side is gone; after the go-ahead: the program was executed */
	SYNC_ERROR, /* child: struct err follows */
	SYNC_GO, /* parent: carry on */
	SYNC_STAGED, /* stage: value is the pid of the real child */
	SYNC_NS_READY, /* child: namespaces and mounts stand, run the hooks that want to see them */
	SYNC_READY, /* child: everything is prepared; a pty master may come along */
	SYNC_LISTENER, /* child: about to load a filter with a listener; runtime/listener.h */
	SYNC_HOOK_FAILED,
};

struct sync_msg {
	int32_t type, value;
	struct err err; /* with SYNC_ERROR only */
};

/* sync_pair - the two connected ends, close-on-exec. */
int sync_pair(int ret[static 2], struct err *e) must_check;
/* sync_send - @fd (or FD_NONE) goes along. */
int sync_send(int sock, enum sync_type type, int32_t value, int fd, struct err *e) must_check;
/* sync_send_err - best effort: there is nobody else to tell. */
void sync_send_err(int sock, const struct err *e);
/* sync_receive - the next message into @m; *ret_fd (may be NULL) is a descriptor that came along, or FD_NONE. */
int sync_receive(int sock, struct sync_msg *m, int *ret_fd, struct err *e) must_check;
/* sync_expect - receive and insist on @type; SYNC_ERROR becomes the error itself. */
int sync_expect(int sock, enum sync_type type, int32_t *ret_value, int *ret_fd, struct err *e) must_check;
