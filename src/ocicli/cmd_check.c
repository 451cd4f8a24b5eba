/* check: is this bundle right, and can this host run it. Prints every problem; creates nothing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include "base/str.h"
#include "ocicli/commands.h"
#include "runtime/hostcheck.h"
#include "sys/io.h"
#include "sys/path.h"

struct check_opts {
	const char *format, *config;
};

static const struct opt check_rows[] = {
	{ 'f', "format", "FORMAT", OPT(TEXT, check_opts, format), "table (default) or json", "table|json" },
	{ 0, "config", "FILE", OPT(TEXT, check_opts, config), "the configuration, instead of config.json of the bundle",
		NULL },
};

static const char *const severity_names[] = { "warning", "error" };
static const char *const severity_columns[] = { "warning", "error  " };

/* Foreign bytes go to a terminal: control bytes are shown, not sent. */
static void add_shown(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			buf_printf(b, "\\x%02x", (unsigned char)*s);
		else
			buf_add(b, s, 1);
	}
}

static void add_table(struct buf *b, const struct rc_problems *p, size_t n_errors)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct rc_problem *one = &p->v[i];

		buf_printf(b, "%s  ", severity_columns[one->severity]);
		add_shown(b, *one->json_path ? one->json_path : "/");
		buf_str(b, ": ");
		add_shown(b, one->cause);
		if (one->remedy) {
			buf_str(b, "\n         -> ");
			add_shown(b, one->remedy);
		}
		buf_str(b, "\n");
	}
	buf_printf(b, "%zu error%s, %zu warning%s\n", n_errors, n_errors == 1 ? "" : "s", p->n - n_errors,
		p->n - n_errors == 1 ? "" : "s");
}

static void add_json(struct buf *b, const struct rc_problems *p)
{
	buf_str(b, "[");
	for (size_t i = 0; i < p->n; i++) {
		const struct rc_problem *one = &p->v[i];

		buf_printf(b, "%s\n  {\"severity\": \"%s\", \"path\": ", i ? "," : "", severity_names[one->severity]);
		buf_json_str(b, *one->json_path ? one->json_path : "/");
		buf_str(b, ", \"cause\": ");
		buf_json_str(b, one->cause);
		buf_str(b, ", \"remedy\": ");
		if (one->remedy)
			buf_json_str(b, one->remedy);
		else
			buf_str(b, "null");
		buf_str(b, "}");
	}
	buf_str(b, p->n ? "\n]\n" : "]\n");
}

static int find_problems(const struct check_opts *o, const char *bundle, struct rc_problems *p, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	struct runtime_config config;
	struct err broken = ERR_NONE;
	int r;

	auto_fd int dir = path_open_host(bundle, O_PATH | O_DIRECTORY, 0, e);
	if (dir < 0)
		return dir;
	if (o->config)
		r = cli_read_input(o->config, &text, e);
	else
		r = io_read_file_at(dir, "config.json", 17 << 20, &text, e);
	if (r < 0)
		return r;
	struct hostcheck h = {
		.config = &config, .bundle_fd = dir, .plain_user = getauxval(AT_EUID) != 0, .problems = p
	};
	if (runtime_config_examine(text.data ? text.data : "", text.len, p, &config, &broken) < 0) {
		hostcheck_add(&h, RC_ERROR, (struct hostcheck_where){ "/", 0 }, NULL, "%s",
			str_after(broken.msg, "config.json: ") ? str_after(broken.msg, "config.json: ") : broken.msg);
		return 0;
	}
	h.n_document = p->n;
	r = hostcheck_run(&h, e);
	runtime_config_done(&config);
	return r;
}

static int check(struct cli *c, struct err *e)
{
	const struct check_opts *o = c->opts;
	AUTO(rc_problems) struct rc_problems p = { .arena = ARENA_INIT };
	AUTO(buf) struct buf out = BUF_INIT;
	size_t n_errors = 0;

	int r = find_problems(o, c->n_operands ? c->operands[0] : ".", &p, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p.n; i++)
		n_errors += p.v[i].severity == RC_ERROR;
	if (str_eq(o->format, "json"))
		add_json(&out, &p);
	else
		add_table(&out, &p, n_errors);
	c->status = n_errors ? 1 : 0;
	return cli_write(&out, e);
}

const struct command cmd_check = { .name = "check",
	.operands = "[BUNDLE]",
	.summary = "validate a bundle against the specification and this host",
	.opts = OPT_TABLE(check_rows),
	.opts_size = sizeof(struct check_opts),
	.max_operands = 1,
	.run = check };
