/* Any command line for any command of tare: first byte the command, then arguments ended by NUL
 * bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "cli/runopts.h"

enum { MAX_ARGS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[MAX_ARGS + 1], *text;
	struct arena arena = ARENA_INIT;
	struct err e = ERR_NONE;
	size_t n_commands = 0, given = 0;
	int n;

	while (command_rows[n_commands].command)
		n_commands++;
	if (!n_commands || size < 2 || !(text = malloc(size)))
		return 0;
	const struct command *cmd = command_rows[data[0] % n_commands].command;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	for (size_t at = 0; at < size - 1 && given < MAX_ARGS; at += strlen(text + at) + 1)
		argv[given++] = text + at;
	argv[given] = NULL;
	struct opt_parse p = {
		.table = cmd->opts, .arena = &arena, .docker = true, .stop_at_operand = cmd->flags & CMD_STOP
	};
	p.dest = arena_alloc(&arena, 1, cmd->opts_size + 1);
	if (p.dest && cmd->defaults)
		memcpy(p.dest, cmd->defaults, cmd->opts_size);
	if (p.dest && opt_parse(&p, argv, &n, &e) == 0 && (n < 0 || (size_t)n > given || argv[n]))
		abort(); /* operands are among the arguments and NULL-terminated */
	/* The configuration that `run` makes has an arena of its own. */
	if (p.dest && cmd->opts_size == sizeof(struct run_opts))
		ct_config_done(&((struct run_opts *)p.dest)->c);
	arena_done(&arena);
	free(text);
	return 0;
}
