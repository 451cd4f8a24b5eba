#pragma once
/* Programs that config.json wants to be run at points of a container's life. runtime-spec config.md "POSIX-platform
 * Hooks". */
#include <stddef.h>
#include "base/err.h"
#include "spec/runtime_config.h"

struct rt_hook_io {
	int dir; /* working directory: the bundle for hooks on the host; FD_NONE: unchanged */
	int out_fd; /* annotation run.oci.hooks.stdout, opened for appending, or FD_NONE */
	int err_fd; /* annotation run.oci.hooks.stderr, or FD_NONE: kept for the error message */
};

#define RT_HOOK_IO_INIT \
	{ \
		FD_NONE, FD_NONE, FD_NONE \
	}

/* rt_hooks_run - run the hooks of @list one after the other, each with the state document on stdin, its own
 * environment only (never ours: it may hold secrets of the caller), and no descriptor of ours but 0 to 2. The first
 * that cannot be started, fails, is killed or exceeds its timeout (its process group is killed then) ends it; the error
 * names stage, index, path, status and the end of what it printed. A hook has ended when its process has, whatever it
 * left running. Usable between clone3 and execve: allocates nothing; @state_json was prepared by the caller. Leaves no
 * descriptor and no child behind. */
int rt_hooks_run(const struct rc_hook_list *list, enum rc_hook_stage stage, const char *state_json, size_t state_len,
	const struct rt_hook_io *io, struct err *e) must_check;
/* rt_hooks_run_all - the same for poststop: a failing one is a warning and the rest still runs. Not for
 * the child (it logs). runtime-spec runtime.md "Lifecycle" step 13. */
void rt_hooks_run_all(const struct rc_hook_list *list, enum rc_hook_stage stage, const char *state_json,
	size_t state_len, const struct rt_hook_io *io);

/* rt_hook_io_open - open the files of the run.oci.hooks.stdout and .stderr annotations (appending, made with
 * 0600, as the caller of the program may). @n annotations in @v. End with rt_hook_io_done(). */
int rt_hook_io_open(const struct rc_kv_list *annotations, int bundle_dir, struct rt_hook_io *ret, struct err *e)
	must_check;
/* rt_hook_io_done - closes out_fd and err_fd; dir is borrowed. */
void rt_hook_io_done(struct rt_hook_io *io);
