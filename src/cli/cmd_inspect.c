/* inspect of containers, images and volumes; container inspect. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cli/inspectobjects.h"
#include "cli/jsonprint.h"
#include "cli/sizes.h"
#include "cli/template.h"
#include "engine/inspect.h"
#include "engine/life.h"
#include "engine/volume.h"

struct inspect_opts {
	const char *format, *type;
	bool size;
};

static const struct opt inspect_rows[] = {
	{ 'f', "format", "FORMAT", OPT(TEXT, inspect_opts, format), "json, or a template" },
	{ 's', "size", NULL, OPT(FLAG, inspect_opts, size), "how much a container has written, too" },
	{ 0, "type", "TYPE", OPT(TEXT, inspect_opts, type), "look only for a container, image or volume",
		"container|image|volume" },
};

static const struct opt container_rows[] = {
	{ 'f', "format", "FORMAT", OPT(TEXT, inspect_opts, format), "json, or a template" },
	{ 's', "size", NULL, OPT(FLAG, inspect_opts, size), "how much a container has written, too" },
};

static int container(struct cli *c, const char *ref, bool size, struct buf *b, bool *ret_found, struct err *e)
{
	struct record r = RECORD_INIT;
	struct inspect_size s = { .wanted = size };
	int n = record_open(&c->engine, ref, &r, e);

	if (n < 0 && e->kind == ERR_NOT_FOUND) {
		err_clear(e);
		*ret_found = false;
		record_done(&r);
		return 0;
	}
	if (n == 0)
		n = engine_refresh(&c->engine, &r, e);
	if (n == 0 && size) {
		struct container_sizes z = sizes_of_container(c, r.id, r.config.image_id);

		s.rw = z.written;
		s.root = z.written + z.image;
	}
	if (n == 0)
		n = inspect_container(&c->engine, &r, &s, b, e);
	*ret_found = n == 0;
	record_done(&r);
	return n;
}

static int volume(struct cli *c, const char *name, struct buf *b, bool *ret_found, struct err *e)
{
	struct volume v = VOLUME_INIT;
	int n = volume_open(&c->engine, name, &v, e);

	*ret_found = n == 0;
	if (n < 0 && (e->kind == ERR_NOT_FOUND || e->kind == ERR_USAGE)) {
		err_clear(e);
		n = 0;
	} else if (n == 0) {
		volume_record_write(&v.record, v.mountpoint, b);
	}
	volume_done(&v);
	return n;
}

static int object(struct cli *c, const char *ref, const struct inspect_opts *o, struct buf *b, struct err *e)
{
	bool found = false;
	int n = 0;

	if (!o->type || str_eq(o->type, "container"))
		n = container(c, ref, o->size, b, &found, e);
	if (n == 0 && !found && (!o->type || str_eq(o->type, "image")))
		n = inspect_image(c, ref, b, &found, e);
	if (n == 0 && !found && (!o->type || str_eq(o->type, "volume")))
		n = volume(c, ref, b, &found, e);
	if (n < 0 || found)
		return n;
	return err_set(e, ERR_NOT_FOUND, ENOENT, "no such %s: %s", o->type ? o->type : "object", ref);
}

/* @texts: the objects, each JSON by itself. */
static int print_all(struct cli *c, struct buf *const texts, size_t n, const char *format, struct err *e)
{
	AUTO(buf) struct buf out = BUF_INIT;
	bool as_json = !format || str_eq(format, "json");
	struct template *t = NULL;
	int r = 0;

	if (!as_json && template_parse(format, &c->arena, &t, e) < 0)
		return -e->num;
	buf_str(&out, !as_json ? "" : format || !n ? "[" : "[\n");
	for (size_t i = 0; i < n && r == 0; i++) {
		struct json *doc;

		r = json_parse(texts[i].data, texts[i].len, &c->arena, &doc, e);
		if (r < 0)
			break;
		if (t) {
			r = template_run(t, doc, NULL, &c->arena, &out, e);
			buf_str(&out, "\n");
		} else if (format) {
			buf_str(&out, i ? "," : "");
			template_json(doc, &out);
		} else {
			buf_str(&out, i ? ",\n    " : "    ");
			json_pretty(doc, 1, &out);
		}
	}
	buf_str(&out, !as_json ? "" : format || !n ? "]\n" : "\n]\n");
	return r ? r : cli_write(&out, e);
}

static int inspect(struct cli *c, struct err *e)
{
	const struct inspect_opts *o = c->opts;
	struct buf *texts = arena_array(&c->arena, struct buf, (size_t)c->n_operands);
	size_t n = 0;

	if (!texts)
		return err_oom(e, "inspect");
	for (int i = 0; i < c->n_operands; i++) {
		struct err one = ERR_NONE;

		if (object(c, c->operands[i], o, &texts[n], &one) == 0 && buf_err(&texts[n], &one) == 0) {
			n++;
			continue;
		}
		buf_done(&texts[n]);
		err_print(STDERR_FILENO, c->name, &one);
		c->status = 1;
	}
	int r = print_all(c, texts, n, o->format, e);
	for (size_t i = 0; i < n; i++)
		buf_done(&texts[i]);
	return r;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.operands = "NAME|ID [NAME|ID...]",
	.summary = "Show all that is known of containers, images or volumes",
	.opts = OPT_TABLE(inspect_rows),
	.opts_size = sizeof(struct inspect_opts),
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.run = inspect,
};

static const struct inspect_opts container_defaults = { .type = "container" };

const struct command cmd_container_inspect = {
	.name = "container inspect",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Show all that is known of containers",
	.opts = OPT_TABLE(container_rows),
	.opts_size = sizeof(struct inspect_opts),
	.defaults = &container_defaults,
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.run = inspect,
};

static const struct inspect_opts image_defaults = { .type = "image" };

const struct command cmd_image_inspect = {
	.name = "image inspect",
	.operands = "IMAGE [IMAGE...]",
	.summary = "Show all that is known of images",
	.opts = OPT_TABLE(container_rows),
	.opts_size = sizeof(struct inspect_opts),
	.defaults = &image_defaults,
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.run = inspect,
};
