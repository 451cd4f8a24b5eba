/* Delegation of a cgroup: the directory and the files that are safe to give away, never the limits. */
#include "cg/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "sys/path.h"

/* What the kernel would say where /sys is not mounted (cgroup-v2.rst "Model of Delegation"). */
static const char usual[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

static int give_file(int dir, const char *name, uid_t uid, gid_t gid, struct err *e)
{
	if (fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT)
		return 0; /* not every listed file is in every cgroup */
	return err_sys(e, "change the owner of %s", name);
}

int cg_give(const struct cg_host *h, const char *path, uid_t uid, gid_t gid, struct err *e)
{
	char list[4096], file[4096], *save;
	int r = cg_file_path(h, h->unified, path, NULL, file, e);

	if (r < 0)
		return r;
	auto_fd int dir = openat(h->root, file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fchown(dir, uid, gid) < 0)
		return err_sys(e, "change the owner of cgroup %s", path);
	struct err absent = ERR_NONE; /* then the usual list serves */
	auto_fd int fd = path_open_host("/sys/kernel/cgroup/delegate", O_RDONLY, 0, &absent);
	ssize_t n = fd < 0 ? -1 : read(fd, list, sizeof(list) - 1);
	if (n <= 0)
		memcpy(list, usual, sizeof(usual));
	else
		list[n] = '\0';
	for (char *name = strtok_r(list, "\n", &save); name; name = strtok_r(NULL, "\n", &save))
		if (give_file(dir, name, uid, gid, e) < 0)
			return err_wrap(e, "cgroup %s", path);
	return 0;
}
