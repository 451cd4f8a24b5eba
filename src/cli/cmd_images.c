/* images, history */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <time.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/human.h"
#include "engine/image.h"

enum { SHORT_ID = 12, SHORT_COMMAND = 45 };

/* --- images -------------------------------------------------------------------------------------------------- */

struct images_opts {
	bool all, quiet, no_trunc, digests;
	const char *format;
	struct rc_str_list filters;
};

static const struct opt images_rows[] = {
	{ 'a', "all", NULL, OPT(FLAG, images_opts, all), "accepted: there are no hidden images here" },
	{ 0, "digests", NULL, OPT(FLAG, images_opts, digests), "show the digest of each manifest" },
	{ 'f', "filter", "KEY=VALUE", OPT(LIST, images_opts, filters),
		"only those: before, dangling, label, reference, since" },
	{ 0, "format", "FORMAT", OPT(TEXT, images_opts, format), "table (default), json, or a template" },
	{ 0, "no-trunc", NULL, OPT(FLAG, images_opts, no_trunc), "whole ids" },
	{ 'q', "quiet", NULL, OPT(FLAG, images_opts, quiet), "ids only" },
};

static const struct format_header images_headers[] = { { "Repository", "REPOSITORY" }, { "Tag", "TAG" },
	{ "Digest", "DIGEST" }, { "ID", "IMAGE ID" }, { "CreatedSince", "CREATED" }, { "CreatedAt", "CREATED AT" },
	{ "Size", "SIZE" } };

struct listing {
	struct cli *c;
	const struct images_opts *o;
	struct store store;
	struct store_refs refs;
	struct rows rows;
	int64_t now, before, since; /* of filters: when those images were made */
};

static int64_t created_of(const struct store_image *image)
{
	int64_t t;

	return image->created && human_parse_time(image->created, &t) ? t : 0;
}

static bool has_label(const struct store_image *image, const char *want)
{
	size_t n = strcspn(want, "=");

	for (size_t i = 0; i < image->run.labels.n; i++) {
		const struct rc_kv *l = &image->run.labels.v[i];

		if (strlen(l->key) == n && memcmp(l->key, want, n) == 0 && (!want[n] || str_eq(l->value, want + n + 1)))
			return true;
	}
	return false;
}

/* As docker: the pattern may leave out the tag, or everything but the last part of the name. */
static bool matches_reference(const char *familiar, const char *pattern)
{
	char bare[IMAGE_REF_MAX + 1];

	if (!familiar)
		return false;
	if (fnmatch(pattern, familiar, FNM_PATHNAME) == 0)
		return true;
	size_t n = strlen(familiar);
	const char *at = strchr(familiar, '@'), *colon = at ? at : strrchr(familiar, ':');
	if (colon && !strchr(colon, '/'))
		n = (size_t)(colon - familiar);
	memcpy(bare, familiar, n);
	bare[n] = '\0';
	return fnmatch(pattern, bare, FNM_PATHNAME) == 0;
}

static bool wanted(const struct listing *l, const struct store_image *image, const char *name)
{
	const char *familiar = name ? image_ref_familiar(name) : NULL;
	int64_t t = created_of(image);

	for (size_t i = 0; i < l->o->filters.n; i++) {
		const char *f = l->o->filters.v[i], *v;

		if ((v = str_after(f, "label=")) && !has_label(image, v))
			return false;
		if ((v = str_after(f, "reference=")) && (!familiar || !matches_reference(familiar, v)))
			return false;
		if ((v = str_after(f, "dangling=")) && (str_eq(v, "true") || str_eq(v, "1")) != (name == NULL))
			return false;
	}
	if (l->c->n_operands && (!familiar || !matches_reference(familiar, l->c->operands[0])))
		return false;
	return t < l->before && t > l->since;
}

static int filter_time(struct listing *l, const char *name, int64_t *ret, struct err *e)
{
	struct store_image image = STORE_IMAGE_INIT;
	int r = image_need(&l->c->engine, name, &image, e);

	if (r == 0)
		*ret = created_of(&image);
	store_image_done(&image);
	return r;
}

static int read_filters(struct listing *l, struct err *e)
{
	static const char *const known[] = { "label=", "reference=", "dangling=", "before=", "since=" };

	l->before = INT64_MAX;
	l->since = INT64_MIN;
	for (size_t i = 0; i < l->o->filters.n; i++) {
		const char *f = l->o->filters.v[i];
		bool ok = false;

		for (size_t k = 0; k < ARRAY_SIZE(known); k++)
			ok |= str_starts(f, known[k]);
		if (!ok)
			return err_set(e, ERR_USAGE, EINVAL,
				"invalid filter '%.64s'; before, dangling, label, reference and since are known", f);
		if ((str_starts(f, "before=") && filter_time(l, f + 7, &l->before, e) < 0) ||
			(str_starts(f, "since=") && filter_time(l, f + 6, &l->since, e) < 0))
			return -e->num;
	}
	return 0;
}

static void id_text(struct rows *r, struct json *row, const char *id, bool whole)
{
	if (whole)
		rows_printf(r, row, "ID", "%s", id);
	else
		rows_printf(r, row, "ID", "%.*s", SHORT_ID, image_digest_hex(id));
}

static void add_image(struct listing *l, const struct store_image *image, const char *name)
{
	const char *familiar = name ? image_ref_familiar(name) : NULL;
	const char *at = familiar ? strchr(familiar, '@') : NULL,
		   *colon = at ? at
		: familiar     ? strrchr(familiar, ':')
			       : NULL;
	int64_t created = created_of(image);
	char size[HUMAN_SIZE], since[HUMAN_SIZE], when[HUMAN_SIZE];
	struct rows *r = &l->rows;
	struct json *row = rows_add(r);

	human_bytes(store_image_size(image), size);
	human_duration(l->now - created, since);
	human_time(created, when);
	rows_text(r, row, "Containers", "N/A");
	rows_printf(r, row, "CreatedAt", "%s", when);
	rows_printf(r, row, "CreatedSince", created ? "%s ago" : "N/A", since);
	rows_printf(r, row, "Digest", "%s", at ? at + 1 : image->manifest ? image->manifest : "<none>");
	id_text(r, row, image->id, l->o->no_trunc);
	if (colon)
		rows_printf(r, row, "Repository", "%.*s", (int)(colon - familiar), familiar);
	else
		rows_text(r, row, "Repository", "<none>");
	rows_text(r, row, "SharedSize", "N/A");
	rows_printf(r, row, "Size", "%s", size);
	rows_printf(r, row, "Tag", "%s", colon && !at ? colon + 1 : "<none>");
	rows_text(r, row, "UniqueSize", "N/A");
	rows_printf(r, row, "VirtualSize", "%s", size);
}

static void add_names(struct listing *l, const struct store_image *image)
{
	bool named = false;

	for (size_t i = 0; i < l->refs.n; i++) {
		if (!str_eq(l->refs.v[i].id, image->id))
			continue;
		named = true;
		if (!wanted(l, image, l->refs.v[i].name))
			continue;
		char *kept = arena_dup(&l->c->arena, l->refs.v[i].name);
		l->rows.failed |= !kept;
		if (kept)
			add_image(l, image, kept);
		if (l->o->quiet)
			return; /* an id is shown once */
	}
	if (!named && wanted(l, image, NULL))
		add_image(l, image, NULL);
}

static int by_created(const void *a, const void *b)
{
	int64_t x = created_of(*(struct store_image *const *)a), y = created_of(*(struct store_image *const *)b);

	return x > y ? -1 : x < y;
}

static int collect(struct listing *l, struct err *e)
{
	AUTO(store_ids) struct store_ids ids = { .arena = ARENA_INIT };
	struct store_image **v;
	size_t n = 0;

	if (store_open(l->c->engine.data_fd, &l->store, e) < 0 || store_ids_list(&l->store, &ids, e) < 0)
		return -e->num;
	v = arena_array(&l->c->arena, struct store_image *, ids.n + 1);
	for (size_t i = 0; v && i < ids.n; i++) {
		bool found;

		v[n] = cli_image(l->c, e);
		if (!v[n])
			return -e->num;
		if (store_image_load(&l->store, ids.v[i], v[n], &found, e) < 0)
			return -e->num;
		n += found;
	}
	if (!v)
		return err_oom(e, "the list of images");
	qsort(v, n, sizeof(struct store_image *), by_created);
	for (size_t i = 0; i < n; i++)
		add_names(l, v[i]); /* the rows point into them */
	return 0;
}

static int images(struct cli *c, struct err *e)
{
	const struct images_opts *o = c->opts;
	struct listing l = { .c = c, .o = o, .rows = ROWS_INIT(&c->arena), .now = time(NULL) };
	const struct format_how how = {
		.format = o->format ? o->format
			: o->quiet  ? "{{.ID}}"
				    : NULL,
		.standard = o->digests ? "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
				       : "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
		.headers = images_headers,
		.n_headers = ARRAY_SIZE(images_headers),
		.no_trunc = o->no_trunc,
	};

	l.rows.tail = &l.rows.list.first;
	if (store_open(c->engine.data_fd, &l.store, e) < 0 || read_filters(&l, e) < 0 ||
		store_refs_list(&l.store, &l.refs, e) < 0)
		return -e->num;
	int r = collect(&l, e);
	if (r == 0)
		r = format_print(c, &l.rows, &how, e);
	store_refs_done(&l.refs);
	return r;
}

const struct command cmd_images = {
	.name = "images",
	.operands = "[REPOSITORY[:TAG]]",
	.summary = "List images",
	.opts = OPT_TABLE(images_rows),
	.opts_size = sizeof(struct images_opts),
	.max_operands = 1,
	.flags = CMD_ENGINE,
	.run = images,
};

/* --- history ------------------------------------------------------------------------------------------------- */

struct history_opts {
	bool no_trunc, quiet, exact;
	const char *format;
};

static const struct opt history_rows[] = {
	{ 0, "format", "FORMAT", OPT(TEXT, history_opts, format), "table (default), json, or a template" },
	{ 'H', "human", NULL, OPT_SKIP, 0, NULL },
	{ 0, "no-trunc", NULL, OPT(FLAG, history_opts, no_trunc), "whole ids and commands" },
	{ 'q', "quiet", NULL, OPT(FLAG, history_opts, quiet), "ids only" },
};

static const struct format_header history_headers[] = { { "ID", "IMAGE" }, { "CreatedSince", "CREATED" },
	{ "CreatedAt", "CREATED AT" }, { "CreatedBy", "CREATED BY" }, { "Size", "SIZE" }, { "Comment", "COMMENT" } };

static void add_step(struct rows *r, const struct image_history *h, uint64_t bytes, const char *id, bool whole)
{
	struct json *row = rows_add(r);
	char size[HUMAN_SIZE], since[HUMAN_SIZE];
	const char *by = h->created_by ? h->created_by : "";
	int64_t t = 0;
	bool known = h->created && human_parse_time(h->created, &t);

	human_bytes(bytes, size);
	human_duration(time(NULL) - t, since);
	rows_text(r, row, "Comment", h->comment ? h->comment : "");
	rows_text(r, row, "CreatedAt", h->created ? h->created : "");
	rows_printf(r, row, "CreatedBy", !whole && strlen(by) > SHORT_COMMAND ? "%.44s\xe2\x80\xa6" : "%s", by);
	rows_printf(r, row, "CreatedSince", known ? "%s ago" : "N/A", since);
	if (id)
		id_text(r, row, id, whole);
	else
		rows_text(r, row, "ID", "<missing>");
	rows_printf(r, row, "Size", "%s", size);
}

static int history(struct cli *c, struct err *e)
{
	const struct history_opts *o = c->opts;
	AUTO(buf) struct buf text = BUF_INIT;
	struct rows rows = ROWS_INIT(&c->arena);
	const struct format_how how = { .format = o->format ? o->format
			: o->quiet			    ? "{{.ID}}"
							    : NULL,
		.standard = "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
		.headers = history_headers,
		.n_headers = ARRAY_SIZE(history_headers),
		.no_trunc = o->no_trunc };
	struct store_image image = STORE_IMAGE_INIT;
	struct image_config config;
	struct store s;
	int r = image_need(&c->engine, c->operands[0], &image, e);

	rows.tail = &rows.list.first;
	if (r == 0)
		r = store_open(c->engine.data_fd, &s, e);
	if (r == 0)
		r = store_blob_read(&s, image.id, IMAGE_CONFIG_MAX, &text, e);
	if (r == 0)
		r = image_config_read(text.data, text.len, &config, e);
	if (r == 0) {
		size_t layer = image.n_layers;

		for (size_t i = config.n_history; i-- > 0;) {
			const struct image_history *h = &config.history[i];
			bool has = !h->empty_layer && layer > 0;

			layer -= has;
			add_step(&rows, h, has ? image.layers[layer].size : 0,
				i + 1 == config.n_history ? image.id : NULL, o->no_trunc);
		}
		r = format_print(c, &rows, &how, e);
		image_config_done(&config);
	}
	store_image_done(&image);
	return r;
}

const struct command cmd_history = {
	.name = "history",
	.operands = "IMAGE",
	.summary = "Show the history of an image",
	.opts = OPT_TABLE(history_rows),
	.opts_size = sizeof(struct history_opts),
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_ENGINE,
	.run = history,
};
