#include "cli/newcontainer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/str.h"
#include "engine/life.h"
#include "engine/logs.h"
#include "engine/mountopt.h"
#include "engine/security.h"
#include "store/store.h"
#include "sys/io.h"
#include "sys/path.h"

/* The image that is always there: a copy-on-write view of this machine's own root. */
static const char host_image[] = "host";

static int take_command(struct run_opts *o, char *const *words, int n, struct err *e)
{
	for (int i = 0; i < n; i++)
		if (opt_list_add(&o->c.arena, &o->c.cmd, words[i], e) < 0)
			return -e->num;
	return 0;
}

static int absent(const char *name, const char *pull, struct err *e)
{
	/* docker's words, with the tag that was meant. */
	const char *last = strrchr(name, '/'), *tail = last ? last : name;
	bool tagged = strchr(tail, ':') || strchr(name, '@');

	err_set(e, ERR_NOT_FOUND, ENOENT, "Unable to find image '%.200s%s' locally", name, tagged ? "" : ":latest");
	return str_eq(pull, "never")
		? err_hint(e, "--pull never: it is not looked for elsewhere")
		: err_hint(e,
			  "this build has no registry client: \"tare load\" or \"tare import\" brings images, "
			  "\"tare images\" lists them");
}

static int check_platform(const struct store_image *image, const char *want, struct err *e)
{
	const char *slash = want ? strchr(want, '/') : NULL;
	size_t os_len = slash ? (size_t)(slash - want) : 0;

	if (!want)
		return 0;
	size_t arch_len = slash ? strcspn(slash + 1, "/") : 0;
	if (slash && str_len(image->os) == os_len && !memcmp(image->os, want, os_len) &&
		str_len(image->architecture) == arch_len && !memcmp(image->architecture, slash + 1, arch_len))
		return 0;
	return err_set(e, ERR_NOT_FOUND, ENOENT, "the image is for %s/%s, not for %s", image->os ? image->os : "?",
		image->architecture ? image->architecture : "?", want);
}

static int take_image(struct cli *c, struct run_opts *o, const char *name, struct err *e)
{
	struct store_image *image = cli_image(c, e);
	struct ct_config *ct = &o->c;
	struct store store;
	bool found = false;

	if (!image)
		return -e->num;
	if (store_open(c->engine.data_fd, &store, e) < 0 || store_image_find(&store, name, image, &found, e) < 0)
		return -e->num;
	if (!found)
		return absent(name, o->pull, e);
	if (check_platform(image, o->platform, e) < 0)
		return err_wrap(e, "image %s", name);
	ct->rootfs_kind = CT_ROOTFS_IMAGE;
	ct->image = (char *)name;
	ct->image_id = image->id;
	for (size_t i = 0; i < image->n_layers; i++)
		if (opt_list_add(&ct->arena, &ct->layers, image->layers[i].diff_id, e) < 0)
			return -e->num;
	ct->platform = arena_printf(&ct->arena, "%s/%s", image->os ? image->os : "linux",
		image->architecture ? image->architecture : "unknown");
	return ct->platform ? merge_image(ct, &image->run, &o->merge, e) : err_oom(e, "a container");
}

/* The host's own root: its environment's PATH, a shell unless something else is asked for. */
static int take_host(struct run_opts *o, struct err *e)
{
	static struct image_run run;
	static char *const shell[] = { "/bin/sh", NULL };

	o->c.rootfs_kind = CT_ROOTFS_HOST;
	o->c.image = (char *)host_image;
	run.cmd = (struct rc_str_list){ (char **)shell, 1 };
	return merge_image(&o->c, &run, &o->merge, e);
}

static int take_rootfs(struct cli *c, struct run_opts *o, struct err *e)
{
	if (!o->c.rootfs && !c->n_operands) {
		err_set(e, ERR_USAGE, EINVAL, "\"tare %s\" requires at least 1 argument", c->command->name);
		return err_hint(e, "tare %s [OPTION...] IMAGE [COMMAND] [ARG...]", c->command->name);
	}
	int first = o->c.rootfs ? 0 : 1;
	if (take_command(o, c->operands + first, c->n_operands - first, e) < 0)
		return -e->num;
	if (o->c.rootfs) {
		o->c.rootfs_kind = CT_ROOTFS_DIR;
		return merge_image(&o->c, NULL, &o->merge, e);
	}
	if (!str_eq(c->operands[0], host_image))
		return take_image(c, o, c->operands[0], e);
	return take_host(o, e);
}

static int replace(struct cli *c, const char *name, struct err *e)
{
	struct record old = RECORD_INIT;
	int r = record_open(&c->engine, name, &old, e);

	if (r == 0)
		r = engine_remove(&c->engine, &old, true, false, e);
	else if (e->kind == ERR_NOT_FOUND)
		err_clear(e), r = 0;
	record_done(&old);
	return r;
}

/* Made before the container is: two commands with one file must not both have one. */
static int claim_cidfile(const char *path, struct err *e)
{
	int fd = path_open_host(path, O_WRONLY | O_CREAT | O_EXCL, 0644, e);

	if (fd == -EEXIST) {
		err_clear(e);
		err_set(e, ERR_CONFLICT, EEXIST,
			"container ID file found, make sure the other container isn't running or delete %s", path);
	}
	return fd;
}

/* What depends on where and how the command runs. */
static int check_here(struct cli *c, const struct ct_config *ct, struct err *e)
{
	long cpus = ct->nano_cpus ? sysconf(_SC_NPROCESSORS_ONLN) : -1;

	if (cpus > 0 && ct->nano_cpus > (uint64_t)cpus * 1000000000)
		return err_set(e, ERR_USAGE, EINVAL,
			"Range of CPUs is from 0.01 to %ld.00, as there are only %ld CPUs available", cpus, cpus);
	bool at_terminal = str_eq(c->command->name, "run") && ct->tty && ct->attach_stdin;
	return cli_check_tty(c, at_terminal, e);
}

int new_container(struct cli *c, struct run_opts *o, struct record *ret, struct err *e)
{
	char now[CT_TIME_SIZE];

	*ret = (struct record)RECORD_INIT;
	if (runopts_finish(o, e) < 0 || check_here(c, &o->c, e) < 0 || runopts_volumes_from(&c->engine, o, e) < 0 ||
		take_rootfs(c, o, e) < 0)
		return -e->num;
	mountopt_sort(&o->c);
	if (logs_check(&o->c, e) < 0)
		return -e->num;
	engine_now(now);
	o->c.created = arena_dup(&o->c.arena, now);
	if (!o->c.created)
		return err_oom(e, "a container");
	if (!c->engine.rootless)
		o->c.userns_lifted = (char *)security_needs_host_ids(&o->c);
	const struct record planned = { .config = o->c, .dir_fd = FD_NONE };
	if (str_eq(c->command->name, "run") && cli_protect_for(c, &planned, e) < 0)
		return -e->num;
	auto_fd int cidfile = o->c.cidfile ? claim_cidfile(o->c.cidfile, e) : FD_NONE;
	if (e->num || (o->replace && o->c.name && replace(c, o->c.name, e) < 0))
		return -e->num;
	if (record_new(&c->engine, &o->c, ret, e) < 0)
		return -e->num;
	return cidfile < 0 ? 0 : io_write_all(cidfile, ret->id, CT_ID_LEN, e);
}
