/* A template and a document, parted by the first zero byte: any bytes for each. */
#include "cli/template.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json *label(const struct json *data, const char *name, const char *argument, struct arena *a)
{
	return name[0] == 'L' ? json_member(data, argument) : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	AUTO(buf) struct buf out = BUF_INIT;
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	struct template *t;
	struct json *doc;
	struct err e = ERR_NONE, e2 = ERR_NONE, e3 = ERR_NONE;

	if (!zero)
		return 0;
	if (template_parse((const char *)data, &a, &t, &e) < 0) {
		if (!e.msg[0] || e.kind != ERR_USAGE)
			abort();
		return 0;
	}
	if (json_parse((const char *)zero + 1, size - (size_t)(zero + 1 - data), &a, &doc, &e2) < 0)
		return 0;
	if (template_run(t, doc, label, &a, &out, &e3) < 0 && !e3.msg[0])
		abort();
	return 0;
}
