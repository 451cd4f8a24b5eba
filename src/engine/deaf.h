#pragma once
/* Does a signal do anything to the first process of a container? The kernel drops those it has no
 * handler for: pid_namespaces(7) "The namespace init process". */
#include <stdbool.h>
#include <sys/types.h>

/* deaf_to - @pid (as the host sees it) is process 1 of its own pid namespace and neither handles
 * nor awaits @sig. */
bool deaf_to(pid_t pid, int sig);
