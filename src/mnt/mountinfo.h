#pragma once
/* /proc/PID/mountinfo, proc_pid_mountinfo(5). */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"

struct mountinfo {
	unsigned id, parent, major, minor;
	const char *root, *mountpoint; /* octal escapes undone */
	const char *options;
	unsigned shared, master, propagate_from; /* peer groups, 0: none */
	bool unbindable;
	const char *fstype, *source, *super_options;
};

/* mountinfo_parse - one @line (without the newline, NUL-terminated); it is changed and *ret points into it.
 * False: not a mountinfo line. Pure. */
bool mountinfo_parse(char *line, struct mountinfo *ret) must_check;

/* mountinfo_each - call @fn for every mount of the open file @fd in order, until it returns false. Reads in
 * blocks, so a table of any size needs little memory. -EPROTO on a line of unknown form. */
int mountinfo_each(int fd, bool (*fn)(const struct mountinfo *m, void *arg), void *arg, struct err *e) must_check;
