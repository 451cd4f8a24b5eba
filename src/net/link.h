#pragma once
/* Network links: what an OCI runtime does to them. */
#include <stdbool.h>
#include "base/err.h"

/* net_lo_up - set the loopback device of this network namespace up. Two system calls. CHILD:
 * leaves its socket open, as all of the child's descriptors stay until one close_range(2) before execve. */
int net_lo_up(struct err *e) must_check;

/* net_link_check_name - a device name the kernel takes: 1 to 15 bytes without '/', ':' or blanks, not "." or
 * "..", and with @template at most one "%d". ERR_CONFIG otherwise. Pure. */
int net_link_check_name(const char *name, bool template, struct err *e) must_check;

/* net_link_move - runtime-spec config-linux.md "Network Devices": move device @host_name of our network
 * namespace into @netns_fd as @new_name (NULL: same name; may hold one "%d"), with its permanent addresses of
 * global scope, and set it up. A device of that name already there is -EEXIST. Visits the other namespace with
 * setns(2), so the process must be single-threaded; not for the CHILD. Errors name the device. */
int net_link_move(const char *host_name, const char *new_name, int netns_fd, struct err *e) must_check;
