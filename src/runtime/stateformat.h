#pragma once
/* state.json as text: pure, bytes in, struct or error out. */
#include "runtime/statedir.h"

/* rt_state_format, rt_state_format_mark - @s as compact JSON; the mark holds only what a killed create left
 * outside its directory, as MANAGER:PREFIX where that is a cgroup whose path is PREFIX and the id. */
void rt_state_format(const struct rt_state *s, struct buf *ret);
void rt_state_format_mark(const struct rt_state *s, struct buf *ret);
/* rt_state_parse, rt_state_parse_mark - check and store into @ret, strings in its arena. ERR_CORRUPT names the
 * field; -ENOMEM is no verdict on the text. */
int rt_state_parse(const char *text, size_t len, struct rt_state *ret, struct err *e) must_check;
int rt_state_parse_mark(const char *text, size_t len, const char *id, struct rt_state *ret, struct err *e) must_check;
