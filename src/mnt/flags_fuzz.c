/* Mount options from any bytes: one option a line. */
#include <stdint.h>
#include <string.h>
#include "mnt/flags.h"

enum { MAX_OPTIONS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	char *v[MAX_OPTIONS + 1], *text = arena_dup_n(&arena, (const char *)data, size);
	struct rc_str_list list = { .v = v };
	struct err e = ERR_NONE;
	struct mnt_opts o;

	while (text && list.n < MAX_OPTIONS)
		v[list.n++] = strsep(&text, "\n");
	v[list.n] = NULL;
	if (mnt_opts_parse(&list, &arena, &o, &e) < 0)
		return 0;
	(void)!mnt_opts_check_bind(&o, &e);
	if (!mnt_opts_ms_data(&o, &arena) || (o.attr_set & o.attr_clr & ~(uint64_t)0x70))
		abort(); /* nothing is both set and cleared, but for the access time modes */
	(void)mnt_opts_ms_flags(&o);
	return 0;
}
