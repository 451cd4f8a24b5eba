#include "engine/initlayer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "sys/path.h"

static int open_it(int data_fd)
{
	return openat(data_fd, INITLAYER_NAME, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int fill(int dir, struct err *e)
{
	static const char *const dirs[] = { "dev", "etc", "proc", "sys" };
	static const char *const files[] = { "etc/hostname", "etc/hosts", "etc/resolv.conf" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(dir, dirs[i], 0755) < 0)
			return err_sys(e, "make %s in the init layer", dirs[i]);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (mknodat(dir, files[i], S_IFREG | 0644, 0) < 0)
			return err_sys(e, "make %s in the init layer", files[i]);
	return 0;
}

/* Beside, and named when it is whole: of several that make it at once one wins, and all are content. */
static int make(int data_fd, struct err *e)
{
	struct err ignored = ERR_NONE;
	char name[48];
	mode_t before = umask(0);

	fmt_to(name, sizeof(name), ".%s-%d", INITLAYER_NAME, (int)getpid());
	err_told(path_remove_tree(data_fd, name, &ignored)); /* of an earlier process with this number */
	if (mkdirat(data_fd, name, 0755) < 0)
		err_sys(e, "make the init layer");
	auto_fd int dir = e->num ? FD_NONE : openat(data_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (e->num == 0 && dir < 0)
		err_sys(e, "open the init layer");
	if (e->num == 0)
		err_told(fill(dir, e));
	umask(before);
	if (e->num == 0 && renameat(data_fd, name, data_fd, INITLAYER_NAME) < 0 && errno != EEXIST &&
		errno != ENOTEMPTY)
		err_sys(e, "name the init layer");
	err_clear(&ignored);
	err_told(path_remove_tree(data_fd, name, &ignored)); /* absent when it was named */
	return e->num ? -e->num : 0;
}

int initlayer_open(int data_fd, struct err *e)
{
	int fd = open_it(data_fd);

	if (fd < 0 && errno == ENOENT) {
		if (make(data_fd, e) < 0)
			return -e->num;
		fd = open_it(data_fd);
	}
	return fd < 0 ? err_sys(e, "open the init layer") : fd;
}
