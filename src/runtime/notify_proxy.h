#pragma once
/* sd_notify(3) across the container's border: the container gets a socket of its own, what it says is checked and
 * passed on to the service manager's. The container may tell about its readiness and health; it cannot name
 * main processes or store descriptors there. */
#include <stdbool.h>
#include <sys/types.h>
#include "base/err.h"

/* Where the directory of rt_notify_prepare() is to be bound in the container (ro, nosuid, nodev, noexec) when the
 * request names no place, and the name of the socket in it. */
#define RT_NOTIFY_MOUNT "/run/notify"
#define RT_NOTIFY_NAME "notify.sock"

/* rt_notify_prepare - at create: make the directory ROOT/ID/notify; returns its O_PATH descriptor. */
int rt_notify_prepare(int state_fd, struct err *e) must_check;

struct rt_notify {
	int sock; /* bound in the container's directory */
	int host; /* connected to the service manager's socket */
};

#define RT_NOTIFY_INIT \
	{ \
		FD_NONE, FD_NONE \
	}

/* rt_notify_open - at start, before the program runs: bind the container's socket (a container that was created
 * without rt_notify_prepare() gives -ENOENT) and connect to @host_socket, the value of our $NOTIFY_SOCKET ("/path"
 * or "@abstract"). Where nobody listens there, the container's socket is there and refuses, and *ret stays empty. End
 * with rt_notify_done(). */
int rt_notify_open(int state_fd, const char *host_socket, struct rt_notify *ret, struct err *e) must_check;
void rt_notify_done(struct rt_notify *n);

/* rt_notify_wait_ready - detached: pass on what the container says until it is READY (then MAINPID=@main_pid is
 * told, and a barrier awaited so that the manager has processed it before we end) or @pidfd's process ended. */
int rt_notify_wait_ready(struct rt_notify *n, int pidfd, pid_t main_pid, struct err *e) must_check;
/* rt_notify_fork - foreground: a child of ours does the same and goes on passing messages until @pidfd's process
 * has ended. @main_pid 0: MAINPID is not told. Returns its pid; it ends by itself and is reaped by
 * rt_relay_child.reap_others or by waitpid(2). */
pid_t rt_notify_fork(struct rt_notify *n, int pidfd, pid_t main_pid, struct err *e) must_check;
