/* Removing a large tree by several processes: where the disk is told at once of blocks that are free (ext4 without a
 * journal and with "discard"), an unlink(2) waits for it, and waits of several are one wait. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/str.h"
#include "store/layout.h"
#include "store/op.h"
#include "sys/call.h"

enum { WORKERS = 4 };

/* The files below @dir that are this worker's; what fails is left to who comes after. */
static void remove_share(int take_dir, unsigned worker)
{
	DIR *dir = fdopendir(take_dir);

	if (!dir) {
		close(take_dir);
		return;
	}
	for (const struct dirent *d; (d = readdir(dir));) {
		struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
			.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS };

		if (str_eq(d->d_name, ".") || str_eq(d->d_name, ".."))
			continue;
		if (d->d_type != DT_DIR && d->d_type != DT_UNKNOWN) {
			if (d->d_ino % WORKERS == worker)
				(void)unlinkat(dirfd(dir), d->d_name, 0);
			continue;
		}
		int below = sys_openat2(dirfd(dir), d->d_name, &how);
		if (below >= 0)
			remove_share(below, worker);
	}
	closedir(dir);
}

void store_op_empty(struct store_op *op)
{
	pid_t pids[WORKERS];

	for (unsigned i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		int own = openat(op->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (own >= 0)
			remove_share(own, i);
		_exit(0);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		while (pids[i] > 0 && waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
}
