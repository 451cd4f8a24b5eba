/* Every document of the runtime, from any bytes. Besides memory and arithmetic (the sanitizers'
 * part) it checks that collecting problems and stopping at the first come to the same verdict, and
 * that an error always has its words. */
#include "spec/runtime_config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_verdict(int rc, const struct err *e)
{
	if ((rc < 0) != (e->num != 0) || (rc < 0 && (rc != -e->num || !e->msg[0] || e->kind != ERR_CONFIG)))
		abort();
}

static int config(const char *text, size_t size, bool collect, uint8_t digest[16])
{
	AUTO(rc_problems) struct rc_problems problems = { .arena = ARENA_INIT };
	struct runtime_config c;
	struct err e = ERR_NONE;
	int rc = runtime_config_read(text, size, collect ? &problems : NULL, collect, &c, &e);

	check_verdict(rc, &e);
	if (rc < 0)
		return rc;
	if (c.linux_.seccomp)
		memcpy(digest, c.linux_.seccomp->digest, 16);
	for (size_t i = 0; i < problems.n; i++)
		if (problems.v[i].severity == RC_ERROR)
			abort();
	runtime_config_done(&c);
	return rc;
}

static void parts(const char *text, size_t size)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct rc_process *p;
	struct rc_resources *r;
	struct rc_mount *m;
	size_t n;
	struct err e1 = ERR_NONE, e2 = ERR_NONE, e3 = ERR_NONE;

	check_verdict(rc_process_read(text, size, NULL, &a, &p, &e1), &e1);
	check_verdict(rc_resources_read(text, size, &a, &r, &e2), &e2);
	check_verdict(rc_mounts_read(text, size, &a, &m, &n, &e3), &e3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	uint8_t a[16] = { 0 }, b[16] = { 0 };

	if ((config(text, size, false, a) == 0) != (config(text, size, true, b) == 0) || memcmp(a, b, 16) != 0)
		abort();
	parts(text, size);
	return 0;
}
