#pragma once
/* The monitor of one container while its program runs: moves output to the log and to attached
 * clients, input to the program, and waits for its end. Used in two ways: inside a forked `tare`
 * (containers in front), and as the program tare-mon (detached ones), which is handed everything by
 * number in its arguments. Knows nothing of images, cgroups or policy: what follows the end is the
 * engine's. base/ and sys/ only. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

#define MON_SOCKET "attach.sock"

enum { MON_MAX_LOG_OPTS = 16, MON_ID_SIZE = 65 };

struct mon_log_opt {
	const char *key, *value;
};

/* Probes of the container's health: a program that makes one, records it and acts on it (exit
 * status 0: healthy). */
struct mon_health {
	uint64_t interval_ms; /* 0: no probes */
	uint64_t start_period_ms, start_interval_ms;
	char *const *argv; /* NULL-terminated, argv[0] is an absolute path */
};

struct mon {
	const char *id, *name;
	int dir_fd; /* containers/ID, with the lock on it */
	pid_t pid; /* of the program, a child of ours; not so after an adoption (engine/refresh.c)
		    */
	int pidfd;
	bool adopted; /* not our child: its exit status may not be known */

	/* Our ends of the program's streams. Without a terminal three pipes, with one its master.
	 * FD_NONE: none. */
	int stdin_fd, stdout_fd, stderr_fd, master;
	bool stdin_once; /* the program's stdin ends when the first client that brought input is
			    gone */

	int listen_fd; /* attach.sock, SOCK_SEQPACKET, listening */
	int client; /* our end of the session of the `run` that made it, or FD_NONE */

	uint64_t timeout_ms; /* the program is killed after this long; 0: never */

	const char *log_driver; /* "json-file", "local", "journald", "none" */
	struct mon_log_opt log_opts[MON_MAX_LOG_OPTS];
	size_t n_log_opts;

	struct mon_health health;

	/* What tare-mon executes when the program has ended, NULL-terminated; mon_argv() only. */
	char *const *then_argv;
};

#define MON_INIT \
	{ \
		.dir_fd = FD_NONE, .pidfd = FD_NONE, .stdin_fd = FD_NONE, .stdout_fd = FD_NONE, .stderr_fd = FD_NONE, \
		.master = FD_NONE, .listen_fd = FD_NONE, .client = FD_NONE \
	}

struct mon_client {
	int fd;
	bool founder; /* the `run` in front */
	uint64_t lost; /* bytes of output that it did not take in time */
	size_t tail; /* what it has yet to get of mon_result.tail, from here on */
};

struct mon_result {
	int wait_status; /* waitpid(2) */
	bool unknown; /* adopted, and the kernel does not tell (before Linux 6.15) */
	uint64_t lost_records;
	struct mon_client *clients; /* sessions still connected, for mon_tell_exit() */
	size_t n_clients;
	char *tail; /* output that a client had not taken when the program ended */
	size_t tail_len;
};

/* mon_streams - before the program is started: make what it gets as descriptors 0 to 2 (in
 * ret_program; FD_NONE when it has a terminal) and our ends in @m. They survive the death of the
 * monitor: writing to them then blocks when the pipe is full, and never ends in SIGPIPE.
 * @with_stdin false: /dev/null. */
int mon_streams(struct mon *m, bool terminal, bool with_stdin, int ret_program[3], struct err *e) must_check;
/* mon_reopen_streams - for an adoption: our ends again, by the program's own descriptors. */
int mon_reopen_streams(struct mon *m, bool terminal, struct err *e) must_check;
/* mon_listen - attach.sock in m->dir_fd. */
int mon_listen(struct mon *m, struct err *e) must_check;

/* mon_loop - until the program has ended and what it wrote was passed on. */
int mon_loop(struct mon *m, struct mon_result *ret, struct err *e) must_check;
/* mon_tell_exit - the last message to all clients: everything is settled, and this is the exit
 * status. Closes them and frees @r. Waits for the `run` in front as long as it lives and has not
 * taken all output (`run … | less`): hold no lock. */
void mon_tell_exit(struct mon_result *r, int exit_code);
/* mon_hand_over - before an execve(2) that leaves only descriptors: give clients the output they
 * have not got. */
void mon_hand_over(struct mon_result *r);
void mon_result_done(struct mon_result *r);

/* What tare-mon adds to then_argv: "--wait-status N" (waitpid(2)) or "--wait-status unknown",
 * "--lost-records N" and, when there are any, "--clients FD,FD…", for mon_adopt_clients() (@list
 * NULL: none). Descriptors of then_argv (m->dir_fd, m->listen_fd) keep their numbers. */
int mon_adopt_clients(struct mon_result *r, const char *list, struct err *e) must_check;

/* mon_argv - @m as arguments of tare-mon, whose path @program is; the descriptors lose their
 * close-on-exec. For execv(3); one arena-free allocation that the caller may leak. NULL: out of
 * memory. */
char **mon_argv(const struct mon *m, const char *program);
