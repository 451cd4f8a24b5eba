/* process.scheduler and process.ioPriority: words to the constants of sched_setattr(2) and
 * ioprio_set(2). */
#include "spec/rc.h"

#include <sched.h>
#include "base/str.h"

/* linux/sched.h and linux/ioprio.h clash with libc's headers, and linux/sched.h lacks SCHED_ISO,
 * which the spec names. */
enum { POLICY_ISO = 4, POLICY_DEADLINE = 6 };
enum { IO_CLASS_RT = 1, IO_CLASS_BE = 2, IO_CLASS_IDLE = 3 };
enum { MIN_DEADLINE_RUNTIME = 1024 }; /* 1 << DL_SCALE, sched(7) */

static const struct rd_word policy_words[] = {
	{ "SCHED_OTHER", SCHED_OTHER },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", POLICY_ISO },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", POLICY_DEADLINE },
	{ NULL, 0 },
};

static const struct rd_word flag_words[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 },
	{ "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 },
	{ "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 },
	{ NULL, 0 },
};

static int read_flag(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	int64_t bit;

	if (!rd_lookup(v, flag_words, &bit))
		return rd_unknown_word(r, v, flag_words);
	*(uint64_t *)dst = (uint64_t)bit;
	return 0;
}

static int read_flags(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements flags = { read_flag, sizeof(uint64_t), NULL };
	struct rc_scheduler *s = dst;
	void *all = NULL;
	size_t n = 0;
	int rc = rd_list(r, v, &flags, &all, &n);

	for (size_t i = 0; i < n; i++)
		s->flags |= ((const uint64_t *)all)[i];
	return rc;
}

/* Each in the words that crun's users know. */
static int check_deadline(struct rd *r, const struct json *v, const struct rc_scheduler *s)
{
	static const char what[] = "sched_setattr: `SCHED_DEADLINE`";
	unsigned long long runtime = s->runtime, deadline = s->deadline;
	unsigned long long period = s->period ? s->period : s->deadline; /* sched_setattr(2) */

	if (s->policy != POLICY_DEADLINE) {
		if (s->runtime || s->deadline || s->period)
			return rd_fail(r, NULL, NULL, "runtime, deadline and period go with SCHED_DEADLINE only");
		return 0;
	}
	if (!json_member(v, "runtime") || !json_member(v, "deadline"))
		return rd_fail(
			r, NULL, NULL, "%s requires `%s`", what, json_member(v, "runtime") ? "deadline" : "runtime");
	if (!runtime)
		return rd_fail(r, "runtime", NULL, "%s runtime must be greater than 0", what);
	if (runtime < MIN_DEADLINE_RUNTIME || runtime > INT64_MAX)
		return rd_fail(r, "runtime", NULL, "%s runtime %llu must be between %d and %lld ns", what, runtime,
			MIN_DEADLINE_RUNTIME, (long long)INT64_MAX);
	if (runtime > deadline)
		return rd_fail(r, "runtime", NULL, "%s runtime %llu must be <= deadline %llu", what, runtime, deadline);
	if (deadline > period || period > INT64_MAX)
		return rd_fail(r, "deadline", NULL, "%s deadline %llu must be <= period %llu, at most 2^63-1", what,
			deadline, period);
	return 0;
}

static int check_priority(struct rd *r, const struct rc_scheduler *s)
{
	bool realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR;

	if (realtime && s->priority == 0)
		return rd_fail(r, "priority", NULL, "must be 1 to 99 for SCHED_FIFO and SCHED_RR");
	if (!realtime && s->priority != 0)
		return rd_fail(r, "priority", NULL, "%u goes with SCHED_FIFO and SCHED_RR only", s->priority);
	return 0;
}

int rc_read_scheduler(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("policy", rd_word, struct rc_scheduler, policy, RD_MUST, .words = policy_words),
		RD("nice", rd_i32, struct rc_scheduler, nice, .min = -20, .max = 19),
		RD("priority", rd_u32, struct rc_scheduler, priority, .max = 99),
		RD_ALL("flags", read_flags),
		RD("runtime", rd_u64, struct rc_scheduler, runtime, .max = UINT64_MAX),
		RD("deadline", rd_u64, struct rc_scheduler, deadline, .max = UINT64_MAX),
		RD("period", rd_u64, struct rc_scheduler, period, .max = UINT64_MAX),
	};
	size_t errors = r->n_errors;
	void *s = NULL;
	int rc = rc_new_object(r, v, &RC_SHAPE(fields, struct rc_scheduler), &s);

	*(struct rc_scheduler **)dst = s;
	if (rc < 0 || r->n_errors != errors)
		return rc;
	rc = check_priority(r, s);
	return rc == 0 ? check_deadline(r, v, s) : rc;
}

int rc_read_io_priority(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_word classes[] = {
		{ "IOPRIO_CLASS_RT", IO_CLASS_RT },
		{ "IOPRIO_CLASS_BE", IO_CLASS_BE },
		{ "IOPRIO_CLASS_IDLE", IO_CLASS_IDLE },
		{ NULL, 0 },
	};
	static const struct rd_field fields[] = {
		RD("class", rd_word, struct rc_io_priority, class, RD_MUST, .words = classes),
		RD("priority", rd_i32, struct rc_io_priority, priority, .max = 7),
	};

	return rc_new_object(r, v, &RC_SHAPE(fields, struct rc_io_priority), dst);
}
