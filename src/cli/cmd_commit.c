/* commit, diff, export, save */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "base/units.h"
#include "cli/commands.h"
#include "engine/diff.h"
#include "engine/image.h"
#include "engine/rootfs.h"
#include "sys/io.h"
#include "sys/path.h"

/* --- diff ---------------------------------------------------------------------------------------------------- */

static int add_change(void *ctx, const struct diff_change *change, struct err *e)
{
	struct buf *b = ctx;

	buf_printf(b, "%c ", (int)change->kind);
	buf_shown(b, change->path, ""); /* names come from a container: none makes two lines */
	buf_str(b, "\n");
	return buf_err(b, e);
}

static int diff(struct cli *c, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct record r = RECORD_INIT;
	int n = record_open(&c->engine, c->operands[0], &r, e);

	if (n == 0)
		n = engine_diff(&c->engine, &r, add_change, &b, e);
	if (n == 0)
		n = cli_write(&b, e);
	record_done(&r);
	return n;
}

const struct command cmd_diff = {
	.name = "diff",
	.operands = "CONTAINER",
	.summary = "Inspect changes to files or directories on a container's filesystem",
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_ENGINE,
	.run = diff,
};

/* --- output -------------------------------------------------------------------------------------------------- */

static int open_output(const char *path, const char *what, struct err *e)
{
	int fd;

	if (path && !str_eq(path, "-"))
		return path_open_host(path, O_WRONLY | O_CREAT | O_TRUNC, 0600, e);
	if (isatty(STDOUT_FILENO))
		return err_set(e, ERR_USAGE, EINVAL,
			"cowardly refusing to %s to a terminal. Use the -o flag or redirect", what);
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? err_sys(e, "write to standard output") : fd;
}

/* --- export -------------------------------------------------------------------------------------------------- */

struct output_opts {
	const char *output, *format;
	struct rc_str_list platform;
};

static const struct opt export_rows[] = {
	{ 'o', "output", "FILE", OPT(TEXT, output_opts, output), "write here instead of standard output" },
};

static int export_(struct cli *c, struct err *e)
{
	const struct output_opts *o = c->opts;
	struct rootfs rootfs = ROOTFS_INIT;
	struct record r = RECORD_INIT;
	int n = record_open(&c->engine, c->operands[0], &r, e);

	if (n == 0)
		n = rootfs_open(&c->engine, &r, &rootfs, e);
	auto_fd int tree = n == 0 ? rootfs_view(&rootfs, e) : FD_NONE;
	auto_fd int out = tree >= 0 ? open_output(o->output, "export", e) : FD_NONE;
	if (out >= 0) {
		struct image_call call = { .verb = "export", .file_fd = out, .keep_fd = tree, .keep_is = "--tree" };

		err_told(image_call(&c->engine, &call, e));
		if (e->num && record_is_gone(&r)) { /* --rm, meanwhile */
			err_clear(e);
			err_set(e, ERR_NOT_FOUND, ENOENT, "no such container: %s", c->operands[0]);
		}
	}
	rootfs_done(&rootfs);
	record_done(&r);
	return e->num ? err_wrap(e, "export %s", c->operands[0]) : 0;
}

const struct command cmd_export = {
	.name = "export",
	.operands = "CONTAINER",
	.summary = "Export a container's filesystem as a tar archive",
	.opts = OPT_TABLE(export_rows),
	.opts_size = sizeof(struct output_opts),
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_ENGINE,
	.run = export_,
};

/* --- save ---------------------------------------------------------------------------------------------------- */

static const struct opt save_rows[] = {
	{ 'o', "output", "FILE", OPT(TEXT, output_opts, output),
		"write to this file or folder instead of standard output" },
	{ 0, "format", "FORMAT", OPT(TEXT, output_opts, format),
		"docker-archive (default, as docker save writes), oci-archive, or oci-dir: a folder, named by --output",
		"docker-archive|oci-archive|oci-dir" },
};

/* A new folder, or an empty one: what is in another would be taken for a part of the layout. */
static int open_layout(const char *path, struct err *e)
{
	if (!path || str_eq(path, "-"))
		return err_set(e, ERR_USAGE, EINVAL, "--format oci-dir needs the folder: --output DIR");
	auto_fd int fd = path_mkdir_host(path, 0755, e);
	if (fd < 0)
		return fd;
	auto_fd int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	bool empty = true;
	if (!dir)
		return err_sys(e, "list %s", path);
	(void)fd_steal(&again);
	for (struct dirent *d; (d = readdir(dir));)
		empty = empty && (str_eq(d->d_name, ".") || str_eq(d->d_name, ".."));
	closedir(dir);
	return empty ? fd_steal(&fd) : err_set(e, ERR_CONFLICT, ENOTEMPTY, "%s is not empty", path);
}

static int save(struct cli *c, struct err *e)
{
	const struct output_opts *o = c->opts;
	size_t max = (size_t)c->n_operands + 4, n = 0;
	const char **args = arena_array(&c->arena, const char *, max);
	struct store_image image;

	if (!args)
		return err_oom(e, "arguments");
	/* Before the file is made: a name that is wrong leaves nothing. */
	for (int i = 0; i < c->n_operands; i++) {
		image = (struct store_image)STORE_IMAGE_INIT;
		if (image_need(&c->engine, c->operands[i], &image, e) < 0)
			return -e->num;
		store_image_done(&image);
	}
	if (o->format) {
		args[n++] = "--format";
		args[n++] = o->format;
	}
	args[n++] = "--";
	for (int i = 0; i < c->n_operands; i++)
		args[n++] = c->operands[i];
	auto_fd int out = str_eq(o->format, "oci-dir") ? open_layout(o->output, e) : open_output(o->output, "save", e);
	if (out < 0)
		return out;
	struct image_call call = {
		.verb = "save", .args = args, .file_fd = out, .keep_fd = c->engine.data_fd, .keep_is = "--data"
	};
	return image_call(&c->engine, &call, e) < 0 ? err_wrap(e, "save") : 0;
}

const struct command cmd_save = {
	.name = "save",
	.operands = "IMAGE [IMAGE...]",
	.summary = "Save one or more images to a tar archive (streamed to STDOUT by default)",
	.opts = OPT_TABLE(save_rows),
	.opts_size = sizeof(struct output_opts),
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_ENGINE,
	.run = save,
};

/* --- commit -------------------------------------------------------------------------------------------------- */

struct commit_opts {
	const char *author, *message;
	struct rc_str_list changes;
	bool pause, quiet;
};

static const struct opt commit_rows[] = {
	{ 'a', "author", "NAME", OPT(TEXT, commit_opts, author), "who made it: \"Ada Lovelace <ada@example.org>\"" },
	{ 'c', "change", "INSTRUCTION", OPT(LIST, commit_opts, changes), "apply a Dockerfile instruction, \"CMD sh\"" },
	{ 'm', "message", "TEXT", OPT(TEXT, commit_opts, message), "say in the history why" },
	{ 'q', "quiet", NULL, OPT(FLAG, commit_opts, quiet), "show no progress" },
};

/* What `run` and `create` were told becomes what the image says, as docker does. */
static void take_config(const struct ct_config *from, struct image_run *run)
{
	run->entrypoint = from->entrypoint;
	run->cmd = from->cmd;
	run->env = from->env;
	run->labels = from->labels;
	run->exposed_ports = from->exposed_ports;
	if (from->user)
		run->user = from->user;
	if (from->working_dir)
		run->working_dir = from->working_dir;
	if (from->stop_signal)
		run->stop_signal = from->stop_signal;
	if (from->health.test.n)
		run->health = from->health;
}

/* SOURCE_DATE_EPOCH (reproducible-builds.org) makes the digest one of the content alone. */
static char *created_now(struct arena *a)
{
	char text[RFC3339_SIZE];
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	struct timespec t;
	uint64_t s;

	clock_gettime(CLOCK_REALTIME, &t);
	if (epoch && parse_u64(epoch, INT32_MAX, &s))
		t = (struct timespec){ .tv_sec = (time_t)s };
	rfc3339_format(&t, text);
	return arena_dup(a, text);
}

static int write_config(
	struct cli *c, const struct record *r, struct image_config *config, struct buf *ret, struct err *e)
{
	const struct commit_opts *o = c->opts;
	struct image_history *h = arena_array(&config->arena, struct image_history, config->n_history + 1);
	char *now = created_now(&config->arena);

	if (!h || !now)
		return err_oom(e, "an image");
	take_config(&r->config, &config->run);
	for (size_t i = 0; i < o->changes.n; i++)
		if (image_change(&config->run, o->changes.v[i], &config->arena, e) < 0)
			return -e->num;
	for (size_t i = 0; i < config->n_history; i++)
		h[i] = config->history[i];
	h[config->n_history] = (struct image_history){ .created = now,
		.created_by = r->config.cmd.n ? r->config.cmd.v[0] : NULL,
		.author = (char *)(uintptr_t)o->author,
		.comment = (char *)(uintptr_t)o->message };
	config->history = h;
	config->n_history++;
	config->created = now;
	config->author = (char *)(uintptr_t)o->author;
	config->comment = (char *)(uintptr_t)o->message;
	image_config_write(config, ret);
	return buf_err(ret, e);
}

/* The new image's configuration, but for the new layer, as a file that tare-fetch reads. */
static int config_file(struct cli *c, const struct record *r, struct err *e)
{
	AUTO(buf) struct buf old = BUF_INIT;
	AUTO(buf) struct buf text = BUF_INIT;
	struct image_config config;
	struct store s;

	if (r->config.rootfs_kind != CT_ROOTFS_IMAGE)
		return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
			"it was not made from an image, so there is nothing to add a layer to");
	if (store_open(c->engine.data_fd, &s, e) < 0 ||
		store_blob_read(&s, r->config.image_id, IMAGE_CONFIG_MAX, &old, e) < 0 ||
		image_config_read(old.data, old.len, &config, e) < 0)
		return -e->num;
	int n = write_config(c, r, &config, &text, e);
	image_config_done(&config);
	auto_fd int fd = n == 0 ? memfd_create("config", MFD_CLOEXEC) : FD_NONE;
	if (n == 0 && fd < 0)
		n = err_sys(e, "make a memory file");
	if (n == 0)
		n = io_write_all(fd, text.data, text.len, e);
	if (n == 0 && lseek(fd, 0, SEEK_SET) < 0)
		n = err_sys(e, "rewind a memory file");
	return n < 0 ? n : fd_steal(&fd);
}

static int told_id(void *ctx, const char *id, const char *name, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	buf_printf(&b, "%s\n", id);
	return cli_write(&b, e);
}

static int commit(struct cli *c, struct err *e)
{
	const char *args[6] = { "--tree-path" };
	char path[128];
	struct record r = RECORD_INIT;
	int n = record_open(&c->engine, c->operands[0], &r, e);

	if (n == 0)
		n = rootfs_prepare(&r, e);
	auto_fd int fd = n == 0 ? config_file(c, &r, e) : FD_NONE;
	if (fd >= 0) {
		struct image_call call = { .verb = "commit",
			.args = args,
			.file_fd = fd,
			.keep_fd = c->engine.data_fd,
			.keep_is = "--data",
			.told = told_id };

		fmt_to(path, sizeof(path), "containers/%s/upper", r.id);
		args[1] = path;
		if (c->n_operands > 1) {
			args[2] = "--name";
			args[3] = c->operands[1];
		}
		/* Whatever failed because of it: somebody has removed the container meanwhile. */
		if (image_call(&c->engine, &call, e) < 0 && faccessat(r.dir_fd, "config.json", F_OK, 0) < 0) {
			err_clear(e);
			err_set(e, ERR_NOT_FOUND, ENOENT, "no such container: %s", c->operands[0]);
		}
	}
	record_done(&r);
	return e->num ? err_wrap(e, "commit %s", c->operands[0]) : 0;
}

const struct command cmd_commit = {
	.name = "commit",
	.operands = "CONTAINER [REPOSITORY[:TAG]]",
	.summary = "Create a new image from a container's changes",
	.opts = OPT_TABLE(commit_rows),
	.opts_size = sizeof(struct commit_opts),
	.min_operands = 1,
	.max_operands = 2,
	.flags = CMD_ENGINE,
	.run = commit,
};
