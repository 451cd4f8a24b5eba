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

static const struct format_header headers[] = { { "ID", "CONTAINER ID" }, { "Image", "IMAGE" },
	{ "Command", "COMMAND" }, { "CreatedAt", "CREATED AT" }, { "RunningFor", "CREATED" }, { "Ports", "PORTS" },
	{ "State", "STATE" }, { "Status", "STATUS" }, { "Size", "SIZE" }, { "Names", "NAMES" }, { "Labels", "LABELS" },
	{ "Mounts", "MOUNTS" }, { "Networks", "NETWORKS" }, { "LocalVolumes", "LOCAL VOLUMES" },
	{ "Platform", "PLATFORM" } };

struct making {
	struct cli *c;
	const struct ps_opts *o;
	struct rows *rows;
	struct json *row;
	int64_t now;
	bool size;
};

static void put_kept(struct making *m, const char *key, const struct buf *b)
{
	const char *kept = b->len ? arena_dup(m->rows->arena, b->data) : "";

	m->rows->failed |= b->failed || !kept;
	rows_text(m->rows, m->row, key, kept);
}

/* The program with its arguments in quotes, cut to a few columns. */
static void put_command(struct making *m, const char *key, const struct listed *p)
{
	AUTO(buf) struct buf b = BUF_INIT;
	size_t n = p->entrypoint.n + p->cmd.n;

	buf_str(&b, "\"");
	for (size_t i = 0; i < n; i++) {
		buf_str(&b, i ? " " : "");
		buf_str(&b, i < p->entrypoint.n ? p->entrypoint.v[i] : p->cmd.v[i - p->entrypoint.n]);
	}
	if (b.data && !m->o->no_trunc && b.len - 1 > SHORT_COMMAND && utf8_columns(b.data + 1) > SHORT_COMMAND) {
		b.len = 1 + utf8_prefix(b.data + 1, SHORT_COMMAND - 1);
		b.data[b.len] = '\0';
		buf_str(&b, "\xe2\x80\xa6");
	}
	buf_str(&b, "\"");
	for (size_t i = 0; b.data && i < b.len; i++)
		if ((unsigned char)b.data[i] < 0x20 || b.data[i] == 0x7f)
			b.data[i] = ' '; /* line ends and escape sequences of an image do not reach
					    the terminal */
	put_kept(m, key, &b);
}

static void put_created_at(struct making *m, const char *key, const struct listed *p)
{
	char text[HUMAN_SIZE];

	human_time(ps_created(p), text);
	rows_printf(m->rows, m->row, key, "%s", text);
}

static void put_id(struct making *m, const char *key, const struct listed *p)
{
	rows_printf(m->rows, m->row, key, "%.*s", m->o->no_trunc ? CT_ID_LEN : SHORT_ID, p->id);
}

static void put_image(struct making *m, const char *key, const struct listed *p)
{
	rows_text(m->rows, m->row, key, p->image ? p->image : p->rootfs);
}

static void put_labels(struct making *m, const char *key, const struct listed *p)
{
	const struct rc_kv_list *l = &p->labels;
	AUTO(buf) struct buf b = BUF_INIT;

	for (size_t i = 0; i < l->n; i++)
		buf_printf(&b, "%s%s=%s", i ? "," : "", l->v[i].key, l->v[i].value);
	put_kept(m, key, &b);
}

static void put_volumes(struct making *m, const char *key, const struct listed *p)
{
	unsigned n = 0;

	for (size_t i = 0; i < p->n_mounts; i++)
		n += p->mounts[i].type == CT_MOUNT_VOLUME;
	rows_printf(m->rows, m->row, key, "%u", n);
}

static void put_mounts(struct making *m, const char *key, const struct listed *p)
{
	AUTO(buf) struct buf b = BUF_INIT;

	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct ct_mount *mount = &p->mounts[i];
		size_t n = str_len(mount->source);
		bool cut = !m->o->no_trunc && n > MOUNT_COLUMNS;

		if (mount->type == CT_MOUNT_TMPFS)
			continue;
		buf_printf(&b, "%s%.*s%s", b.len ? "," : "", (int)(cut ? MOUNT_COLUMNS - 1 : n),
			mount->source ? mount->source : "", cut ? "\xe2\x80\xa6" : "");
	}
	put_kept(m, key, &b);
}

static void put_name(struct making *m, const char *key, const struct listed *p)
{
	rows_text(m->rows, m->row, key, p->name);
}

static void put_network(struct making *m, const char *key, const struct listed *p)
{
	const char *network = p->network;

	rows_text(m->rows, m->row, key, network ? network : "default");
}

static void put_platform(struct making *m, const char *key, const struct listed *p)
{
	rows_text(m->rows, m->row, key, p->platform);
}

static void put_ports(struct making *m, const char *key, const struct listed *p)
{
	const struct rc_str_list *ports = &p->exposed_ports;
	AUTO(buf) struct buf b = BUF_INIT;

	for (size_t i = 0; i < ports->n; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", ports->v[i]);
	put_kept(m, key, &b);
}

static void put_running_for(struct making *m, const char *key, const struct listed *p)
{
	char text[HUMAN_SIZE];

	human_duration(m->now - ps_created(p), text);
	rows_printf(m->rows, m->row, key, "%s ago", text);
}

static void put_size(struct making *m, const char *key, const struct listed *p)
{
	char written[HUMAN_SIZE], virtual_[HUMAN_SIZE];

	if (!m->size) {
		rows_text(m->rows, m->row, key, "0B");
		return;
	}
	struct container_sizes s = sizes_of_container(m->c, p->id, p->image_id);
	human_bytes(s.written, written);
	human_bytes(s.written + s.image, virtual_);
	rows_printf(m->rows, m->row, key, "%s (virtual %s)", written, virtual_);
}

static void put_state(struct making *m, const char *key, const struct listed *p)
{
	rows_text(m->rows, m->row, key, ct_state_names[p->state]);
}

/* How long ago @time was. */
static void since(const struct making *m, const char *time, char dst[static HUMAN_SIZE])
{
	int64_t t;

	human_duration(human_parse_time(time, &t) ? m->now - t : 0, dst);
}

static void put_status(struct making *m, const char *key, const struct listed *p)
{
	static const char *const health[CT_N_HEALTH] = { [CT_HEALTH_STARTING] = " (health: starting)",
		[CT_HEALTH_HEALTHY] = " (healthy)",
		[CT_HEALTH_UNHEALTHY] = " (unhealthy)" };
	char ago[HUMAN_SIZE];

	since(m, p->since, ago);
	switch (p->state) {
	case CT_RUNNING:
		rows_printf(m->rows, m->row, key, "Up %s%s", ago, p->has_health ? health[p->health] : "");
		break;
	case CT_PAUSED: rows_printf(m->rows, m->row, key, "Up %s (Paused)", ago); break;
	case CT_RESTARTING: rows_printf(m->rows, m->row, key, "Restarting (%d) %s ago", p->exit_code, ago); break;
	case CT_EXITED:
		if (p->exit_unknown) /* the monitor was killed: nobody was told */
			rows_printf(m->rows, m->row, key, "Exited (?) %s ago", ago);
		else
			rows_printf(m->rows, m->row, key, "Exited (%d) %s ago", p->exit_code, ago);
		break;
	case CT_REMOVING: rows_text(m->rows, m->row, key, "Removal In Progress"); break;
	case CT_CREATED:
	case CT_N_STATES: rows_text(m->rows, m->row, key, "Created"); break;
	}
}

/* In the order of docker's JSON. */
static const struct column {
	const char *key;
	void (*put)(struct making *m, const char *key, const struct listed *p);
	bool shown; /* in the usual table */
} columns[] = {
	{ "Command", put_command, true },
	{ "CreatedAt", put_created_at, false },
	{ "ID", put_id, true },
	{ "Image", put_image, true },
	{ "Labels", put_labels, false },
	{ "LocalVolumes", put_volumes, false },
	{ "Mounts", put_mounts, false },
	{ "Names", put_name, true },
	{ "Networks", put_network, false },
	{ "Platform", put_platform, false },
	{ "Ports", put_ports, true },
	{ "RunningFor", put_running_for, true },
	{ "Size", put_size, true },
	{ "State", put_state, false },
	{ "Status", put_status, true },
};

static void add_row(struct making *m, const struct listed *p)
{
	m->row = rows_add(m->rows);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (m->o->format || columns[i].shown) /* a template may use any, and in ways of its own */
			columns[i].put(m, columns[i].key, p);
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

static int print(struct cli *c, const struct ps_list *l, size_t n, const struct ps_opts *o, struct err *e)
{
	struct rows rows = ROWS_INIT(&c->arena);
	struct format_how how = { .format = o->format,
		.standard = o->size ? "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{."
				      "Status}}\t{{.Ports}}\t{{.Names}}\t{{.Size}}"
				    : "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{."
				      "Status}}\t{{.Ports}}\t{{.Names}}",
		.headers = headers,
		.n_headers = ARRAY_SIZE(headers),
		.method = label,
		.no_trunc = o->no_trunc };
	bool size = o->size || (o->format && !str_eq(o->format, "json") && format_needs(c, &how, "Size"));
	struct making making = { .c = c, .o = o, .rows = &rows, .now = time(NULL), .size = size };

	labels_from = l;
	for (size_t i = 0; i < n; i++)
		add_row(&making, l->v[i]);
	return format_print(c, &rows, &how, e);
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
