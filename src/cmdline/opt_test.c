/* The option parser: every notation that callers use, and every way to get it wrong. */
#include "cmdline/opt.h"

#include <string.h>
#include "base/str.h"
#include "base/test.h"
#include "spec/runtime_config.h"

struct sample {
	const char *bundle;
	bool detach, tty, no_subreaper;
	uint32_t fds;
	int32_t status_fd;
	struct rc_str_list env;
	const char *format;
};

static const struct opt rows[] = {
	{ 'b', "bundle", "DIR", OPT(TEXT, sample, bundle), "x", NULL },
	{ 'd', "detach", NULL, OPT(FLAG, sample, detach), "x", NULL },
	{ 't', "tty", NULL, OPT(FLAG, sample, tty), "x", NULL },
	{ 0, "no-subreaper", NULL, OPT(FLAG, sample, no_subreaper), "x", NULL },
	{ 0, "preserve-fds", "N", OPT(U32, sample, fds), "x", NULL },
	{ 0, "status-fd", "FD", OPT(I32, sample, status_fd), "x", NULL },
	{ 'e', "env", "NAME=VALUE", OPT(LIST, sample, env), "x", NULL },
	{ 'f', "format", "FORMAT", OPT(TEXT, sample, format), "x", "table|json" },
	{ 0, "old", "X", OPT_SKIP, 0, NULL, NULL },
};
static const struct opt above[] = { { 0, "root", "DIR", OPT_SKIP, 0, "x", NULL } };

struct result {
	struct sample s;
	struct arena arena;
	struct err e;
	char *argv[16];
	int n, r;
	bool help;
};

/* @line: arguments with a blank between each; "_" is an empty one. */
static void parse(struct result *res, char *line, bool stop)
{
	struct opt_parse p = { .table = { rows, ARRAY_SIZE(rows) },
		.elsewhere = { above, 1 },
		.dest = &res->s,
		.arena = &res->arena,
		.stop_at_operand = stop };
	size_t n = 0;

	*res = (struct result){ .arena = ARENA_INIT };
	for (char *w = line; w && *w; n++) {
		char *blank = strchr(w, ' ');

		if (blank)
			*blank++ = '\0';
		res->argv[n] = w;
		w = blank;
	}
	res->r = opt_parse(&p, res->argv, &res->n, &res->e);
	res->help = p.help;
}

TEST(notations_of_a_value)
{
	static const char *const lines[] = { "--bundle /b id", "--bundle=/b id", "-bundle /b id",
		"-bundle=/b id", "-b /b id", "-b/b id", "-b=/b id", "id --bundle /b", "-db /b id",
		"-dtb/b id", "-bundle x -b /b id" };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char line[64];
		struct result res;

		snprintf(line, sizeof(line), "%s", lines[i]);
		parse(&res, line, false);
		CHECK(res.r == 0, "%s: %s", lines[i], res.e.msg);
		CHECK(str_eq(res.s.bundle, "/b"), "%s: bundle %s", lines[i], res.s.bundle);
		CHECK(res.n == 1 && str_eq(res.argv[0], "id") && !res.argv[1], "%s: operands",
			lines[i]);
		arena_done(&res.arena);
	}
}

TEST(flags)
{
	static const struct {
		const char *line;
		bool on;
	} cases[] = { { "-no-subreaper", true }, { "--no-subreaper", true },
		{ "--no-subreaper=false", false }, { "--no-subreaper=true", true },
		{ "--no-subreaper --no-subreaper=0", false }, { "-no-subreaper=1", true } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char line[64];
		struct result res;

		snprintf(line, sizeof(line), "%s", cases[i].line);
		parse(&res, line, false);
		CHECK(res.r == 0 && res.s.no_subreaper == cases[i].on, "%s", cases[i].line);
	}
	struct result res;
	char cluster[] = "-dt id", negative[] = "--status-fd -1 --preserve-fds 7",
	     old[] = "--old 3 x";
	parse(&res, cluster, false);
	CHECK(res.s.detach && res.s.tty, "-dt");
	parse(&res, negative, false);
	CHECK(res.r == 0 && res.s.status_fd == -1 && res.s.fds == 7, "%s", res.e.msg);
	parse(&res, old, false);
	CHECK(res.r == 0 && res.n == 1, "an ignored option takes its value");
}

TEST(lists_keep_order)
{
	char line[] = "-e A=1 --env B=2 -eC=3 --env=D=4 -e E=5";
	struct result res;

	parse(&res, line, false);
	CHECK(res.r == 0 && res.s.env.n == 5, "%zu: %s", res.s.env.n, res.e.msg);
	CHECK(str_eq(res.s.env.v[0], "A=1") && str_eq(res.s.env.v[2], "C=3") &&
			str_eq(res.s.env.v[4], "E=5"),
		"order");
	CHECK(!res.s.env.v[5], "not terminated");
	arena_done(&res.arena);
}

TEST(where_options_end)
{
	char exec[] = "-t id sh -c x --bundle", dashes[] = "-t -- -d id", single[] = "- -t";
	struct result res;

	parse(&res, exec, true);
	CHECK(res.r == 0 && res.n == 5 && str_eq(res.argv[2], "-c") && !res.s.bundle, "exec: %d",
		res.n);
	parse(&res, dashes, false);
	CHECK(res.r == 0 && res.n == 2 && str_eq(res.argv[0], "-d") && !res.s.detach, "--: %d",
		res.n);
	parse(&res, single, false);
	CHECK(res.r == 0 && res.n == 1 && res.s.tty, "-");
}

TEST(refusals_name_the_argument)
{
	static const struct {
		const char *line, *msg, *hint;
	} cases[] = {
		{ "--bundle", "flag needs an argument: --bundle requires an argument (DIR)", "" },
		{ "-b", "flag needs an argument: --bundle requires an argument (DIR)", "" },
		{ "--bundel x", "flag provided but not defined: --bundel",
			"did you mean --bundle?" },
		{ "-bundel=x", NULL, NULL }, /* -b with the value "undel=x" */
		{ "--root /x", "flag provided but not defined: --root",
			"--root is a global option: put it before the command" },
		{ "--zzzzzz", "flag provided but not defined: --zzzzzz", "" },
		{ "-dx", "flag provided but not defined: -dx", NULL },
		{ "--tty=maybe", "invalid value \"maybe\" for --tty: use true or false", "" },
		{ "--preserve-fds -1",
			"invalid value \"-1\" for --preserve-fds: a number from 0 to 4294967295 is "
			"needed",
			"" },
		{ "-f yaml", "invalid value \"yaml\" for --format: use one of table json", "" },
		{ "--old", "flag needs an argument: --old requires an argument (X)", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char line[64];
		struct result res;

		snprintf(line, sizeof(line), "%s", cases[i].line);
		parse(&res, line, false);
		CHECK((res.r < 0) == !!cases[i].msg, "%s: %d", cases[i].line, res.r);
		CHECK(!cases[i].msg || str_eq(res.e.msg, cases[i].msg), "%s: %s", cases[i].line,
			res.e.msg);
		CHECK(!cases[i].hint || str_eq(res.e.hint, cases[i].hint), "%s: %s", cases[i].line,
			res.e.hint);
		CHECK(!cases[i].msg || res.e.kind == ERR_USAGE, "%s: kind", cases[i].line);
	}
}

TEST(help_wins)
{
	char late[] = "-t --help --unknown", one_dash[] = "-help", letter[] = "-h";
	struct result res;

	parse(&res, late, false);
	CHECK(res.r == 0 && res.help, "--help");
	parse(&res, one_dash, false);
	CHECK(res.r == 0 && res.help, "-help");
	parse(&res, letter, false);
	CHECK(res.r == 0 && res.help, "-h");
}

TEST(nearest)
{
	static const char *const names[] = { "create", "delete", "state", "start", "resume",
		"restore", "checkpoint" };

	CHECK(str_eq(opt_nearest("crate", names, 7), "create"), "crate");
	CHECK(str_eq(opt_nearest("strat", names, 7), "start"), "strat");
	CHECK(str_eq(opt_nearest("check", names, 7), "checkpoint"), "check");
	CHECK(!opt_nearest("qqqq", names, 7), "qqqq");
	CHECK(!opt_nearest("", names, 7), "nothing");
	char big[200];
	memset(big, 'a', sizeof(big) - 1);
	big[199] = '\0';
	CHECK(!opt_nearest(big, names, 7), "long");
}

TEST_MAIN(T(notations_of_a_value), T(flags), T(lists_keep_order), T(where_options_end),
	T(refusals_name_the_argument), T(help_wins), T(nearest))
