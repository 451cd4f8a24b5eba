#pragma once
/* From a record to a running program: everything between the decision to start and the monitor's loop. Runs in the
 * process that will be the monitor, which becomes the program's parent. */
#include "engine/record.h"
#include "engine/rootfs.h"
#include "mon/mon.h"
#include "runtime/launch.h"

struct bringup {
	struct engine *en;
	struct record *r; /* held */
	struct rootfs rootfs;
	int join_userns; /* of the container whose namespaces are joined, or FD_NONE */
	struct rt_running running;
	struct mon mon;
	char init[4096]; /* path of tare-init, for --init */
};

/* bringup - start the program of @b->r with the streams and the socket of @b->mon, whose client and listen_fd the
 * caller has set; status.json says "running" then. On error nothing is left but the record, whose status tells why.
 * Ends with descriptors 0 to 2 on /dev/null. */
int bringup(struct bringup *b, bool with_stdin, struct err *e) must_check;
/* bringup_null_stdio - descriptors 0 to 2 on /dev/null: a monitor that keeps those of whoever started it keeps a pipe
 * open that somebody reads to its end. */
int bringup_null_stdio(struct err *e) must_check;
void bringup_done(struct bringup *b);
