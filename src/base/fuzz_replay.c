/* Runs a fuzz target over its stored corpus, without a fuzzer: a program of its own per target, a test in every
 * build. Usage: replay-TARGET DIRECTORY */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SEED = 1 << 20 };

/* A copy of exactly the seed's size, so that a sanitizer sees a read beyond its end. */
static int replay(int dir, const char *name)
{
	static uint8_t data[MAX_SEED];
	auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, data, sizeof(data));

	if (n < 0)
		return -1;
	auto_free uint8_t *copy = malloc((size_t)n + 1);
	if (!copy)
		return -1;
	for (ssize_t i = 0; i < n; i++)
		copy[i] = data[i];
	return LLVMFuzzerTestOneInput(copy, (size_t)n);
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *d;
	int n = 0, bad = 0;

	if (!dir) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		n++;
		if (replay(dirfd(dir), d->d_name) != 0) {
			fprintf(stderr, "%s: fails\n", d->d_name);
			bad++;
		}
	}
	closedir(dir);
	printf("%d seeds, %d fail\n", n, bad);
	return bad || n == 0;
}
