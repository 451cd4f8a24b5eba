/* A line of mountinfo from any bytes. */
#include <stdint.h>
#include <string.h>
#include "mnt/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *line = malloc(size + 1);
	struct mountinfo m;
	size_t total;

	if (!line)
		return 0;
	memcpy(line, data, size);
	line[size] = '\0';
	if (!mountinfo_parse(line, &m))
		return 0;
	/* All of it lies within the line. */
	total = strlen(m.root) + strlen(m.mountpoint) + strlen(m.options) + strlen(m.fstype) + strlen(m.source) +
		strlen(m.super_options);
	if (total > size)
		abort();
	return 0;
}
