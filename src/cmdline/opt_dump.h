#pragma once
/* The option tables as JSON, for tools/gen-docs: man pages and completions say what the parser says. */
#include "base/buf.h"
#include "cmdline/opt.h"

/* opt_dump_text - "KEY":"VALUE", or null. */
void opt_dump_text(struct buf *b, const char *key, const char *value);
/* opt_dump - "options":[…]: every row that has a help text, and the headings between them. */
void opt_dump(struct buf *b, const struct opt_table *t);
