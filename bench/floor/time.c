/* The stamps of --breakdown. Off, time_mark() is one test of a pointer: the measured program is the same. */
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

struct row {
	const char *name;
	int n;
	uint64_t ns[];
};

struct stamps {
	uint64_t last;
	int n_rows, capacity;
	char *rows;
};

static struct stamps *stamps; /* NULL: --breakdown is off */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static size_t row_size(void)
{
	return sizeof(struct row) + sizeof(uint64_t) * (size_t)stamps->capacity;
}

static struct row *row_at(int i)
{
	return (struct row *)(void *)(stamps->rows + (size_t)i * row_size());
}

void time_init(int repeat)
{
	size_t rows = FLOOR_MAX_STEPS * (sizeof(struct row) + sizeof(uint64_t) * (size_t)repeat);
	char *mem = mmap(
		NULL, sizeof(*stamps) + rows, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (mem == MAP_FAILED)
		die("memory for the stamps");
	stamps = (struct stamps *)(void *)mem;
	stamps->rows = mem + sizeof(*stamps);
	stamps->capacity = repeat;
}

void time_start(void)
{
	if (stamps)
		stamps->last = now_ns();
}

void time_mark(const char *step)
{
	struct row *row;
	uint64_t now;
	int i;

	if (!stamps)
		return;
	now = now_ns();
	for (i = 0; i < stamps->n_rows && strcmp(row_at(i)->name, step) != 0; i++)
		;
	if (i == FLOOR_MAX_STEPS)
		die("too many steps");
	row = row_at(i);
	if (i == stamps->n_rows) {
		row->name = step;
		stamps->n_rows++;
	}
	if (row->n < stamps->capacity)
		row->ns[row->n++] = now - stamps->last;
	stamps->last = now_ns(); /* the search above belongs to no step */
}

void run_steps(struct floor *f, const struct floor_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		steps[i].run(f);
		time_mark(steps[i].name);
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void time_report(void)
{
	double sum = 0;

	if (!stamps)
		return;
	printf("%-34s %9s %9s\n", "step", "median ms", "p95 ms");
	for (int i = 0; i < stamps->n_rows; i++) {
		struct row *r = row_at(i);
		double median, p95;

		qsort(r->ns, (size_t)r->n, sizeof(r->ns[0]), by_value);
		median = (double)r->ns[r->n / 2] / 1e6;
		p95 = (double)r->ns[(r->n * 95 - 1) / 100] / 1e6;
		sum += median;
		printf("%-34s %9.4f %9.4f\n", r->name, median, p95);
	}
	printf("%-34s %9.4f\n", "sum of the medians", sum);
}
