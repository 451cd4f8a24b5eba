#pragma once
/* The seccomp listener on its way from the process that loads the filter to its agent. Theory of operation:
 *
 *	child                                     runtime
 *	make a page both can see
 *	SYNC_LISTENER with the page    ──►        connect to the agent
 *	                               ◄──        SYNC_GO
 *	give up privileges, load the filter
 *	page: the listener's number    ──►        take the descriptor (pidfd_getfd), send it to the agent
 *	                               ◄──        page: sent, or failed
 *	execve
 *
 * The filter holds from the moment it is loaded, and may refuse or notify each call that the child would need to say
 *so: a notified call would wait for an agent that knows nothing of it yet. So from there on both speak through the
 *page. The child waits without a system call, for about as long as two calls of the runtime take: the slow part, an
 *agent that does not accept, is over before. runtime-spec config-linux.md "Seccomp", "The Container Process State". */
#include <stdatomic.h>
#include <stdint.h>
#include "base/err.h"

enum listener_answer {
	LISTENER_WAIT = 0,
	LISTENER_SENT,
	LISTENER_FAILED,
};

struct listener_page {
	_Atomic int32_t number; /* of the child's descriptor, plus 1; 0: not loaded yet */
	_Atomic int32_t answer; /* enum listener_answer */
};

/* listener_offer - CHILD. Make the page, show it to the runtime behind @report and wait until it is ready. */
int listener_offer(int report, struct listener_page **ret, struct err *e) must_check;
/* listener_publish - CHILD. The filter is loaded, @fd is its listener: wait until the runtime has sent it on. Makes no
 * system call; a runtime that failed or died ends the process. */
void listener_publish(struct listener_page *page, int fd);

struct start_ctx;
/* listener_serve - the runtime's side, after SYNC_LISTENER with @page_fd came on @sock. 0 also when the child failed
 * before it had a listener: its error is the next message. */
int listener_serve(const struct start_ctx *s, int page_fd, int sock, struct err *e) must_check;
