/* system df */
#include <string.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/human.h"
#include "cli/pslist.h"
#include "cli/sizes.h"
#include "engine/volume.h"
#include "store/store.h"

struct df_opts {
	bool verbose;
	const char *format;
};

static const struct opt df_rows[] = {
	{ 0, "format", "FORMAT", OPT(TEXT, df_opts, format), "table (default), json, or a template" },
	{ 'v', "verbose", NULL, OPT(FLAG, df_opts, verbose), "each image, container and volume" },
};

struct sum {
	size_t total, active;
	uint64_t size, reclaimable;
};

struct df {
	struct cli *c;
	struct ps_list containers;
	struct rows images, each, volumes;
	struct sum image, container, volume;
};

static bool image_used(const struct df *d, const char *id)
{
	for (size_t i = 0; i < d->containers.n; i++)
		if (str_eq(d->containers.v[i]->image_id, id))
			return true;
	return false;
}

/* A layer of two images lies on the disk once: it is counted with the first one. */
static bool layer_seen(const struct rc_str_list *seen, const char *diff_id)
{
	for (size_t i = 0; i < seen->n; i++)
		if (str_eq(seen->v[i], diff_id))
			return true;
	return false;
}

static int one_image(struct df *d, struct store *s, const char *id, struct rc_str_list *seen, struct err *e)
{
	struct store_image *image = cli_image(d->c, e);
	char size[HUMAN_SIZE];
	uint64_t own = 0;
	bool found = false, used = image_used(d, id);

	if (!image)
		return -e->num;
	if (store_image_load(s, id, image, &found, e) < 0 || !found)
		return -e->num;
	for (size_t i = 0; i < image->n_layers; i++) {
		if (layer_seen(seen, image->layers[i].diff_id))
			continue;
		own += image->layers[i].size;
		if (opt_list_add(&d->c->arena, seen, image->layers[i].diff_id, e) < 0)
			return -e->num;
	}
	d->image.total++;
	d->image.active += used;
	d->image.size += own;
	d->image.reclaimable += used ? 0 : own;
	struct json *row = rows_add(&d->images);
	rows_printf(&d->images, row, "ID", "%.12s", id + strcspn(id, ":") + 1);
	human_bytes(store_image_size(image), size);
	rows_printf(&d->images, row, "Size", "%s", size);
	human_bytes(own, size);
	rows_printf(&d->images, row, "UniqueSize", "%s", size);
	rows_text(&d->images, row, "InUse", used ? "yes" : "no");
	return 0;
}

static int count_images(struct df *d, struct err *e)
{
	struct rc_str_list seen = { 0 };
	struct store_ids ids;
	struct store s;
	int r = store_open(d->c->engine.data_fd, &s, e);

	if (r < 0 || store_ids_list(&s, &ids, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n && r == 0; i++)
		r = one_image(d, &s, ids.v[i], &seen, e);
	store_ids_done(&ids);
	return r;
}

static void count_containers(struct df *d)
{
	for (size_t i = 0; i < d->containers.n; i++) {
		const struct listed *one = d->containers.v[i];
		bool runs = listed_runs(one);
		uint64_t written = sizes_of_container(d->c, one->id, one->image_id).written;
		char size[HUMAN_SIZE];
		struct json *row = rows_add(&d->each);

		d->container.total++;
		d->container.active += runs;
		d->container.size += written;
		d->container.reclaimable += runs ? 0 : written;
		human_bytes(written, size);
		rows_printf(&d->each, row, "ID", "%.12s", one->id);
		rows_text(&d->each, row, "Image", one->image);
		rows_text(&d->each, row, "Names", one->name);
		rows_printf(&d->each, row, "Size", "%s", size);
		rows_text(&d->each, row, "State", ct_state_names[one->state]);
	}
}

static int count_volumes(struct df *d, struct err *e)
{
	struct arena *a = &d->c->arena;
	struct rc_str_list names = { 0 };

	if (volume_list(&d->c->engine, a, &names, e) < 0)
		return -e->num;
	for (size_t i = 0; i < names.n; i++) {
		struct rc_str_list users = { 0 };
		char size[HUMAN_SIZE];
		uint64_t bytes = 0;

		if (volume_users(&d->c->engine, names.v[i], a, &users, e) < 0 ||
			volume_size(&d->c->engine, names.v[i], &bytes, e) < 0)
			return -e->num;
		d->volume.total++;
		d->volume.active += users.n > 0;
		d->volume.size += bytes;
		d->volume.reclaimable += users.n ? 0 : bytes;
		human_bytes(bytes, size);
		struct json *row = rows_add(&d->volumes);
		rows_printf(&d->volumes, row, "Links", "%zu", users.n);
		rows_text(&d->volumes, row, "Name", names.v[i]);
		rows_printf(&d->volumes, row, "Size", "%s", size);
	}
	return 0;
}

static void summary(struct rows *r, const char *type, const struct sum *s)
{
	char size[HUMAN_SIZE], free_[HUMAN_SIZE];
	struct json *row = rows_add(r);

	human_bytes(s->size, size);
	human_bytes(s->reclaimable, free_);
	rows_printf(r, row, "Active", "%zu", s->active);
	if (s->size)
		rows_printf(r, row, "Reclaimable", "%s (%llu%%)", free_,
			(unsigned long long)(s->reclaimable * 100 / s->size));
	else
		rows_printf(r, row, "Reclaimable", "%s", free_);
	rows_printf(r, row, "Size", "%s", size);
	rows_printf(r, row, "TotalCount", "%zu", s->total);
	rows_text(r, row, "Type", type);
}

static const struct format_header headers[] = { { "Type", "TYPE" }, { "TotalCount", "TOTAL" }, { "Active", "ACTIVE" },
	{ "Size", "SIZE" }, { "Reclaimable", "RECLAIMABLE" }, { "ID", "ID" }, { "UniqueSize", "OWN SIZE" },
	{ "InUse", "IN USE" }, { "Image", "IMAGE" }, { "Names", "NAMES" }, { "State", "STATE" },
	{ "Name", "VOLUME NAME" }, { "Links", "LINKS" } };

static int section(struct df *d, const char *title, struct rows *rows, const char *columns, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct format_how how = { .standard = columns, .headers = headers, .n_headers = ARRAY_SIZE(headers) };

	buf_printf(&b, "%s:\n\n", title);
	int r = cli_write(&b, e);
	if (r == 0)
		r = format_print(d->c, rows, &how, e);
	buf_done(&b);
	buf_str(&b, "\n");
	return r ? r : cli_write(&b, e);
}

static int print(struct df *d, const struct df_opts *o, struct err *e)
{
	struct rows sums = ROWS_INIT(&d->c->arena);
	struct format_how how = { .format = o->format,
		.standard = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
		.headers = headers,
		.n_headers = ARRAY_SIZE(headers) };

	if (!o->verbose) {
		summary(&sums, "Images", &d->image);
		summary(&sums, "Containers", &d->container);
		summary(&sums, "Local Volumes", &d->volume);
		return format_print(d->c, &sums, &how, e);
	}
	int r = section(d, "Images", &d->images, "{{.ID}}\t{{.Size}}\t{{.UniqueSize}}\t{{.InUse}}", e);
	if (r == 0)
		r = section(d, "Containers", &d->each, "{{.ID}}\t{{.Image}}\t{{.Size}}\t{{.State}}\t{{.Names}}", e);
	return r ? r : section(d, "Local Volumes", &d->volumes, "{{.Name}}\t{{.Links}}\t{{.Size}}", e);
}

static int df(struct cli *c, struct err *e)
{
	struct df d = {
		.c = c, .images = ROWS_INIT(&c->arena), .each = ROWS_INIT(&c->arena), .volumes = ROWS_INIT(&c->arena)
	};
	struct ps_want want = { .all = true };
	int r = ps_read(c, &want, &d.containers, e);

	if (r == 0)
		r = count_images(&d, e);
	if (r == 0) {
		count_containers(&d);
		r = count_volumes(&d, e);
	}
	if (r == 0)
		r = print(&d, c->opts, e);
	ps_done(&d.containers);
	return r;
}

const struct command cmd_system_df = {
	.name = "system df",
	.operands = "",
	.summary = "Show how much of the disk is used, and by what",
	.opts = OPT_TABLE(df_rows),
	.opts_size = sizeof(struct df_opts),
	.flags = CMD_ENGINE,
	.run = df,
};
