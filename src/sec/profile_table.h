#pragma once
/* The rows of the default profile. Internal to sec/. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define CAP(n) (UINT64_C(1) << (n))

/* System calls (names between blanks) that are allowed with any of @caps (0: always). */
struct profile_group {
	uint64_t caps;
	const char *names;
};

/* What never is allowed. @errno_ret ENOSYS: libraries have something older to fall back on. A call
 * that is in no row is refused, too (EPERM); these are here so that the newest number known is the
 * profile's, and what is beyond it ENOSYS. */
struct profile_refusal {
	uint64_t unless; /* allowed by a profile_group with one of these capabilities */
	int errno_ret;
	const char *names;
};

extern const struct profile_group profile_groups[];
extern const size_t profile_n_groups;
extern const struct profile_refusal profile_refusals[];
extern const size_t profile_n_refusals;
