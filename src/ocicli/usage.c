/* The list of commands, --help and --version. */
#include <string.h>
#include "base/str.h"
#include "ocicli/cli.h"
#include "ocicli/commands.h"
#include "sec/seccomp.h"

const struct command *const cmd_table[] = { &cmd_check, &cmd_checkpoint, &cmd_create, &cmd_delete, &cmd_events,
	&cmd_exec, &cmd_features, &cmd_help, &cmd_kill, &cmd_list, &cmd_mounts, &cmd_pause, &cmd_ps, &cmd_restore,
	&cmd_resume, &cmd_run, &cmd_spec, &cmd_start, &cmd_state, &cmd_update, &cmd_version, NULL };

const struct command *cmd_find(const char *name)
{
	for (size_t i = 0; cmd_table[i]; i++)
		if (str_eq(cmd_table[i]->name, name))
			return cmd_table[i];
	return NULL;
}

static void program_usage(const struct cli *c, struct buf *b)
{
	buf_printf(b,
		"Usage: %s [GLOBAL OPTION]... COMMAND [OPTION]... [OPERAND]...\n\n"
		"Run containers from bundles, as the Open Container Initiative's runtime "
		"specification says.\n\n"
		"commands:\n",
		c->name);
	for (size_t i = 0; cmd_table[i]; i++) {
		const struct command *cmd = cmd_table[i];

		if (cmd->flags & CMD_HIDDEN)
			continue;
		buf_printf(b, "  %s", cmd->name);
		for (size_t n = strlen(cmd->name); n < 12; n++)
			buf_str(b, " ");
		buf_printf(b, "%s\n", cmd->summary);
	}
	buf_str(b, "\nglobal options:\n");
	opt_help(b, global_table);
	buf_printf(b, "\n%s COMMAND --help explains one command.\n", c->name);
}

void cli_usage(const struct cli *c, const struct command *cmd, struct buf *b)
{
	if (!cmd) {
		program_usage(c, b);
		return;
	}
	buf_printf(b, "Usage: %s [OPTION...] %s%s%s\n\n%s\n\noptions:\n", c->name, cmd->name, *cmd->operands ? " " : "",
		cmd->operands, cmd->summary);
	opt_help(b, cmd->opts);
}

/* podman, containerd and dockerd read the first line ("NAME version X"), "commit:" and "spec:";
 * podman takes the line of plus signs for what crun was built with. */
void cli_version(const struct cli *c, struct buf *b)
{
	char lib[32];

	buf_printf(b, "%s version %s\ncommit: %s\nspec: %s\n", c->name, TARE_VERSION, CLI_COMMIT, CLI_SPEC_VERSION);
	buf_printf(b, "libseccomp: %s\n", seccomp_lib_version(lib, sizeof(lib)));
	if (c->like != LIKE_RUNC)
		buf_str(b, "+SYSTEMD +SELINUX +APPARMOR +CAP +SECCOMP +EBPF +CRIU +JANSSON\n");
}
