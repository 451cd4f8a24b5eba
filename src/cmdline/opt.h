#pragma once
/* Command line options as tables: the parser, --help, shell completion and the man pages read the
 * same rows.
 *
 * Accepted: --name VALUE, --name=VALUE, the same with one dash (go-runc passes -no-subreaper),
 * clusters of letters (-dt), a letter with its value (-b DIR, -bDIR, -b=DIR), --flag=false, and
 * "--" before operands. As docker has it (opt_parse.docker), one dash is for letters only. */
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
	OPT_U64, /* uint64_t */
	OPT_I64, /* int64_t */
	OPT_SIZE, /* uint64_t: bytes, "512", "64m", "1.5g" */
	OPT_LIST, /* struct rc_str_list: may be given several times */
	OPT_CALL, /* @call gets each value; of a row without @arg it is "true" or "false" */
	OPT_SKIP, /* accepted for callers of other runtimes, has no effect; takes a value if it has
		     @arg */
	OPT_HEADING, /* no option: a title in --help over the rows below it */
};

struct opt_parse;
struct opt;
typedef int (*opt_call)(struct opt_parse *p, const struct opt *o, const char *value, struct err *e);

struct opt {
	char letter; /* or 0 */
	const char *name;
	const char *arg; /* what the value is called; FILE, DIR and SOCKET complete to paths */
	enum opt_type type;
	size_t offset; /* where the value goes in the structure given to opt_parse() */
	const char *help; /* NULL: accepted but not shown */
	const char *choices; /* "table|json": the only values, or NULL */
	opt_call call; /* of OPT_CALL */
};

/* A row ends where all its further columns are NULL. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* OPT(TEXT, rt_create, bundle): type and place of one row. */
#define OPT(type, structure, member) OPT_##type, offsetof(struct structure, member)
/* OPT_TITLE("resources"): a whole row. */
#define OPT_TITLE(text) \
	{ \
		0, NULL, NULL, OPT_HEADING, 0, text \
	}

struct opt_table {
	const struct opt *v;
	size_t n;
	const struct opt_table *more; /* rows that several commands share, or NULL */
};

#define OPT_TABLE(rows) \
	{ \
		rows, ARRAY_SIZE(rows) \
	}
#define OPT_TABLE_AND(rows, more) \
	{ \
		rows, ARRAY_SIZE(rows), more \
	}

/* opt_each - for (const struct opt *o = NULL; (o = opt_each(&table, o));) goes over all rows. */
const struct opt *opt_each(const struct opt_table *t, const struct opt *last);

struct opt_parse {
	struct opt_table table;
	struct opt_table elsewhere; /* options of another level, for the hint in an error */
	void *dest;
	struct arena *arena; /* lists are kept here */
	bool stop_at_operand; /* everything from the first operand on is an operand */
	bool docker; /* one dash is for letters only, and errors have docker's words */
	bool help; /* set when --help or -h was met; parsing stops there */
};

/* opt_parse - read @argv (without the program's name, NULL-terminated). The operands are moved to
 * its front, in order and NULL-terminated; *ret_n is their number. ERR_USAGE names the argument at
 * fault. */
int opt_parse(struct opt_parse *p, char **argv, int *ret_n, struct err *e) must_check;

/* opt_refuse - for an OPT_CALL: @value is not what @o takes, because of "WHY". ERR_USAGE. */
int opt_refuse(const struct opt_parse *p, const struct opt *o, const char *value, struct err *e, const char *format,
	...) printf_like(5, 6);

/* opt_help - the option section of --help. */
void opt_help(struct buf *b, struct opt_table t);

/* opt_nearest - the one of @n @names that @word was probably meant to be, or NULL. */
const char *opt_nearest(const char *word, const char *const *names, size_t n);

/* opt_bool, opt_bytes - values as docker writes them: "true", "1", "F" …; "512", "64m", "1.5GiB".
 */
bool opt_bool(const char *s, bool *ret) must_check;
bool opt_bytes(const char *s, uint64_t *ret) must_check;
/* opt_list_add - @value (borrowed) to the end of @l. */
struct rc_str_list;
int opt_list_add(struct arena *a, struct rc_str_list *l, const char *value, struct err *e) must_check;
