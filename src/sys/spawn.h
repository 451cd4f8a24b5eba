#pragma once
/* Start a program of the host (a hook, newuidmap, criu) and follow it by pidfd. Nothing here allocates, so it
 * serves in the CHILD too. The child shares our memory until its execve (as vfork(2)), so an execve that fails
 * is reported as an error, not as an exit status. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"

struct spawn {
	const char *path; /* absolute; no search in PATH, see spawn_find */
	char *const *argv, *const *envp; /* NULL-terminated */
	int stdin_fd, stdout_fd, stderr_fd; /* FD_NONE: /dev/null. Borrowed */
	int keep_fd; /* stays open in the child under the same number, or FD_NONE */
	bool new_session; /* setsid(2): out of reach of the terminal, and killed as a group */
};

#define SPAWN_INIT \
	{ \
		.stdin_fd = FD_NONE, .stdout_fd = FD_NONE, .stderr_fd = FD_NONE, .keep_fd = FD_NONE \
	}

struct spawn_child {
	pid_t pid;
	int pidfd;
	bool group; /* leads a session of its own */
};

/* spawn_start - run it: default signal dispositions, empty signal mask, no descriptor but 0 to 2 and keep_fd.
 * The caller ends *ret with spawn_wait or spawn_kill. */
int spawn_start(const struct spawn *s, struct spawn_child *ret, struct err *e) must_check;
/* spawn_wait - until it ends, at most @timeout_ms (-1: for ever), and reap it. *ret_status is as of waitpid(2).
 * -ETIMEDOUT leaves it running; the caller then uses spawn_kill. */
int spawn_wait(struct spawn_child *c, int timeout_ms, int *ret_status, struct err *e) must_check;
/* spawn_kill - SIGKILL it (its session too, if it has one) and reap it. Nothing to do after spawn_wait. */
void spawn_kill(struct spawn_child *c);

struct spawn_io {
	const void *input; /* to its stdin; may be NULL */
	size_t input_len;
	char *errors; /* the last bytes of its stderr, NUL-terminated, control bytes kept; may be NULL */
	size_t errors_size;
	int timeout_ms; /* -1: none */
};

/* spawn_run - start @s, feed it, collect its stderr, wait, kill it at the timeout (-ETIMEDOUT). Overrides
 * stdin_fd when there is input and stderr_fd when errors are collected. Does not wait for descendants that
 * keep the pipes open. *ret_status as of waitpid(2). */
int spawn_run(const struct spawn *s, const struct spawn_io *io, int *ret_status, struct err *e) must_check;

/* spawn_find - the absolute path of program @name in @path_env ("a:b", NULL: /usr/sbin:/usr/bin:/sbin:/bin),
 * into @dst. False when there is no executable file of that name. Relative entries are skipped. */
bool spawn_find(const char *name, const char *path_env, char *dst, size_t size) must_check;
/* spawn_status_text - "exit status 3" or "killed by signal 9" for a message. */
void spawn_status_text(int status, char *dst, size_t size);
