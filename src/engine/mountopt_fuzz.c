/* What people and scripts write after -v, --mount and --tmpfs. Whatever is taken is absolute, clean
 * and not the root. */
#include <assert.h>
#include <string.h>
#include "engine/mountopt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ct_mount *m)
{
	const char *d = m->destination;
	size_t n = strlen(d);

	assert(d[0] == '/' && n > 1 && d[n - 1] != '/' && !strstr(d, "//") && !strstr(d, "/./"));
	assert(!strstr(d, "/../") && (n < 3 || strcmp(d + n - 3, "/..") != 0));
	assert(m->type == CT_MOUNT_TMPFS ? !m->source : m->source && *m->source);
	assert(m->type != CT_MOUNT_VOLUME || !strchr(m->source, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const parsers[])(struct arena *, const char *, struct ct_mount *,
		struct err *) = { mountopt_volume, mountopt_mount, mountopt_tmpfs, mountopt_image_volume };

	for (size_t i = 0; i < ARRAY_SIZE(parsers); i++) {
		AUTO(arena) struct arena a = ARENA_INIT;
		struct ct_mount m;
		struct err e = ERR_NONE;
		char *text = arena_dup_n(&a, (const char *)data, size);

		if (text && parsers[i](&a, text, &m, &e) == 0)
			check(&m);
	}
	return 0;
}
