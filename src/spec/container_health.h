#pragma once
/* How healthy a container is: containers/ID/health.json, in the schema of docker's State.Health, so
 * that `inspect` prints what is stored. Pure. */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "spec/container.h"

enum ct_health_status { CT_HEALTH_STARTING, CT_HEALTH_HEALTHY, CT_HEALTH_UNHEALTHY, CT_N_HEALTH };
extern const char *const ct_health_names[CT_N_HEALTH]; /* docker's words */

enum {
	CT_HEALTH_LOG = 5, /* probes that are remembered */
	CT_HEALTH_OUTPUT = 4096, /* bytes of what each said */
	CT_HEALTH_TIME = 36,
	CT_HEALTH_TIMED_OUT = -1, /* exit code */
};

struct ct_probe {
	char start[CT_HEALTH_TIME], end[CT_HEALTH_TIME]; /* RFC 3339 */
	int32_t exit_code;
	char output[CT_HEALTH_OUTPUT + 1];
};

struct ct_health_state {
	enum ct_health_status status;
	uint32_t failing_streak;
	struct ct_probe log[CT_HEALTH_LOG]; /* oldest first */
	size_t n_log;
};

/* docker's defaults where a container's configuration has 0. */
struct ct_health ct_health_effective(const struct ct_health *h);
/* ct_health_wanted - has it a test at all? */
bool ct_health_wanted(const struct ct_health *h);
/* ct_health_add - the result of one probe; @in_start_period: a failure does not count yet. True
 * when this made the container unhealthy. */
bool ct_health_add(
	struct ct_health_state *s, const struct ct_health *h, const struct ct_probe *p, bool in_start_period);
/* ct_health_output - @n bytes as a probe's output: cut, and what is no UTF-8 replaced. */
void ct_health_output(struct ct_probe *p, const char *text, size_t n);

void ct_health_write(const struct ct_health_state *s, struct buf *ret);
/* ct_health_read - ERR_CORRUPT for what ct_health_write() does not write. */
int ct_health_read(const char *text, size_t len, struct ct_health_state *ret, struct err *e) must_check;
