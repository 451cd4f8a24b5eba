#pragma once
/* Tables for eyes: lines of cells between tabs. Columns as docker's: at least ten wide, three
 * blanks between them. */
#include <stdbool.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { TABLE_MAX_COLUMNS = 24 };

struct table_how {
	size_t width; /* of the terminal: longer columns are cut so that a line fits; 0: no limit */
	bool colour; /* the first line bold */
};

/* table_write - @text: lines of cells; the cell behind the last tab is as long as it is. */
void table_write(const char *text, const struct table_how *how, struct buf *ret);

/* table_terminal - how to write to @fd: nothing special unless it is a terminal; no colour with
 * NO_COLOR or TERM=dumb. */
struct table_how table_terminal(int fd);
