#pragma once
/* JSON for eyes, as docker indents it. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/json.h"

/* json_pretty - @v with four blanks a level, empty lists and objects on one line. */
void json_pretty(const struct json *v, unsigned level, struct buf *ret);
/* json_pretty_text - the same of a document that is still text. */
int json_pretty_text(const struct buf *text, struct arena *a, struct buf *ret, struct err *e) must_check;
