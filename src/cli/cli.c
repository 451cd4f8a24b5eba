/* What the commands of tare call, and the options in front of them. */
#include "cli/cli.h"

#include <errno.h>
#include <unistd.h>
#include "store/store.h"
#include "sys/io.h"
#include "sys/tty.h"

static const struct opt global_rows[] = {
	{ 0, "root", "DIR", OPT(TEXT, global_opts, root),
		"where images, containers and volumes are kept (default: $TARE_ROOT, "
		"/var/lib/tare, "
		"or tare in $XDG_DATA_HOME)" },
	{ 0, "run-root", "DIR", OPT(TEXT, global_opts, run_root),
		"where the state of running containers is kept (default: $TARE_RUN_ROOT, "
		"/run/tare, "
		"or tare in $XDG_RUNTIME_DIR)" },
	{ 'l', "log-level", "LEVEL", OPT(TEXT, global_opts, log_level), "error, warn (default), info or debug",
		"error|warn|warning|info|debug" },
	{ 'D', "debug", NULL, OPT(FLAG, global_opts, debug), "the same as --log-level debug" },
	{ 'v', "version", NULL, OPT(FLAG, global_opts, version), "print the version and quit" },
};

const struct opt_table global_table = OPT_TABLE(global_rows);

int cli_write_shown(const struct buf *b, struct err *e)
{
	int r = buf_err(b, e);

	if (!r && b->len)
		r = io_write_all(STDOUT_FILENO, b->data, b->len, e);
	return r;
}

int cli_write(const struct buf *b, struct err *e)
{
	AUTO(buf) struct buf shown = BUF_INIT;

	if (!b->len || b->failed || !tty_is(STDOUT_FILENO))
		return cli_write_shown(b, e);
	buf_shown(&shown, b->data, "\t\n");
	return cli_write_shown(&shown, e);
}

int cli_print_line(const char *text, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	buf_printf(&b, "%s\n", text);
	return cli_write(&b, e);
}

int cli_check_tty(struct cli *c, bool wanted, struct err *e)
{
	if (!wanted || tty_is(STDIN_FILENO))
		return 0;
	c->fail_status = 1;
	err_set(e, ERR_USAGE, ENOTTY, "the input device is not a TTY");
	return err_hint(e, "without a terminal leave -t out");
}

struct cli_image {
	struct store_image image;
	struct cli_image *next;
};

struct store_image *cli_image(struct cli *c, struct err *e)
{
	struct cli_image *i = arena_new(&c->arena, struct cli_image);

	if (!i) {
		err_oom(e, "an image");
		return NULL;
	}
	*i = (struct cli_image){ .image = STORE_IMAGE_INIT, .next = c->images };
	c->images = i;
	return &i->image;
}

void cli_free_images(struct cli *c)
{
	for (struct cli_image *i = c->images; i; i = i->next)
		store_image_done(&i->image);
	c->images = NULL;
}

int cli_each(struct cli *c, cli_call call, void *arg, struct err *e)
{
	(void)e; /* each has its own */
	for (int i = 0; i < c->n_operands; i++) {
		struct err one = ERR_NONE;

		if (call(c, c->operands[i], arg, &one) >= 0)
			continue;
		err_print(STDERR_FILENO, c->name, &one);
		c->status = 1;
	}
	return 0;
}
