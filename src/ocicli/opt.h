#pragma once
/* Command line options as tables: the parser, --help, shell completion and the man pages read the
 * same rows.
 *
 * Accepted: --name VALUE, --name=VALUE, the same with one dash (go-runc passes -no-subreaper),
 * clusters of letters (-dt), a letter with its value (-b DIR, -bDIR, -b=DIR), --flag=false, and
 * "--" before operands. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum opt_type {
	OPT_FLAG, /* bool */
	OPT_TEXT, /* const char *, points into argv */
	OPT_U32, /* uint32_t */
	OPT_I32, /* int32_t */
	OPT_LIST, /* struct rc_str_list: may be given several times */
	OPT_SKIP, /* accepted for callers of other runtimes, has no effect; takes a value if it has
		     @arg */
};

struct opt {
	char letter; /* or 0 */
	const char *name;
	const char *arg; /* what the value is called; FILE, DIR and SOCKET complete to paths */
	enum opt_type type;
	size_t offset; /* where the value goes in the structure given to opt_parse() */
	const char *help; /* NULL: accepted but not shown */
	const char *choices; /* "table|json": the only values, or NULL */
};

/* OPT(TEXT, rt_create, bundle): type and place of one row. */
#define OPT(type, structure, member) OPT_##type, offsetof(struct structure, member)

struct opt_table {
	const struct opt *v;
	size_t n;
};

struct opt_parse {
	struct opt_table table;
	struct opt_table elsewhere; /* options of another level, for the hint in an error */
	void *dest;
	struct arena *arena; /* lists are kept here */
	bool stop_at_operand; /* everything from the first operand on is an operand */
	bool help; /* set when --help or -h was met; parsing stops there */
};

/* opt_parse - read @argv (without the program's name, NULL-terminated). The operands are moved to
 * its front, in order and NULL-terminated; *ret_n is their number. ERR_USAGE names the argument at
 * fault. */
int opt_parse(struct opt_parse *p, char **argv, int *ret_n, struct err *e) must_check;

/* opt_help - the option section of --help. */
void opt_help(struct buf *b, struct opt_table t);

/* opt_nearest - the one of @n @names that @word was probably meant to be, or NULL. */
const char *opt_nearest(const char *word, const char *const *names, size_t n);
