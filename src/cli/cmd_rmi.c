/* tag, rmi */
#include <errno.h>
#include "base/str.h"
#include "cli/commands.h"
#include "engine/image.h"
#include "store/op.h"

static int tag(struct cli *c, struct err *e)
{
	struct store_image image = STORE_IMAGE_INIT;
	char full[IMAGE_REF_MAX + 1];
	struct image_ref ref;
	int r = image_ref_parse(c->operands[1], &ref, e);

	if (r == 0 && ref.digest[0])
		r = err_set(e, ERR_USAGE, EINVAL, "a digest cannot be given to an image, a name and a tag can");
	if (r == 0)
		r = image_need(&c->engine, c->operands[0], &image, e);
	if (r == 0) {
		image_ref_full(&ref, full);
		r = store_tag(c->engine.data_fd, full, image.id, e);
	}
	store_image_done(&image);
	return r;
}

const struct command cmd_tag = {
	.name = "tag",
	.operands = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
	.summary = "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
	.min_operands = 2,
	.max_operands = 2,
	.flags = CMD_ENGINE,
	.run = tag,
};

/* --- rmi ----------------------------------------------------------------------------------------------------- */

struct rmi_opts {
	bool force;
};

static const struct opt rmi_rows[] = {
	{ 'f', "force", NULL, OPT(FLAG, rmi_opts, force),
		"also with several names, or used by a container that does not run" },
	{ 0, "no-prune", NULL, OPT_SKIP, 0, NULL },
};

static int told_untagged(void *ctx, const char *id, const char *name, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	buf_printf(&b, "Untagged: %s\n", image_ref_familiar(name));
	return cli_write(&b, e);
}

static int told_deleted(void *ctx, const char *id, const char *name, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	buf_printf(&b, "Deleted: %s\n", id);
	return cli_write(&b, e);
}

static int rmi_one(struct cli *c, const char *operand, void *arg, struct err *e)
{
	const struct rmi_opts *o = arg;
	const struct image_removal how = { .force = o->force, .untagged = told_untagged, .deleted = told_deleted };
	int r = image_remove(&c->engine, operand, &how, e);

	if (r < 0 && e->kind == ERR_NOT_FOUND && o->force) {
		err_clear(e);
		return 0;
	}
	return r;
}

const struct command cmd_rmi = {
	.name = "rmi",
	.operands = "IMAGE [IMAGE...]",
	.summary = "Remove one or more images",
	.opts = OPT_TABLE(rmi_rows),
	.opts_size = sizeof(struct rmi_opts),
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.each = rmi_one,
};
