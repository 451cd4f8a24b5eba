#include "engine/restart.h"

#include "base/test.h"

TEST(follows_the_policy)
{
	static const struct {
		struct restart_facts f;
		bool again;
	} cases[] = {
		{ { .policy = CT_RESTART_NO, .exit_code = 1 }, false },
		{ { .policy = CT_RESTART_ON_FAILURE, .exit_code = 1 }, true },
		{ { .policy = CT_RESTART_ON_FAILURE, .exit_code = 137 }, true },
		{ { .policy = CT_RESTART_ON_FAILURE, .exit_code = 0 }, false },
		{ { .policy = CT_RESTART_ON_FAILURE, .exit_code = 1, .max = 3, .count = 2 }, true },
		{ { .policy = CT_RESTART_ON_FAILURE, .exit_code = 1, .max = 3, .count = 3 }, false },
		{ { .policy = CT_RESTART_ON_FAILURE, .exit_code = 1, .count = 3000000 }, true },
		{ { .policy = CT_RESTART_ALWAYS, .exit_code = 0 }, true },
		{ { .policy = CT_RESTART_ALWAYS, .exit_code = 0, .stopped_by_user = true }, false },
		{ { .policy = CT_RESTART_UNLESS_STOPPED, .exit_code = 0 }, true },
		{ { .policy = CT_RESTART_UNLESS_STOPPED, .exit_code = 9, .stopped_by_user = true }, false },
		{ { .policy = CT_RESTART_ON_FAILURE, .exit_code = 137, .stopped_by_user = true }, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t delay = 0;

		CHECK(restart_decide(&cases[i].f, &delay) == cases[i].again, "case %zu", i);
		CHECK(delay == (cases[i].again ? 100 : 0), "case %zu: %llu ms", i, (unsigned long long)delay);
	}
}

TEST(pauses_longer_each_time)
{
	struct restart_facts f = { .policy = CT_RESTART_ALWAYS, .exit_code = 1, .ran_ms = 9999 };
	static const uint64_t expected[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000 };

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		uint64_t delay = 0;

		CHECK(restart_decide(&f, &delay) && delay == expected[i], "try %zu: %llu ms", i,
			(unsigned long long)delay);
		f.last_delay_ms = delay;
		f.count++;
	}
	f.ran_ms = 10000;
	uint64_t delay = 0;
	CHECK(restart_decide(&f, &delay) && delay == 100, "after a steady run: %llu ms", (unsigned long long)delay);
}

TEST(measures_a_run)
{
	CHECK(restart_ran_ms("2026-01-01T00:00:00.9Z", "2026-01-01T00:00:01.1Z") == 200, "across a second");
	CHECK(restart_ran_ms("2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z") == 0, "backwards");
	CHECK(restart_ran_ms("", "2026-01-01T00:00:00Z") == 0, "never started");
}

TEST_MAIN(T(follows_the_policy), T(pauses_longer_each_time), T(measures_a_run))
