#pragma once
/* What `events` tells of a container's resctrl group. */
#include "base/buf.h"

/* rt_rdt_stats - append ,"intel_rdt":{…} for the group at @path (relative to resctrl's root); nothing when resctrl
 * is not mounted or the group is gone. resctrl.rst. */
void rt_rdt_stats(const char *path, struct buf *ret);
