/* Every allocation of a reading, made to fail in turn: the error is out of memory, and nothing is
 * left behind. */
#include "spec/rc_test.h"

#include <errno.h>

/* glibc's own entry, to stand in front of it; the sanitizers stand there already. */
#if defined(__SANITIZE_ADDRESS__)
#define CAN_FAIL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAN_FAIL 0
#endif
#endif
#ifndef CAN_FAIL
#define CAN_FAIL 1
#endif

static long fail_at = -1; /* counts down; the allocation that finds 0 fails; -1: none does */
static long n_held;

#if CAN_FAIL
void *__libc_malloc(size_t n);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static bool fails(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}

void *malloc(size_t n)
{
	void *p = fails() ? NULL : __libc_malloc(n);

	n_held += p != NULL;
	if (!p)
		errno = ENOMEM;
	return p;
}

void *realloc(void *old, size_t n)
{
	void *p = fails() ? NULL : __libc_realloc(old, n);

	n_held += p && !old;
	return p;
}

void free(void *p)
{
	n_held -= p != NULL;
	__libc_free(p);
}
#endif

/* A document that needs more than one block of the arena, a sorted object and room for problems. */
static char *large_document(void)
{
	char *text = malloc(1 << 16);
	size_t n = (size_t)sprintf(text,
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"},\"process\":{\"cwd\":\"/"
		"\",\"args\":[\"a\"");

	for (int i = 0; i < 2000; i++)
		n += (size_t)sprintf(text + n, ",\"%d\"", i);
	n += (size_t)sprintf(text + n,
		"],\"capabilities\":{\"bounding\":[\"X1\",\"X2\",\"X3\"]}},\"annotations\":{\"k\":"
		"\"v\"");
	for (int i = 0; i < 100; i++)
		n += (size_t)sprintf(text + n, ",\"k%d\":\"v\"", i);
	n += (size_t)sprintf(text + n, "}");
	for (int i = 0; i < 40; i++)
		n += (size_t)sprintf(text + n, ",\"u%d\":1", i);
	sprintf(text + n, "}");
	return text;
}

/* Whether the allocation that was to fail came to pass. */
static bool read_failing_at(const char *text, long n)
{
	struct rc_problems problems = { .arena = ARENA_INIT };
	struct runtime_config c = { .arena = ARENA_INIT };
	struct err e = ERR_NONE;
	long before = n_held;

	fail_at = n;
	int rc = runtime_config_read(text, strlen(text), &problems, true, &c, &e);
	bool failed = fail_at < 0;
	fail_at = -1;
	runtime_config_done(&c);
	rc_problems_done(&problems);
	CHECK(n_held == before, "allocation %ld: %ld blocks left", n, n_held - before);
	CHECK(rc < 0 && rc == -e.num, "allocation %ld: %d with %d: %s", n, rc, e.num, e.msg);
	/* the document has an error too (root.path), which may come first */
	CHECK(rc == -EINVAL || (failed && rc == -ENOMEM), "allocation %ld: %s", n, e.msg);
	return failed;
}

TEST(each_allocation_may_fail)
{
	long n = 0;

	if (!CAN_FAIL)
		SKIP("a sanitizer has taken malloc"); /* leaves by longjmp: nothing may be held yet */
	auto_free char *text = large_document();
	while (read_failing_at(text, n))
		n++;
	CHECK(n > 8, "only %ld allocations", n);
}

TEST_MAIN(T(each_allocation_may_fail))
