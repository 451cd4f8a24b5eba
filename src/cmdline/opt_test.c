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
	static const char *const lines[] = { "--bundle /b id", "--bundle=/b id", "-bundle /b id", "-bundle=/b id",
		"-b /b id", "-b/b id", "-b=/b id", "id --bundle /b", "-db /b id", "-dtb/b id", "-bundle x -b /b id" };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char line[64];
		struct result res;

		snprintf(line, sizeof(line), "%s", lines[i]);
		parse(&res, line, false);
		CHECK(res.r == 0, "%s: %s", lines[i], res.e.msg);
		CHECK(str_eq(res.s.bundle, "/b"), "%s: bundle %s", lines[i], res.s.bundle);
		CHECK(res.n == 1 && str_eq(res.argv[0], "id") && !res.argv[1], "%s: operands", lines[i]);
		arena_done(&res.arena);
	}
}

TEST(flags)
{
	static const struct {
		const char *line;
		bool on;
	} cases[] = { { "-no-subreaper", true }, { "--no-subreaper", true }, { "--no-subreaper=false", false },
		{ "--no-subreaper=true", true }, { "--no-subreaper --no-subreaper=0", false },
		{ "-no-subreaper=1", true } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char line[64];
		struct result res;

		snprintf(line, sizeof(line), "%s", cases[i].line);
		parse(&res, line, false);
		CHECK(res.r == 0 && res.s.no_subreaper == cases[i].on, "%s", cases[i].line);
	}
	struct result res;
	char cluster[] = "-dt id", negative[] = "--status-fd -1 --preserve-fds 7", old[] = "--old 3 x";
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
	CHECK(str_eq(res.s.env.v[0], "A=1") && str_eq(res.s.env.v[2], "C=3") && str_eq(res.s.env.v[4], "E=5"), "order");
	CHECK(!res.s.env.v[5], "not terminated");
	arena_done(&res.arena);
}

TEST(where_options_end)
{
	char exec[] = "-t id sh -c x --bundle", dashes[] = "-t -- -d id", single[] = "- -t";
	struct result res;

	parse(&res, exec, true);
	CHECK(res.r == 0 && res.n == 5 && str_eq(res.argv[2], "-c") && !res.s.bundle, "exec: %d", res.n);
	parse(&res, dashes, false);
	CHECK(res.r == 0 && res.n == 2 && str_eq(res.argv[0], "-d") && !res.s.detach, "--: %d", res.n);
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
		{ "--bundel x", "flag provided but not defined: --bundel", "did you mean --bundle?" },
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
		CHECK(!cases[i].msg || str_eq(res.e.msg, cases[i].msg), "%s: %s", cases[i].line, res.e.msg);
		CHECK(!cases[i].hint || str_eq(res.e.hint, cases[i].hint), "%s: %s", cases[i].line, res.e.hint);
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
	static const char *const names[] = { "create", "delete", "state", "start", "resume", "restore", "checkpoint" };

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

/* --- as docker has it ---------------------------------------------------------------------------- */

struct docker {
	bool init, tty, interactive, privileged;
	const char *name;
	struct rc_str_list publish;
	uint64_t memory, big;
	int64_t swap;
	const char *called[4];
	size_t n_called;
};

static int remember(struct opt_parse *p, const struct opt *o, const char *value, struct err *e)
{
	struct docker *d = p->dest;

	if (str_eq(value, "bad"))
		return opt_refuse(p, o, value, e, "it is %s", "bad");
	if (d->n_called < ARRAY_SIZE(d->called))
		d->called[d->n_called++] = value;
	return 0;
}

static const struct opt shared_rows[] = {
	OPT_TITLE("resources"),
	{ 'm', "memory", "BYTES", OPT(SIZE, docker, memory), "x" },
	{ 0, "swap", "N", OPT(I64, docker, swap), "x" },
	{ 0, "big", "N", OPT(U64, docker, big), "x" },
	{ 'c', "call", "VALUE", OPT_CALL, 0, "x", NULL, remember },
	{ 0, "call-flag", NULL, OPT_CALL, 0, "x", NULL, remember },
};
static const struct opt_table shared_table = OPT_TABLE(shared_rows);
static const struct opt docker_rows[] = {
	OPT_TITLE("identity"),
	{ 0, "init", NULL, OPT(FLAG, docker, init), "x" },
	{ 't', "tty", NULL, OPT(FLAG, docker, tty), "x" },
	{ 'i', "interactive", NULL, OPT(FLAG, docker, interactive), "x" },
	{ 0, "name", "NAME", OPT(TEXT, docker, name), "x" },
	{ 'p', "publish", "PORT", OPT(LIST, docker, publish), "x" },
	{ 0, "ip", "ADDRESS", OPT(TEXT, docker, name), "x" },
};

struct docker_result {
	struct docker s;
	struct arena arena;
	struct err e;
	int n, r;
	bool help;
};

static void docker_parse(struct docker_result *res, char *const *args)
{
	char *argv[16];
	size_t n = 0;
	struct opt_parse p = { .table = OPT_TABLE_AND(docker_rows, &shared_table),
		.dest = &res->s,
		.arena = &res->arena,
		.docker = true,
		.stop_at_operand = true };

	*res = (struct docker_result){ .arena = ARENA_INIT };
	for (; args[n]; n++)
		argv[n] = args[n];
	argv[n] = NULL;
	res->r = opt_parse(&p, argv, &res->n, &res->e);
	res->help = p.help;
}

TEST(clusters_of_letters)
{
	struct docker_result res;

	docker_parse(&res, (char *[]){ "-it", "image", "-p", NULL });
	CHECK(res.r == 0 && res.s.tty && res.s.interactive && res.n == 2, "-it: %s", res.e.msg);
	docker_parse(&res, (char *[]){ "-ip", "80:80", "image", NULL });
	CHECK(res.r == 0 && res.s.interactive && res.s.publish.n == 1 && !res.s.name, "-ip is -i -p, not --ip: %s",
		res.e.msg);
	CHECK(str_eq(res.s.publish.v[0], "80:80") && res.n == 1, "its value");
	arena_done(&res.arena);
	docker_parse(&res, (char *[]){ "-itp80:80", "-p=81:81", "-t=false", "image", NULL });
	CHECK(res.r == 0 && res.s.publish.n == 2 && str_eq(res.s.publish.v[1], "81:81"), "%s", res.e.msg);
	CHECK(!res.s.tty, "-t=false");
	arena_done(&res.arena);
}

TEST(values_of_docker)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = { { "0", 0 }, { "512", 512 }, { "512b", 512 }, { "1k", 1024 }, { "64M", 64 << 20 },
		{ "1.5g", 3ULL << 29 }, { "0.5KiB", 512 }, { "2gb", 2ULL << 30 },
		{ "18446744073709551615", UINT64_MAX } };
	static const char *const no_sizes[] = { "", "k", "1.k", ".5k", "-1", "1x", "1kk", "1 k", "16384p",
		"18446744073709551616", "1.2.3m", "1.1234567890k" };
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		CHECK(opt_bytes(sizes[i].text, &v) && v == sizes[i].bytes, "%s: %llu", sizes[i].text,
			(unsigned long long)v);
	for (size_t i = 0; i < ARRAY_SIZE(no_sizes); i++)
		CHECK(!opt_bytes(no_sizes[i], &v), "took \"%s\"", no_sizes[i]);
	struct docker_result res;
	docker_parse(&res, (char *[]){ "-m", "64m", "--swap", "-1", "--big=18446744073709551615", NULL });
	CHECK(res.r == 0 && res.s.memory == 64 << 20 && res.s.swap == -1 && res.s.big == UINT64_MAX, "%s", res.e.msg);
	docker_parse(&res, (char *[]){ "--call", "a", "-cb", "--call-flag", "--call-flag=0", NULL });
	CHECK(res.r == 0 && res.s.n_called == 4, "%s", res.e.msg);
	CHECK(str_eq(res.s.called[1], "b") && str_eq(res.s.called[2], "true") && str_eq(res.s.called[3], "false"),
		"values of calls");
}

TEST(refusals_in_docker_words)
{
	static const struct {
		char *arg;
		const char *msg, *hint;
	} cases[] = {
		{ "--mame", "unknown flag: --mame", "did you mean --name?" },
		{ "--mame=x", "unknown flag: --mame", "did you mean --name?" },
		{ "--memori", "unknown flag: --memori", "did you mean --memory?" },
		{ "-x", "unknown shorthand flag: 'x' in -x", "" },
		{ "-itx", "unknown shorthand flag: 'x' in -itx", "" },
		{ "-name", "unknown shorthand flag: 'n' in -name", "did you mean --name?" },
		{ "-mlots",
			"invalid argument \"lots\" for \"-m, --memory\" flag: a size is needed, in "
			"bytes or with k, m, g or t behind it",
			"" },
		{ "--swap=x", "invalid argument \"x\" for \"--swap\" flag: a whole number is needed", "" },
		{ "--big=-1",
			"invalid argument \"-1\" for \"--big\" flag: a whole number, 0 or more, is "
			"needed",
			"" },
		{ "-cbad", "invalid argument \"bad\" for \"-c, --call\" flag: it is bad", "" },
		{ "--name", "flag needs an argument: --name requires an argument (NAME)", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct docker_result res;

		docker_parse(&res, (char *[]){ cases[i].arg, NULL });
		CHECK(res.r < 0 && res.e.kind == ERR_USAGE, "%s", cases[i].arg);
		CHECK(str_eq(res.e.msg, cases[i].msg), "%s: %s", cases[i].arg, res.e.msg);
		CHECK(str_eq(res.e.hint, cases[i].hint), "%s: %s", cases[i].arg, res.e.hint);
	}
}

TEST(help_has_titles_and_all_tables)
{
	AUTO(buf) struct buf b = BUF_INIT;

	opt_help(&b, (struct opt_table)OPT_TABLE_AND(docker_rows, &shared_table));
	const char *identity = strstr(b.data, "\nidentity:\n"), *resources = strstr(b.data, "\nresources:\n");
	CHECK(identity && resources && identity < resources, "%s", b.data);
	CHECK(strstr(resources, "  -m, --memory BYTES"), "%s", b.data);
	CHECK(strstr(b.data, "  -h, --help"), "%s", b.data);
}

TEST_MAIN(T(clusters_of_letters), T(values_of_docker), T(refusals_in_docker_words), T(help_has_titles_and_all_tables),
	T(notations_of_a_value), T(flags), T(lists_keep_order), T(where_options_end), T(refusals_name_the_argument),
	T(help_wins), T(nearest))
