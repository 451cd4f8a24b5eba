#pragma once
/* What a profile says about each system call number of an architecture, as ranges of numbers with one outcome.
 * Internal to sec/. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sec/seccomp_rules.h"

/* The rules v[0 … n-1] of one call, none of which contradicts another; without rules @ret for any arguments. */
struct sc_verdict {
	const struct sc_rule *v;
	size_t n;
	uint32_t ret;
};

/* The verdict for a number; @split: x86_64 and x32 (the same number with a bit set) differ. */
struct sc_outcome {
	struct sc_verdict plain, x32;
	bool split;
};

struct sc_range {
	uint32_t first; /* up to the next range's first */
	struct sc_outcome what;
};

struct sc_ranges {
	struct sc_range *v;
	size_t n, cap;
	bool failed; /* out of memory */
};

void sc_ranges_done(struct sc_ranges *r);
bool sc_same_outcome(const struct sc_outcome *a, const struct sc_outcome *b);
/* sc_range_add - from @first on @what holds, until the next one added; @first must not decrease. */
void sc_range_add(struct sc_ranges *r, uint32_t first, struct sc_outcome what);
/* sc_ranges_of - numbers 0 to last - first of @a, without the x32 bit. False: the meaning of overlapping argument
 * rules depends on an order that only libseccomp knows. */
bool sc_ranges_of(struct sc_ranges *r, const struct sc_profile *p, const struct sc_arch *a);
/* sc_ranges_join - @ret: the numbers below 2^30 of x86_64 and of x32 together. */
void sc_ranges_join(struct sc_ranges *ret, const struct sc_ranges *plain, const struct sc_ranges *x32);
/* sc_plain - the outcome "return @ret". */
static inline struct sc_outcome sc_plain(uint32_t ret)
{
	return (struct sc_outcome){ .plain = { .ret = ret } };
}
