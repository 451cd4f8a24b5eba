#pragma once
/* What the commands of tare-oci share: the global options, the command being run, its operands. */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "cmdline/opt.h"
#include "runtime/runtime.h"
#include "spec/runtime_config.h"

#define CLI_SPEC_VERSION "1.3.0"
#ifndef TARE_COMMIT
#define TARE_COMMIT "v" TARE_VERSION
#endif
#define CLI_COMMIT TARE_COMMIT

/* Callers match on names, so a program called runc or crun speaks as those do. */
enum cli_like { LIKE_TARE, LIKE_RUNC, LIKE_CRUN };

struct global_opts {
	const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless, *trace;
	bool debug, systemd_cgroup, version;
};

struct command;

struct cli {
	const char *name; /* "tare-oci", "runc" or "crun" */
	enum cli_like like;
	struct global_opts global;
	const struct command *command;
	void *opts; /* the command's own options: opts_size bytes */
	char **operands; /* NULL-terminated */
	int n_operands;
	char *const *argv; /* as executed */
	struct arena arena;
	struct rt_context rt; /* open for a command with CMD_STATE */
	bool rt_is_open;
	struct rt_trace *trace;
	int log_fd;
	int status; /* exit status after success */
	int fail_status; /* exit status after an error */
};

enum command_flags {
	CMD_STATE = 1, /* works on the state root */
	CMD_STOP = 2, /* options end at the first operand */
	CMD_ENTERS = 4, /* puts a process of ours into a container: the binary is protected first */
	CMD_HIDDEN = 8,
};

struct command {
	const char *name, *operands, *summary;
	struct opt_table opts;
	size_t opts_size;
	const void *defaults; /* opts_size bytes, or NULL: zeroes */
	int min_operands, max_operands; /* max -1: any number */
	unsigned flags;
	int (*run)(struct cli *c, struct err *e);
};

/* cmd_table - all commands, ended by a row without a name; cmd_find - one of them or NULL. */
extern const struct command *const cmd_table[];
const struct command *cmd_find(const char *name);

extern const struct opt_table global_table;

/* cli_start - act on the global options: log, state root. */
int cli_start(struct cli *c, struct err *e) must_check;
void cli_stop(struct cli *c);
/* cli_report - say @e where it has to be said: log, standard error. */
void cli_report(struct cli *c, const struct err *e);
/* cli_log_open - the sink that --log names, into c->log_fd. */
int cli_log_open(struct cli *c, struct err *e) must_check;
/* cli_write - results to standard output. */
int cli_write(const struct buf *b, struct err *e) must_check;
/* cli_read_input - a document the caller names, "-" is standard input; at most 16 MiB. */
int cli_read_input(const char *path, struct buf *ret, struct err *e) must_check;
/* cli_usage - the --help text of a command, or of the program when @cmd is NULL. */
void cli_usage(const struct cli *c, const struct command *cmd, struct buf *b);
/* cli_version - what --version prints. */
void cli_version(const struct cli *c, struct buf *b);
/* cli_each_match - for `kill -r` and `delete -r`: @call for each container whose id matches the
 * extended regular expression @regex. An error of one is reported as a warning and the rest goes
 * on. */
int cli_each_match(struct cli *c, const char *regex, int (*call)(struct cli *c, const char *id, struct err *e),
	struct err *e) must_check;
