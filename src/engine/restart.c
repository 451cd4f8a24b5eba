/* Restart policies. A container that ends at once, again and again, must not take the machine's
 * time: the pause grows. */
#include "engine/restart.h"

#include "base/units.h"

static bool wanted(const struct restart_facts *f)
{
	if (f->stopped_by_user)
		return false;
	switch (f->policy) {
	case CT_RESTART_NO: return false;
	case CT_RESTART_ON_FAILURE: return f->exit_code != 0 && (f->max == 0 || f->count < f->max);
	case CT_RESTART_ALWAYS:
	case CT_RESTART_UNLESS_STOPPED: return true;
	}
	return false;
}

bool restart_decide(const struct restart_facts *f, uint64_t *ret_delay_ms)
{
	if (!wanted(f))
		return false;
	uint64_t delay = f->last_delay_ms * 2;
	if (f->ran_ms >= RESTART_STEADY_MS || delay < RESTART_FIRST_MS)
		delay = RESTART_FIRST_MS;
	*ret_delay_ms = delay > RESTART_LONGEST_MS ? RESTART_LONGEST_MS : delay;
	return true;
}

uint64_t restart_ran_ms(const char *started, const char *finished)
{
	struct timespec from, to;

	if (!rfc3339_parse(started, &from) || !rfc3339_parse(finished, &to))
		return 0;
	int64_t ms = ((int64_t)to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
	return ms > 0 ? (uint64_t)ms : 0;
}
