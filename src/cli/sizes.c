#include "cli/sizes.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "store/store.h"

enum { MAX_DEPTH = 256 };

static uint64_t below(int take_fd, unsigned depth)
{
	DIR *d = fdopendir(take_fd);
	struct dirent *entry;
	uint64_t sum = 0;

	if (!d) {
		close(take_fd);
		return 0;
	}
	while ((entry = readdir(d))) {
		struct stat st;

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, "..") ||
			fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		sum += S_ISDIR(st.st_mode) ? 0 : (uint64_t)st.st_size;
		if (!S_ISDIR(st.st_mode) || depth >= MAX_DEPTH)
			continue;
		int fd = openat(dirfd(d), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			sum += below(fd, depth + 1);
	}
	closedir(d);
	return sum;
}

uint64_t sizes_of_tree(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? 0 : below(fd, 0);
}

struct container_sizes sizes_of_container(struct cli *c, const char *id, const char *image_id)
{
	struct container_sizes s = { 0 };
	struct store_image image = STORE_IMAGE_INIT;
	struct store store;
	struct err e = ERR_NONE;
	bool found = false;
	char name[CT_ID_LEN + 8];

	fmt_to(name, sizeof(name), "%s/upper", id);
	s.written = sizes_of_tree(c->engine.containers_fd, name);
	if (!image_id || store_open(c->engine.data_fd, &store, &e) < 0)
		return s;
	if (store_image_load(&store, image_id, &image, &found, &e) == 0 && found) {
		s.image = store_image_size(&image);
		store_image_done(&image);
	}
	return s;
}
