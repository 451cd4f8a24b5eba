#pragma once
/* Handing a seccomp user-notification descriptor to its agent: linux.seccomp.listenerPath. runtime/listener.h has the
 * whole way. runtime-spec config-linux.md "The Container Process State". */
#include <stddef.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"

/* seccomp_notify_json - append the ContainerProcessState: fds ["seccompFd"], @pid in the runtime's pid
 * namespace, @metadata (NULL: none), and @state_json, the state document, verbatim. */
void seccomp_notify_json(
	struct buf *ret, const char *oci_version, pid_t pid, const char *metadata, const char *state_json);
/* seccomp_notify_fetch - a copy of @child_fd of the process behind @pidfd; the caller's. pidfd_getfd(2). */
int seccomp_notify_fetch(int pidfd, int child_fd, struct err *e) must_check;
/* seccomp_notify_connect - connect to the stream socket @path, waiting at most 10 s for an agent that is busy. The
 * caller's; a send on it takes at most 10 s. */
int seccomp_notify_connect(const char *path, struct err *e) must_check;
/* seccomp_notify_send - send @json and @listener_fd in one message (SCM_RIGHTS). Both descriptors are borrowed. */
int seccomp_notify_send(int agent, const char *json, int listener_fd, struct err *e) must_check;
