/* The texts of --help, written from the tables. */
#include <string.h>
#include "base/str.h"
#include "cli/cli.h"

enum { NAME_COLUMN = 14 };

static void line(struct buf *b, const char *name, int len, const char *summary)
{
	buf_printf(b, "  %.*s", len, name);
	for (int n = len; n < NAME_COLUMN; n++)
		buf_str(b, " ");
	buf_printf(b, "%s\n", summary);
}

static void top_lines(struct buf *b, const char *group)
{
	for (const struct command_row *r = command_rows; r->command; r++)
		if (r->top && str_eq(r->group, group) && !(r->command->flags & CMD_HIDDEN))
			line(b, r->top, (int)strcspn(r->top, " "), r->command->summary);
}

void usage_program(struct buf *b)
{
	static const struct {
		const char *group, *title;
	} sections[] = { { "container", "Containers" }, { "image", "Images" }, { "volume", "Volumes" },
		{ "system", "This installation" }, { NULL, "More" } };

	buf_str(b,
		"Usage: tare [GLOBAL OPTION...] COMMAND [OPTION...]\n\n"
		"Containers and images without a daemon, in docker's words.\n");
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		size_t before = b->len;

		buf_printf(b, "\n%s:\n", sections[i].title);
		size_t empty = b->len;
		top_lines(b, sections[i].group);
		if (b->len == empty && b->data) {
			b->len = before;
			b->data[before] = '\0';
		}
	}
	buf_str(b, "\nGroups:\n");
	for (const struct command_group *g = command_groups; g->name; g++)
		line(b, g->name, (int)strlen(g->name), g->summary);
	buf_str(b, "\nGlobal options:\n");
	opt_help(b, global_table);
	buf_str(b, "\ntare COMMAND --help explains one command, man tare-COMMAND all of it.\n");
}

void usage_group(const struct command_group *g, struct buf *b)
{
	buf_printf(b, "Usage: tare %s COMMAND [OPTION...]\n\n%s.\n\nCommands:\n", g->name, g->summary);
	for (const struct command_row *r = command_rows; r->command; r++)
		if (str_eq(r->group, g->name) && !(r->command->flags & CMD_HIDDEN))
			line(b, r->sub, (int)strcspn(r->sub, " "), r->command->summary);
	buf_printf(b, "\ntare %s COMMAND --help explains one command.\n", g->name);
}

static void names(struct buf *b, const char *prefix, const char *list)
{
	for (const char *n = list; n && *n; n += strcspn(n, " "), n += *n == ' ')
		buf_printf(b, "%stare %s%s%.*s", b->data && b->data[b->len - 1] == '\n' ? "  " : ", ",
			prefix ? prefix : "", prefix ? " " : "", (int)strcspn(n, " "), n);
}

/* Docker's "Aliases", when there is more than one name. */
static void aliases(const struct command *cmd, struct buf *b)
{
	size_t before = b->len, n = 0;

	buf_str(b, "\nAlso called:\n");
	for (const struct command_row *r = command_rows; r->command; r++) {
		if (r->command != cmd)
			continue;
		n += (r->top != NULL) + (r->sub != NULL) + (r->sub && strchr(r->sub, ' '));
		names(b, NULL, r->top);
		if (r->group)
			names(b, r->group, r->sub);
	}
	buf_str(b, "\n");
	if (n < 2 && b->data) {
		b->len = before;
		b->data[before] = '\0';
	}
}

void usage_command(const struct command *cmd, struct buf *b)
{
	buf_printf(b, "Usage: tare %s [OPTION...]%s%s\n\n%s\n", cmd->name, *cmd->operands ? " " : "", cmd->operands,
		cmd->summary);
	aliases(cmd, b);
	buf_str(b, "\nOptions:\n");
	opt_help(b, cmd->opts);
}
