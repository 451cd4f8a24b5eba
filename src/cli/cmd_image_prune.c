/* image prune */
#include <errno.h>
#include <unistd.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cli/human.h"
#include "cli/prune.h"
#include "engine/image.h"

struct image_prune_opts {
	bool all, force;
};

static const struct opt prune_rows[] = {
	{ 'a', "all", NULL, OPT(FLAG, image_prune_opts, all), "also images with names, if no container uses them" },
	{ 'f', "force", NULL, OPT(FLAG, image_prune_opts, force), "do not ask" },
};

static int say_image(void *ctx, const char *id, const char *name, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	if (name)
		buf_printf(&b, "untagged: %s\n", image_ref_familiar(name));
	else
		buf_printf(&b, "deleted: %s\n", id);
	return cli_write(&b, e);
}

static bool has_name(const struct store_refs *refs, const char *id)
{
	for (size_t i = 0; i < refs->n; i++)
		if (str_eq(refs->v[i].id, id))
			return true;
	return false;
}

static int prune_one(struct cli *c, const struct store_refs *refs, const char *id, bool all, struct err *e)
{
	const struct image_removal how = { .force = true, .untagged = say_image, .deleted = say_image };
	char user[13];
	bool running;

	if (!all && has_name(refs, id))
		return 0;
	if (image_users(&c->engine, id, user, &running, e) < 0 || user[0])
		return e->num ? -e->num : 0;
	return image_remove(&c->engine, id, &how, e);
}

static int confirm(const struct image_prune_opts *o, bool *ret_yes, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	char answer = 0;

	*ret_yes = o->force;
	if (o->force)
		return 0;
	buf_printf(&b, "WARNING! This will remove all %s.\nAre you sure you want to continue? [y/N] ",
		o->all ? "images without at least one container associated to them" : "dangling images");
	if (cli_write(&b, e) < 0)
		return -e->num;
	*ret_yes = read(STDIN_FILENO, &answer, 1) == 1 && (answer == 'y' || answer == 'Y');
	return 0;
}

int image_prune(struct cli *c, bool all, uint64_t *freed, struct err *e)
{
	AUTO(store_refs) struct store_refs refs = { .arena = ARENA_INIT };
	AUTO(store_ids) struct store_ids ids = { .arena = ARENA_INIT };
	struct store s;
	uint64_t before = 0, after = 0, swept = 0;

	if (store_open(c->engine.data_fd, &s, e) < 0 || store_refs_list(&s, &refs, e) < 0 ||
		store_ids_list(&s, &ids, e) < 0 || store_disk_use(&s, &before, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ids.n; i++)
		if (prune_one(c, &refs, ids.v[i], all, e) < 0)
			return -e->num;
	if (image_sweep(&c->engine, &swept, e) < 0 || store_disk_use(&s, &after, e) < 0)
		return -e->num;
	*freed += before > after ? before - after : 0;
	return 0;
}

static int prune(struct cli *c, struct err *e)
{
	const struct image_prune_opts *o = c->opts;
	AUTO(buf) struct buf b = BUF_INIT;
	char size[HUMAN_SIZE];
	uint64_t freed = 0;
	bool yes;

	if (confirm(o, &yes, e) < 0 || !yes || image_prune(c, o->all, &freed, e) < 0)
		return -e->num;
	human_bytes(freed, size);
	buf_printf(&b, "\nTotal reclaimed space: %s\n", size);
	return cli_write(&b, e);
}

const struct command cmd_image_prune = {
	.name = "image prune",
	.operands = "",
	.summary = "Remove unused images",
	.opts = OPT_TABLE(prune_rows),
	.opts_size = sizeof(struct image_prune_opts),
	.max_operands = 0,
	.flags = CMD_ENGINE,
	.run = prune,
};
