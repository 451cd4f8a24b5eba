/* kill: a signal to a container, by number or name. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "ocicli/commands.h"

struct kill_opts {
	bool all, regex;
	int signal;
};

static const struct opt kill_rows[] = {
	{ 'a', "all", NULL, OPT(FLAG, kill_opts, all), "signal every process of the container",
		NULL },
	{ 'r', "regex", NULL, OPT(FLAG, kill_opts, regex),
		"CONTAINER is an extended regular expression", NULL },
};

/* "RTMIN", "RTMIN+3", "RTMAX-1" without SIG. */
static int realtime_signal(const char *name)
{
	const char *min = str_after(name, "RTMIN"), *max = str_after(name, "RTMAX"),
		   *rest = min ? min : max;
	uint64_t n = 0, span = (uint64_t)(SIGRTMAX - SIGRTMIN);

	if (!rest || (*rest && *rest != (min ? '+' : '-')))
		return 0;
	if (*rest && !parse_u64(rest + 1, span, &n))
		return 0;
	return min ? SIGRTMIN + (int)n : SIGRTMAX - (int)n;
}

static int signal_number(const char *text, int *ret, struct err *e)
{
	static const struct {
		const char *name;
		int number;
	} aliases[] = { { "IOT", SIGIOT }, { "CLD", SIGCHLD }, { "POLL", SIGPOLL } };
	char name[24];
	uint64_t n;

	if (parse_u64(text, (uint64_t)SIGRTMAX, &n)) {
		*ret = (int)n;
		return 0;
	}
	if (fmt_fits(name, sizeof(name), "%s", text)) {
		for (char *p = name; *p; p++)
			if (*p >= 'a' && *p <= 'z')
				*p = (char)(*p - 'a' + 'A');
		const char *bare = str_after(name, "SIG") ? name + 3 : name;
		if ((*ret = realtime_signal(bare)))
			return 0;
		for (int i = 1; i < SIGRTMIN; i++)
			if (str_eq(sigabbrev_np(i), bare))
				return *ret = i, 0;
		for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
			if (str_eq(aliases[i].name, bare))
				return *ret = aliases[i].number, 0;
	}
	err_set(e, ERR_USAGE, EINVAL, "unknown signal \"%s\"", text);
	return err_hint(
		e, "a number up to %d, a name such as TERM or SIGTERM, or RTMIN+N", SIGRTMAX);
}

static int kill_one(struct cli *c, const char *id, struct err *e)
{
	const struct kill_opts *o = c->opts;
	int r = rt_kill(&c->rt, id, o->signal, o->all, e);

	/* `kill --all` is how callers clean up: nothing left to kill is what they want. */
	if (r < 0 && o->all && c->like != LIKE_CRUN && e->kind == ERR_NOT_FOUND &&
		e->num == ESRCH) {
		err_clear(e);
		return 0;
	}
	return r;
}

static int kill_command(struct cli *c, struct err *e)
{
	struct kill_opts *o = c->opts;

	int r = signal_number(c->n_operands > 1 ? c->operands[1] : "TERM", &o->signal, e);
	if (r < 0)
		return r;
	return o->regex ? cli_each_match(c, c->operands[0], kill_one, e)
			: kill_one(c, c->operands[0], e);
}

const struct command cmd_kill = { .name = "kill",
	.operands = "CONTAINER [SIGNAL]",
	.summary = "send a signal (default: TERM) to a container's first process",
	.opts = OPT_TABLE(kill_rows),
	.opts_size = sizeof(struct kill_opts),
	.min_operands = 1,
	.max_operands = 2,
	.flags = CMD_STATE | CMD_STOP,
	.run = kill_command };
