#pragma once
/* /etc/hosts, /etc/hostname and /etc/resolv.conf of a container: files of its record, bound into it. */
#include "engine/record.h"

/* etcfiles_write - made anew at each start. */
int etcfiles_write(const struct engine *en, const struct record *r, struct err *e) must_check;
