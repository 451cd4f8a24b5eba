/* completion: the scripts of completions/, which tools/gen-docs writes from the option tables, out
 * of the program. */
#include <errno.h>
#include "base/str.h"
#include "cli/commands.h"

/* The linker puts the files between two labels; COMPLETIONS is their directory. */
#define EMBED(label, file) \
	__asm__(".section .rodata\n.globl " #label "_begin\n.globl " #label "_end\n.hidden " #label \
		"_begin\n.hidden " #label "_end\n" #label "_begin:\n.incbin \"" COMPLETIONS "/" file "\"\n" #label \
		"_end:\n.previous\n"); \
	extern const char label##_begin[], label##_end[]

EMBED(completion_bash, "tare.bash");
EMBED(completion_zsh, "_tare");
EMBED(completion_fish, "tare.fish");

static int completion(struct cli *c, struct err *e)
{
	static const struct {
		const char *shell, *begin, *end;
	} scripts[] = { { "bash", completion_bash_begin, completion_bash_end },
		{ "zsh", completion_zsh_begin, completion_zsh_end },
		{ "fish", completion_fish_begin, completion_fish_end } };
	AUTO(buf) struct buf b = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		if (str_eq(scripts[i].shell, c->operands[0])) {
			buf_add(&b, scripts[i].begin, (size_t)(scripts[i].end - scripts[i].begin));
			return cli_write(&b, e);
		}
	err_set(e, ERR_USAGE, EINVAL, "no completion for \"%s\"", c->operands[0]);
	return err_hint(e, "bash, zsh or fish");
}

const struct command cmd_completion = {
	.name = "completion",
	.operands = "bash|zsh|fish",
	.summary = "Print the script that completes commands in a shell",
	.min_operands = 1,
	.max_operands = 1,
	.run = completion,
};
