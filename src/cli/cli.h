#pragma once
/* What the commands of tare share. A command is one struct command in a file of its own, cmd_*.c; a
 * row in commands.c says under which names it is found. A new command needs its file, its
 * declaration in commands.h and its row. */
#include <stdbool.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cmdline/opt.h"
#include "engine/engine.h"

enum {
	EXIT_OURS = 125, /* tare itself could not do it; the container's program did not run */
	EXIT_DENIED = 126, /* the program is there and cannot be executed */
	EXIT_NOT_FOUND = 127, /* there is no such program */
};

struct global_opts {
	const char *root, *run_root, *log_level;
	bool debug, version;
};

struct command;

struct cli {
	const char *name; /* "tare" */
	struct global_opts global;
	const struct command *command;
	void *opts; /* the command's own options: opts_size bytes */
	char **operands; /* NULL-terminated */
	int n_operands;
	char *const *argv; /* as executed */
	struct arena arena;
	struct cli_image *images; /* of cli_image() */
	struct engine engine; /* open for a command with CMD_ENGINE */
	bool engine_is_open;
	int status; /* exit status after success */
	int fail_status; /* exit status after an error: set from the command's, may be changed by it
			  */
};

enum command_flags {
	CMD_ENGINE = 1, /* works on containers, images or volumes: c->engine is open */
	CMD_STOP = 2, /* options end at the first operand: what follows is a container's program */
	CMD_KEEPS_FDS = 16, /* is handed descriptors by number */
	CMD_HIDDEN = 4, /* not in overviews: called by programs */
	CMD_EXIT_125 = 8, /* an error of ours exits 125, not 1: run, create, exec, start (docker's rule) */
};

struct command {
	const char *name; /* "run", "volume create": the man page is tare-run.1, tare-volume-create.1 */
	const char *operands; /* "[OPTION...] is not part of it": "IMAGE [COMMAND] [ARG...]" */
	const char *summary; /* one line, docker's where it has one */
	struct opt_table opts;
	size_t opts_size;
	const void *defaults; /* opts_size bytes, or NULL: zeroes */
	void (*opts_done)(void *opts); /* or NULL: nothing in them has to be given back */
	int min_operands, max_operands; /* max -1: any number */
	unsigned flags;
	int (*run)(struct cli *c, struct err *e);
	/* In place of run: called for every operand with the options as @arg, see cli_each(). */
	int (*each)(struct cli *c, const char *operand, void *arg, struct err *e);
};

/* Where a command is found: `tare TOP` and `tare GROUP SUB`. */
struct command_row {
	const struct command *command;
	const char *top; /* or NULL */
	const char *group; /* "container", or NULL */
	const char *sub; /* names within the group, the first is the one shown: "ls list ps" */
};

struct command_group {
	const char *name, *summary;
};

/* Both end with a row of NULLs. */
extern const struct command_row command_rows[];
extern const struct command_group command_groups[];
extern const struct opt_table global_table;

/* commands_find - the command that @words (NULL-terminated) begin with; *ret_used: how many words
 * were its name. *ret_group: the group when the words name a group and no command in it (then NULL
 * is returned without an error, if no second word was given). ERR_USAGE names the nearest command.
 */
const struct command *commands_find(
	char *const *words, int *ret_used, const struct command_group **ret_group, struct err *e);

/* usage_program - what `tare` alone shows; usage_group - of `tare volume`; usage_command - of `tare
 * run --help`. */
void usage_program(struct buf *b);
void usage_group(const struct command_group *g, struct buf *b);
void usage_command(const struct command *cmd, struct buf *b);

/* cli_protect - before a process of ours is put into a container that shares ids with the host (@host_ids): there it
 * could write our executable through /proc/PID/exe (CVE-2019-5736), so this command is executed again from where nobody
 * can (sec/selfexe.h). In a range of ids of its own a container's root owns nothing of the host, and nothing is done. A
 * plain user's containers share the user's id. */
int cli_protect(const struct cli *c, bool host_ids, struct err *e) must_check;
/* cli_protect_for - the same for a container that is there: one that runs is judged by what it has, another by what it
 * will get. */
struct record;
int cli_protect_for(const struct cli *c, const struct record *r, struct err *e) must_check;

/* cli_write - results to standard output. On a terminal no character of them commands it (str_control()): names, labels
 * and histories come from images and containers. cli_write_shown - the same of what is safe already, our own colours in
 * it. */
int cli_write(const struct buf *b, struct err *e) must_check;
int cli_write_shown(const struct buf *b, struct err *e) must_check;
/* cli_print_line - @text and a newline to standard output. */
int cli_print_line(const char *text, struct err *e) must_check;
/* cli_check_tty - when a terminal is @wanted, standard input has to be one. In docker's words and with its exit status:
 * scripts look for them. */
int cli_check_tty(struct cli *c, bool wanted, struct err *e) must_check;
/* cli_image - storage for an image whose texts are borrowed until the command has ended: freed then, whatever is in it.
 * NULL when there is no memory. */
struct store_image;
struct store_image *cli_image(struct cli *c, struct err *e);
void cli_free_images(struct cli *c);
/* cli_each - @call for every operand; an error of one is reported and the rest goes on. After all,
 * one that failed makes the exit status 1 (c->status) and the result 0. */
typedef int (*cli_call)(struct cli *c, const char *operand, void *arg, struct err *e);
int cli_each(struct cli *c, cli_call call, void *arg, struct err *e) must_check;
