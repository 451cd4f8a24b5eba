/* Any bytes as the tar of a layer: unpacked into a directory, without anything outside of it; and when the recipe is
 * good, the same bytes come out again. The first byte chooses how the stream is cut into chunks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "fetch/recipe.h"
#include "fetch/untar.h"
#include "sys/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fuzz_dir(void)
{
	static char path[64];
	static int fd = FD_NONE;
	struct err e = ERR_NONE;

	if (fd < 0) {
		setlocale(LC_CTYPE, "C.UTF-8");
		fmt_to(path, sizeof(path), "/dev/shm/tare-fuzz.%d", (int)getpid());
		fd = path_mkdir_host(path, 0700, &e);
		if (fd < 0)
			abort();
	}
	return fd;
}

static void fill(struct ring *ring, unsigned cut, const uint8_t *data, size_t size)
{
	size_t first = size < cut ? size : cut;

	for (size_t at = 0, n = first; at < size; at += n) {
		if (at > 0) {
			n = (size - first) / (RING_SLOTS - 2) + 1;
			n = n < size - at ? n : size - at;
		}
		if (n == 0)
			n = size - at < 512 ? size - at : 512;
		memcpy(ring_room(ring), data + at, n);
		ring_commit(ring, n);
	}
	ring_end(ring, false);
}

static void compare(int recipe_fd, int layer_fd, const uint8_t *data, size_t size)
{
	auto_retar struct retar *t = NULL;
	struct err e = ERR_NONE;
	char block[1000];
	ssize_t n;

	if (lseek(recipe_fd, 0, SEEK_SET) < 0 || retar_new(recipe_fd, layer_fd, &t, &e) < 0)
		abort();
	while ((n = retar_read(t, block, sizeof(block), &e)) > 0) {
		if ((size_t)n > size || memcmp(block, data, (size_t)n) != 0)
			abort();
		data += n;
		size -= (size_t)n;
	}
	if (n < 0 || size > 0)
		abort();
}

static void unpack(int dir, const struct unpack_how *how, struct ring *ring, const uint8_t *data, size_t size)
{
	auto_unpack struct unpack *u = NULL;
	auto_recipe struct recipe *recipe = NULL;
	struct err e = ERR_NONE;
	uint64_t unpacked;
	bool good = false;
	auto_fd int fd = openat(dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	auto_fd int layer = path_open_below(dir, "layer", O_RDONLY | O_DIRECTORY, &e);

	if (fd < 0 || layer < 0 || unpack_new(layer, how, &u, &e) < 0 || recipe_new(fd, &recipe, &e) < 0)
		abort();
	if (untar(ring, recipe, u, &e) < 0 || unpack_finish(u, &unpacked, &e) < 0)
		return;
	if (recipe_finish(recipe, &good, &e) < 0)
		abort();
	if (good && !unpack_replaced(u))
		compare(fd, layer, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct layer_limits limits = { .max_bytes = 1 << 20, .max_inodes = 200, .max_empty = 100 };
	struct layer_usage usage = { 0 };
	const struct unpack_how how = {
		.limits = &limits, .usage = &usage, .user_xattr = true, .no_devices = true, .squash_ids = true
	};
	struct err e = ERR_NONE;
	struct ring ring;
	int dir = fuzz_dir(), n = 0;

	if (size < 2 || size > 1 << 20)
		return 0;
	if (mkdirat(dir, "layer", 0700) < 0 || ring_init(&ring, &e) < 0)
		abort();
	fill(&ring, data[0] * 8U, data + 1, size - 1);
	unpack(dir, &how, &ring, data + 1, size - 1);
	ring_done(&ring);
	if (path_remove_tree(dir, "layer", &e) < 0)
		abort();
	DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	while (d && readdir(d))
		n++;
	if (!d || n != 2)
		abort();
	closedir(d);
	return 0;
}
