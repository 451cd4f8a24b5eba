/* apply */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/human.h"
#include "engine/apply.h"
#include "sys/io.h"

struct apply_opts {
	bool dry_run, force, special, verbose, quiet;
	const char *format;
};

static const struct opt apply_rows[] = {
	{ 'n', "dry-run", NULL, OPT(FLAG, apply_opts, dry_run), "list what would be written, write nothing" },
	{ 'f', "force", NULL, OPT(FLAG, apply_opts, force),
		"also over what the host changed since the container was made, and while the container runs" },
	{ 0, "format", "FORMAT", OPT(TEXT, apply_opts, format), "list the paths: table, json, or a template" },
	{ 'q', "quiet", NULL, OPT(FLAG, apply_opts, quiet), "no progress and no summary" },
	{ 0, "special", NULL, OPT(FLAG, apply_opts, special),
		"also devices, and files that are set-user-ID, set-group-ID or have capabilities" },
	{ 'v', "verbose", NULL, OPT(FLAG, apply_opts, verbose), "list every path that is written" },
};

static const struct format_header headers[] = { { "Kind", "KIND" }, { "Path", "PATH" }, { "Verdict", "VERDICT" },
	{ "Reason", "REASON" } };

struct listing {
	const struct apply_opts *o;
	struct rows rows;
	struct timespec shown; /* the last progress line */
	bool on_terminal, pending; /* a progress line stands on the terminal */
};

/* --- progress ------------------------------------------------------------------------------------------------ */

static void progress(void *ctx, const struct apply_total *t, size_t of)
{
	enum { EVERY_MS = 200, QUIET_MS = 1000 };
	struct listing *l = ctx;
	AUTO(buf) struct buf b = BUF_INIT;
	char size[HUMAN_SIZE];
	struct timespec now;
	struct err ignored = ERR_NONE;

	if (!l->on_terminal)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t ms = (now.tv_sec - l->shown.tv_sec) * 1000 + (now.tv_nsec - l->shown.tv_nsec) / 1000000;
	if (ms < (l->pending ? EVERY_MS : QUIET_MS))
		return;
	human_bytes(t->bytes, size);
	buf_printf(&b, "\r\033[K%zu of %zu, %s", t->added + t->changed + t->deleted, of, size);
	if (!buf_err(&b, &ignored))
		(void)!io_write_all(STDERR_FILENO, b.data, b.len, &ignored); /* nobody has to see it */
	l->shown = now;
	l->pending = true;
}

static void end_progress(struct listing *l)
{
	struct err ignored = ERR_NONE;

	if (l->pending)
		(void)!io_write_all(STDERR_FILENO, "\r\033[K", 4, &ignored);
	l->pending = false;
}

/* --- lists --------------------------------------------------------------------------------------------------- */

static const char *const verdicts[] = { "write", "leave", "refuse" };

static int add_row(struct listing *l, const struct apply_change *c)
{
	struct json *row = rows_add(&l->rows);

	rows_printf(&l->rows, row, "Kind", "%c", (int)c->kind);
	rows_printf(&l->rows, row, "Path", "%s", c->path);
	rows_text(&l->rows, row, "Reason", c->why ? c->why : "");
	rows_text(&l->rows, row, "Verdict", verdicts[c->verdict]);
	return 0;
}

/* What is written goes to stdout when it is asked for; what is not and why is for people: stderr. */
static int told(void *ctx, const struct apply_change *c, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct listing *l = ctx;

	if (l->o->format)
		return add_row(l, c);
	if (c->verdict == APPLY_WRITE && !l->o->dry_run && !l->o->verbose)
		return 0;
	if (c->verdict == APPLY_LEAVE && l->o->quiet)
		return 0;
	end_progress(l);
	if (c->verdict != APPLY_WRITE)
		buf_str(&b, c->verdict == APPLY_REFUSE ? "refused " : "left out ");
	else
		buf_printf(&b, "%c ", (int)c->kind);
	buf_shown(&b, c->path, "");
	buf_printf(&b, "%s%s\n", c->why ? ": " : "", c->why ? c->why : "");
	if (c->verdict == APPLY_WRITE || buf_err(&b, e) < 0)
		return cli_write(&b, e);
	return io_write_all(STDERR_FILENO, b.data, b.len, e);
}

static int summary(const struct apply_opts *o, const struct apply_total *t, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	char size[HUMAN_SIZE];

	human_bytes(t->bytes, size);
	if (o->dry_run)
		buf_printf(&b, "To apply: %zu added, %zu changed, %zu deleted", t->added, t->changed, t->deleted);
	else
		buf_printf(&b, "Applied: %zu added, %zu changed, %zu deleted (%s)", t->added, t->changed, t->deleted,
			size);
	if (t->left)
		buf_printf(&b, "; %zu left out", t->left);
	if (t->refused)
		buf_printf(&b, "; %zu refused", t->refused);
	buf_str(&b, "\n");
	return cli_write(&b, e);
}

/* --- the command --------------------------------------------------------------------------------------------- */

static int take_paths(struct cli *c, struct rc_str_list *ret, struct err *e)
{
	ret->v = arena_array(&c->arena, char *, (size_t)c->n_operands);
	if (!ret->v)
		return err_oom(e, "paths");
	for (int i = 1; i < c->n_operands; i++) {
		const char *p = c->operands[i];

		if (p[0] != '/')
			return err_set(
				e, ERR_USAGE, EINVAL, "%s: paths are those that tare diff shows: they begin with /", p);
		if (strstr(p, "//") || strstr(p, "/./") || strstr(p, "/../") || str_ends(p, "/..") || str_ends(p, "/."))
			return err_set(e, ERR_USAGE, EINVAL, "%s: write it without //, . and ..", p);
		ret->v[ret->n++] = c->operands[i];
	}
	return 0;
}

static int apply(struct cli *c, struct err *e)
{
	const struct apply_opts *o = c->opts;
	struct listing l = { .o = o, .rows = ROWS_INIT(&c->arena) };
	const struct format_how format = { .format = o->format,
		.standard = "{{.Kind}}\t{{.Path}}\t{{.Verdict}}\t{{.Reason}}",
		.headers = headers,
		.n_headers = ARRAY_SIZE(headers),
		.no_trunc = true };
	struct rc_str_list paths = { NULL, 0 };
	struct record r = RECORD_INIT;
	struct apply_total t = { 0 };
	struct err listed = ERR_NONE;

	if (take_paths(c, &paths, e) < 0)
		return -e->num;
	const struct apply_how how = { .paths = &paths,
		.dry_run = o->dry_run,
		.force = o->force,
		.special = o->special,
		.told = told,
		.progress = progress,
		.ctx = &l };
	l.on_terminal = !o->quiet && isatty(STDERR_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &l.shown);
	int n = record_open(&c->engine, c->operands[0], &r, e);
	if (n == 0)
		n = engine_apply(&c->engine, &r, &how, &t, e);
	end_progress(&l);
	record_done(&r);
	if (o->format && (n == 0 || l.rows.list.n)) /* what was done is told, whatever came then */
		err_told(format_print(c, &l.rows, &format, &listed));
	else if (!o->quiet && (n == 0 || t.added + t.changed + t.deleted > 0))
		err_told(summary(o, &t, &listed));
	if (n == 0 && listed.num)
		*e = listed;
	if (o->dry_run && t.refused)
		c->status = 1;
	return e->num ? err_wrap(e, "apply %s", c->operands[0]) : 0;
}

const struct command cmd_apply = {
	.name = "apply",
	.operands = "CONTAINER [PATH...]",
	.summary = "Write the changes of a container of the image \"host\" back to this machine",
	.opts = OPT_TABLE(apply_rows),
	.opts_size = sizeof(struct apply_opts),
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.run = apply,
};
