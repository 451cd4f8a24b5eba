#pragma once
/* JSON for eyes: docker's layout of `inspect`. */
#include "base/buf.h"

/* indent_json - @text, compact JSON without blanks, one member a line with @step blanks a level,
 * appended; no line end behind it. */
void indent_json(const char *text, unsigned step, struct buf *ret);
