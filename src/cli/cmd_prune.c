/* container prune, system prune */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cli/human.h"
#include "cli/prune.h"
#include "cli/pslist.h"
#include "cli/sizes.h"
#include "engine/life.h"
#include "engine/volume.h"

struct prune_opts {
	bool all, force, volumes;
	struct rc_str_list filters;
};

static const struct opt container_rows[] = {
	{ 0, "filter", "KEY=VALUE", OPT(LIST, prune_opts, filters), "only those: label, until (a time or a duration)" },
	{ 'f', "force", NULL, OPT(FLAG, prune_opts, force), "do not ask" },
};

static const struct opt system_rows[] = {
	{ 'a', "all", NULL, OPT(FLAG, prune_opts, all), "also images with names, if no container uses them" },
	{ 0, "filter", "KEY=VALUE", OPT(LIST, prune_opts, filters), "only those: label, until (a time or a duration)" },
	{ 'f', "force", NULL, OPT(FLAG, prune_opts, force), "do not ask" },
	{ 0, "volumes", NULL, OPT(FLAG, prune_opts, volumes), "anonymous volumes that no container uses, too" },
};

static int say(struct err *e, const char *text)
{
	AUTO(buf) struct buf b = BUF_INIT;

	buf_str(&b, text);
	return cli_write(&b, e);
}

/* Anything but y and Y is no. */
static int ask(const char *warning, bool *ret_yes, struct err *e)
{
	char answer[16] = "";

	if (say(e, warning) < 0 || say(e, "Are you sure you want to continue? [y/N] ") < 0)
		return -e->num;
	ssize_t n = read(STDIN_FILENO, answer, sizeof(answer) - 1);
	*ret_yes = n > 0 && (answer[0] == 'y' || answer[0] == 'Y') && (n == 1 || answer[1] == '\n');
	return 0;
}

/* "until": older than that. A duration counts back from now. */
static int until_of(
	const struct rc_str_list *filters, int64_t *ret, struct rc_str_list *ret_rest, struct arena *a, struct err *e)
{
	*ret = INT64_MAX;
	for (size_t i = 0; i < filters->n; i++) {
		const char *until = str_after(filters->v[i], "until=");
		uint64_t ms;

		if (!until && !str_starts(filters->v[i], "label=")) {
			err_set(e, ERR_USAGE, EINVAL, "invalid filter '%s'", filters->v[i]);
			return err_hint(e, "label=KEY[=VALUE] or until=TIME");
		}
		if (!until && opt_list_add(a, ret_rest, filters->v[i], e) < 0)
			return -e->num;
		if (!until || human_parse_time(until, ret))
			continue;
		if (!parse_duration_ms(until, &ms))
			return err_set(e, ERR_USAGE, EINVAL,
				"until=%s: neither a time like 2026-01-02T15:04:05Z nor a duration "
				"like 24h",
				until);
		*ret = time(NULL) - (int64_t)(ms / 1000);
	}
	return 0;
}

static int remove_one(struct cli *c, const char *id, bool *ret_gone, struct err *e)
{
	struct record r = RECORD_INIT;
	int n = record_open(&c->engine, id, &r, e);

	if (n == 0)
		n = engine_remove(&c->engine, &r, false, false, e);
	record_done(&r);
	*ret_gone = n == 0;
	/* Somebody removed or started it meanwhile: that is no failure of pruning. */
	if (n < 0 && (e->kind == ERR_NOT_FOUND || e->kind == ERR_CONFLICT)) {
		err_clear(e);
		return 0;
	}
	return n;
}

static int prune_containers(struct cli *c, const struct prune_opts *o, uint64_t *freed, struct err *e)
{
	struct ps_want want = { .all = true };
	AUTO(buf) struct buf b = BUF_INIT;
	struct ps_list l = { .arena = ARENA_INIT };
	int64_t until;
	size_t n = 0;
	int r = until_of(&o->filters, &until, &want.filters, &c->arena, e);

	if (r == 0)
		r = ps_read(c, &want, &l, e);
	for (size_t i = 0; i < l.n && r == 0; i++) {
		const struct listed *one = l.v[i];
		bool gone = false;

		if ((one->state != CT_CREATED && one->state != CT_EXITED) || ps_created(one) >= until)
			continue;
		uint64_t size = sizes_of_container(c, one->id, one->image_id).written;
		r = remove_one(c, one->id, &gone, e);
		if (!gone)
			continue;
		buf_printf(&b, "%s%s\n", n++ ? "" : "Deleted Containers:\n", one->id);
		*freed += size;
	}
	buf_str(&b, n ? "\n" : "");
	struct err said = ERR_NONE;
	int written = cli_write(&b, &said); /* what is gone is told, also when the next one failed */
	ps_done(&l);
	if (r == 0 && written < 0)
		*e = said;
	return r ? r : written;
}

static int prune_volumes(struct cli *c, uint64_t *freed, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct rc_str_list names = { 0 };
	size_t n = 0;

	if (volume_list(&c->engine, &c->arena, &names, e) < 0)
		return -e->num;
	for (size_t i = 0; i < names.n; i++) {
		struct volume v = VOLUME_INIT;
		struct rc_str_list users = { 0 };
		struct err one = ERR_NONE;
		uint64_t size = 0;
		bool anonymous = volume_open(&c->engine, names.v[i], &v, &one) == 0 &&
			volume_record_label(&v.record, VOLUME_ANONYMOUS_LABEL);

		volume_done(&v);
		if (!anonymous || volume_users(&c->engine, names.v[i], &c->arena, &users, &one) < 0 || users.n ||
			volume_size(&c->engine, names.v[i], &size, &one) < 0 ||
			volume_remove(&c->engine, names.v[i], false, &one) < 0) {
			if (one.num && one.kind != ERR_NOT_FOUND && one.kind != ERR_CONFLICT) {
				err_print(STDERR_FILENO, c->name, &one);
				c->status = 1;
			}
			continue;
		}
		buf_printf(&b, "%s%s\n", n++ ? "" : "Deleted Volumes:\n", names.v[i]);
		*freed += size;
	}
	buf_str(&b, n ? "\n" : "");
	return cli_write(&b, e);
}

static int total(uint64_t freed, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	char size[HUMAN_SIZE];

	human_bytes(freed, size);
	buf_printf(&b, "Total reclaimed space: %s\n", size);
	return cli_write(&b, e);
}

static int container_prune(struct cli *c, struct err *e)
{
	const struct prune_opts *o = c->opts;
	uint64_t freed = 0;
	bool yes = o->force;

	if (!yes && ask("WARNING! This will remove all stopped containers.\n", &yes, e) < 0)
		return -e->num;
	if (!yes)
		return 0;
	int r = prune_containers(c, o, &freed, e);
	return r ? r : total(freed, e);
}

static int system_prune(struct cli *c, struct err *e)
{
	const struct prune_opts *o = c->opts;
	uint64_t freed = 0;
	bool yes = o->force;
	AUTO(buf) struct buf warning = BUF_INIT;

	buf_str(&warning, "WARNING! This will remove:\n  - all stopped containers\n");
	if (o->volumes)
		buf_str(&warning, "  - all anonymous volumes not used by at least one container\n");
	if (!o->filters.n)
		buf_str(&warning,
			o->all ? "  - all images without at least one container associated to them\n"
			       : "  - all dangling images\n");
	buf_str(&warning, "\n");
	if (buf_err(&warning, e) < 0 || (!yes && ask(warning.data, &yes, e) < 0))
		return -e->num;
	if (!yes)
		return 0;
	int r = prune_containers(c, o, &freed, e);
	if (r == 0 && o->volumes)
		r = prune_volumes(c, &freed, e);
	/* Images know neither label nor time here: filters mean containers. */
	if (r == 0 && !o->filters.n)
		r = image_prune(c, o->all, &freed, e);
	return r ? r : total(freed, e);
}

const struct command cmd_container_prune = {
	.name = "container prune",
	.operands = "",
	.summary = "Remove all containers that do not run",
	.opts = OPT_TABLE(container_rows),
	.opts_size = sizeof(struct prune_opts),
	.flags = CMD_ENGINE,
	.run = container_prune,
};

const struct command cmd_system_prune = {
	.name = "system prune",
	.operands = "",
	.summary = "Remove what no container needs",
	.opts = OPT_TABLE(system_rows),
	.opts_size = sizeof(struct prune_opts),
	.flags = CMD_ENGINE,
	.run = system_prune,
};
