/* system seccomp */
#include "base/str.h"
#include "cli/commands.h"
#include "cli/jsonprint.h"
#include "engine/security.h"
#include "sec/profile.h"

struct seccomp_opts {
	struct rc_str_list add, drop;
	const char *platform, *format;
};

static const struct opt seccomp_rows[] = {
	{ 0, "cap-add", "CAPABILITY", OPT(LIST, seccomp_opts, add), "of a container with this, as for run" },
	{ 0, "cap-drop", "CAPABILITY", OPT(LIST, seccomp_opts, drop), "of a container without this" },
	{ 0, "platform", "OS/ARCH", OPT(TEXT, seccomp_opts, platform), "of an image for this; linux/386 differs" },
	{ 0, "format", "FORMAT", OPT(TEXT, seccomp_opts, format),
		"table (default): a line for each system call; json: a profile for --security-opt "
		"seccomp=FILE",
		"table|json" },
};

static int seccomp(struct cli *c, struct err *e)
{
	const struct seccomp_opts *o = c->opts;
	AUTO(ct_config) struct ct_config config = { .id = NULL };
	AUTO(buf) struct buf text = BUF_INIT, out = BUF_INIT;
	struct json *doc;
	struct profile_want w = { .socketcall = o->platform && str_starts(o->platform, "linux/386") };

	for (size_t i = 0; i < o->add.n; i++)
		if (security_cap_add(&config, o->add.v[i], e) < 0)
			return -e->num;
	for (size_t i = 0; i < o->drop.n; i++)
		if (security_cap_drop(&config, o->drop.v[i], e) < 0)
			return -e->num;
	if (security_caps(&config, &w.caps, e) < 0)
		return -e->num;
	if (!str_eq(o->format, "json")) {
		profile_list(&w, &out);
		return cli_write(&out, e);
	}
	profile_seccomp_json(&w, &text);
	if (buf_err(&text, e) < 0 || json_parse(text.data, text.len, &c->arena, &doc, e) < 0)
		return -e->num;
	json_pretty(doc, 0, &out);
	buf_str(&out, "\n");
	return cli_write(&out, e);
}

const struct command cmd_system_seccomp = {
	.name = "system seccomp",
	.operands = "",
	.summary = "Show which system calls the default seccomp filter allows",
	.opts = OPT_TABLE(seccomp_rows),
	.opts_size = sizeof(struct seccomp_opts),
	.run = seccomp,
};
