/* volume ls, volume prune */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/human.h"
#include "cli/volumefilter.h"

/* --- ls ------------------------------------------------------------------------------------------------------ */

struct ls_opts {
	bool quiet;
	const char *format;
	struct rc_str_list filters;
};

static const struct opt ls_rows[] = {
	{ 'f', "filter", "KEY=VALUE", OPT(LIST, ls_opts, filters), "only those: dangling, driver, label, name" },
	{ 0, "format", "FORMAT", OPT(TEXT, ls_opts, format), "table (default), json, or a template" },
	{ 'q', "quiet", NULL, OPT(FLAG, ls_opts, quiet), "names only" },
};

static const struct format_header headers[] = { { "Driver", "DRIVER" }, { "Name", "VOLUME NAME" },
	{ "Mountpoint", "MOUNTPOINT" }, { "Scope", "SCOPE" }, { "Labels", "LABELS" }, { "Size", "SIZE" },
	{ "Links", "LINKS" } };

static void add_row(struct rows *r, const struct volume *v, bool links, size_t n_users, const uint64_t *size)
{
	AUTO(buf) struct buf labels = BUF_INIT;
	struct json *row = rows_add(r);
	char text[HUMAN_SIZE];

	for (size_t i = 0; i < v->record.labels.n; i++)
		buf_printf(&labels, "%s%s=%s", i ? "," : "", v->record.labels.v[i].key, v->record.labels.v[i].value);
	rows_text(r, row, "Availability", "N/A");
	rows_text(r, row, "Driver", "local");
	rows_text(r, row, "Group", "N/A");
	rows_printf(r, row, "Labels", "%s", labels.data ? labels.data : "");
	if (links)
		rows_printf(r, row, "Links", "%zu", n_users);
	else
		rows_text(r, row, "Links", "N/A");
	rows_printf(r, row, "Mountpoint", "%s", v->mountpoint);
	rows_printf(r, row, "Name", "%s", v->record.name);
	rows_text(r, row, "Scope", "local");
	if (size)
		human_bytes(*size, text);
	rows_printf(r, row, "Size", "%s", size ? text : "N/A");
	rows_text(r, row, "Status", "N/A");
	r->failed |= labels.failed;
}

/* What is dear is found out when it is asked for: docker's JSON has N/A there. */
struct listing {
	struct volume_filter filter;
	struct rows rows;
	bool links, sized;
};

static int list_one(struct cli *c, const char *name, struct listing *l, struct err *e)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	AUTO(volume) struct volume v = VOLUME_INIT;
	struct rc_str_list users = { NULL, 0 };
	uint64_t size = 0;
	bool takes;

	if (volume_open(&c->engine, name, &v, e) < 0) {
		if (e->kind != ERR_NOT_FOUND)
			return -e->num;
		err_clear(e); /* removed this very moment */
		return 0;
	}
	if (volume_filter_takes(&c->engine, &l->filter, &v, &takes, e) < 0 || !takes)
		return e->num ? -e->num : 0;
	if (l->links && volume_users(&c->engine, name, &a, &users, e) < 0)
		return -e->num;
	if (l->sized && volume_size(&c->engine, name, &size, e) < 0)
		return -e->num;
	add_row(&l->rows, &v, l->links, users.n, l->sized ? &size : NULL);
	return 0;
}

static int ls(struct cli *c, struct err *e)
{
	const struct ls_opts *o = c->opts;
	struct listing l = { .rows = ROWS_INIT(&c->arena) };
	const struct format_how how = { .format = o->quiet && !o->format ? "{{.Name}}" : o->format,
		.standard = "{{.Driver}}\t{{.Name}}",
		.headers = headers,
		.n_headers = ARRAY_SIZE(headers),
		.no_trunc = true };
	struct rc_str_list names;

	l.links = o->format && strstr(o->format, ".Links");
	l.sized = o->format && strstr(o->format, ".Size");
	if (volume_filter_read(&o->filters, &c->arena, &l.filter, e) < 0 ||
		volume_list(&c->engine, &c->arena, &names, e) < 0)
		return -e->num;
	for (size_t i = 0; i < names.n; i++)
		if (list_one(c, names.v[i], &l, e) < 0)
			return -e->num;
	return format_print(c, &l.rows, &how, e);
}

const struct command cmd_volume_ls = {
	.name = "volume ls",
	.operands = "",
	.summary = "List volumes",
	.opts = OPT_TABLE(ls_rows),
	.opts_size = sizeof(struct ls_opts),
	.flags = CMD_ENGINE,
	.run = ls,
};

/* --- prune --------------------------------------------------------------------------------------------------- */

struct prune_opts {
	bool all, force;
	struct rc_str_list filters;
};

static const struct opt prune_rows[] = {
	{ 'a', "all", NULL, OPT(FLAG, prune_opts, all), "volumes with a name, too, not only anonymous ones" },
	{ 0, "filter", "KEY=VALUE", OPT(LIST, prune_opts, filters), "only those: label, label!" },
	{ 'f', "force", NULL, OPT(FLAG, prune_opts, force), "do not ask" },
};

static int confirmed(bool all, bool *ret, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	char answer[16] = "";

	buf_printf(&b,
		"WARNING! This will remove %slocal volumes not used by at least one container.\n"
		"Are you sure you want to continue? [y/N] ",
		all ? "all " : "anonymous ");
	if (cli_write(&b, e) < 0)
		return -e->num;
	ssize_t n = read(STDIN_FILENO, answer, sizeof(answer) - 1);
	*ret = n > 0 && (answer[0] == 'y' || answer[0] == 'Y') && (answer[1] == '\n' || !answer[1]);
	return 0;
}

static int prune_one(
	struct cli *c, const char *name, const struct volume_filter *f, uint64_t *freed, struct buf *out, struct err *e)
{
	AUTO(volume) struct volume v = VOLUME_INIT;
	uint64_t size;
	bool takes;
	int r = volume_open(&c->engine, name, &v, e);

	if (r == 0)
		r = volume_filter_takes(&c->engine, f, &v, &takes, e);
	if (r == 0 && takes && (f->all || volume_record_label(&v.record, VOLUME_ANONYMOUS_LABEL))) {
		r = volume_size(&c->engine, name, &size, e);
		if (r == 0)
			r = volume_remove(&c->engine, name, false, e);
		if (r == 0) {
			buf_printf(out, "%s%s\n", out->len ? "" : "Deleted Volumes:\n", name);
			*freed += size;
		}
	}
	if (r < 0 && (e->kind == ERR_NOT_FOUND || (e->kind == ERR_CONFLICT && e->num == EBUSY))) {
		err_clear(e); /* somebody was faster, or somebody uses it now */
		r = 0;
	}
	return r;
}

static int prune(struct cli *c, struct err *e)
{
	const struct prune_opts *o = c->opts;
	struct volume_filter f = { .prune = true, .all = o->all, .has_dangling = true, .dangling = true };
	AUTO(buf) struct buf out = BUF_INIT;
	struct rc_str_list names;
	char text[HUMAN_SIZE];
	uint64_t freed = 0;
	bool go = o->force;
	size_t swept;

	if (volume_filter_read(&o->filters, &c->arena, &f, e) < 0)
		return -e->num;
	f.all = f.all || o->all;
	if (!go && confirmed(f.all, &go, e) < 0)
		return -e->num;
	if (!go)
		return 0;
	if (volume_list(&c->engine, &c->arena, &names, e) < 0)
		return -e->num;
	for (size_t i = 0; i < names.n; i++)
		if (prune_one(c, names.v[i], &f, &freed, &out, e) < 0)
			return -e->num;
	if (volume_sweep(&c->engine, true, &swept, e) < 0)
		return -e->num;
	human_bytes(freed, text);
	buf_printf(&out, "%sTotal reclaimed space: %s\n", out.len ? "\n" : "", text);
	return cli_write(&out, e);
}

const struct command cmd_volume_prune = {
	.name = "volume prune",
	.operands = "",
	.summary = "Remove unused local volumes",
	.opts = OPT_TABLE(prune_rows),
	.opts_size = sizeof(struct prune_opts),
	.flags = CMD_ENGINE,
	.run = prune,
};
