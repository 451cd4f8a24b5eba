/* state.json and the mark from any bytes: refused with a reason, or taken; and what is taken is written and read
 * again as the same. */
#include <stdint.h>
#include <string.h>
#include "base/str.h"
#include "runtime/stateformat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct rt_state *s)
{
	AUTO(buf) struct buf one = BUF_INIT, two = BUF_INIT;
	struct rt_state t = { .arena = ARENA_INIT };
	struct err e = ERR_NONE;

	rt_state_format(s, &one);
	if (rt_state_parse(one.data, one.len, &t, &e) < 0)
		abort();
	rt_state_format(&t, &two);
	if (!str_eq(one.data, two.data))
		abort();
	rt_state_done(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rt_state s = { .arena = ARENA_INIT };
	struct err e = ERR_NONE;

	if (rt_state_parse((const char *)data, size, &s, &e) == 0)
		again(&s);
	else if (e.num != ENOMEM && (e.kind != ERR_CORRUPT || !e.msg[0]))
		abort();
	rt_state_done(&s);
	err_clear(&e);
	if (rt_state_parse_mark((const char *)data, size, "web", &s, &e) == 0 && s.cgroup_path &&
		strstr(s.cgroup_path, "/../"))
		abort();
	rt_state_done(&s);
	return 0;
}
