/* version */
#include <string.h>
#include <sys/utsname.h>
#include "base/str.h"
#include "cli/commands.h"
#include "cli/template.h"

#ifndef TARE_COMMIT
#define TARE_COMMIT ""
#endif

struct version_opts {
	const char *format;
};

static const struct opt version_rows[] = {
	{ 'f', "format", "FORMAT", OPT(TEXT, version_opts, format), "json, or a template" },
};

static const char *go_arch(const char *machine)
{
	return str_eq(machine, "x86_64") ? "amd64" : str_eq(machine, "aarch64") ? "arm64" : machine;
}

/* docker's keys: there is one program, which is client and server. */
static void document(const struct utsname *u, struct buf *b)
{
	for (int server = 0; server < 2; server++) {
		buf_str(b,
			server ? ",\"Server\":{\"Platform\":{\"Name\":\"tare\"},"
			       : "{\"Client\":{\"Platform\":{\"Name\":\"tare\"},");
		buf_printf(b,
			"\"Version\":\"%s\",\"GitCommit\":\"%s\",\"Os\":\"linux\",\"Arch\":\"%s\","
			"\"KernelVersion\":",
			TARE_VERSION, TARE_COMMIT, go_arch(u->machine));
		buf_json_str(b, u->release);
		buf_str(b, "}");
	}
	buf_str(b, "}");
}

static int formatted(struct cli *c, const char *format, const struct utsname *u, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	AUTO(buf) struct buf out = BUF_INIT;
	struct template *t;
	struct json *doc;

	document(u, &text);
	if (buf_err(&text, e) < 0 || json_parse(text.data, text.len, &c->arena, &doc, e) < 0)
		return -e->num;
	if (str_eq(format, "json")) {
		template_json(doc, &out);
	} else {
		if (template_parse(format, &c->arena, &t, e) < 0 || template_run(t, doc, NULL, &c->arena, &out, e) < 0)
			return -e->num;
	}
	buf_str(&out, "\n");
	return cli_write(&out, e);
}

static int version(struct cli *c, struct err *e)
{
	const struct version_opts *o = c->opts;
	AUTO(buf) struct buf b = BUF_INIT;
	struct utsname u;

	if (!o->format) {
		buf_printf(&b, "tare version %s\n", TARE_VERSION);
		return cli_write(&b, e);
	}
	if (uname(&u) < 0)
		return err_sys(e, "uname");
	return formatted(c, o->format, &u, e);
}

const struct command cmd_version = {
	.name = "version",
	.operands = "",
	.summary = "Show the version",
	.opts = OPT_TABLE(version_rows),
	.opts_size = sizeof(struct version_opts),
	.run = version,
};
