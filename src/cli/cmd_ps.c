/* ps */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/human.h"
#include "cli/pslist.h"
#include "cli/sizes.h"
#include "cmdline/utf8.h"

enum { SHORT_ID = 12, SHORT_COMMAND = 20, MOUNT_COLUMNS = 15 };

struct ps_opts {
	bool all, latest, no_trunc, quiet, size;
	int32_t last;
	const char *format;
	struct rc_str_list filters;
};

static const struct opt ps_rows[] = {
	{ 'a', "all", NULL, OPT(FLAG, ps_opts, all), "all containers, not only those that run" },
	{ 'f', "filter", "KEY=VALUE", OPT(LIST, ps_opts, filters),
		"only those: ancestor, before, exited, expose, health, id, label, name, network, "
		"publish, since, status, volume" },
	{ 0, "format", "FORMAT", OPT(TEXT, ps_opts, format), "table (default), json, or a template" },
	{ 'n', "last", "N", OPT(I32, ps_opts, last), "the N that were created last, whatever their state" },
	{ 'l', "latest", NULL, OPT(FLAG, ps_opts, latest), "the one that was created last" },
	{ 0, "no-trunc", NULL, OPT(FLAG, ps_opts, no_trunc), "whole ids and commands" },
	{ 'q', "quiet", NULL, OPT(FLAG, ps_opts, quiet), "ids only" },
	{ 's', "size", NULL, OPT(FLAG, ps_opts, size), "how much each has written, too" },
};

static const struct ps_opts ps_defaults = { .last = -1 };

struct making {
	struct cli *c;
	const struct ps_opts *o;
	int64_t now;
	bool size;
};

static void put_text(struct buf *b, const char *s)
{
	buf_str(b, s ? s : "");
}

/* The program with its arguments in quotes, cut to a few columns. */
static void put_command(const struct making *m, const struct listed *p, struct buf *b)
{
	size_t n = p->entrypoint.n + p->cmd.n;

	buf_str(b, "\"");
	for (size_t i = 0; i < n; i++) {
		buf_str(b, i ? " " : "");
		buf_str(b, i < p->entrypoint.n ? p->entrypoint.v[i] : p->cmd.v[i - p->entrypoint.n]);
	}
	if (b->failed)
		return;
	if (!m->o->no_trunc && b->len - 1 > SHORT_COMMAND && utf8_columns(b->data + 1) > SHORT_COMMAND) {
		b->len = 1 + utf8_prefix(b->data + 1, SHORT_COMMAND - 1);
		b->data[b->len] = '\0';
		buf_str(b, "\xe2\x80\xa6");
	}
	buf_str(b, "\"");
	for (size_t i = 0; !b->failed && i < b->len; i++)
		if ((unsigned char)b->data[i] < 0x20 || b->data[i] == 0x7f)
			b->data[i] = ' '; /* line ends and escape sequences of an image do not reach the terminal */
}

static void put_created_at(const struct making *m, const struct listed *p, struct buf *b)
{
	char text[HUMAN_SIZE];

	human_time(ps_created(p), text);
	buf_printf(b, "%s", text);
}

static void put_id(const struct making *m, const struct listed *p, struct buf *b)
{
	buf_printf(b, "%.*s", m->o->no_trunc ? CT_ID_LEN : SHORT_ID, p->id);
}

static void put_image(const struct making *m, const struct listed *p, struct buf *b)
{
	put_text(b, p->image ? p->image : p->rootfs);
}

static void put_labels(const struct making *m, const struct listed *p, struct buf *b)
{
	const struct rc_kv_list *l = &p->labels;

	for (size_t i = 0; i < l->n; i++)
		buf_printf(b, "%s%s=%s", i ? "," : "", l->v[i].key, l->v[i].value);
}

static void put_volumes(const struct making *m, const struct listed *p, struct buf *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < p->n_mounts; i++)
		n += p->mounts[i].type == CT_MOUNT_VOLUME;
	buf_printf(b, "%u", n);
}

static void put_mounts(const struct making *m, const struct listed *p, struct buf *b)
{
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct ct_mount *mount = &p->mounts[i];
		size_t n = str_len(mount->source);
		bool cut = !m->o->no_trunc && n > MOUNT_COLUMNS;

		if (mount->type == CT_MOUNT_TMPFS)
			continue;
		buf_printf(b, "%s%.*s%s", b->len ? "," : "", (int)(cut ? MOUNT_COLUMNS - 1 : n),
			mount->source ? mount->source : "", cut ? "\xe2\x80\xa6" : "");
	}
}

static void put_name(const struct making *m, const struct listed *p, struct buf *b)
{
	put_text(b, p->name);
}

static void put_network(const struct making *m, const struct listed *p, struct buf *b)
{
	const char *network = p->network;

	put_text(b, network ? network : "default");
}

static void put_platform(const struct making *m, const struct listed *p, struct buf *b)
{
	put_text(b, p->platform);
}

static void put_ports(const struct making *m, const struct listed *p, struct buf *b)
{
	const struct rc_str_list *ports = &p->exposed_ports;

	for (size_t i = 0; i < ports->n; i++)
		buf_printf(b, "%s%s", i ? ", " : "", ports->v[i]);
}

static void put_running_for(const struct making *m, const struct listed *p, struct buf *b)
{
	char text[HUMAN_SIZE];

	human_duration(m->now - ps_created(p), text);
	buf_printf(b, "%s ago", text);
}

static void put_size(const struct making *m, const struct listed *p, struct buf *b)
{
	char written[HUMAN_SIZE], virtual_[HUMAN_SIZE];

	if (!m->size) {
		put_text(b, "0B");
		return;
	}
	struct container_sizes s = sizes_of_container(m->c, p->id, p->image_id);
	human_bytes(s.written, written);
	human_bytes(s.written + s.image, virtual_);
	buf_printf(b, "%s (virtual %s)", written, virtual_);
}

static void put_state(const struct making *m, const struct listed *p, struct buf *b)
{
	put_text(b, ct_state_names[p->state]);
}

/* How long ago @time was. */
static void since(const struct making *m, const char *time, char dst[static HUMAN_SIZE])
{
	int64_t t;

	human_duration(human_parse_time(time, &t) ? m->now - t : 0, dst);
}

static void put_status(const struct making *m, const struct listed *p, struct buf *b)
{
	static const char *const health[CT_N_HEALTH] = { [CT_HEALTH_STARTING] = " (health: starting)",
		[CT_HEALTH_HEALTHY] = " (healthy)",
		[CT_HEALTH_UNHEALTHY] = " (unhealthy)" };
	char ago[HUMAN_SIZE];

	since(m, p->since, ago);
	switch (p->state) {
	case CT_RUNNING: buf_printf(b, "Up %s%s", ago, p->has_health ? health[p->health] : ""); break;
	case CT_PAUSED: buf_printf(b, "Up %s (Paused)", ago); break;
	case CT_RESTARTING: buf_printf(b, "Restarting (%d) %s ago", p->exit_code, ago); break;
	case CT_EXITED:
		if (p->exit_unknown) /* the monitor was killed: nobody was told */
			buf_printf(b, "Exited (?) %s ago", ago);
		else
			buf_printf(b, "Exited (%d) %s ago", p->exit_code, ago);
		break;
	case CT_REMOVING: put_text(b, "Removal In Progress"); break;
	case CT_CREATED:
	case CT_N_STATES: put_text(b, "Created"); break;
	}
}

/* In the order of docker's JSON. */
static const struct column {
	const char *key, *heading;
	void (*put)(const struct making *m, const struct listed *p, struct buf *b);
} columns[] = {
	{ "Command", "COMMAND", put_command },
	{ "CreatedAt", "CREATED AT", put_created_at },
	{ "ID", "CONTAINER ID", put_id },
	{ "Image", "IMAGE", put_image },
	{ "Labels", "LABELS", put_labels },
	{ "LocalVolumes", "LOCAL VOLUMES", put_volumes },
	{ "Mounts", "MOUNTS", put_mounts },
	{ "Names", "NAMES", put_name },
	{ "Networks", "NETWORKS", put_network },
	{ "Platform", "PLATFORM", put_platform },
	{ "Ports", "PORTS", put_ports },
	{ "RunningFor", "CREATED", put_running_for },
	{ "Size", "SIZE", put_size },
	{ "State", "STATE", put_state },
	{ "Status", "STATUS", put_status },
};

/* The usual table. */
static const char *const shown[] = { "ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names", "Size" };

/* All members: a template may use any, and in ways of its own. */
static void add_row(struct rows *rows, const struct making *m, const struct listed *p, struct buf *cell)
{
	struct json *row = rows_add(rows);

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		cell->len = 0;
		buf_str(cell, "");
		columns[i].put(m, p, cell);
		const char *kept = cell->failed ? NULL : arena_dup(rows->arena, cell->data);
		rows->failed |= !kept;
		rows_text(rows, row, columns[i].key, kept);
	}
}

static const struct column *find_column(const char *key)
{
	size_t i = 0;

	while (!str_eq(columns[i].key, key)) /* those of the usual table are there */
		i++;
	return &columns[i];
}

static int print_usual(const struct making *m, const struct ps_list *l, size_t n, struct err *e)
{
	size_t n_shown = ARRAY_SIZE(shown) - !m->size;
	const struct column *all[ARRAY_SIZE(shown)];
	AUTO(buf) struct buf cell = BUF_INIT;
	AUTO(buf) struct buf b = BUF_INIT;

	for (size_t k = 0; k < n_shown; k++) {
		all[k] = find_column(shown[k]);
		buf_printf(&b, "%s%s", k ? "\t" : "", all[k]->heading);
	}
	buf_str(&b, "\n");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n_shown; k++) {
			cell.len = 0;
			buf_str(&cell, "");
			all[k]->put(m, l->v[i], &cell);
			if (buf_err(&cell, e) < 0)
				return -e->num;
			buf_shown(&b, cell.data, "");
			buf_add(&b, k + 1 < n_shown ? "\t" : "\n", 1);
		}
	return format_table(&b, m->o->no_trunc, e);
}

/* {{.Label "key"}}: from the entry behind the row. Rows and entries are in the same order, so the
 * id finds it. */
static const struct ps_list *labels_from;

static const struct json *label(const struct json *row, const char *name, const char *key, struct arena *a)
{
	const struct json *id = json_member(row, "ID");
	struct json *v = str_eq(name, "Label") ? arena_new(a, struct json) : NULL;

	if (!v || !id)
		return NULL;
	*v = (struct json){ .kind = JSON_KIND_STRING, .text = (char *)"" };
	for (size_t i = 0; i < labels_from->n; i++) {
		const struct rc_kv_list *l = &labels_from->v[i]->labels;

		if (!str_starts(labels_from->v[i]->id, id->text))
			continue;
		for (size_t k = 0; k < l->n; k++)
			if (str_eq(l->v[k].key, key))
				*v = (struct json){ .kind = JSON_KIND_STRING,
					.text = l->v[k].value,
					.n = (uint32_t)strlen(l->v[k].value) };
	}
	return v;
}

static int quiet(const struct ps_list *l, size_t n, bool whole, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%.*s\n", whole ? CT_ID_LEN : SHORT_ID, l->v[i]->id);
	return cli_write(&b, e);
}

static int print_formatted(
	struct making *m, const struct ps_list *l, size_t n, const struct format_how *how, struct err *e)
{
	struct rows rows = ROWS_INIT(&m->c->arena);
	AUTO(buf) struct buf cell = BUF_INIT;

	m->size = m->size || (!str_eq(how->format, "json") && format_needs(m->c, how, "Size"));
	labels_from = l;
	for (size_t i = 0; i < n; i++)
		add_row(&rows, m, l->v[i], &cell);
	return format_print(m->c, &rows, how, e);
}

static int print(struct cli *c, const struct ps_list *l, size_t n, const struct ps_opts *o, struct err *e)
{
	struct making making = { .c = c, .o = o, .now = time(NULL), .size = o->size };
	struct format_header headers[ARRAY_SIZE(columns)];
	AUTO(buf) struct buf standard = BUF_INIT;
	struct format_how how = { .format = o->format,
		.headers = headers,
		.n_headers = ARRAY_SIZE(headers),
		.method = label,
		.no_trunc = o->no_trunc };

	if (!o->format)
		return print_usual(&making, l, n, e);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		headers[i] = (struct format_header){ columns[i].key, columns[i].heading };
	for (size_t i = 0; i < ARRAY_SIZE(shown) - !o->size; i++)
		buf_printf(&standard, "%s{{.%s}}", i ? "\t" : "", shown[i]);
	if (buf_err(&standard, e) < 0)
		return -e->num;
	how.standard = standard.data;
	return print_formatted(&making, l, n, &how, e);
}

static int ps(struct cli *c, struct err *e)
{
	const struct ps_opts *o = c->opts;
	int64_t last = o->latest ? 1 : o->last;
	struct ps_want want = { .all = o->all || last >= 0, .filters = o->filters };
	struct ps_list l;
	int r = ps_read(c, &want, &l, e);

	if (r == 0) {
		size_t n = last >= 0 && (size_t)last < l.n ? (size_t)last : l.n;

		r = o->quiet && !o->format ? quiet(&l, n, o->no_trunc, e) : print(c, &l, n, o, e);
	}
	ps_done(&l);
	return r;
}

const struct command cmd_ps = {
	.name = "ps",
	.operands = "",
	.summary = "List containers",
	.opts = OPT_TABLE(ps_rows),
	.opts_size = sizeof(struct ps_opts),
	.defaults = &ps_defaults,
	.flags = CMD_ENGINE,
	.run = ps,
};
