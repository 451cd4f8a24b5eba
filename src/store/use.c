/* How much of the disk something takes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/str.h"
#include "store/layout.h"

void store_tree_use(int parent, const char *name, uint64_t *bytes)
{
	struct stat st;
	int fd;
	DIR *dir;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	*bytes += (uint64_t)st.st_blocks * 512;
	if (!S_ISDIR(st.st_mode))
		return;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		fd_close(&fd);
		return;
	}
	for (const struct dirent *d; (d = readdir(dir));)
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			store_tree_use(fd, d->d_name, bytes);
	closedir(dir);
}

int store_disk_use(struct store *s, uint64_t *ret_bytes, struct err *e)
{
	uint64_t bytes = 0;

	store_tree_use(s->data_fd, STORE_LAYERS, &bytes);
	store_tree_use(s->data_fd, STORE_BLOBS, &bytes);
	store_tree_use(s->data_fd, STORE_RECIPES, &bytes);
	*ret_bytes = bytes;
	return 0;
}
