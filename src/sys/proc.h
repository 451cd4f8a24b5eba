#pragma once
/* Facts about processes, by pid only while it is certain that the pid is still the same process. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

struct proc_stat {
	char state; /* proc_pid_stat(5) field 3: R S D Z T … */
	pid_t ppid;
	pid_t session;
	bool forked; /* field 9: has not executed a program since it was made by fork(2) or clone(2) */
	uint64_t start_ticks; /* field 22, clock ticks since boot */
};

/* proc_stat - of @pid; *ret_found is false when there is no such process. */
int proc_stat(pid_t pid, bool *ret_found, struct proc_stat *ret, struct err *e) must_check;
/* proc_self - of this process, by one read of /proc/self/status: signals that are ignored (bit n-1 for signal n), its
 * capabilities (bit n for capability n). proc_pid_status(5) */
struct proc_self {
	uint64_t ignored, permitted, bounding;
};
int proc_self(struct proc_self *ret, struct err *e) must_check;
/* proc_boot_id - 36 characters that change at every boot (random(4)). */
enum { PROC_BOOT_ID_SIZE = 37 };
int proc_boot_id(char dst[static PROC_BOOT_ID_SIZE], struct err *e) must_check;
/* proc_open_same - a pidfd of @pid if it still is the process that started at @start_ticks and is no
 * zombie; *ret_found false otherwise. The pidfd is the caller's. pidfd_open(2). */
int proc_open_same(pid_t pid, uint64_t start_ticks, bool *ret_found, int *ret_pidfd, struct err *e) must_check;
/* proc_open_same_stat - the same, with what proc_stat found. */
int proc_open_same_stat(pid_t pid, uint64_t start_ticks, bool *ret_found, int *ret_pidfd, struct proc_stat *ret,
	struct err *e) must_check;
/* proc_signal - by pidfd; *ret_found false when it has ended (ESRCH). pidfd_send_signal(2). */
int proc_signal(int pidfd, int sig, bool *ret_found, struct err *e) must_check;
/* proc_wait_gone - until the process behind @pidfd has ended, at most @timeout_ms (-1: for ever);
 * -ETIMEDOUT otherwise. poll(2) on a pidfd. */
int proc_wait_gone(int pidfd, int timeout_ms, struct err *e) must_check;

/* A growing list of process ids; @v is the owner's to free(3). */
struct proc_list {
	pid_t *v;
	size_t n, cap;
};
int proc_list_add(struct proc_list *l, pid_t pid, struct err *e) must_check;

/* proc_of_pidfd - the pid behind @pidfd as /proc has it; -ESRCH when it has ended and was reaped. */
int proc_of_pidfd(int pidfd, pid_t *ret, struct err *e) must_check;
/* proc_exit_status - of a process that need not be our child and has ended, as of waitpid(2). False: it was reaped and
 * the kernel does not tell (before Linux 6.15, PIDFD_GET_INFO). */
bool proc_exit_status(int pidfd, int *ret);
