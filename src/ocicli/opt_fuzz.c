/* The option parser with any command line: first byte the command, then arguments ended by NUL
 * bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "ocicli/cli.h"

enum { MAX_ARGS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t split(char *text, size_t size, char **argv)
{
	size_t n = 0;

	for (size_t at = 0; at < size && n < MAX_ARGS; at += strlen(text + at) + 1)
		argv[n++] = text + at;
	argv[n] = NULL;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[MAX_ARGS + 1];
	struct err e = ERR_NONE;
	size_t n_commands = 0;
	int n;

	while (cmd_table[n_commands])
		n_commands++;
	if (size < 2 || n_commands == 0)
		return 0;
	const struct command *cmd = cmd_table[data[0] % n_commands];
	char *text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	int given = (int)split(text, size - 1, argv);
	struct arena arena = ARENA_INIT;
	struct opt_parse p = {
		.table = cmd->opts, .elsewhere = global_table, .arena = &arena, .stop_at_operand = cmd->flags & CMD_STOP
	};
	p.dest = arena_alloc(&arena, 1, cmd->opts_size + 1);
	if (p.dest && opt_parse(&p, argv, &n, &e) == 0 && (n < 0 || n > given || argv[n]))
		abort(); /* operands are among the arguments and NULL-terminated */
	arena_done(&arena);
	free(text);
	return 0;
}
