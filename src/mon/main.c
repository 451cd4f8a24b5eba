/* tare-mon: the monitor of a detached container. One for each, as long as it lives, so it is small:
 * no heap while it waits, no stdio. Everything comes by arguments (argv.c); when the program has
 * ended it becomes the command behind
 * --then, which has the whole engine, with the outcome in further arguments. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "mon/argv.h"
#include "sys/call.h"

extern char **environ;

enum { NUMBER = 24, EXEC_TRIES = 50, EXEC_PAUSE_MS = 100 };

static char *client_list(const struct mon_result *r)
{
	size_t size = r->n_clients * 12 + 1, len = 0;
	char *list = calloc(1, size);

	for (size_t i = 0; list && i < r->n_clients; i++)
		if (r->clients[i].fd >= 0 && fcntl(r->clients[i].fd, F_SETFD, 0) == 0)
			len += fmt_to(list + len, size - len, len ? ",%d" : "%d", r->clients[i].fd);
	return list;
}

/* While tare is being replaced its path leads nowhere for a moment. */
static void execute(char *const *argv)
{
	const struct timespec pause = { .tv_nsec = EXEC_PAUSE_MS * 1000000L };

	for (int i = 0; i < EXEC_TRIES; i++) {
		(void)sys_execveat(AT_FDCWD, argv[0], argv, environ, 0); /* returns only when it failed */
		nanosleep(&pause, NULL);
	}
}

static int become(const struct mon *m, struct mon_result *r, struct err *e)
{
	char status[NUMBER] = "unknown", lost[NUMBER];
	size_t n = 0;

	mon_hand_over(r);
	char *clients = client_list(r);
	while (m->then_argv && m->then_argv[n])
		n++;
	char **argv = calloc(n + 7, sizeof(*argv));
	if (!argv || !clients)
		return err_oom(e, "arguments");
	if (!r->unknown)
		fmt_to(status, sizeof(status), "%d", r->wait_status);
	fmt_to(lost, sizeof(lost), "%llu", (unsigned long long)r->lost_records);
	memcpy(argv, m->then_argv, n * sizeof(*argv));
	argv[n++] = "--wait-status";
	argv[n++] = status;
	argv[n++] = "--lost-records";
	argv[n++] = lost;
	if (*clients) {
		argv[n++] = "--clients";
		argv[n++] = clients;
	}
	if (!m->then_argv)
		return 0;
	execute(argv);
	return err_sys(e, "execute %s", argv[0]);
}

static void keep_private(const struct mon *m)
{
	const int fds[] = { m->pidfd, m->stdin_fd, m->stdout_fd, m->stderr_fd, m->master, m->client };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			(void)fcntl(fds[i], F_SETFD, FD_CLOEXEC); /* one that is not open is told by its first use */
}

int main(int argc, char **argv)
{
	struct err e = ERR_NONE;
	struct mon m;
	struct mon_result r;

	if (argc < 1 || mon_from_argv(argv + 1, &m, &e) < 0)
		goto failed;
	keep_private(&m);
	if (mon_loop(&m, &r, &e) < 0 || become(&m, &r, &e) < 0)
		goto failed;
	return 0;
failed:
	err_print(STDERR_FILENO, "tare-mon", &e);
	return 125;
}
