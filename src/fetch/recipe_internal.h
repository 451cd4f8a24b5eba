#pragma once
/* What the writer and the reader of recipes agree on. */

#define RECIPE_MAGIC "tare recipe 1\n"

enum { RECIPE_LITERAL = 1 << 20 /* bytes of one record 'L' */ };
