#pragma once
/* One user's engine: where its images, containers and volumes lie. No daemon, no global state; every command opens one.
 * docs/state.md has the layout, the lock and the crash rules. */
#include <limits.h>
#include <stdbool.h>
#include "base/err.h"
#include "runtime/runtime.h"

struct engine {
	char data_path[PATH_MAX]; /* /var/lib/tare, or below $XDG_DATA_HOME */
	char run_path[PATH_MAX]; /* /run/tare, or below $XDG_RUNTIME_DIR */
	char oci_path[PATH_MAX];
	int data_fd, run_fd;
	int containers_fd, names_fd; /* DATA/containers, DATA/names */
	bool rootless; /* root of a user namespace only: a plain user's engine */
	struct rt_context rt; /* the runtime, its state root is RUN/oci */
};

/* Where the user says that it is; NULL: $TARE_ROOT, $TARE_RUN_ROOT, then the defaults. */
struct engine_where {
	const char *root, *run_root;
};

/* engine_open - find and, where absent, make the directories (0700 whatever the umask). End with engine_done(). */
int engine_open(const struct engine_where *where, struct engine *ret, struct err *e) must_check;
void engine_done(struct engine *en);
