/* One command on all containers whose id matches a regular expression. */
#include <errno.h>
#include <regex.h>
#include "base/log.h"
#include "ocicli/cli.h"
#include "runtime/list.h"

int cli_each_match(
	struct cli *c, const char *regex, int (*call)(struct cli *c, const char *id, struct err *e), struct err *e)
{
	struct rt_list l;
	char why[128];
	regex_t re;

	int r = regcomp(&re, regex, REG_EXTENDED | REG_NOSUB);
	if (r) {
		regerror(r, &re, why, sizeof(why));
		return err_set(e, ERR_USAGE, EINVAL, "invalid regular expression \"%s\": %s", regex, why);
	}
	r = rt_list(&c->rt, &l, e);
	if (r < 0) {
		regfree(&re);
		return r;
	}
	for (size_t i = 0; i < l.n; i++) {
		struct err one = ERR_NONE;

		if (regexec(&re, l.v[i].id, 0, NULL, 0) == 0 && call(c, l.v[i].id, &one) < 0)
			log_warn("%s %s: %s", c->command->name, l.v[i].id, one.msg);
	}
	rt_list_done(&l);
	regfree(&re);
	return 0;
}
