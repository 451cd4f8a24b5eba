#pragma once
/* Handing a seccomp user-notification descriptor to its agent: linux.seccomp.listenerPath.
 * The child loads the filter, writes the listener's descriptor number to its parent and waits for an answer;
 * the parent takes the descriptor with seccomp_notify_fetch() and sends it with seccomp_notify_send().
 * The child closes its own after the answer. The agent must not depend on a call that the filter notifies
 * before it has the descriptor. runtime-spec config-linux.md "The Container Process State". */
#include <stddef.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"

/* seccomp_notify_json - append the ContainerProcessState: fds ["seccompFd"], @pid in the runtime's pid
 * namespace, @metadata (NULL: none), and @state_json, the state document, verbatim. */
void seccomp_notify_json(struct buf *ret, const char *oci_version, pid_t pid, const char *metadata,
	const char *state_json);
/* seccomp_notify_fetch - a copy of @child_fd of the process behind @pidfd; the caller's. pidfd_getfd(2). */
int seccomp_notify_fetch(int pidfd, int child_fd, struct err *e) must_check;
/* seccomp_notify_send - connect to the stream socket @path, send @json and @listener_fd in one message
 * (SCM_RIGHTS), close. At most 10 s. @listener_fd is borrowed. */
int seccomp_notify_send(const char *path, const char *json, int listener_fd, struct err *e) must_check;
