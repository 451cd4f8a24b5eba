/* The files of --env-file, from any bytes: every entry that is taken has a name and is UTF-8. */
#include "cmdline/envfile.h"

#include <stdint.h>
#include <stdlib.h>
#include "cmdline/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct rc_str_list l = { 0 };
	struct err e = ERR_NONE;

	if (envfile_parse("f", (const char *)data, size, &a, &l, &e) < 0)
		return 0;
	for (size_t i = 0; i < l.n; i++)
		if (!l.v[i][0] || l.v[i][0] == '=' || !utf8_valid(l.v[i]))
			abort();
	return 0;
}
