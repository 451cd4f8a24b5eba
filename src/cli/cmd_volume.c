/* volume create, volume inspect, volume rm */
#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cli/jsonprint.h"
#include "cli/template.h"
#include "cli/volumefilter.h"

/* --- create -------------------------------------------------------------------------------------------------- */

struct create_opts {
	const char *driver, *name;
	struct rc_str_list labels, options;
};

static const struct opt create_rows[] = {
	{ 'd', "driver", "DRIVER", OPT(TEXT, create_opts, driver),
		"local (default): a directory of tare's; the only one" },
	{ 0, "label", "KEY[=VALUE]", OPT(LIST, create_opts, labels), "set a label" },
	{ 0, "name", "NAME", OPT(TEXT, create_opts, name), NULL },
	{ 'o', "opt", "KEY=VALUE", OPT(LIST, create_opts, options),
		"type=none, device=DIRECTORY and o=bind: a directory of the host; type=tmpfs and "
		"o=size=SIZE,mode=MODE: memory" },
};

static int create(struct cli *c, struct err *e)
{
	const struct create_opts *o = c->opts;
	struct volume_want w = { .name = c->n_operands ? c->operands[0] : o->name, .driver = o->driver };
	char name[VOLUME_NAME_SIZE];
	bool existed;

	if (o->name && c->n_operands)
		return err_set(e, ERR_USAGE, EINVAL,
			"conflicting options: either specify --name or provide positional arg, not "
			"both");
	if (volume_pairs("label", &o->labels, false, &c->arena, &w.labels, e) < 0 ||
		volume_pairs("option", &o->options, true, &c->arena, &w.options, e) < 0)
		return -e->num;
	if (volume_create(&c->engine, &w, name, &existed, e) < 0)
		return -e->num;
	return cli_print_line(name, e);
}

const struct command cmd_volume_create = {
	.name = "volume create",
	.operands = "[VOLUME]",
	.summary = "Create a volume",
	.opts = OPT_TABLE(create_rows),
	.opts_size = sizeof(struct create_opts),
	.max_operands = 1,
	.flags = CMD_ENGINE,
	.run = create,
};

/* --- inspect ------------------------------------------------------------------------------------------------- */

struct inspect_opts {
	const char *format;
};

static const struct opt inspect_rows[] = {
	{ 'f', "format", "FORMAT", OPT(TEXT, inspect_opts, format), "json, or a template like {{.Mountpoint}}" },
};

struct inspection {
	struct template *t; /* NULL: all as one list */
	struct buf list;
};

static int run_template(struct cli *c, struct template *t, const struct buf *object, struct err *e)
{
	AUTO(buf) struct buf out = BUF_INIT;
	struct json *doc;

	if (json_parse(object->data, object->len, &c->arena, &doc, e) < 0 ||
		template_run(t, doc, NULL, &c->arena, &out, e) < 0)
		return -e->num;
	buf_str(&out, "\n");
	return cli_write(&out, e);
}

static int inspect_one(struct cli *c, const char *operand, void *arg, struct err *e)
{
	AUTO(volume) struct volume v = VOLUME_INIT;
	AUTO(buf) struct buf object = BUF_INIT;
	struct inspection *in = arg;

	if (volume_open(&c->engine, operand, &v, e) < 0)
		return -e->num;
	volume_record_write(&v.record, v.mountpoint, &object);
	if (buf_err(&object, e) < 0)
		return -e->num;
	if (in->t)
		return run_template(c, in->t, &object, e);
	buf_str(&in->list, in->list.len ? "," : "[");
	buf_add(&in->list, object.data, object.len);
	return 0;
}

static int inspect(struct cli *c, struct err *e)
{
	const struct inspect_opts *o = c->opts;
	struct inspection in = { NULL, BUF_INIT };
	AUTO(buf) struct buf out = BUF_INIT;
	bool json = str_eq(o->format, "json");

	if (o->format && !json && template_parse(o->format, &c->arena, &in.t, e) < 0)
		return -e->num;
	int r = cli_each(c, inspect_one, &in, e);
	if (r == 0 && !in.t) {
		buf_str(&in.list, in.list.len ? "]" : "[]");
		if (json && !in.list.failed)
			buf_add(&out, in.list.data, in.list.len);
		else
			r = json_pretty_text(&in.list, &c->arena, &out, e);
		out.failed |= in.list.failed;
		buf_str(&out, "\n");
		if (r == 0)
			r = cli_write(&out, e);
	}
	buf_done(&in.list);
	return r;
}

const struct command cmd_volume_inspect = {
	.name = "volume inspect",
	.operands = "VOLUME [VOLUME...]",
	.summary = "Display detailed information on one or more volumes",
	.opts = OPT_TABLE(inspect_rows),
	.opts_size = sizeof(struct inspect_opts),
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.run = inspect,
};

/* --- rm ------------------------------------------------------------------------------------------------------ */

struct rm_opts {
	bool force;
};

static const struct opt rm_rows[] = {
	{ 'f', "force", NULL, OPT(FLAG, rm_opts, force), "an absent volume is no error" },
};

static int rm_one(struct cli *c, const char *operand, void *arg, struct err *e)
{
	const struct rm_opts *o = arg;

	return volume_remove(&c->engine, operand, o->force, e) < 0 ? -e->num : cli_print_line(operand, e);
}

const struct command cmd_volume_rm = {
	.name = "volume rm",
	.operands = "VOLUME [VOLUME...]",
	.summary = "Remove one or more volumes",
	.opts = OPT_TABLE(rm_rows),
	.opts_size = sizeof(struct rm_opts),
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.each = rm_one,
};
