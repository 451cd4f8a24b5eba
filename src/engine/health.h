#pragma once
/* Health checks: the monitor says when, this says what. */
#include "engine/record.h"
#include "mon/mon.h"
#include "spec/container_health.h"

/* health_settings - the probes of @m, for a container that is about to start (@fresh: nothing is
 * known of its health yet) or is adopted. Texts live in the configuration's arena. */
int health_settings(struct engine *en, struct record *r, bool fresh, struct mon *m, struct err *e) must_check;

/* health_run - one probe now: its result goes to health.json, and what was asked for is done when
 * the container became unhealthy. *ret_healthy: the program of the probe ended with 0. ERR_CONFLICT
 * when the container has no health check or does not run. */
int health_run(struct engine *en, struct record *r, bool *ret_healthy, struct err *e) must_check;

/* health_read - *ret_known is false for a container without health checks. */
int health_read(const struct record *r, bool *ret_known, struct ct_health_state *ret, struct err *e) must_check;
