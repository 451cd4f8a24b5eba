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
#include "engine/health.h"
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

/* The program with its arguments in quotes, cut to a few columns. */
static void command_text(struct rows *r, struct json *row, const struct ct_config *c, bool whole)
{
	AUTO(buf) struct buf b = BUF_INIT;
	size_t n = c->entrypoint.n + c->cmd.n;

	buf_str(&b, "\"");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i ? " " : "",
			i < c->entrypoint.n ? c->entrypoint.v[i] : c->cmd.v[i - c->entrypoint.n]);
	if (b.data && !whole && utf8_columns(b.data + 1) > SHORT_COMMAND) {
		b.len = 1 + utf8_prefix(b.data + 1, SHORT_COMMAND - 1);
		b.data[b.len] = '\0';
		buf_str(&b, "\xe2\x80\xa6");
	}
	buf_str(&b, "\"");
	for (size_t i = 0; b.data && i < b.len; i++)
		if ((unsigned char)b.data[i] < 0x20 || b.data[i] == 0x7f)
			b.data[i] = ' '; /* line ends and escape sequences of an image do not reach
					    the terminal */
	const char *kept = b.failed ? NULL : arena_dup(r->arena, b.data);
	r->failed |= !kept;
	rows_text(r, row, "Command", kept);
}

static void status_text(struct rows *r, struct json *row, const struct ps_entry *p, int64_t now)
{
	static const char *const health[CT_N_HEALTH] = { [CT_HEALTH_STARTING] = " (health: starting)",
		[CT_HEALTH_HEALTHY] = " (healthy)",
		[CT_HEALTH_UNHEALTHY] = " (unhealthy)" };
	const struct ct_status *s = &p->record.status;
	char since[HUMAN_SIZE], ended[HUMAN_SIZE];
	int64_t t;

	human_duration(human_parse_time(s->started, &t) ? now - t : 0, since);
	human_duration(human_parse_time(s->finished, &t) ? now - t : 0, ended);
	switch (s->state) {
	case CT_RUNNING: rows_printf(r, row, "Status", "Up %s%s", since, p->has_health ? health[p->health] : ""); break;
	case CT_PAUSED: rows_printf(r, row, "Status", "Up %s (Paused)", since); break;
	case CT_RESTARTING: rows_printf(r, row, "Status", "Restarting (%d) %s ago", s->exit_code, ended); break;
	case CT_EXITED:
		if (s->exit_unknown) /* the monitor was killed: nobody was told */
			rows_printf(r, row, "Status", "Exited (?) %s ago", ended);
		else
			rows_printf(r, row, "Status", "Exited (%d) %s ago", s->exit_code, ended);
		break;
	case CT_REMOVING: rows_text(r, row, "Status", "Removal In Progress"); break;
	case CT_CREATED:
	case CT_N_STATES: rows_text(r, row, "Status", "Created"); break;
	}
}

static void joined(struct rows *r, struct json *row, const char *key, const struct rc_kv_list *l)
{
	AUTO(buf) struct buf b = BUF_INIT;

	for (size_t i = 0; i < l->n; i++)
		buf_printf(&b, "%s%s=%s", i ? "," : "", l->v[i].key, l->v[i].value);
	const char *kept = l->n ? arena_dup(r->arena, b.data ? b.data : "") : "";
	r->failed |= b.failed || !kept;
	rows_text(r, row, key, kept);
}

static unsigned count_volumes(const struct ct_config *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->n_mounts; i++)
		n += c->mounts[i].type == CT_MOUNT_VOLUME;
	return n;
}

static void mounts_text(struct rows *r, struct json *row, const struct ct_config *c, bool whole)
{
	AUTO(buf) struct buf b = BUF_INIT;

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct ct_mount *m = &c->mounts[i];
		size_t n = str_len(m->source);
		bool cut = !whole && n > MOUNT_COLUMNS;

		if (m->type == CT_MOUNT_TMPFS)
			continue;
		buf_printf(&b, "%s%.*s%s", b.len ? "," : "", (int)(cut ? MOUNT_COLUMNS - 1 : n),
			m->source ? m->source : "", cut ? "\xe2\x80\xa6" : "");
	}
	const char *kept = b.len ? arena_dup(r->arena, b.data ? b.data : "") : "";
	r->failed |= b.failed || !kept;
	rows_text(r, row, "Mounts", kept);
}

static void ports_text(struct rows *r, struct json *row, const struct ct_config *c)
{
	AUTO(buf) struct buf b = BUF_INIT;

	for (size_t i = 0; i < c->exposed_ports.n; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", c->exposed_ports.v[i]);
	const char *kept = b.len ? arena_dup(r->arena, b.data ? b.data : "") : "";
	r->failed |= b.failed || !kept;
	rows_text(r, row, "Ports", kept);
}

static const char *image_text(struct rows *r, const struct ct_config *c)
{
	if (c->image)
		return c->image;
	return c->rootfs ? c->rootfs : "";
}

/* In the order of docker's JSON. */
struct row_how {
	struct cli *c;
	const struct ps_opts *o;
	bool size;
	int64_t now;
};

static void add_row(const struct row_how *how, struct rows *r, const struct ps_entry *p)
{
	const struct ps_opts *o = how->o;
	int64_t now = how->now;
	const struct record *rec = &p->record;
	const struct ct_config *ct = &rec->config;
	char text[HUMAN_SIZE];
	struct json *row = rows_add(r);

	command_text(r, row, ct, o->no_trunc);
	human_time(p->created, text);
	rows_printf(r, row, "CreatedAt", "%s", text);
	rows_printf(r, row, "ID", "%.*s", o->no_trunc ? CT_ID_LEN : SHORT_ID, rec->id);
	rows_text(r, row, "Image", image_text(r, ct));
	joined(r, row, "Labels", &ct->labels);
	rows_printf(r, row, "LocalVolumes", "%u", count_volumes(ct));
	mounts_text(r, row, ct, o->no_trunc);
	rows_text(r, row, "Names", ct->name);
	rows_text(r, row, "Networks", ct->network ? ct->network : "default");
	rows_text(r, row, "Platform", ct->platform ? ct->platform : "");
	ports_text(r, row, ct);
	human_duration(now - p->created, text);
	rows_printf(r, row, "RunningFor", "%s ago", text);
	if (how->size) {
		char written[HUMAN_SIZE], virtual_[HUMAN_SIZE];
		struct container_sizes s = sizes_of_container(how->c, rec);

		human_bytes(s.written, written);
		human_bytes(s.written + s.image, virtual_);
		rows_printf(r, row, "Size", "%s (virtual %s)", written, virtual_);
	} else {
		rows_text(r, row, "Size", "0B");
	}
	rows_text(r, row, "State", ct_state_names[rec->status.state]);
	status_text(r, row, p, now);
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
		const struct rc_kv_list *l = &labels_from->v[i]->record.config.labels;

		if (!str_starts(labels_from->v[i]->record.id, id->text))
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
		buf_printf(&b, "%.*s\n", whole ? CT_ID_LEN : SHORT_ID, l->v[i]->record.id);
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
	struct row_how row = { c, o, size, time(NULL) };

	labels_from = l;
	for (size_t i = 0; i < n; i++)
		add_row(&row, &rows, l->v[i]);
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
