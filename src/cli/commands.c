/* Which words name which command. check-size: table */
#include "cli/commands.h"

#include <errno.h>
#include <string.h>
#include "base/str.h"

const struct command_group command_groups[] = {
	{ "container", "Manage containers" },
	{ "healthcheck", "Run health checks" },
	{ "image", "Manage images" },
	{ "volume", "Manage volumes" },
	{ "system", "Manage tare" },
	{ NULL, NULL },
};

const struct command_row command_rows[] = {
	{ &cmd_run, "run", "container", "run" },
	{ &cmd_create, "create", "container", "create" },
	{ &cmd_start, "start", "container", "start" },
	{ &cmd_stop, "stop", "container", "stop" },
	{ &cmd_restart, "restart", "container", "restart" },
	{ &cmd_kill, "kill", "container", "kill" },
	{ &cmd_rm, "rm", "container", "rm remove" },
	{ &cmd_wait, "wait", "container", "wait" },
	{ &cmd_rename, "rename", "container", "rename" },
	{ &cmd_logs, "logs", "container", "logs" },
	{ &cmd_attach, "attach", "container", "attach" },
	{ &cmd_exec, "exec", "container", "exec" },
	{ &cmd_healthcheck_run, NULL, "healthcheck", "run" },
	{ &cmd_volume_create, NULL, "volume", "create" },
	{ &cmd_volume_ls, NULL, "volume", "ls list" },
	{ &cmd_volume_inspect, NULL, "volume", "inspect" },
	{ &cmd_volume_rm, NULL, "volume", "rm remove" },
	{ &cmd_volume_prune, NULL, "volume", "prune" },
	{ &cmd_ps, "ps", "container", "ls list ps" },
	{ &cmd_inspect, "inspect", NULL, NULL },
	{ &cmd_container_inspect, NULL, "container", "inspect" },
	{ &cmd_image_inspect, NULL, "image", "inspect" },
	{ &cmd_container_prune, NULL, "container", "prune" },
	{ &cmd_info, "info", "system", "info" },
	{ &cmd_system_df, NULL, "system", "df" },
	{ &cmd_system_prune, NULL, "system", "prune" },
	{ &cmd_images, "images", "image", "ls list" },
	{ &cmd_image_prune, NULL, "image", "prune" },
	{ &cmd_history, "history", "image", "history" },
	{ &cmd_save, "save", "image", "save" },
	{ &cmd_commit, "commit", "container", "commit" },
	{ &cmd_diff, "diff", "container", "diff" },
	{ &cmd_apply, "apply", "container", "apply" },
	{ &cmd_export, "export", "container", "export" },
	{ &cmd_load, "load", "image", "load" },
	{ &cmd_import, "import", "image", "import" },
	{ &cmd_tag, "tag", "image", "tag" },
	{ &cmd_rmi, "rmi", "image", "rm remove" },
	{ &cmd_system_check, NULL, "system", "check" },
	{ &cmd_system_boot, NULL, "system", "boot" },
	{ &cmd_system_seccomp, NULL, "system", "seccomp" },
	{ &cmd_monitor_end, "monitor-end", NULL, NULL },
	{ &cmd_version, "version", "system", "version" },
	{ &cmd_completion, "completion", NULL, NULL },
	{ &cmd_help, "help", NULL, NULL },
	{ NULL, NULL, NULL, NULL },
};

static bool among(const char *names, const char *word)
{
	size_t len = strlen(word);

	for (const char *n = names; n && *n; n += strcspn(n, " "), n += *n == ' ')
		if (strcspn(n, " ") == len && !memcmp(n, word, len))
			return true;
	return false;
}

static const struct command_group *find_group(const char *word)
{
	for (const struct command_group *g = command_groups; g->name; g++)
		if (str_eq(g->name, word))
			return g;
	return NULL;
}

/* The names of @group, of the top level if that is NULL, for a hint. */
static const char *nearest(const char *word, const char *group)
{
	const char *names[128];
	size_t n = 0;

	for (const struct command_row *r = command_rows; r->command && n < ARRAY_SIZE(names); r++) {
		if (r->command->flags & CMD_HIDDEN)
			continue;
		if (!group && r->top)
			names[n++] = r->top;
		if (group && str_eq(r->group, group) && !strchr(r->sub, ' '))
			names[n++] = r->sub;
	}
	for (const struct command_group *g = command_groups; !group && g->name && n < ARRAY_SIZE(names); g++)
		names[n++] = g->name;
	return opt_nearest(word, names, n);
}

static const struct command *refuse(const char *word, const char *group, struct err *e)
{
	const char *near = nearest(word, group);

	if (group)
		err_set(e, ERR_USAGE, EINVAL, "unknown command: tare %s %s", group, word);
	else
		err_set(e, ERR_USAGE, EINVAL, "unknown command: tare %s", word);
	if (near)
		err_told(err_hint(e, "did you mean tare %s%s%s?", group ? group : "", group ? " " : "", near));
	else
		err_told(err_hint(e, "see tare %s%s--help", group ? group : "", group ? " " : ""));
	return NULL;
}

const struct command *commands_find(
	char *const *words, int *ret_used, const struct command_group **ret_group, struct err *e)
{
	const struct command_group *g = find_group(words[0]);

	*ret_group = g;
	*ret_used = g ? 2 : 1;
	if (g && (!words[1] || words[1][0] == '-'))
		return NULL;
	for (const struct command_row *r = command_rows; r->command; r++) {
		if (g && str_eq(r->group, g->name) && among(r->sub, words[1]))
			return r->command;
		if (!g && r->top && among(r->top, words[0]))
			return r->command;
	}
	return refuse(words[g ? 1 : 0], g ? g->name : NULL, e);
}
