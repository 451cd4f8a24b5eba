/* One command on all containers whose id matches a regular expression. */
#include "base/log.h"
#include "ocicli/cli.h"
#include "ocicli/regex.h"
#include "runtime/list.h"

int cli_each_match(struct cli *c, const char *regex, int (*call)(struct cli *c, const char *id, struct err *e),
	struct err *e)
{
	struct rt_list l;
	struct regex re;

	int r = regex_compile(regex, &re, e);
	if (r == 0)
		r = rt_list(&c->rt, &l, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < l.n; i++) {
		struct err one = ERR_NONE;

		if (regex_matches(&re, l.v[i].id) && call(c, l.v[i].id, &one) < 0)
			log_warn("%s %s: %s", c->command->name, l.v[i].id, one.msg);
	}
	rt_list_done(&l);
	return 0;
}
