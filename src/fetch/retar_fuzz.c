/* Any bytes as a recipe, over an empty layer and one with a file, a FIFO and links that lead out. "z" first: the rest
 * is compressed before, so that records are reached and not only zstd's frames. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include "base/fmt.h"
#include "fetch/recipe.h"
#include "fetch/recipe_internal.h"
#include "sys/io.h"
#include "sys/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int layer(void)
{
	static int fd = FD_NONE;
	struct err e = ERR_NONE;
	char path[64];

	if (fd >= 0)
		return fd;
	fmt_to(path, sizeof(path), "/dev/shm/tare-fuzz-retar.%d", (int)getpid());
	fd = path_mkdir_host(path, 0700, &e);
	auto_fd int file = openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (io_write_all(file, "content", 7, &e) < 0 || mknodat(fd, "fifo", S_IFIFO | 0600, 0) < 0 ||
		symlinkat("/etc/passwd", fd, "out") < 0 || symlinkat("../../etc/hostname", fd, "up") < 0)
		abort();
	return fd;
}

static void put(int fd, const uint8_t *data, size_t size)
{
	auto_free char *plain = malloc(size + sizeof(RECIPE_MAGIC));
	auto_free char *packed = malloc(ZSTD_compressBound(size + sizeof(RECIPE_MAGIC)));
	struct err e = ERR_NONE;

	if (!plain || !packed)
		return;
	if (data[0] != 'z') {
		err_told(io_write_all(fd, data, size, &e));
		return;
	}
	fmt_to(plain, sizeof(RECIPE_MAGIC), "%s", RECIPE_MAGIC);
	memcpy(plain + sizeof(RECIPE_MAGIC) - 1, data + 1, size - 1);
	size_t n = ZSTD_compress(
		packed, ZSTD_compressBound(size + sizeof(RECIPE_MAGIC)), plain, size - 1 + sizeof(RECIPE_MAGIC) - 1, 1);
	err_told(io_write_all(fd, packed, n, &e));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_retar struct retar *t = NULL;
	auto_fd int fd = openat(layer(), ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	struct err e = ERR_NONE;
	char block[999];
	ssize_t n;

	if (size == 0)
		return 0;
	put(fd, data, size);
	if (lseek(fd, 0, SEEK_SET) < 0)
		abort();
	if (retar_new(fd, layer(), &t, &e) < 0)
		return 0;
	while ((n = retar_read(t, block, sizeof(block), &e)) > 0)
		if ((size_t)n > sizeof(block))
			abort();
	if (n < 0 && e.num == 0)
		abort();
	return 0;
}
