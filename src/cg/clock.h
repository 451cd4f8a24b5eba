#pragma once
/* Deadlines of bounded waits. */
#include <poll.h>
#include <stdint.h>
#include <time.h>

static inline int64_t cg_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* cg_left_ms - until @deadline_ms, never negative, fit for poll(2). */
static inline int cg_left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - cg_now_ms();

	return left < 0 ? 0 : left > 1 << 30 ? 1 << 30 : (int)left;
}

/* cg_pause_ms - where the kernel tells nothing to wait on: longer with each @attempt, at most 10 ms. */
static inline void cg_pause_ms(int attempt, int64_t deadline_ms)
{
	int ms = attempt < 3 ? 1 : attempt < 10 ? 2 : 10;
	int left = cg_left_ms(deadline_ms);

	(void)poll(NULL, 0, ms < left ? ms : left); /* interrupted: the caller's loop looks again anyway */
}
