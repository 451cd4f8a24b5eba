#pragma once
/* The monitor of one container while its program runs: moves output to the log and to attached clients, input to the
 * program, and waits for its end. Used in two ways: inside a forked `tare` (containers in front), and as the program
 * tare-mon (detached ones), which is handed everything by number in its arguments. Knows nothing of images, cgroups or
 * policy: what follows the end is the engine's. base/ and sys/ only. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

enum { MON_MAX_LOG_OPTS = 16, MON_ID_SIZE = 65 };

struct mon_log_opt {
	const char *key, *value;
};

struct mon {
	const char *id, *name;
	int dir_fd; /* containers/ID, with the lock on it */
	pid_t pid;  /* of the program, a child of ours; not so after an adoption (engine/refresh.c) */
	int pidfd;
	bool adopted; /* not our child: its exit status may not be known */

	/* Our ends of the program's streams. Without a terminal three pipes, with one its master. FD_NONE: none. */
	int stdin_fd, stdout_fd, stderr_fd, master;
	bool stdin_once; /* the program's stdin ends when the first client that brought input is gone */

	int listen_fd; /* attach.sock, SOCK_SEQPACKET, listening */
	int client;    /* our end of the session of the `run` that made it, or FD_NONE */

	const char *log_driver; /* "json-file", "local", "journald", "none" */
	struct mon_log_opt log_opts[MON_MAX_LOG_OPTS];
	size_t n_log_opts;

	uint64_t health_interval_ms; /* 0: no probes */
	const char *health_program;  /* tare: run as `PROGRAM … healthcheck run ID` at each interval */

	/* What tare-mon executes when the program has ended, NULL-terminated; mon_argv() only. */
	char *const *then_argv;
};

struct mon_result {
	int wait_status; /* waitpid(2) */
	bool unknown;	 /* adopted, and the kernel does not tell (before Linux 6.15) */
	uint64_t lost_records;
	int *clients;	 /* sessions still connected, for mon_tell_exit() */
	size_t n_clients;
};

/* mon_streams - before the program is started: make what it gets as descriptors 0 to 2 (in ret_program; FD_NONE when it has a
 * terminal) and our ends in @m. They survive the death of the monitor: writing to them then blocks when the pipe is full,
 * and never ends in SIGPIPE. @with_stdin false: /dev/null. */
int mon_streams(struct mon *m, bool terminal, bool with_stdin, int ret_program[3], struct err *e) must_check;
/* mon_reopen_streams - for an adoption: our ends again, by the program's own descriptors. */
int mon_reopen_streams(struct mon *m, bool terminal, struct err *e) must_check;
/* mon_listen - attach.sock in m->dir_fd. */
int mon_listen(struct mon *m, struct err *e) must_check;

/* mon_loop - until the program has ended and what it wrote was passed on. */
int mon_loop(struct mon *m, struct mon_result *ret, struct err *e) must_check;
/* mon_tell_exit - the last message to all clients: everything is settled, and this is the exit status. Closes them. */
void mon_tell_exit(struct mon_result *r, int exit_code);

/* mon_argv - @m as arguments of tare-mon, whose path @program is; the descriptors lose their close-on-exec. For
 * execv(3); one arena-free allocation that the caller may leak. NULL: out of memory. */
char **mon_argv(const struct mon *m, const char *program);
