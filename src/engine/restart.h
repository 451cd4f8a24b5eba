#pragma once
/* Is a container that has ended started again, and when: docker's rules. Pure. */
#include "spec/container.h"

enum {
	RESTART_FIRST_MS = 100, /* doubled with each try … */
	RESTART_LONGEST_MS = 60000, /* … up to this … */
	RESTART_STEADY_MS = 10000, /* … and from the beginning again after a run of this length */
};

struct restart_facts {
	enum ct_restart policy;
	uint32_t max; /* on-failure: tries; 0 is no end */
	uint32_t count; /* restarts so far */
	int exit_code;
	bool stopped_by_user;
	uint64_t ran_ms; /* the last run */
	uint64_t last_delay_ms; /* before the last run; 0: none, or not known */
};

/* restart_decide - true: start it again after *ret_delay_ms. */
bool restart_decide(const struct restart_facts *f, uint64_t *ret_delay_ms);
/* restart_ran_ms - between two RFC 3339 times; 0 when one is none, or time went backwards. */
uint64_t restart_ran_ms(const char *started, const char *finished);
