/* load, import */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "base/units.h"
#include "cli/commands.h"
#include "engine/image.h"
#include "spec/image_manifest.h"
#include "sys/path.h"

/* --- load ---------------------------------------------------------------------------------------------------- */

#define LIMIT_HELP "let it be larger or smaller: bytes=64g, files=2m, empty-files=32k, ratio=400, time=1h"

enum { MAX_LIMITS = 16 };

struct load_opts {
	const char *input, *platform, *name;
	struct rc_str_list limits;
	bool quiet;
};

static const struct opt load_rows[] = {
	{ 'i', "input", "FILE", OPT(TEXT, load_opts, input),
		"read from this archive or folder (default: standard input)" },
	{ 0, "limit", "NAME=VALUE", OPT(LIST, load_opts, limits), LIMIT_HELP },
	{ 0, "name", "NAME", OPT(TEXT, load_opts, name), "call the image so, whatever the archive says" },
	{ 0, "platform", "PLATFORM", OPT(TEXT, load_opts, platform),
		"of several images take the one for it: OS/ARCH[/VARIANT]" },
	{ 'q', "quiet", NULL, OPT(FLAG, load_opts, quiet), "show no progress" },
};

static int told_loaded(void *ctx, const char *id, const char *name, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	if (name)
		buf_printf(&b, "Loaded image: %s\n", image_ref_familiar(name));
	else
		buf_printf(&b, "Loaded image ID: %s\n", id);
	return cli_write(&b, e);
}

static int open_input(const char *path, struct err *e)
{
	int fd;

	if (path && !str_eq(path, "-"))
		return path_open_host(path, O_RDONLY, 0, e);
	if (isatty(STDIN_FILENO))
		return err_set(e, ERR_USAGE, EINVAL, "requested load from stdin, but stdin is empty");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? err_sys(e, "read standard input") : fd;
}

static void add(const char **args, size_t *n, const char *option, const char *value)
{
	if (!value)
		return;
	args[(*n)++] = option;
	args[(*n)++] = value;
}

static int add_limits(const char **args, size_t *n, const struct rc_str_list *limits, struct err *e)
{
	if (limits->n > MAX_LIMITS)
		return err_set(e, ERR_USAGE, E2BIG, "more than %d times --limit", MAX_LIMITS);
	for (size_t i = 0; i < limits->n; i++)
		add(args, n, "--limits", limits->v[i]);
	return 0;
}

/* "debian" of /tmp/debian.oci.tar.gz: the name for an image that brings only a tag. Empty: none can be made of it. */
static void name_of_file(const char *path, char dst[static NAME_MAX + 1])
{
	static const char *const ends[] = { ".tar", ".tgz", ".txz", ".gz", ".xz", ".zst", ".oci", ".oci-archive" };
	size_t n = path ? strlen(path) : 0;

	while (n > 1 && path[n - 1] == '/')
		n--;
	size_t from = n;
	while (from > 0 && path[from - 1] != '/')
		from--;
	dst[0] = '\0';
	if (n - from > NAME_MAX)
		return;
	fmt_to(dst, NAME_MAX + 1, "%.*s", (int)(n - from), path ? path + from : "");
	for (bool cut = true; cut;) {
		cut = false;
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
			if (str_ends(dst, ends[i])) {
				dst[strlen(dst) - strlen(ends[i])] = '\0';
				cut = true;
			}
	}
}

static int load(struct cli *c, struct err *e)
{
	const struct load_opts *o = c->opts;
	const char *args[10 + 2 * MAX_LIMITS] = { NULL };
	char file_name[NAME_MAX + 1];
	size_t n = 0;
	auto_fd int fd = open_input(o->input, e);

	if (fd < 0)
		return fd;
	if (add_limits(args, &n, &o->limits, e) < 0)
		return -e->num;
	name_of_file(o->input, file_name);
	if (file_name[0] && !str_eq(file_name, "-") && !str_eq(file_name, "."))
		add(args, &n, "--file-name", file_name);
	add(args, &n, "--platform", o->platform);
	add(args, &n, "--name", o->name);
	if (o->quiet)
		args[n++] = "--quiet";
	struct image_call call = { .verb = "load",
		.args = args,
		.file_fd = fd,
		.keep_fd = c->engine.data_fd,
		.keep_is = "--data",
		.told = told_loaded };
	return image_call(&c->engine, &call, e) < 0
		? err_wrap(e, "load %s", o->input ? o->input : "from standard input")
		: 0;
}

const struct command cmd_load = {
	.name = "load",
	.operands = "",
	.summary = "Load an image from a tar archive, an OCI layout or STDIN",
	.opts = OPT_TABLE(load_rows),
	.opts_size = sizeof(struct load_opts),
	.max_operands = 0,
	.flags = CMD_ENGINE,
	.run = load,
};

/* --- import -------------------------------------------------------------------------------------------------- */

struct import_opts {
	struct rc_str_list changes, limits;
	const char *message, *platform;
	bool quiet;
};

static const struct opt import_rows[] = {
	{ 'c', "change", "INSTRUCTION", OPT(LIST, import_opts, changes), "apply a Dockerfile instruction, \"CMD sh\"" },
	{ 0, "limit", "NAME=VALUE", OPT(LIST, import_opts, limits), LIMIT_HELP },
	{ 'm', "message", "TEXT", OPT(TEXT, import_opts, message),
		"say in the history why (default: imported from -)" },
	{ 0, "platform", "PLATFORM", OPT(TEXT, import_opts, platform), "what it is for: OS/ARCH[/VARIANT]" },
	{ 'q', "quiet", NULL, OPT(FLAG, import_opts, quiet), "show no progress" },
};

static int told_id(void *ctx, const char *id, const char *name, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	buf_printf(&b, "%s\n", id);
	return cli_write(&b, e);
}

static int import_config(struct cli *c, const struct import_opts *o, struct buf *ret, struct err *e)
{
	struct image_history history = { .comment = (char *)(uintptr_t)(o->message ? o->message : "imported from -") };
	struct image_config config = { .arena = ARENA_INIT, .history = &history, .n_history = 1 };
	struct image_want want;
	char now[RFC3339_SIZE];
	struct timespec t;

	if (image_want_parse(o->platform, &want, e) < 0)
		return -e->num;
	clock_gettime(CLOCK_REALTIME, &t);
	rfc3339_format(&t, now);
	config.os = want.os;
	config.architecture = want.architecture;
	config.variant = want.variant[0] ? want.variant : NULL;
	config.created = history.created = now;
	for (size_t i = 0; i < o->changes.n; i++)
		if (image_change(&config.run, o->changes.v[i], &c->arena, e) < 0)
			return -e->num;
	image_config_write(&config, ret);
	return buf_err(ret, e);
}

static int import(struct cli *c, struct err *e)
{
	const struct import_opts *o = c->opts;
	AUTO(buf) struct buf config = BUF_INIT;
	const char *args[8 + 2 * MAX_LIMITS] = { NULL };
	size_t n = 0;
	auto_fd int fd = open_input(c->operands[0], e);

	if (fd < 0 || import_config(c, o, &config, e) < 0)
		return -e->num;
	if (add_limits(args, &n, &o->limits, e) < 0)
		return -e->num;
	add(args, &n, "--config", config.data);
	add(args, &n, "--name", c->n_operands > 1 ? c->operands[1] : NULL);
	if (o->quiet)
		args[n++] = "--quiet";
	struct image_call call = { .verb = "import",
		.args = args,
		.file_fd = fd,
		.keep_fd = c->engine.data_fd,
		.keep_is = "--data",
		.told = told_id };
	return image_call(&c->engine, &call, e) < 0 ? err_wrap(e, "import %s", c->operands[0]) : 0;
}

const struct command cmd_import = {
	.name = "import",
	.operands = "FILE|DIR|- [REPOSITORY[:TAG]]",
	.summary = "Import a root filesystem, an archive or a folder, as an image",
	.opts = OPT_TABLE(import_rows),
	.opts_size = sizeof(struct import_opts),
	.min_operands = 1,
	.max_operands = 2,
	.flags = CMD_ENGINE,
	.run = import,
};
