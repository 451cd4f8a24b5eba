#pragma once
/* --trace: how long each phase of a command took, and how many system calls it made. Counted by the
 * kernel (perf_event_open(2) on raw_syscalls:sys_enter), so the command runs as fast as ever; that
 * needs privilege, without it only times are written. */
#include "base/err.h"

struct rt_trace;

/* rt_trace_open - begin, in phase "begin"; @path is made now, so that a wrong one is told before
 * anything is done. @command is borrowed. *ret is ended by rt_trace_finish(). */
int rt_trace_open(const char *path, const char *command, struct rt_trace **ret, struct err *e) must_check;
/* rt_trace_phase - what comes from here on is @name (a literal); the phase before ends. NULL @t
 * does nothing. */
void rt_trace_phase(struct rt_trace *t, const char *name);
/* rt_trace_finish - end the last phase and write
 *   {"command":C,"status":S,"us":N,"syscalls":N|null,"children_syscalls":N|null,
 *    "phases":[{"name":P,"us":N,"syscalls":N|null}…]}
 * "children" are all processes begun by the command, the container's program included. NULL @t is
 * fine. */
int rt_trace_finish(struct rt_trace *t, int status, struct err *e) must_check;
