#pragma once
/* JSON for eyes, as docker indents it. */
#include "base/buf.h"
#include "spec/json.h"

/* json_pretty - @v with four blanks a level, empty lists and objects on one line. */
void json_pretty(const struct json *v, unsigned level, struct buf *ret);
