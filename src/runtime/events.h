#pragma once
/* `events`: use of resources at intervals, and out-of-memory kills as they happen. */
#include "runtime/statedir.h"

/* rt_stats - one line {"type":"stats","id":…,"data":{…}} with its newline, appended to @ret. */
int rt_stats(struct rt_context *c, const char *id, struct buf *ret, struct err *e) must_check;

/* Called with each line; a negative result ends rt_events() with it. */
typedef int (*rt_events_emit)(void *arg, const struct buf *line, struct err *e);

/* rt_events - lines for @emit until the container has ended: stats every @interval_ms, {"type":"oom","id":…} for
 * every out-of-memory event. */
int rt_events(struct rt_context *c, const char *id, uint64_t interval_ms, rt_events_emit emit, void *arg, struct err *e)
	must_check;
