/* File locks with a deadline. */
#include "sys/lock.h"

#include <errno.h>
#include <sys/file.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int flock_again(int fd, int op)
{
	int r;

	do
		r = flock(fd, op);
	while (r < 0 && errno == EINTR);
	return r;
}

/* The kernel has no flock with a timeout, and an alarm would be a signal in somebody else's program: ask
 * again, ever more slowly. A wait without a limit sleeps in the kernel. */
int lock_file(int fd, bool exclusive, int timeout_ms, const char *what, struct err *e)
{
	int op = exclusive ? LOCK_EX : LOCK_SH;
	int64_t deadline = now_ms() + timeout_ms;

	if (timeout_ms < 0)
		return flock_again(fd, op) < 0 ? err_sys(e, "lock %s", what) : 0;
	for (int64_t pause_ms = 1;; pause_ms = pause_ms < 16 ? pause_ms * 2 : 16) {
		if (flock_again(fd, op | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return err_sys(e, "lock %s", what);
		int64_t left = deadline - now_ms();
		if (left <= 0)
			return err_set(e, ERR_CONFLICT, ETIMEDOUT, "%s is in use by another process", what);
		struct timespec t = { .tv_nsec = (pause_ms < left ? pause_ms : left) * 1000000 };
		nanosleep(&t, NULL);
	}
}
